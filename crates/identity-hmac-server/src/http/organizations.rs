//! `/v1/admin/organizations`: the vendor's operator sets up its customers.

#![expect(unused_qualifications, reason = "of what utoipa makes of `params`")]

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use identity_hmac::{InputError, VerificationMode};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::App;
use super::auth::Admin;
use super::body::Members;
use super::openapi::{
    AdminProblems, BodyProblems, InvalidQuery, NoOrganization, NoUsableKey, PreviousVerifies,
};
use super::params::{Limit, PathId, QueryParams, next_cursor};
use super::policy;
use super::problem::Problem;
use crate::new_secret::{NewSecret, OrganizationWithSecret, Rotation, SecretError};
use crate::organization::{self, ModeSchema, OrganizationView, Refused};
use crate::store::{OrganizationPatch, Policy, Proof, UnsignedAttributes};

/// What a new organization is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "it stands for the body in the OpenAPI document")]
struct NewOrganization {
    /// What people call it.
    #[schema(max_length = 256, pattern = r"\S", example = "Corner Shop")]
    name: String,
    /// `off` when not given.
    #[schema(value_type = ModeSchema, required = false)]
    verification: Option<String>,
    /// The origins whose pages may call, as in `https://shop.example`; empty for any.
    #[schema(value_type = Vec<String>, required = false)]
    allowed_origins: Option<Vec<String>>,
    /// The proofs that `identify()` takes; both when not given.
    #[schema(value_type = Vec<Proof>, required = false, min_items = 1)]
    accepted_proofs: Option<Vec<String>>,
    /// What becomes of attributes in a call without a token; `ignore` when not given.
    #[schema(value_type = UnsignedAttributes, required = false)]
    unsigned_attributes: Option<String>,
    /// How long a verified identity lasts, in seconds; 86400 when not given.
    #[schema(value_type = u32, required = false, minimum = 300, maximum = 2_592_000)]
    identity_session: Option<u32>,
    /// How long a token may be valid at most, in seconds; 3600 when not given.
    #[schema(value_type = u32, required = false, minimum = 60, maximum = 86_400)]
    max_token_lifetime: Option<u32>,
    /// Refuse tokens that were signed before this time; null for none.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required = false)]
    tokens_valid_after: Option<OffsetDateTime>,
}

/// What is changed of an organization.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "it stands for the body in the OpenAPI document")]
struct OrganizationChanges {
    /// What people call it.
    #[schema(value_type = String, required = false, max_length = 256, pattern = r"\S")]
    name: Option<String>,
    /// Whether an hmac is ignored, checked, or required.
    #[schema(value_type = ModeSchema, required = false)]
    verification: Option<String>,
    /// The origins whose pages may call, as in `https://shop.example`; empty for any.
    #[schema(value_type = Vec<String>, required = false)]
    allowed_origins: Option<Vec<String>>,
    /// Whether no call of its visitors is served.
    #[schema(value_type = bool, required = false)]
    suspended: Option<bool>,
    /// The proofs that `identify()` takes.
    #[schema(value_type = Vec<Proof>, required = false, min_items = 1)]
    accepted_proofs: Option<Vec<String>>,
    /// What becomes of attributes in a call without a token: `ignore` keeps them apart from verified
    /// ones, `reject` refuses the call.
    #[schema(value_type = UnsignedAttributes, required = false)]
    unsigned_attributes: Option<String>,
    /// How long a verified identity lasts, in seconds.
    #[schema(value_type = u32, required = false, minimum = 300, maximum = 2_592_000)]
    identity_session: Option<u32>,
    /// How long a token may be valid at most, in seconds.
    #[schema(value_type = u32, required = false, minimum = 60, maximum = 86_400)]
    max_token_lifetime: Option<u32>,
    /// Refuse tokens that were signed before this time; null for none.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required = false)]
    tokens_valid_after: Option<OffsetDateTime>,
}

/// A part of the list of organizations.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrganizationPage {
    organizations: Vec<OrganizationView>,
    /// The `cursor` of the next part; null at the end.
    #[schema(required = true)]
    next_cursor: Option<Uuid>,
}

/// Which part of the list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Part {
    /// How many, 1 to 100; 50 when not given.
    #[serde(default)]
    #[param(value_type = u32, minimum = 1, maximum = 100)]
    limit: Limit,
    /// The `nextCursor` of the part before.
    cursor: Option<Uuid>,
}

/// Whether to rotate in any case.
#[derive(Clone, Copy, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Force {
    /// Rotate even if there is a previous secret. Of the two secrets the current one stays as the
    /// previous one, or, if it never verified a call, the previous one; the other no longer verifies.
    #[serde(default)]
    force: bool,
}

