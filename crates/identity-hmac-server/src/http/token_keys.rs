//! `/v1/admin/organizations/{id}/token-keys`: the keys with which an organization's backends sign
//! identity tokens.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use super::auth::Admin;
use super::openapi::{AdminProblems, NoOrganization, NoTokenKey, NoUsableKey, TwoTokenKeys};
use super::params::{PathId, PathTokenKey};
use super::problem::Problem;
use crate::new_key::MadeKey;
use crate::store::{KeyKind, NewKey};
use crate::token_key::{NewTokenKey, TokenKeyView};

/// The token keys of an organization.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TokenKeys {
    /// The oldest first, two at most.
    token_keys: Vec<TokenKeyView>,
}

/// Make a token key
///
/// The answer holds it, this once. Backends of the organization sign identity tokens with it. An
/// organization has two at most, so that one can be changed while the other is used: tokens of both
/// verify.
#[utoipa::path(
    post,
    path = "/v1/admin/organizations/{id}/token-keys",
    operation_id = "createTokenKey",
    tag = "admin",
    security(("adminToken" = [])),
    params(("id" = Uuid, Path)),
    responses(
        (status = 201, description = "the key", body = NewTokenKey),
        AdminProblems,
        NoOrganization,
        TwoTokenKeys,
    )
)]
pub(crate) async fn create(
    Admin(actor): Admin,
    State(app): State<Arc<App>>,
    PathId(organization): PathId,
) -> Result<(StatusCode, Json<NewTokenKey>), Problem> {
    let made = MadeKey::token(organization, app.master_keys()?)?;
    match made.store(&app.store, &actor).await? {
        NewKey::Stored(stored) => {
            let new = NewTokenKey::new(stored, made.text);
            Ok((StatusCode::CREATED, Json(new)))
        }
        NewKey::BothThere => Err(Problem::two_token_keys()),
        NewKey::NoOrganization => Err(Problem::organization_not_found()),
    }
}

/// List the token keys of an organization
#[utoipa::path(
    get,
    path = "/v1/admin/organizations/{id}/token-keys",
    operation_id = "listTokenKeys",
    tag = "admin",
    security(("adminToken" = [])),
    params(("id" = Uuid, Path)),
    responses(
        (status = 200, description = "the keys, without their secrets", body = TokenKeys),
        AdminProblems,
        NoOrganization,
    )
)]
pub(crate) async fn list(
    _: Admin,
    State(app): State<Arc<App>>,
    PathId(organization): PathId,
) -> Result<Json<TokenKeys>, Problem> {
    if app.store.organization(organization).await?.is_none() {
        return Err(Problem::organization_not_found());
    }
    let keys = app.store.keys(KeyKind::Token, organization).await?;
    let token_keys = keys.into_iter().map(Into::into).collect();
    Ok(Json(TokenKeys { token_keys }))
}

/// Delete a token key
///
/// From the next call on it verifies nothing, in every process. The last key stays while the
/// organization requires a token: first make another one, or change the policy.
#[utoipa::path(
    delete,
    path = "/v1/admin/organizations/{id}/token-keys/{kid}",
    operation_id = "deleteTokenKey",
    tag = "admin",
    security(("adminToken" = [])),
    params(
        ("id" = Uuid, Path),
        ("kid" = String, Path, description = "the key's `kid`, as it is listed"),
    ),
    responses(
        (status = 204, description = "the key is gone"),
        AdminProblems,
        NoTokenKey,
        NoUsableKey,
    )
)]
pub(crate) async fn delete(
    Admin(actor): Admin,
    State(app): State<Arc<App>>,
    PathTokenKey(organization, kid): PathTokenKey,
) -> Result<StatusCode, Problem> {
    let deleted = app
        .store
        .delete_key(KeyKind::Token, organization, &kid, &actor)
        .await?;
    if deleted {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::token_key_not_found())
    }
}
