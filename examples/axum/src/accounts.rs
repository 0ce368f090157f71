//! The customers: who has which password, and who is logged in.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::{Deserialize, Serialize};
use tokio::task;
use tower_sessions::Session;

use crate::problem::Problem;
use crate::shop::Shop;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Account {
    password_hash: String,
    user: User,
}

#[derive(Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) plan: String,
    pub(crate) signup_date: String,
}

/// The customer with this email and password.
pub(crate) async fn authenticate(
    accounts: &[Account],
    email: &str,
    password: String,
) -> Option<User> {
    let account = accounts.iter().find(|account| account.user.email == email);
    // An unknown email takes as long as a wrong password: time does not tell who has an account.
    let hash = account.or(accounts.first())?.password_hash.clone();
    let matches = task::spawn_blocking(move || bcrypt::verify(password, &hash)).await;
    match matches {
        Ok(Ok(true)) => Some(account?.user.clone()),
        _ => None,
    }
}

/// The customer who is logged in; anybody else gets a 401.
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
