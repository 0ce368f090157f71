//! `/v1/identify` and `/v1/identity`: a visitor says who it is, and reads its record.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use identity_hmac::{Matched, Verification, VerificationMode};
use tracing::Span;
use uuid::Uuid;

use super::App;
use super::auth::{Presented, Visitor};
use super::body::Members;
use super::identify_params::{self, IdentifyParams};
use super::openapi::{BodyProblems, IdentifyProblems, IdentityProblems};
use super::problem::Problem;
use crate::identity::IdentityResult;
use crate::metric;
use crate::store::{SealedSecrets, VouchedBy};
use crate::verification_stats;

/// Identify the visitor
///
/// Makes the visitor's record or merges into it. The organization's `verification` says whether the
/// `hmac` is checked, and whether a call without a valid one is refused.
#[utoipa::path(
    post,
    path = "/v1/identify",
    tag = "visitor",
    security(("visitorToken" = [])),
    request_body(content = identify_params::Schema, content_type = "application/json"),
    responses(
        (status = 200, description = "the record", body = IdentityResult),
        IdentifyProblems,
        BodyProblems,
    )
)]
pub(crate) async fn identify(
    State(app): State<Arc<App>>,
    presented: Presented,
    // Parsed before the database is asked, and checked once the organization is known.
    members: Result<Members, Problem>,
) -> Result<Json<IdentityResult>, Problem> {
    let Visitor {
        token,
        caller,
        origin,
        mut session,
    } = presented.authenticate(&app).await?;
    let params = IdentifyParams::try_from(members?)?;
    let keyring = app.keyring(token.organization, &caller.secrets)?;
    let outcome =
        caller
            .verification
            .verify(&keyring, token.visitor.to_string(), params.hmac.as_deref());
    count(caller.verification, outcome);
    if let Verification::Verified(matched) = outcome {
        note_use(&app, token.organization, &caller.secrets, matched);
    }
    app.verification_stats.count(
        token.organization,
        outcome,
        params.hmac.is_some(),
        // A header that is no text is no origin.
        origin
            .as_ref()
            .map(|origin| origin.to_str().unwrap_or_default()),
    );
    if outcome.is_refused() {
        return Err(match outcome {
            Verification::Missing { .. } => Problem::hmac_required(),
            _ => Problem::hmac_verification_failed(),
        });
    }
    let identity = session
        .identify(
            token.organization,
            token.visitor,
            &params.patch,
            outcome.is_verified().then_some(VouchedBy::Hmac),
        )
        .await?;
    Ok(Json(identity.into()))
}

/// Notes which secret has verified a call, so that an operator knows when the previous one can go.
fn note_use(app: &App, organization: Uuid, secrets: &SealedSecrets, matched: Matched) {
    let sealed = match (matched, &secrets.previous) {
        (Matched::Previous, Some(previous)) => previous,
        _ => &secrets.current,
    };
    app.secret_use.note(&app.store, organization, sealed);
}

/// Counts the outcome of an `identify()` call. Under `observe`, `missing` and `invalid` are what
/// `required` would have refused.
fn count(mode: VerificationMode, outcome: Verification) {
    let result = verification_stats::result(outcome);
    // In the request's own line, so that a flood of refused calls writes no more than others do.
    Span::current().record("result", result);
    metrics::counter!(metric::IDENTIFY, "mode" => mode.as_str(), "result" => result).increment(1);
}

/// Read the visitor's record
#[utoipa::path(
    get,
    path = "/v1/identity",
    operation_id = "readIdentity",
    tag = "visitor",
    security(("visitorToken" = [])),
    responses(
        (status = 200, description = "the record", body = IdentityResult),
        (status = 204, description = "there is no record: the visitor was not identified"),
        IdentityProblems
    )
)]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    presented: Presented,
) -> Result<Response, Problem> {
    let Visitor {
        token, mut session, ..
    } = presented.authenticate(&app).await?;
    let identity = session.identity(token.organization, token.visitor).await?;
    // Not 404: most visitors are anonymous, and browsers print an error for that status.
    Ok(identity.map_or_else(
        || StatusCode::NO_CONTENT.into_response(),
        |identity| Json(IdentityResult::from(identity)).into_response(),
    ))
}
