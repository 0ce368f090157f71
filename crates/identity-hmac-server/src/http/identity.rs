//! `/v1/identify` and `/v1/identity`: a visitor says who it is, and reads its record.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use identity_hmac::{Matched, Verification, VerificationMode};
use tracing::Span;

use super::App;
use super::auth::{Presented, Visitor};
use super::body::Members;
use super::identify_params::{self, IdentifyParams, PresentedProof};
use super::openapi::{BodyProblems, IdentifyProblems, IdentityProblems, OtherPerson};
use super::problem::Problem;
use super::proof;
use super::secret_use::note_token_key_use;
use crate::identity::{IdentityResult, ignored};
use crate::metric;
use crate::store::{
    Identified, IdentifyCall, SaidBy, SealedSecrets, UnsignedAttributes, VouchedBy,
};
use crate::verification_stats;

/// Identify the visitor
///
/// Makes the visitor's record or merges into it. The organization's `verification` says whether the
/// `hmac` or the `token` is checked, and whether a call without a valid one is refused.
///
/// What a token says is verified and goes to the person of its `sub`. From then on the visitor is this
/// person and no other. What else the call says goes to the visitor's record, and is shown where
/// nothing is verified.
#[utoipa::path(
    post,
    path = "/v1/identify",
    tag = "visitor",
    security(("visitorToken" = [])),
    request_body(content = identify_params::Schema, content_type = "application/json"),
    responses(
        (status = 200, description = "the record", body = IdentityResult),
        IdentifyProblems,
        OtherPerson,
        BodyProblems,
    )
)]
pub(crate) async fn identify(
    State(app): State<Arc<App>>,
    presented: Presented,
    // Read before the database is asked, and refused once the organization is known.
    members: Result<Members, Problem>,
) -> Result<Json<IdentityResult>, Problem> {
    let params = members.and_then(IdentifyParams::try_from);
    let proof = params
        .as_ref()
        .ok()
        .and_then(|params| params.proof.as_ref());
    let brings_token = matches!(proof, Some(PresentedProof::Token(_)));
    let Visitor {
        token,
        caller,
        origin,
        mut session,
    } = presented.authenticate(&app, brings_token).await?;
    let IdentifyParams { patch, proof } = params?;
    let checked = proof::check(&app, &token, &caller, proof.as_ref())?;
    let outcome = checked.outcome;
    count(caller.verification, outcome);
    app.verification_stats.count(
        token.organization,
        outcome,
        proof.as_ref().map(PresentedProof::kind),
        // A header that is no text is no origin.
        origin
            .as_ref()
            .map(|origin| origin.to_str().unwrap_or_default()),
    );
    let person = checked.refuse()?;
    if caller.policy.unsigned_attributes == UnsignedAttributes::Reject
        && let Some(attribute) = patch.first_attribute()
    {
        return Err(Problem::unsigned_attributes(attribute));
    }
    let vouched_by = match person {
        Some(_) => Some(VouchedBy::Token),
        None => outcome.is_verified().then_some(VouchedBy::Hmac),
    };
    let call = Arc::new(IdentifyCall {
        organization: token.organization,
        visitor: token.visitor,
        known: caller.known,
        patch,
        vouched_by,
        verified: person,
    });
    let Identified { identity, is_older } = session.identify(&call).await?;
    if let Verification::Verified(matched) = outcome {
        note_use(&app, &call, &caller.secrets, matched);
    }
    let older = call.verified.as_ref().filter(|_| is_older);
    let ignored = ignored(&identity, &call.patch, older);
    Ok(Json(IdentityResult {
        ignored,
        ..identity.into()
    }))
}

/// Notes which secret or token key has verified a call that was accepted, so that an operator knows when
/// the previous one can go.
fn note_use(app: &App, call: &IdentifyCall, secrets: &SealedSecrets, matched: Matched) {
    let said_by = call.verified.as_ref().map(|person| &person.said_by);
    if let Some(SaidBy::Token { kid, .. }) = said_by {
        return note_token_key_use(app, call.organization, kid);
    }
    let sealed = match (matched, &secrets.previous) {
        (Matched::Previous, Some(previous)) => previous,
        _ => &secrets.current,
    };
    app.secret_use.note(&app.store, call.organization, sealed);
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
    let Visitor { caller, .. } = presented.authenticate(&app, false).await?;
    // Not 404: most visitors are anonymous, and browsers print an error for that status.
    Ok(caller.known.identity().map_or_else(
        || StatusCode::NO_CONTENT.into_response(),
        |identity| Json(IdentityResult::from(identity)).into_response(),
    ))
}
