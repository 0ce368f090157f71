//! The Corner Shop: a log-in, a session, and `GET /api/chat-identity`, which signs a visitor id
//! for a customer who is logged in, and for nobody else.

use std::path::PathBuf;
use std::sync::Arc;

use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{FromRequestParts, Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use identity_hmac::IdentityKey;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::task;
use tower_http::services::{ServeDir, ServeFile};
use tower_http::set_header::SetResponseHeaderLayer;
use tower_sessions::cookie::SameSite;
use tower_sessions::{MemoryStore, Session, SessionManagerLayer, session};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../page");

pub(crate) struct Shop {
    pub(crate) key: IdentityKey,
    pub(crate) browser_client: PathBuf,
    pub(crate) identity_server_origin: String,
    pub(crate) config: Config,
    pub(crate) accounts: Vec<Account>,
}

/// What the page needs to know.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Config {
    pub(crate) organization_key: String,
    pub(crate) identity_server_url: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Account {
    password_hash: String,
    user: User,
}

#[derive(Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct User {
    id: String,
    name: String,
    email: String,
    plan: String,
    signup_date: String,
}

#[derive(Deserialize)]
struct Credentials {
    email: String,
    password: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ChatIdentity {
    visitor_id: String,
}

/// A problem document (RFC 9457).
struct Problem(StatusCode, &'static str);

pub(crate) fn router(shop: Shop) -> anyhow::Result<Router> {
    let content_security_policy = HeaderValue::try_from(format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
         connect-src 'self' {}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        shop.identity_server_origin
    ))?;
    let browser_client = ServeFile::new(&shop.browser_client);
    let sessions = SessionManagerLayer::new(MemoryStore::default())
        .with_name("session") // HttpOnly is the default. Behind HTTPS keep `Secure`, too.
        .with_same_site(SameSite::Lax)
        .with_secure(false);

    let api = Router::new()
        .route("/config", get(config))
        .route("/login", post(login))
        .route("/logout", post(logout))
        .route("/me", get(me))
        .route("/chat-identity", get(chat_identity))
        .layer(sessions)
        .layer(SetResponseHeaderLayer::overriding(
            header::CACHE_CONTROL,
            HeaderValue::from_static("no-store"),
        ));

    Ok(Router::new()
        .nest("/api", api)
        .route_service("/identity-hmac-browser.js", browser_client)
        .fallback_service(ServeDir::new(PAGE))
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

/// `Json` takes nothing but `application/json`, which a page of another origin cannot send without
/// a preflight, and nothing here allows one: it cannot log its reader in.
async fn login(
    session: Session,
    State(shop): State<Arc<Shop>>,
    credentials: Result<Json<Credentials>, JsonRejection>,
) -> Result<Json<User>, Problem> {
    let Json(Credentials { email, password }) = credentials.map_err(|_| {
        Problem(
            StatusCode::BAD_REQUEST,
            "send JSON with the texts email and password",
        )
    })?;
    let account = shop
        .accounts
        .iter()
        .find(|account| account.user.email == email);
    // An unknown email takes as long as a wrong password: time does not tell who has an account.
    let hash = account.unwrap_or(&shop.accounts[0]).password_hash.clone();
    let matches = task::spawn_blocking(move || bcrypt::verify(password, &hash)).await;
    let (Some(account), Ok(Ok(true))) = (account, matches) else {
        return Err(Problem(
            StatusCode::UNAUTHORIZED,
            "the email or the password is wrong",
        ));
    };
    // A new session id: one that somebody planted before the log-in is worth nothing after it.
    session.cycle_id().await?;
    session.insert("user_id", &account.user.id).await?;
    Ok(Json(account.user.clone()))
}

async fn logout(session: Session) -> Result<StatusCode, Problem> {
    session.flush().await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn me(user: User) -> Json<User> {
    Json(user)
}

/// The extractors run from left to right: without a log-in nothing else is looked at.
async fn chat_identity(
    _: User,
    State(shop): State<Arc<Shop>>,
    query: Result<Query<ChatIdentity>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    // An id that is empty, missing, or there more than once is none.
    let hmac = query
        .ok()
        .and_then(|Query(asked)| shop.key.sign(&asked.visitor_id).ok());
    let hmac = hmac.ok_or(Problem(StatusCode::BAD_REQUEST, "send one visitorId"))?;
    Ok(Json(json!({ "hmac": hmac.to_hex() })))
}

/// The customer who is logged in.
impl FromRequestParts<Arc<Shop>> for User {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shop: &Arc<Shop>) -> Result<Self, Problem> {
        let session = Session::from_request_parts(parts, shop)
            .await
            .map_err(|(status, detail)| Problem(status, detail))?;
        let id: Option<String> = session.get("user_id").await?;
        let account = shop
            .accounts
            .iter()
            .find(|account| Some(&account.user.id) == id.as_ref());
        account
            .map(|account| account.user.clone())
            .ok_or(Problem(StatusCode::UNAUTHORIZED, "log in first"))
    }
}

impl From<session::Error> for Problem {
    fn from(_: session::Error) -> Self {
        Self(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the sessions cannot be reached",
        )
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        #[derive(Serialize)]
        struct Document {
            title: Option<&'static str>,
            status: u16,
            detail: &'static str,
        }
        let Self(status, detail) = self;
        let document = Document {
            title: status.canonical_reason(),
            status: status.as_u16(),
            detail,
        };
        let content_type = [(header::CONTENT_TYPE, "application/problem+json")];
        (status, content_type, Json(document)).into_response()
    }
}
