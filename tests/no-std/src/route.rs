//! Answers a request, on the heap of `token.rs`.

use identity_hmac::IdentityKey;
use identity_hmac::route::{Request, User, VisitorIds, respond};

/// Whether somebody who is logged in gets an answer, and nobody gets none.
#[unsafe(no_mangle)]
pub extern "C" fn answers_users_alone(now: u64) -> bool {
    let request = Request::new("GET", "visitorId=0190f7a2-7c4e-7b1a-9d55-3f1c2b6a8e90");
    let (Ok(key), Ok(user)) = (IdentityKey::new("s3cret"), User::new("user_123")) else {
        return false;
    };
    let key = key.into();
    let status = |user| respond(&key, VisitorIds::Uuid, &request, user, now).map(|it| it.status);
    status(Some(&user)) == Ok(200) && status(None) == Ok(401)
}
