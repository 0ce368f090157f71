//! The dashboard: pages on which the vendor's operator does by hand what `/v1/admin` does by program.
//!
//! Each page is rendered here and complete without a script. A change is a POST, and its answer leads
//! to the next page (303), so that going back or reloading repeats nothing. Only what is shown once is
//! the answer to the POST itself. The pages use what the admin's routes use, and hold no rule of their
//! own.

mod audit;
mod failure;
mod keys;
mod organizations;
mod origins;
mod page;
mod params;
mod people;
mod session;
mod setup;
mod trial;
mod verification;
mod when;

use std::sync::Arc;

use axum::Router;
use axum::http::header::{
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::{from_fn, from_fn_with_state, map_response};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use uuid::Uuid;

use crate::http::{App, Problem};
use failure::Failure;

/// Where the dashboard begins.
pub(crate) const HOME: &str = "/dashboard";
const LOGIN: &str = "/dashboard/login";
const STYLE: &str = concat!(include_str!("look.css"), include_str!("style.css"));
const ICON: &str = include_str!("icon.svg");

/// What every answer says to the browser. With `no-referrer`, browsers send `Origin: null` from the
/// pages' own forms.
const HEADERS: [(HeaderName, &str); 3] = [
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; \
         base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
         trusted-types 'none'",
    ),
    (REFERRER_POLICY, "same-origin"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

/// Every page, for the admin listener.
pub(crate) fn routes(app: &Arc<App>) -> Router<Arc<App>> {
    let within = Router::new()
        .route(HOME, get(organizations::list))
        .route(
            "/dashboard/new",
            get(organizations::form).post(organizations::create),
        )
        .route(
            "/dashboard/organizations/{id}",
            get(verification::show).post(verification::change),
        )
        .route(
            "/dashboard/organizations/{id}/confirm",
            get(verification::confirm),
        )
        .route("/dashboard/organizations/{id}/keys", get(keys::show))
        .route(
            "/dashboard/organizations/{id}/keys/rotate",
            get(keys::confirm_rotation).post(keys::rotate),
        )
        .route(
            "/dashboard/organizations/{id}/keys/retire",
            get(keys::confirm_retirement).post(keys::retire),
        )
        .route(
            "/dashboard/organizations/{id}/keys/{kind}",
            post(keys::create),
        )
        .route(
            "/dashboard/organizations/{id}/keys/{kind}/{key}/delete",
            get(keys::confirm_deletion).post(keys::delete),
        )
        .route("/dashboard/organizations/{id}/setup", get(setup::show))
        .route(
            "/dashboard/organizations/{id}/test",
            get(trial::show).post(trial::run),
        )
        .route("/dashboard/organizations/{id}/people", get(people::list))
        .route(
            "/dashboard/organizations/{id}/people/export",
            get(people::export),
        )
        .route(
            "/dashboard/organizations/{id}/people/erase",
            get(people::confirm_erasure).post(people::erase),
        )
        .route(
            "/dashboard/organizations/{id}/origins",
            get(origins::show).post(origins::change),
        )
        .route(
            "/dashboard/organizations/{id}/audit",
            get(audit::of_organization),
        )
        .route("/dashboard/audit", get(audit::all))
        .route("/dashboard/logout", post(session::log_out))
        .route("/dashboard/{*rest}", get(async || Failure::no_page()))
        .layer(from_fn_with_state(app.clone(), session::require));
    Router::new()
        .route("/", get(async || Redirect::to(HOME)))
        .route(LOGIN, get(session::login_page).post(session::log_in))
        .route(
            "/dashboard/style.css",
            get(async || ([(CONTENT_TYPE, "text/css; charset=utf-8")], STYLE)),
        )
        .route(
            "/dashboard/icon.svg",
            get(async || ([(CONTENT_TYPE, "image/svg+xml")], ICON)),
        )
        .merge(within)
        .method_not_allowed_fallback(async || Failure::from(Problem::method_not_allowed()))
        .layer(from_fn(session::refuse_other_sites))
        .layer(map_response(with_headers))
}

async fn with_headers(mut response: Response) -> Response {
    let headers: &mut HeaderMap = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Where the pages of an organization begin.
fn organization_path(id: Uuid) -> String {
    format!("{HOME}/organizations/{id}")
}

/// Leads to another page after a change was made.
fn see_other(path: &str) -> Response {
    Redirect::to(path).into_response()
}
