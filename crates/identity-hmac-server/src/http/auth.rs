//! Who is calling: a visitor, an organization's backend or the admin, by bearer token (RFC 6750
//! section 2.1).

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::{AUTHORIZATION, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use uuid::Uuid;

use super::App;
use super::once::{Repeated, once};
use super::problem::Problem;
use super::telemetry;
use crate::api_key::ApiKey;
use crate::audit::Actor;
use crate::store::{Caller, KeyHolder, Session, Store, last_seen};
use crate::token::VisitorToken;

/// A visitor's token that is within its rate and not yet looked up.
#[derive(Debug)]
pub(crate) struct Presented {
    pub(crate) token: VisitorToken,
    /// The origin of its page; `None` when the call comes from no page.
    pub(crate) origin: Option<HeaderValue>,
}

impl FromRequestParts<Arc<App>> for Presented {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let token = bearer(&parts.headers)
            .and_then(VisitorToken::parse)
            .ok_or_else(Problem::invalid_visitor_token)?;
        // By the token's digest, so that nobody who only knows the visitor's id can use up its rate.
        app.visitor_rate.check(&token.sha256)?;
        let origin = origin(&parts.headers)?.cloned();
        Ok(Self { token, origin })
    }
}

/// An authenticated visitor from an allowed origin, and the session in which it was looked up.
/// It is made only after the whole request is there, so that a slow client holds no database connection.
#[derive(Debug)]
pub(crate) struct Visitor {
    pub(crate) caller: Caller,
    pub(crate) session: Session,
}

impl Presented {
    /// The visitor as its last call has left it, if that was a short time ago and lets this one in. Whether
    /// it is so still, the write has to tell.
    pub(crate) fn remembered(&self, app: &App) -> Option<Caller> {
        let caller = app.store.remembered(&self.token)?;
        let is_admitted = !caller.is_expired(app.visitor_token_lifetime)
            && !last_seen::is_due(caller.last_seen_at)
            && self.admit(&caller).is_ok();
        is_admitted.then_some(caller)
    }

    /// Refuses a visitor whose organization is suspended, or does not list the page.
    fn admit(&self, caller: &Caller) -> Result<(), Problem> {
        if caller.suspended {
            return Err(Problem::organization_suspended());
        }
        check_origin(self.origin.as_ref(), &caller.allowed_origins)
    }

    /// `brings_token` says whether the organization's token keys are needed.
    pub(crate) async fn authenticate(
        &self,
        app: &App,
        brings_token: bool,
    ) -> Result<Visitor, Problem> {
        let token = self.token;
        let mut session = app.store.session().await?;
        let caller = session
            .caller(&token, app.visitor_token_lifetime, brings_token)
            .await?
            .ok_or_else(Problem::invalid_visitor_token)?;
        telemetry::record_organization(token.organization);
        self.admit(&caller)?;
        if last_seen::is_due(caller.last_seen_at) {
            note_seen(&app.store, token.organization, token.visitor);
        }
        Ok(Visitor { caller, session })
    }
}

/// Writes that a visitor called, or that a backend identified it. The call does not wait for it, and the
/// next one tries again.
pub(crate) fn note_seen(store: &Store, organization: Uuid, visitor: Uuid) {
    let store = store.clone();
    tokio::spawn(async move {
        if let Err(error) = store.note_visitor_seen(organization, visitor).await {
            tracing::debug!(%error, "that a visitor was seen is not noted");
        }
    });
}

/// An API key of the right form, not yet looked up.
#[derive(Debug)]
pub(crate) struct PresentedKey(ApiKey);

impl FromRequestParts<Arc<App>> for PresentedKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Result<Self, Problem> {
        bearer(&parts.headers)
            .and_then(ApiKey::parse)
            .map(Self)
            .ok_or_else(Problem::invalid_api_key)
    }
}

/// An authenticated backend within its organization's rate, and the session in which its key was looked
/// up. Like [`Visitor`] it is only made when nothing more is awaited from the client.
#[derive(Debug)]
pub(crate) struct Backend {
    pub(crate) organization: Uuid,
    pub(crate) holder: KeyHolder,
    pub(crate) session: Session,
}

impl PresentedKey {
    pub(crate) async fn authenticate(self, app: &App) -> Result<Backend, Problem> {
        let Self(key) = self;
        let mut session = app.store.session().await?;
        let holder = session
            .key_holder(&key)
            .await?
            .ok_or_else(Problem::invalid_api_key)?;
        let organization = key.organization;
        telemetry::record_organization(organization);
        // Behind the key, so that nobody without one can use up an organization's rate.
        app.server_rate.check(&organization)?;
        app.secret_use.note_api_key(&app.store, &key);
        if holder.suspended {
            return Err(Problem::organization_suspended());
        }
        Ok(Backend {
            organization,
            holder,
            session,
        })
    }
}

/// The admin, by the name in the audit log.
#[derive(Clone, Debug)]
pub(crate) struct Admin(pub(crate) Actor);

impl FromRequestParts<Arc<App>> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let token = bearer(&parts.headers).ok_or_else(Problem::invalid_admin_token)?;
        if app.admin_token.matches(token, &app.store).await? {
            Ok(Self(Actor::AdminToken))
        } else {
            Err(Problem::invalid_admin_token())
        }
    }
}

/// The origin of the page that calls; `None` for a call from no page.
pub(crate) fn origin(headers: &HeaderMap) -> Result<Option<&HeaderValue>, Problem> {
    once(headers, &ORIGIN).map_err(|Repeated| Problem::several_origins())
}

/// Refuses a page whose origin the organization does not list. A call without an origin comes from
/// no page.
pub(crate) fn check_origin(
    origin: Option<&HeaderValue>,
    allowed: &[String],
) -> Result<(), Problem> {
    let Some(origin) = origin else {
        return Ok(());
    };
    if allowed.is_empty() || allowed.iter().any(|allowed| origin == allowed.as_str()) {
        Ok(())
    } else {
        Err(Problem::origin_not_allowed())
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = once(headers, &AUTHORIZATION).ok()??;
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
