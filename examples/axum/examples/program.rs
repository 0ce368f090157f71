//! The program of docs/frameworks/axum.md, which tests/docs runs.

use std::env;
use std::error::Error;

use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::{StatusCode, request::Parts};
use axum::routing::post;
use identity_hmac::TokenKey;
use identity_hmac_axum::{ChatIdentity, User};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tower_sessions::{MemoryStore, Session, SessionManagerLayer};

#[derive(Deserialize, Serialize)]
struct Customer {
    id: String,
    name: String,
    email: String,
}

/// The customer of this session, if somebody is logged in.
struct CurrentCustomer(Option<Customer>);

impl<S: Send + Sync> FromRequestParts<S> for CurrentCustomer {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, StatusCode> {
        let session = Session::from_request_parts(parts, state).await;
        let session = session.map_err(|(status, _)| status)?;
        let customer = session.get("customer").await;
        customer
            .map(Self)
            .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
    }
}

async fn login(session: Session) -> StatusCode {
    let jane = Customer {
        id: "user_123".to_owned(),
        name: "Jane Doe".to_owned(),
        email: "jane@example.com".to_owned(),
    };
    match session.insert("customer", jane).await {
        Ok(()) => StatusCode::NO_CONTENT,
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let key = TokenKey::from_env("IDENTITY_TOKEN_KEY")?;
    let chat_identity = ChatIdentity::new(key).route(|CurrentCustomer(customer)| {
        let user = customer.map(|it| Ok(User::new(it.id)?.name(it.name).email(it.email)));
        user.transpose()
    });
    let app = Router::new()
        .route("/login", post(login))
        .route("/api/chat-identity", chat_identity)
        // Behind HTTPS leave `with_secure` out.
        .layer(SessionManagerLayer::new(MemoryStore::default()).with_secure(false));

    let address = env::args().nth(1).ok_or("say where to listen")?;
    axum::serve(TcpListener::bind(address).await?, app).await?;
    Ok(())
}
