//! `GET /api/chat-token?visitorId=…`: signs who the customer is who is logged in.

use std::sync::Arc;

use axum::routing::MethodRouter;
use identity_hmac::attributes::Metadata;
use identity_hmac::{InputError, TokenKey};
use identity_hmac_axum::{ChatIdentity, User};

use crate::accounts;
use crate::shop::Shop;

/// The package's route, for the customer of this session.
pub(crate) fn chat_token(key: TokenKey) -> MethodRouter<Arc<Shop>> {
    ChatIdentity::new(key).route(user)
}

/// Everything that the token says comes from the session. The page has no word in it.
fn user(customer: accounts::User) -> Result<User, InputError> {
    let metadata = Metadata::from_iter([
        ("plan".to_owned(), customer.plan.into()),
        ("signupDate".to_owned(), customer.signup_date.into()),
    ]);
    Ok(User::new(customer.id)?
        .name(customer.name)
        .email(customer.email)
        .metadata(metadata))
}
