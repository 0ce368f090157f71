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
use crate::identity::{ExportError, IdentityView, PersonExport};
use crate::store::{IdentityFilter, Person};

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
    /// Only those with this e-mail address, in any case.
    email: Option<String>,
    /// How many, 1 to 100; 50 when not given.
    #[serde(default)]
    #[param(value_type = u32, minimum = 1, maximum = 100)]
    limit: Limit,
    /// The `nextCursor` of the part before.
    cursor: Option<Uuid>,
}

/// Which person: by one of the two.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct PersonQuery {
    /// The person's external id.
    external_id: Option<String>,
    /// The person's e-mail address, in any case.
    email: Option<String>,
}

impl PersonQuery {
    fn read(self) -> Result<Person, Problem> {
        let (name, value, person): (_, _, fn(String) -> Person) =
            match (self.external_id, self.email) {
                (Some(id), None) => ("externalId", id, Person::ExternalId),
                (None, Some(email)) => ("email", email, Person::Email),
                _ => {
                    let reason = "give either externalId or email";
                    return Err(Problem::invalid_request(None, reason));
                }
            };
        if value.trim().is_empty() {
            return Err(Problem::invalid_request(Some(name), "it is blank"));
        }
        Ok(person(value))
    }
}

/// What was erased.
#[derive(Serialize, ToSchema)]
pub(crate) struct Erased {
    /// How many records.
    erased: u64,
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

/// Export all that is stored of a person
///
/// Every record with this external id or e-mail address, up to 1000.
#[utoipa::path(
    get,
    path = "/v1/admin/organizations/{id}/identities/export",
    operation_id = "exportPerson",
    tag = "admin",
    security(("adminToken" = [])),
    params(("id" = Uuid, Path), PersonQuery),
    responses(
        (status = 200, description = "all that is stored", body = PersonExport),
        AdminProblems,
        NoOrganization,
        InvalidQuery,
    )
)]
pub(crate) async fn export(
    _: Admin,
    State(app): State<Arc<App>>,
    PathId(organization): PathId,
    QueryParams(person): QueryParams<PersonQuery>,
) -> Result<Json<PersonExport>, Problem> {
    Ok(Json(
        PersonExport::read(&app.store, organization, &person.read()?).await?,
    ))
}

impl From<ExportError> for Problem {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::NoOrganization => Self::organization_not_found(),
            ExportError::TooMany => Self::invalid_request(None, &error.to_string()),
            ExportError::Store(error) => error.into(),
        }
    }
}

/// Erase every record of a person
///
/// Their visitors go with the records, so their tokens are refused from now on: a browser gets a new
/// visitor. Large numbers go in steps of 500; after an answer that is no success, call again.
#[utoipa::path(
    delete,
    path = "/v1/admin/organizations/{id}/identities",
    operation_id = "erasePerson",
    tag = "admin",
    security(("adminToken" = [])),
    params(("id" = Uuid, Path), PersonQuery),
    responses(
        (status = 200, description = "how many records are gone: 0 if there was none", body = Erased),
        AdminProblems,
        NoOrganization,
        InvalidQuery,
    )
)]
pub(crate) async fn erase_person(
    Admin(actor): Admin,
    State(app): State<Arc<App>>,
    PathId(organization): PathId,
    QueryParams(person): QueryParams<PersonQuery>,
) -> Result<Json<Erased>, Problem> {
    let person = person.read()?;
    if app.store.organization(organization).await?.is_none() {
        return Err(Problem::organization_not_found());
    }
    let erased = app
        .store
        .erase_person(organization, &person, &actor)
        .await?;
    Ok(Json(Erased { erased }))
}

/// Erase a record
///
/// Its visitor goes with it, so the visitor's token is refused from now on: the browser gets a new
/// visitor.
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
