//! The Corner Shop: its page, a log-in, and a session. What it signs is in `chat_identity.rs`.

use std::path::PathBuf;
use std::sync::Arc;

use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get, post};
use axum::{Json, Router};
use identity_hmac::{IdentityKey, TokenKey};
use serde::{Deserialize, Serialize};
use tower_http::services::{ServeDir, ServeFile};
use tower_http::set_header::SetResponseHeaderLayer;
use tower_sessions::Session;

use crate::accounts::{Account, User, authenticate};
use crate::chat_identity::chat_identity;
use crate::problem::{METHOD_NOT_ALLOWED, NOT_FOUND, Problem};
use crate::sessions::{Limits, sessions};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../page");
const MAX_BODY_BYTES: usize = 16 * 1024;

pub(crate) struct Shop {
    pub(crate) key: IdentityKey,
    pub(crate) token_key: TokenKey,
    pub(crate) browser_client: PathBuf,
    /// With whom else the page may talk.
    pub(crate) origins: Vec<String>,
    pub(crate) config: Config,
    pub(crate) sessions: Limits,
    pub(crate) accounts: Vec<Account>,
}

/// What the page needs to know.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Config {
    pub(crate) organization_key: String,
    pub(crate) identity_server_url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) demo_switch_url: Option<String>,
}

#[derive(Deserialize)]
struct Credentials {
    email: String,
    password: String,
}

pub(crate) fn router(shop: Shop) -> anyhow::Result<Router> {
    let content_security_policy = HeaderValue::try_from(format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
         connect-src 'self' {}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        shop.origins.join(" ")
    ))?;
    let browser_client = ServeFile::new(&shop.browser_client);
    let page = ServeDir::new(PAGE).fallback(any(async || NOT_FOUND));

    let api = Router::new()
        .route("/config", get(config))
        .route("/login", post(login))
        .route("/logout", post(logout))
        .route("/me", get(me))
        .route("/chat-identity", chat_identity(shop.key.clone()))
        .route("/chat-token", chat_identity(shop.token_key.clone()))
        .fallback(async || NOT_FOUND)
        .method_not_allowed_fallback(async || METHOD_NOT_ALLOWED)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(sessions(&shop.sessions))
        .layer(SetResponseHeaderLayer::overriding(
            header::CACHE_CONTROL,
            HeaderValue::from_static("no-store"),
        ));

    Ok(Router::new()
        .nest("/api", api)
        .route_service("/identity-hmac-browser.js", browser_client)
        .fallback_service(page)
        .layer(SetResponseHeaderLayer::overriding(
            header::CONTENT_SECURITY_POLICY,
            content_security_policy,
        ))
        .layer(SetResponseHeaderLayer::overriding(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ))
        .with_state(Arc::new(shop)))
}

async fn config(State(shop): State<Arc<Shop>>) -> Response {
    Json(&shop.config).into_response()
}

/// `Json` takes only `application/json`. A page of another origin cannot send that without a
/// preflight, and nothing here answers one. So no such page can log its reader in.
async fn login(
    session: Session,
    State(shop): State<Arc<Shop>>,
    credentials: Result<Json<Credentials>, JsonRejection>,
) -> Result<Json<User>, Problem> {
    let Json(Credentials { email, password }) =
        credentials.map_err(|rejection| match rejection.status() {
            status @ StatusCode::PAYLOAD_TOO_LARGE => Problem(status, "the request is malformed"),
            _ => Problem(
                StatusCode::BAD_REQUEST,
                "send JSON with the texts email and password",
            ),
        })?;
    let user = authenticate(&shop.accounts, &email, password)
        .await
        .ok_or(Problem(
            StatusCode::UNAUTHORIZED,
            "the email or the password is wrong",
        ))?;
    // A new session id: one that somebody planted before the log-in is worth nothing after it.
    session.cycle_id().await?;
    session.insert("user_id", &user.id).await?;
    Ok(Json(user))
}

async fn logout(session: Session) -> Result<StatusCode, Problem> {
    session.flush().await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn me(user: User) -> Json<User> {
    Json(user)
}