/// Create an organization
///
/// The answer holds its secret, this once.
#[utoipa::path(
    post,
    path = "/v1/admin/organizations",
    operation_id = "createOrganization",
    tag = "admin",
    security(("adminToken" = [])),
    request_body(content = NewOrganization, content_type = "application/json"),
    responses(
        (status = 201, description = "organization and secret", body = OrganizationWithSecret),
        AdminProblems,
        BodyProblems,
        NoUsableKey,
    )
)]
pub(crate) async fn create(
    Admin(actor): Admin,
    State(app): State<Arc<App>>,
    members: Members,
) -> Result<(StatusCode, Json<OrganizationWithSecret>), Problem> {
    let patch = read(members)?;
    if patch.suspended.is_some() {
        let reason = "a new organization is not suspended: leave it out";
        return Err(Problem::invalid_request(Some("suspended"), reason));
    }
    let name = patch
        .name
        .ok_or_else(|| Problem::invalid_request(Some("name"), "missing"))?;
    let created = NewSecret::of_new_organization(
        app.master_keys()?,
        name,
        patch.verification.unwrap_or_default(),
        patch.policy.apply(Policy::default()),
        patch.allowed_origins.unwrap_or_default(),
    )?;
    created.store(&app.store, &actor).await?;
    Ok((StatusCode::CREATED, Json(created.shown())))
}

/// List the organizations
#[utoipa::path(
    get,
    path = "/v1/admin/organizations",
    operation_id = "listOrganizations",
    tag = "admin",
    security(("adminToken" = [])),
    params(Part),
    responses(
        (status = 200, description = "a part of the list", body = OrganizationPage),
        AdminProblems,
        InvalidQuery,
    )
)]
pub(crate) async fn list(
    _: Admin,
    State(app): State<Arc<App>>,
    QueryParams(part): QueryParams<Part>,
) -> Result<Json<OrganizationPage>, Problem> {
    let organizations = app.store.organizations(part.cursor, part.limit.0).await?;
    Ok(Json(OrganizationPage {
        next_cursor: next_cursor(&organizations, part.limit, |organization| organization.id),
        organizations: organizations.into_iter().map(Into::into).collect(),
    }))
}

/// Read an organization
#[utoipa::path(
    get,
    path = "/v1/admin/organizations/{id}",
    operation_id = "readOrganization",
    tag = "admin",
    security(("adminToken" = [])),
    params(("id" = Uuid, Path)),
    responses(
        (status = 200, description = "the organization", body = OrganizationView),
        AdminProblems,
        NoOrganization,
    )
)]
pub(crate) async fn show(
    _: Admin,
    State(app): State<Arc<App>>,
    PathId(id): PathId,
) -> Result<Json<OrganizationView>, Problem> {
    app.store
        .organization(id)
        .await?
        .map(|organization| Json(organization.into()))
        .ok_or_else(Problem::organization_not_found)
}

/// Change an organization
///
/// What is absent stays. While an organization is suspended, the calls of its visitors get
/// `organization_suspended`; everything stays readable for the admin.
#[utoipa::path(
    patch,
    path = "/v1/admin/organizations/{id}",
    operation_id = "updateOrganization",
    tag = "admin",
    security(("adminToken" = [])),
    params(("id" = Uuid, Path)),
    request_body(content = OrganizationChanges, content_type = "application/json"),
    responses(
        (status = 200, description = "the organization", body = OrganizationView),
        AdminProblems,
        NoOrganization,
        BodyProblems,
        NoUsableKey,
    )
)]
pub(crate) async fn update(
    Admin(actor): Admin,
    State(app): State<Arc<App>>,
    PathId(id): PathId,
    members: Members,
) -> Result<Json<OrganizationView>, Problem> {
    app.store
        .update_organization(id, &read(members)?, &actor)
        .await?
        .map(|organization| Json(organization.into()))
        .ok_or_else(Problem::organization_not_found)
}

/// Delete an organization with its visitors and their records, for good
///
/// From now on it counts as unknown. Its rows are removed in small steps; the audit log says
/// `organization_removed` when the last one is gone, and keeps its own rows.
#[utoipa::path(
    delete,
    path = "/v1/admin/organizations/{id}",
    operation_id = "deleteOrganization",
    tag = "admin",
    security(("adminToken" = [])),
    params(("id" = Uuid, Path)),
    responses(
        (status = 202, description = "it is deleted, and its rows go"),
        AdminProblems,
        NoOrganization,
    )
)]
pub(crate) async fn delete(
    Admin(actor): Admin,
    State(app): State<Arc<App>>,
    PathId(id): PathId,
) -> Result<StatusCode, Problem> {
    if app.store.delete_organization(id, &actor).await? {
        Ok(StatusCode::ACCEPTED)
    } else {
        Err(Problem::organization_not_found())
    }
}

