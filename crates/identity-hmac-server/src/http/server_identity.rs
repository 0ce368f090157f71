//! `/v1/server/visitors/{visitorId}/identity`: a backend asks who a visitor is, and says it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

use super::App;
use super::auth::{Backend, PresentedKey, note_seen};
use super::body::Members;
use super::identify_params::{BackendSchema, read_backends};
use super::openapi::{BodyProblems, NoVisitor, ServerProblems};
use super::params::PathVisitor;
use super::problem::Problem;
use crate::identity::IdentityView;
use crate::store::{StoreError, VouchedBy};

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
    let visitor = existing(&mut backend, visitor?).await?;
    let identity = backend
        .session
        .identity(backend.organization, visitor)
        .await?;
    Ok(identity.map_or_else(
        || StatusCode::NO_CONTENT.into_response(),
        |identity| Json(IdentityView::from(identity)).into_response(),
    ))
}

/// Identify a visitor, as a backend
///
/// Makes the visitor's record or merges into it, as `POST /v1/identify` does. No hmac is needed in any
/// verification mode: the API key proves that the backend itself says it.
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
    let visitor = existing(&mut backend, visitor?).await?;
    let patch = read_backends(members?)?;
    let identity = backend
        .session
        .identify(
            backend.organization,
            visitor,
            &patch,
            Some(VouchedBy::Backend),
        )
        .await
        .map_err(|error| match error {
            StoreError::NoVisitor => Problem::visitor_not_found(),
            error => error.into(),
        })?;
    note_seen(&app.store, backend.organization, visitor);
    Ok(Json(identity.into()))
}

/// The visitor, if it is one of the backend's organization. Another organization's is answered like one
/// that is not there.
async fn existing(
    backend: &mut Backend,
    PathVisitor(visitor): PathVisitor,
) -> Result<Uuid, Problem> {
    let Backend {
        organization,
        session,
    } = backend;
    if session.has_visitor(*organization, visitor).await? {
        Ok(visitor)
    } else {
        Err(Problem::visitor_not_found())
    }
}
