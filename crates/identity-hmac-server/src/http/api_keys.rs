//! `/v1/admin/organizations/{id}/api-keys`: the keys with which an organization's own backends call.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use super::auth::Admin;
use super::openapi::{AdminProblems, NoApiKey, NoOrganization, TwoApiKeys};
use super::params::{PathApiKey, PathId};
use super::problem::Problem;
use crate::api_key::{ApiKeyView, NewApiKey};
use crate::new_key::MadeKey;
use crate::store::{KeyKind, NewKey};

/// The API keys of an organization.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApiKeys {
    /// The oldest first, two at most.
    api_keys: Vec<ApiKeyView>,
}

/// Make an API key
///
/// The answer holds it, this once. Backends of the organization call `/v1/server` with it. An
/// organization has two at most, so that one can be changed while the other is used.
#[utoipa::path(
    post,
    path = "/v1/admin/organizations/{id}/api-keys",
    operation_id = "createApiKey",
    tag = "admin",
    security(("adminToken" = [])),
    params(("id" = Uuid, Path)),
    responses(
        (status = 201, description = "the key", body = NewApiKey),
        AdminProblems,
        NoOrganization,
        TwoApiKeys,
    )
)]
pub(crate) async fn create(
    Admin(actor): Admin,
    State(app): State<Arc<App>>,
    PathId(organization): PathId,
) -> Result<(StatusCode, Json<NewApiKey>), Problem> {
    let made = MadeKey::api(organization).map_err(|error| Problem::internal(&error.to_string()))?;
    match made.store(&app.store, &actor).await? {
        NewKey::Stored(stored) => {
            let new = NewApiKey::new(stored, made.text);
            Ok((StatusCode::CREATED, Json(new)))
        }
        NewKey::BothThere => Err(Problem::two_api_keys()),
        NewKey::NoOrganization => Err(Problem::organization_not_found()),
    }
}

/// List the API keys of an organization
#[utoipa::path(
    get,
    path = "/v1/admin/organizations/{id}/api-keys",
    operation_id = "listApiKeys",
    tag = "admin",
    security(("adminToken" = [])),
    params(("id" = Uuid, Path)),
    responses(
        (status = 200, description = "the keys, without their secrets", body = ApiKeys),
        AdminProblems,
        NoOrganization,
    )
)]
pub(crate) async fn list(
    _: Admin,
    State(app): State<Arc<App>>,
    PathId(organization): PathId,
) -> Result<Json<ApiKeys>, Problem> {
    if app.store.organization(organization).await?.is_none() {
        return Err(Problem::organization_not_found());
    }
    let keys = app.store.keys(KeyKind::Api, organization).await?;
    let api_keys = keys.into_iter().map(Into::into).collect();
    Ok(Json(ApiKeys { api_keys }))
}

/// Delete an API key
///
/// From the next call on it is refused, in every process.
#[utoipa::path(
    delete,
    path = "/v1/admin/organizations/{id}/api-keys/{keyId}",
    operation_id = "deleteApiKey",
    tag = "admin",
    security(("adminToken" = [])),
    params(
        ("id" = Uuid, Path),
        ("keyId" = String, Path, description = "the key's `id`, as it is listed"),
    ),
    responses(
        (status = 204, description = "the key is gone"),
        AdminProblems,
        NoApiKey,
    )
)]
pub(crate) async fn delete(
    Admin(actor): Admin,
    State(app): State<Arc<App>>,
    PathApiKey(organization, key): PathApiKey,
) -> Result<StatusCode, Problem> {
    let deleted = app
        .store
        .delete_key(KeyKind::Api, organization, &key, &actor)
        .await?;
    if deleted {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::api_key_not_found())
    }
}
