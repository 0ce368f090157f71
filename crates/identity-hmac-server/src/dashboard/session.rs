//! Who is logged in, and whether a change comes from a page of the dashboard itself.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::{Request, State};
use axum::http::header::{COOKIE, HOST, HeaderName, ORIGIN, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::failure::Failure;
use super::page::{self, Page};
use super::params::{Asked, Fields};
use super::{HOME, LOGIN, see_other};
use crate::audit::Actor;
use crate::http::once::once;
use crate::http::{App, Client, Problem};
use crate::store::StoreError;
use crate::token::{Sha256Digest, random};

/// A browser sends it to this host alone, over TLS or to its own machine, and shows it to no script.
const SESSION: &str = "__Host-ih_session";
const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Strict";
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Refuses a change that another site's page asks for. A browser says so in `Sec-Fetch-Site`; one that
/// is too old for it says the page's origin.
pub(super) async fn refuse_other_sites(request: Request, next: Next) -> Result<Response, Failure> {
    if request.method().is_safe() || is_own(request.headers()) {
        return Ok(next.run(request).await);
    }
    let detail = "The request does not come from a page of this dashboard. Open the dashboard itself, and \
        make the change there.";
    Err(Failure::new(StatusCode::FORBIDDEN, detail))
}

fn is_own(headers: &HeaderMap) -> bool {
    let text = |name| once(headers, name).map(|value| value.map(HeaderValue::to_str));
    match text(&SEC_FETCH_SITE) {
        Ok(Some(site)) => site.is_ok_and(|site| site == "same-origin"),
        Ok(None) => match (text(&ORIGIN), text(&HOST)) {
            (Ok(Some(Ok(origin))), Ok(Some(Ok(host)))) => {
                let origin = origin.split_once("://");
                origin.is_some_and(|(_, origin)| origin == host)
            }
            _ => false,
        },
        Err(_) => false,
    }
}

/// Lets those pass who are logged in, and leads others to where they can.
pub(super) async fn require(
    State(app): State<Arc<App>>,
    mut request: Request,
    next: Next,
) -> Result<Response, Failure> {
    if !is_logged_in(&app, request.headers()).await? {
        return Ok(see_other(LOGIN));
    }
    request.extensions_mut().insert(Actor::AdminToken);
    Ok(next.run(request).await)
}

/// The admin who is logged in.
pub(super) type LoggedIn = Extension<Actor>;

async fn is_logged_in(app: &App, headers: &HeaderMap) -> Result<bool, StoreError> {
    match presented(app, headers).await? {
        Some(sha256) => app.store.use_dashboard_session(&sha256).await,
        None => Ok(false),
    }
}

/// The digest of the session that a browser presents.
async fn presented(app: &App, headers: &HeaderMap) -> Result<Option<Sha256Digest>, StoreError> {
    let cookies = headers.get_all(COOKIE).iter();
    let mut sessions = cookies
        .flat_map(|cookies| cookies.to_str().unwrap_or_default().split(';'))
        .filter_map(|cookie| cookie.trim().strip_prefix(SESSION)?.strip_prefix('='));
    match (sessions.next(), sessions.next()) {
        (Some(session), None) => digest(app, session).await,
        _ => Ok(None),
    }
}

/// The digest by which the database knows a session; `None` when there is no admin token. The token
/// is part of it, so that a session ends with the token that began it.
async fn digest(app: &App, session: &str) -> Result<Option<Sha256Digest>, StoreError> {
    let admin_token = app.admin_token.digest(&app.store).await?;
    Ok(admin_token.map(|admin_token| {
        let session = Sha256::digest(session);
        Sha256::new()
            .chain_update(session)
            .chain_update(admin_token)
            .finalize()
            .into()
    }))
}

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    error: Option<String>,
}

fn login(error: Option<&str>) -> Page {
    let error = error.map(str::to_owned);
    page::render(&LoginPage { error })
}

/// What led to the page.
#[derive(Debug, Deserialize)]
pub(super) struct Arrival {
    /// The log-in, which was right.
    entered: Option<String>,
}

/// Shows the log-in, unless somebody is logged in.
pub(super) async fn login_page(
    State(app): State<Arc<App>>,
    Asked(arrival): Asked<Arrival>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    if is_logged_in(&app, &headers).await? {
        return Ok(see_other(HOME));
    }
    let error = arrival.entered.map(|_| {
        "The token is right, but your browser did not keep the session. It does so over HTTPS, and \
         over HTTP on 127.0.0.1 and localhost alone."
    });
    Ok(login(error)?.into_response())
}

/// The fields of the log-in.
#[derive(Deserialize)]
pub(super) struct Credentials {
    token: Zeroizing<String>,
}

/// Begins a session for the bearer of the admin token.
pub(super) async fn log_in(
    State(app): State<Arc<App>>,
    client: Option<Extension<Client>>,
    Fields(Credentials { token }): Fields<Credentials>,
) -> Result<Response, Failure> {
    if let Some(Extension(client)) = client
        && let Err(problem) = app.login_rate.check(&client.subnet())
    {
        let page = login(Some(problem.detail()))?;
        return Ok((problem.status(), page).into_response());
    }
    if !app.admin_token.matches(token.trim(), &app.store).await? {
        tracing::warn!("a log-in to the dashboard failed");
        let page = login(Some("This is not the admin token."))?;
        return Ok((StatusCode::FORBIDDEN, page).into_response());
    }
    let random = random().map_err(|error| Problem::internal(&error.to_string()))?;
    let session = URL_SAFE_NO_PAD.encode(random);
    let sha256 = digest(&app, &session).await?;
    let sha256 = sha256.ok_or_else(Problem::invalid_admin_token)?;
    app.store.add_dashboard_session(&sha256).await?;
    let cookie = format!("{SESSION}={session}; {ATTRIBUTES}");
    Ok((
        [(SET_COOKIE, cookie)],
        see_other("/dashboard/login?entered="),
    )
        .into_response())
}

/// Ends the session.
pub(super) async fn log_out(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    if let Some(sha256) = presented(&app, &headers).await? {
        app.store.end_dashboard_session(&sha256).await?;
    }
    let cookie = format!("{SESSION}=; {ATTRIBUTES}; Max-Age=0");
    Ok(([(SET_COOKIE, cookie)], see_other(LOGIN)).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_taken_from_a_page_of_the_same_origin_alone() {
        let site = |value| (SEC_FETCH_SITE, value);
        let origin = |value| (ORIGIN, value);
        let host = (HOST, "id.example:8081");
        for (headers, expected) in [
            (vec![site("same-origin")], true),
            (
                vec![site("same-origin"), origin("https://evil.example")],
                true,
            ),
            (
                vec![
                    site("same-site"),
                    origin("https://id.example:8081"),
                    host.clone(),
                ],
                false,
            ),
            (vec![site("cross-site")], false),
            (vec![site("none")], false),
            (vec![site("same-origin"), site("cross-site")], false),
            (vec![origin("https://id.example:8081"), host.clone()], true),
            (vec![origin("https://id.example"), host.clone()], false),
            (vec![origin("https://evil.example"), host.clone()], false),
            (vec![origin("null"), host.clone()], false),
            (vec![host], false),
            (vec![], false),
        ] {
            let mut map = HeaderMap::new();
            for (name, value) in &headers {
                map.append(name, HeaderValue::from_static(value));
            }
            assert_eq!(is_own(&map), expected, "{headers:?}");
        }
    }
}
