//! Whose pages may call.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::failure::Failure;
use super::page::{self, Page};
use super::params::{Asked, Fields, Organization};
use super::session::LoggedIn;
use super::{organization_path, see_other};
use crate::http::{App, Problem};
use crate::organization::{OrganizationView, check_origin};
use crate::store::OrganizationPatch;

#[derive(Template)]
#[template(path = "origins.html")]
struct OriginsPage {
    organization: OrganizationView,
    /// One a line.
    origins: String,
    is_saved: bool,
    error: Option<String>,
}

/// What led to the page.
#[derive(Debug, Deserialize)]
pub(super) struct Arrival {
    /// A change, which was saved.
    saved: Option<String>,
}

/// Shows the origins, one a line.
pub(super) async fn show(
    Organization(organization): Organization,
    Asked(arrival): Asked<Arrival>,
) -> Page {
    page::render(&OriginsPage {
        origins: organization.allowed_origins.join("\n"),
        organization,
        is_saved: arrival.saved.is_some(),
        error: None,
    })
}

/// What the form sends.
#[derive(Debug, Deserialize)]
pub(super) struct Change {
    origins: String,
    /// The origins that the reader saw, before they changed them.
    seen: Option<String>,
}

/// Changes the origins.
pub(super) async fn change(
    State(app): State<Arc<App>>,
    Extension(actor): LoggedIn,
    Organization(organization): Organization,
    Fields(Change { origins, seen }): Fields<Change>,
) -> Result<Response, Failure> {
    if seen.is_some_and(|seen| !seen.lines().eq(&organization.allowed_origins)) {
        let now = match organization.allowed_origins.as_slice() {
            [] => "There is none now.".to_owned(),
            origins => format!("They are now: {}.", origins.join(", ")),
        };
        let error = "Somebody else has changed the origins since you opened the page.";
        let page = page::render(&OriginsPage {
            organization,
            error: Some(format!("{error} {now} Save again to replace them.")),
            origins,
            is_saved: false,
        })?;
        return Ok((StatusCode::CONFLICT, page).into_response());
    }
    let lines = origins.lines().map(str::trim);
    let given: Vec<_> = lines.filter(|line| !line.is_empty()).collect();
    let mut checked = given.iter().map(|origin| check_origin(origin));
    if let Some(Err(refused)) = checked.find(Result::is_err) {
        let page = page::render(&OriginsPage {
            organization,
            error: Some(refused.to_string()),
            origins,
            is_saved: false,
        })?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    let given: Vec<_> = given.into_iter().map(str::to_owned).collect();
    let patch = OrganizationPatch {
        allowed_origins: (given != organization.allowed_origins).then_some(given),
        ..OrganizationPatch::default()
    };
    let id = organization.id;
    let updated = app.store.update_organization(id, &patch, &actor).await?;
    updated.ok_or_else(Problem::organization_not_found)?;
    Ok(see_other(&format!(
        "{}/origins?saved=",
        organization_path(id)
    )))
}
