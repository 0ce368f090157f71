//! Who is calling: a visitor or the admin, by bearer token (RFC 6750 section 2.1).

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, ORIGIN};
use axum::http::request::Parts;

use super::App;
use super::problem::Problem;
use crate::store::Caller;
use crate::token::VisitorToken;

/// An authenticated visitor, within its rate and from an allowed origin.
#[derive(Debug)]
pub(crate) struct Visitor {
    pub(crate) token: VisitorToken,
    pub(crate) caller: Caller,
}

impl FromRequestParts<Arc<App>> for Visitor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let token = bearer(&parts.headers)
            .and_then(VisitorToken::parse)
            .ok_or_else(Problem::invalid_visitor_token)?;
        // By the token's digest, so that nobody who only knows the visitor's id can use up its rate.
        app.visitor_rate.check(&token.sha256)?;
        let caller = app
            .store
            .caller(&token)
            .await?
            .ok_or_else(Problem::invalid_visitor_token)?;
        check_origin(&parts.headers, &caller.allowed_origins)?;
        Ok(Self { token, caller })
    }
}

/// The bearer of the admin token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Admin;

impl FromRequestParts<Arc<App>> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let token = bearer(&parts.headers).ok_or_else(Problem::invalid_admin_token)?;
        if app.admin_token.matches(token, &app.store).await? {
            Ok(Self)
        } else {
            Err(Problem::invalid_admin_token())
        }
    }
}

/// Refuses a page whose origin the organization does not list. A call without an origin comes from
/// no page.
pub(crate) fn check_origin(headers: &HeaderMap, allowed: &[String]) -> Result<(), Problem> {
    let Some(origin) = headers.get(ORIGIN) else {
        return Ok(());
    };
    if allowed.is_empty() || allowed.iter().any(|allowed| origin == allowed.as_str()) {
        Ok(())
    } else {
        Err(Problem::origin_not_allowed())
    }
}

/// The one token of a request. Of two, a proxy might have looked at the other.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return None;
    };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
