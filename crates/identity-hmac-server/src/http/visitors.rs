//! `POST /v1/visitors`: a chat page gets its anonymous visitor.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::App;
use super::auth::{check_origin, origin};
use super::cors::ORGANIZATION_KEY;
use super::once::once;
use super::openapi::NewVisitorProblems;
use super::problem::Problem;
use super::telemetry;
use crate::token::{VisitorToken, parse_organization_key};

/// A new anonymous visitor.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewVisitor {
    /// What your backend signs.
    visitor_id: Uuid,
    /// What the visitor's browser keeps and sends with every call. It is a secret: its bearer speaks for
    /// the visitor.
    #[schema(example = "vt_…")]
    visitor_token: String,
}

/// Make a visitor
///
/// For a page of the organization that `X-Organization-Key` names.
#[utoipa::path(
    post,
    path = "/v1/visitors",
    operation_id = "createVisitor",
    tag = "visitor",
    params(("X-Organization-Key" = String, Header, description = "the organizationKey, `pk_…`")),
    responses(
        (status = 201, description = "the visitor with its token", body = NewVisitor),
        NewVisitorProblems,
    )
)]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<(StatusCode, Json<NewVisitor>), Problem> {
    let origin = origin(&headers)?;
    let organization = once(&headers, &ORGANIZATION_KEY)
        .ok()
        .flatten()
        .and_then(|key| parse_organization_key(key.to_str().ok()?))
        .ok_or_else(Problem::unknown_organization)?;
    let organization = app
        .store
        .organization(organization)
        .await?
        .ok_or_else(Problem::unknown_organization)?;
    telemetry::record_organization(organization.id);
    if organization.suspended {
        return Err(Problem::organization_suspended());
    }
    check_origin(origin, &organization.allowed_origins)?;
    // Behind the origin, so that a page of another site uses nothing up.
    app.organization_visitor_rate.check(&organization.id)?;

    let visitor_id = Uuid::now_v7();
    let (visitor_token, token) = VisitorToken::generate(organization.id, visitor_id)
        .map_err(|error| Problem::internal(&error.to_string()))?;
    if !app.store.create_visitor(&token).await? {
        return Err(Problem::unknown_organization());
    }
    let visitor = NewVisitor {
        visitor_id,
        visitor_token,
    };
    Ok((StatusCode::CREATED, Json(visitor)))
}
