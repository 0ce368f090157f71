//! `/v1/admin/organizations/{id}/identities`: the vendor's operator finds and erases records.

#![expect(unused_qualifications, reason = "of what utoipa makes of `params`")]

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::App;
use super::auth::Admin;
use super::openapi::{AdminProblems, InvalidQuery, NoIdentity, NoOrganization};
use super::params::{Limit, PathId, PathIds, QueryParams, next_cursor};
use super::problem::Problem;
use crate::identity::IdentityView;
use crate::store::IdentityFilter;

/// A part of an organization's list of records.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IdentityPage {
    identities: Vec<IdentityView>,
    /// The `cursor` of the next part; null at the end.
    #[schema(required = true)]
    next_cursor: Option<Uuid>,
}

/// Which records, and which part of their list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    /// Only those with this external id.
    external_id: Option<String>,
    /// Only those with this e-mail address, as it was given.
    email: Option<String>,
    /// How many, 1 to 100; 50 when not given.
    #[serde(default)]
    #[param(value_type = u32, minimum = 1, maximum = 100)]
    limit: Limit,
    /// The `nextCursor` of the part before.
    cursor: Option<Uuid>,
}

/// List the records of an organization
#[utoipa::path(
    get,
    path = "/v1/admin/organizations/{id}/identities",
    operation_id = "listIdentities",
    tag = "admin",
    security(("adminToken" = [])),
    params(("id" = Uuid, Path), Filter),
    responses(
        (status = 200, description = "a part of the list", body = IdentityPage),
        AdminProblems,
        NoOrganization,
        InvalidQuery,
    )
)]
pub(crate) async fn list(
    _: Admin,
    State(app): State<Arc<App>>,
    PathId(organization): PathId,
    QueryParams(query): QueryParams<Filter>,
) -> Result<Json<IdentityPage>, Problem> {
    let filter = IdentityFilter {
        external_id: query.external_id,
        email: query.email,
        after: query.cursor,
    };
    let limit = query.limit;
    if app.store.organization(organization).await?.is_none() {
        return Err(Problem::organization_not_found());
    }
    let identities = app.store.identities(organization, &filter, limit.0).await?;
    Ok(Json(IdentityPage {
        next_cursor: next_cursor(&identities, limit, |identity| identity.id),
        identities: identities.into_iter().map(Into::into).collect(),
    }))
}

/// Erase a record
///
/// The visitor keeps its token: what it tells after this makes a new record.
#[utoipa::path(
    delete,
    path = "/v1/admin/organizations/{id}/identities/{identityId}",
    operation_id = "eraseIdentity",
    tag = "admin",
    security(("adminToken" = [])),
    params(("id" = Uuid, Path), ("identityId" = Uuid, Path)),
    responses(
        (status = 204, description = "the record is gone"),
        AdminProblems,
        NoIdentity,
    )
)]
pub(crate) async fn erase(
    Admin(actor): Admin,
    State(app): State<Arc<App>>,
    PathIds(organization, identity): PathIds,
) -> Result<StatusCode, Problem> {
    let erased = app
        .store
        .erase_identity(organization, identity, &actor)
        .await?;
    if erased {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::identity_not_found())
    }
}
