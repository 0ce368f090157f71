//! `/healthz`, `/readyz`, `/metrics`, `/openapi.json`: what monitors and tools ask.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::{Extension, Json};
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use super::openapi::ReadinessProblems;
use super::problem::Problem;
use crate::metric;

/// The OpenAPI document as it is sent.
#[derive(Clone, Debug)]
pub(crate) struct Document(pub(crate) Bytes);

/// How the service is.
#[derive(Serialize, ToSchema)]
pub(crate) struct Status {
    #[schema(example = "ok")]
    status: &'static str,
}

const OK: Json<Status> = Json(Status { status: "ok" });

/// Is the process alive?
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "operation",
    responses((status = 200, description = "it is", body = Status))
)]
pub(crate) async fn healthz() -> Json<Status> {
    OK
}

/// Can the process serve?
///
/// Not while its database is away or takes no writes, nor once it was asked to end.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "operation",
    responses((status = 200, description = "it can", body = Status), ReadinessProblems)
)]
pub(crate) async fn readyz(State(app): State<Arc<App>>) -> Result<Json<Status>, Problem> {
    if app.is_draining() {
        return Err(Problem::unavailable());
    }
    app.master_keys()?;
    app.store.check_writable().await?;
    Ok(OK)
}

/// Metrics in the text format of Prometheus
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "operation",
    responses((
        status = 200,
        description = "the metrics",
        body = String,
        content_type = "text/plain; version=0.0.4",
    ))
)]
pub(crate) async fn metrics(State(app): State<Arc<App>>) -> impl IntoResponse {
    metric::take(&app.store, app.dropped_log_lines.count());
    let kind = [(CONTENT_TYPE, "text/plain; version=0.0.4")];
    (StatusCode::OK, kind, app.metrics.render())
}

/// What this document says
#[utoipa::path(
    get,
    path = "/openapi.json",
    tag = "operation",
    responses((status = 200, description = "an OpenAPI 3.1 document", body = serde_json::Value))
)]
pub(crate) async fn openapi(
    Extension(Document(document)): Extension<Document>,
) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], document)
}
