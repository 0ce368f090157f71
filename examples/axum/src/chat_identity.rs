//! What the shop signs for a customer who is logged in, and for nobody else:
//!
//! - `GET /api/chat-token?visitorId=…` gives `{token}`: who the customer is.
//! - `GET /api/chat-identity?visitorId=…` gives `{hmac}`: the visitor id alone.

use std::sync::Arc;

use axum::routing::MethodRouter;
use identity_hmac::InputError;
use identity_hmac::attributes::Metadata;
use identity_hmac::route::SigningKey;
use identity_hmac_axum::{ChatIdentity, User};

use crate::accounts;
use crate::shop::Shop;

/// The route that signs: a token with a `TokenKey`, an hmac with an `IdentityKey`.
pub(crate) fn chat_identity(key: impl Into<SigningKey>) -> MethodRouter<Arc<Shop>> {
    ChatIdentity::new(key).route(user)
}

/// Everything that a token says comes from the session. The page has no word in it.
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
