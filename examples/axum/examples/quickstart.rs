//! The route of docs/quickstart/rust.md, on a port of its own: tests/docs asks it.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Query, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, COOKIE};
use axum::http::request::Parts;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use identity_hmac::IdentityKey;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Visitor {
    visitor_id: Uuid,
}

async fn chat_identity(
    _: User,
    State(key): State<Arc<IdentityKey>>,
    Query(visitor): Query<Visitor>,
) -> Result<impl IntoResponse, StatusCode> {
    match key.sign(visitor.visitor_id.to_string()) {
        Ok(hmac) => Ok((
            [(CACHE_CONTROL, "no-store")],
            Json(json!({ "hmac": hmac.to_hex() })),
        )),
        Err(_) => Err(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

fn app(key: IdentityKey) -> Router {
    Router::new()
        .route("/api/chat-identity", get(chat_identity))
        .with_state(Arc::new(key))
}

/// Stands for the reader's own: somebody is logged in where there is a cookie.
struct User;

impl<S: Sync> FromRequestParts<S> for User {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        let cookie = parts.headers.get(COOKIE);
        cookie.map(|_| Self).ok_or(StatusCode::UNAUTHORIZED)
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let key = IdentityKey::from_env("IDENTITY_SECRET")?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    #[expect(clippy::print_stdout, reason = "the test reads the port")]
    {
        println!("{}", listener.local_addr()?.port());
    }
    axum::serve(listener, app(key)).await?;
    Ok(())
}
