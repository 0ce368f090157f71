//! `/v1/server/visitors/{visitorId}/identity`: a backend asks who a visitor is, and says it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use identity_hmac::attributes::Patch;
use uuid::Uuid;

use super::App;
use super::auth::{Backend, PresentedKey, note_seen};
use super::body::Members;
use super::identify_params::{BackendSchema, read_backends};
use super::openapi::{BodyProblems, NoVisitor, OtherPerson, ServerProblems};
use super::params::PathVisitor;
use super::problem::Problem;
use crate::identity::{IdentityView, ignored};
use crate::store::{
    Identified, IdentifyCall, IdentityPatch, KeyHolder, Known, PersonPatch, SaidBy, StoreError,
    VouchedBy,
};

/// Read a visitor's record, for a backend
#[utoipa::path(
    get,
    path = "/v1/server/visitors/{visitorId}/identity",
    operation_id = "readVisitorIdentity",
    tag = "server",
    security(("apiKey" = [])),
    params(("visitorId" = Uuid, Path)),
    responses(
        (status = 200, description = "the record", body = IdentityView),
        (status = 204, description = "there is no record: the visitor was not identified"),
        ServerProblems,
        NoVisitor,
    )
)]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    presented: PresentedKey,
    visitor: Result<PathVisitor, Problem>,
) -> Result<Response, Problem> {
    let mut backend = presented.authenticate(&app).await?;
    let (_, known) = existing(&mut backend, visitor?).await?;
    Ok(known.identity().map_or_else(
        || StatusCode::NO_CONTENT.into_response(),
        |identity| Json(IdentityView::from(identity)).into_response(),
    ))
}

/// Identify a visitor, as a backend
///
/// Makes the visitor's record or merges into it, as `POST /v1/identify` does. No proof is needed in any
/// verification mode: the API key proves that the backend itself says it.
///
/// With an `externalId` all of it is verified: it goes to the person with this id, and from then on the
/// visitor is this person and no other. Without, it goes to the visitor's record, and is shown where
/// nothing is verified.
#[utoipa::path(
    post,
    path = "/v1/server/visitors/{visitorId}/identity",
    operation_id = "identifyVisitor",
    tag = "server",
    security(("apiKey" = [])),
    params(("visitorId" = Uuid, Path)),
    request_body(content = BackendSchema, content_type = "application/json"),
    responses(
        (status = 200, description = "the record", body = IdentityView),
        ServerProblems,
        NoVisitor,
        OtherPerson,
        BodyProblems,
    )
)]
pub(crate) async fn identify(
    State(app): State<Arc<App>>,
    presented: PresentedKey,
    visitor: Result<PathVisitor, Problem>,
    // Read before the database is asked, and looked at when it is known whose it is.
    members: Result<Members, Problem>,
) -> Result<Json<IdentityView>, Problem> {
    let mut backend = presented.authenticate(&app).await?;
    let (visitor, known) = existing(&mut backend, visitor?).await?;
    let said = read_backends(members?)?;
    let (patch, verified) = split(said, backend.holder);
    let call = Arc::new(IdentifyCall {
        organization: backend.organization,
        visitor,
        known,
        patch,
        vouched_by: Some(VouchedBy::Backend),
        verified,
    });
    let identified = backend.session.identify(&call).await;
    let Identified { identity, .. } = identified.map_err(|error| match error {
        StoreError::NoVisitor => Problem::visitor_not_found(),
        error => error.into(),
    })?;
    note_seen(&app.store, backend.organization, visitor);
    let ignored = ignored(&identity, &call.patch, None);
    let mut view = IdentityView::from(identity);
    view.result.ignored = ignored;
    Ok(Json(view))
}

/// What goes to the visitor's record, and what to the person: all of it if the person is named.
fn split(said: IdentityPatch, holder: KeyHolder) -> (IdentityPatch, Option<PersonPatch>) {
    let Patch::Set(external_id) = said.external_id else {
        return (said, None);
    };
    let person = PersonPatch {
        external_id,
        name: said.name,
        email: said.email,
        metadata: said.metadata,
        said_by: SaidBy::Backend,
        session: holder.identity_session,
    };
    (IdentityPatch::default(), Some(person))
}

/// The visitor, if it is one of the backend's organization, with what is stored of it. Another
/// organization's is answered like one that is not there.
async fn existing(
    backend: &mut Backend,
    PathVisitor(visitor): PathVisitor,
) -> Result<(Uuid, Known), Problem> {
    let known = backend.session.visitor(backend.organization, visitor);
    let known = known.await?.ok_or_else(Problem::visitor_not_found)?;
    Ok((visitor, known))
}
