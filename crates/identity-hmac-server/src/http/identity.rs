//! `/v1/identify` and `/v1/identity`: a visitor says who it is, and reads its record.

use std::mem;
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
use super::telemetry;
use crate::identity::{IdentityResult, ignored};
use crate::metric;
use crate::store::{
    Caller, Identified, IdentifyCall, Proof, SaidBy, SealedSecrets, UnsignedAttributes, VouchedBy,
};
use crate::token::VisitorToken;
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
    if let Ok(params) = &params
        && let Some(result) = identify_remembered(&app, &presented, params).await?
    {
        return Ok(Json(result));
    }
    let proof = params
        .as_ref()
        .ok()
        .and_then(|params| params.proof.as_ref());
    let brings_token = matches!(proof, Some(PresentedProof::Token(_)));
    let Visitor {
        mut caller,
        mut session,
    } = presented.authenticate(&app, brings_token).await?;
    let params = params?;
    let proof = params.proof.as_ref().map(PresentedProof::kind);
    let Judged { outcome, call } = judge(&app, &presented.token, &mut caller, params)?;
    count(&app, &presented, caller.verification, outcome, proof);
    let call = call?;
    let identified = session.identify(&call).await?;
    Ok(Json(finish(
        &app, &presented, caller, &call, outcome, identified,
    )))
}

/// Identifies a visitor who called a short time ago, with nothing read of it; `None` when it has to be.
async fn identify_remembered(
    app: &App,
    presented: &Presented,
    params: &IdentifyParams,
) -> Result<Option<IdentityResult>, Problem> {
    // A token is for a person, of whom nothing is remembered.
    if matches!(params.proof, Some(PresentedProof::Token(_))) {
        return Ok(None);
    }
    let Some(mut caller) = presented.remembered(app) else {
        return Ok(None);
    };
    // A refusal has to rest on what is so now.
    let Judged {
        outcome,
        call: Ok(call),
    } = judge(app, &presented.token, &mut caller, params.clone())?
    else {
        return Ok(None);
    };
    let identified = app
        .store
        .identify_remembered(&presented.token, &caller, &call)
        .await?;
    Ok(identified.map(|identified| {
        telemetry::record_organization(call.organization);
        let proof = params.proof.as_ref().map(PresentedProof::kind);
        count(app, presented, caller.verification, outcome, proof);
        finish(app, presented, caller, &call, outcome, identified)
    }))
}

/// What a call comes to, by what is known of its visitor.
struct Judged {
    outcome: Verification,
    /// What is to be written, or why nothing is.
    call: Result<Arc<IdentifyCall>, Problem>,
}

/// Judges a call, which takes what is known of its caller's record.
fn judge(
    app: &App,
    visitor: &VisitorToken,
    caller: &mut Caller,
    params: IdentifyParams,
) -> Result<Judged, Problem> {
    let checked = proof::check(app, visitor, caller, params.proof.as_ref())?;
    let outcome = checked.outcome;
    let call = checked.refuse().and_then(|person| {
        if caller.policy.unsigned_attributes == UnsignedAttributes::Reject
            && let Some(attribute) = params.patch.first_attribute()
        {
            return Err(Problem::unsigned_attributes(attribute));
        }
        let vouched_by = match person {
            Some(_) => Some(VouchedBy::Token),
            None => outcome.is_verified().then_some(VouchedBy::Hmac),
        };
        Ok(Arc::new(IdentifyCall {
            organization: visitor.organization,
            visitor: visitor.visitor,
            known: mem::take(&mut caller.known),
            patch: params.patch,
            vouched_by,
            verified: person,
        }))
    });
    Ok(Judged { outcome, call })
}

/// Counts the outcome of a call. Under `observe`, `missing` and `invalid` are what `required` would have
/// refused.
fn count(
    app: &App,
    presented: &Presented,
    mode: VerificationMode,
    outcome: Verification,
    proof: Option<Proof>,
) {
    let mode = mode.as_str();
    let result = verification_stats::result(outcome);
    // In the request's own line, so that a flood of refused calls writes no more than others do.
    Span::current().record("result", result);
    metrics::counter!(metric::IDENTIFY, "mode" => mode, "result" => result).increment(1);
    app.verification_stats.count(
        presented.token.organization,
        outcome,
        proof,
        // A header that is no text is no origin.
        presented
            .origin
            .as_ref()
            .map(|origin| origin.to_str().unwrap_or_default()),
    );
}

/// Notes what was written, and tells it.
fn finish(
    app: &App,
    presented: &Presented,
    caller: Caller,
    call: &IdentifyCall,
    outcome: Verification,
    identified: Identified,
) -> IdentityResult {
    let Identified { identity, is_older } = identified;
    if let Verification::Verified(matched) = outcome {
        note_use(app, call, &caller.secrets, matched);
    }
    app.store.remember(&presented.token, caller, &identity);
    let older = call.verified.as_ref().filter(|_| is_older);
    let ignored = ignored(&identity, &call.patch, older);
    IdentityResult {
        ignored,
        ..identity.into()
    }
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
