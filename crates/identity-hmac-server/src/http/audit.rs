//! `/v1/admin/audit`: what was done by admins.

#![expect(unused_qualifications, reason = "of what utoipa makes of `params`")]

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::App;
use super::auth::Admin;
use super::openapi::AdminProblems;
use super::params::{Limit, QueryParams, next_cursor};
use super::problem::Problem;
use crate::audit::AuditEventView;

/// A part of the audit log.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuditPage {
    events: Vec<AuditEventView>,
    /// The `cursor` of the next part; null at the end.
    next_cursor: Option<Uuid>,
}

/// Which rows, and which part of their list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    /// Only what was done to this organization. It may be deleted by now.
    organization: Option<Uuid>,
    /// How many, 1 to 100; 50 when not given.
    #[serde(default)]
    #[param(value_type = u32, minimum = 1, maximum = 100)]
    limit: Limit,
    /// The `nextCursor` of the part before.
    cursor: Option<Uuid>,
}

/// List what admins did, the newest first
///
/// Holds every change by an admin's call or by a command. Calls that only read are not in it.
#[utoipa::path(
    get,
    path = "/v1/admin/audit",
    operation_id = "listAuditEvents",
    tag = "admin",
    security(("adminToken" = [])),
    params(Filter),
    responses(
        (status = 200, description = "a part of the list", body = AuditPage),
        AdminProblems,
    )
)]
pub(crate) async fn list(
    _: Admin,
    State(app): State<Arc<App>>,
    QueryParams(filter): QueryParams<Filter>,
) -> Result<Json<AuditPage>, Problem> {
    let limit = filter.limit;
    let events = app
        .store
        .audit_events(filter.organization, filter.cursor, limit.0)
        .await?;
    Ok(Json(AuditPage {
        next_cursor: next_cursor(&events, limit, |event| event.id),
        events: events.into_iter().map(Into::into).collect(),
    }))
}