/// Give an organization a new secret
///
/// The answer holds it, this once. The secret that was current still verifies, as the previous one.
/// While there is a previous one, a further rotation is refused. If the answer was lost, rotate with
/// `force`: a current secret that never verified a call is replaced, and the previous one stays.
#[utoipa::path(
    post,
    path = "/v1/admin/organizations/{id}/rotate-secret",
    operation_id = "rotateSecret",
    tag = "admin",
    security(("adminToken" = [])),
    params(("id" = Uuid, Path), Force),
    responses(
        (status = 200, description = "organization and secret", body = OrganizationWithSecret),
        AdminProblems,
        NoOrganization,
        PreviousVerifies,
        InvalidQuery,
    )
)]
pub(crate) async fn rotate_secret(
    Admin(actor): Admin,
    State(app): State<Arc<App>>,
    PathId(id): PathId,
    QueryParams(Force { force }): QueryParams<Force>,
) -> Result<Json<OrganizationWithSecret>, Problem> {
    match NewSecret::rotate(&app.store, app.master_keys()?, id, force, &actor).await? {
        Rotation::Prepared(new) => Ok(Json(new.shown())),
        Rotation::PreviousVerifies => Err(Problem::previous_secret_verifies()),
        Rotation::NoOrganization => Err(Problem::organization_not_found()),
    }
}

/// Retire the previous secret
///
/// From now on it does not verify. Without a previous secret nothing happens.
#[utoipa::path(
    delete,
    path = "/v1/admin/organizations/{id}/previous-secret",
    operation_id = "retirePreviousSecret",
    tag = "admin",
    security(("adminToken" = [])),
    params(("id" = Uuid, Path)),
    responses(
        (status = 204, description = "the previous secret is retired"),
        AdminProblems,
        NoOrganization,
    )
)]
pub(crate) async fn retire_previous_secret(
    Admin(actor): Admin,
    State(app): State<Arc<App>>,
    PathId(id): PathId,
) -> Result<StatusCode, Problem> {
    if app.store.retire_previous_secret(id, &actor).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::organization_not_found())
    }
}

/// Revoke the tokens of all visitors that there are
///
/// From now on they are refused, so every browser gets a new visitor. The records stay. Tokens of visitors
/// that are made after this are taken.
#[utoipa::path(
    post,
    path = "/v1/admin/organizations/{id}/revoke-visitor-tokens",
    operation_id = "revokeVisitorTokens",
    tag = "admin",
    security(("adminToken" = [])),
    params(("id" = Uuid, Path)),
    responses(
        (status = 200, description = "the organization", body = OrganizationView),
        AdminProblems,
        NoOrganization,
    )
)]
pub(crate) async fn revoke_visitor_tokens(
    Admin(actor): Admin,
    State(app): State<Arc<App>>,
    PathId(id): PathId,
) -> Result<Json<OrganizationView>, Problem> {
    app.store
        .revoke_visitor_tokens(id, &actor)
        .await?
        .map(|organization| Json(organization.into()))
        .ok_or_else(Problem::organization_not_found)
}

fn read(mut members: Members) -> Result<OrganizationPatch, Problem> {
    let patch = OrganizationPatch {
        name: members.take("name").map(read_name).transpose()?,
        verification: members
            .take("verification")
            .as_ref()
            .map(read_mode)
            .transpose()?,
        allowed_origins: members
            .take("allowedOrigins")
            .map(read_origins)
            .transpose()?,
        suspended: members.take("suspended").map(read_suspended).transpose()?,
        policy: policy::read(&mut members)?,
    };
    members.finish()?;
    Ok(patch)
}

fn read_name(value: Value) -> Result<String, Problem> {
    let Value::String(name) = value else {
        return Err(Problem::invalid_request(Some("name"), "not a string"));
    };
    organization::check_name(&name).map_err(|refused| refuse("name", &refused))?;
    Ok(name)
}

fn read_mode(value: &Value) -> Result<VerificationMode, Problem> {
    let mode = value.as_str().unwrap_or_default();
    mode.parse().map_err(|error: InputError| {
        Problem::invalid_request(Some("verification"), &error.to_string())
    })
}

fn read_origins(value: Value) -> Result<Vec<String>, Problem> {
    const NAME: &str = "allowedOrigins";
    let origins: Vec<String> = serde_json::from_value(value)
        .map_err(|_| Problem::invalid_request(Some(NAME), "not a list of strings"))?;
    for origin in &origins {
        organization::check_origin(origin).map_err(|refused| refuse(NAME, &refused))?;
    }
    Ok(origins)
}

fn read_suspended(value: Value) -> Result<bool, Problem> {
    serde_json::from_value(value)
        .map_err(|_| Problem::invalid_request(Some("suspended"), "neither true nor false"))
}

fn refuse(field: &str, refused: &Refused) -> Problem {
    Problem::invalid_request(Some(field), &refused.to_string())
}

impl From<SecretError> for Problem {
    fn from(error: SecretError) -> Self {
        match error {
            SecretError::Store(error) => error.into(),
            SecretError::Random(_) | SecretError::Seal(_) | SecretError::Input(_) => {
                Self::internal(&error.to_string())
            }
        }
    }
}
