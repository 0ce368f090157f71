//! `/v1/admin/organizations/{id}/verification-stats`: how an organization's calls were verified.

#![expect(unused_qualifications, reason = "of what utoipa makes of `params`")]

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use super::App;
use super::auth::Admin;
use super::openapi::{AdminProblems, InvalidQuery, NoOrganization};
use super::params::{PathId, QueryParams};
use super::problem::Problem;
use crate::verification_stats::{MAX_DAYS, VerificationStatsView};

/// Which days.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Period {
    /// How many, today included, 1 to 90; 7 when not given.
    #[serde(default)]
    #[param(value_type = u16, minimum = 1, maximum = 90)]
    days: Days,
}

/// A number of days that are kept.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "u16")]
pub(crate) struct Days(u16);

impl Default for Days {
    fn default() -> Self {
        Self(7)
    }
}

impl TryFrom<u16> for Days {
    type Error = String;

    fn try_from(days: u16) -> Result<Self, String> {
        if (1..=MAX_DAYS).contains(&days) {
            Ok(Self(days))
        } else {
            Err(format!("not a number of days from 1 to {MAX_DAYS}"))
        }
    }
}

/// Read how an organization's `identify()` calls were verified
///
/// The counts are up to 10 seconds old. With `observe`, `missing` and `invalid` are the calls that
/// `required` turns away.
#[utoipa::path(
    get,
    path = "/v1/admin/organizations/{id}/verification-stats",
    operation_id = "readVerificationStats",
    tag = "admin",
    security(("adminToken" = [])),
    params(("id" = Uuid, Path), Period),
    responses(
        (status = 200, description = "the counts by day", body = VerificationStatsView),
        AdminProblems,
        NoOrganization,
        InvalidQuery,
    )
)]
pub(crate) async fn show(
    _: Admin,
    State(app): State<Arc<App>>,
    PathId(organization): PathId,
    QueryParams(period): QueryParams<Period>,
) -> Result<Json<VerificationStatsView>, Problem> {
    if app.store.organization(organization).await?.is_none() {
        return Err(Problem::organization_not_found());
    }
    let days = period.days.0;
    Ok(Json(
        VerificationStatsView::read(&app.store, organization, days).await?,
    ))
}
