//! `GET /api/chat-identity?visitorId=…`: signs a visitor id for a customer who is logged in.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::accounts::User;
use crate::problem::Problem;
use crate::shop::Shop;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChatIdentity {
    visitor_id: String,
}

/// The extractors run from left to right: without a log-in nothing else is looked at.
pub(crate) async fn chat_identity(
    _: User,
    State(shop): State<Arc<Shop>>,
    query: Result<Query<ChatIdentity>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let no_visitor_id = Problem(StatusCode::BAD_REQUEST, "send one visitorId, a UUID");
    // An id that is missing, or there more than once, does not count.
    let Ok(Query(ChatIdentity { visitor_id })) = query else {
        return Err(no_visitor_id);
    };
    // Visitor ids are UUIDs, written in this one way. Nothing else is ever signed.
    let is_visitor_id =
        Uuid::try_parse(&visitor_id).is_ok_and(|uuid| uuid.hyphenated().to_string() == visitor_id);
    match shop.key.sign(&visitor_id) {
        Ok(hmac) if is_visitor_id => Ok(Json(json!({ "hmac": hmac.to_hex() }))),
        _ => Err(no_visitor_id),
    }
}
