//! What the guarded route answers.
#![expect(unsafe_code, reason = "each call of with_bytes says why it is sound")]

use std::cell::Cell;

use identity_hmac::route::{self, Request, SigningKey, VisitorIds};
use magnus::typed_data::Obj;
use magnus::{Error, RHash, RModule, RString, Ruby, Value, method, prelude::*};

use crate::error;
use crate::key::Key;
use crate::string::{self, with_bytes};
use crate::token_key::TokenKey;
use crate::user::User;

pub(crate) fn define(ruby: &Ruby, module: RModule) -> Result<(), Error> {
    let class = module.define_class("Route", ruby.class_object())?;
    class.define_private_method("answer", method!(answer, 8))
}

/// A status, headers and a body.
type Answer = (u16, RHash, String);

/// The core's `respond`, of a request as it was sent. `visitor_id` is something that says of a String
/// whether it is a visitor id, or `nil` for UUIDs. `user` is `nil` for nobody.
#[expect(clippy::too_many_arguments, reason = "they are the facts of a request")]
fn answer(
    ruby: &Ruby,
    _route: Value,
    key: Value,
    method: Value,
    query: Value,
    sec_fetch_site: Value,
    remaining_path: Value,
    user: Option<Obj<User>>,
    visitor_id: Value,
    now: u64,
) -> Result<Answer, Error> {
    let method = bytes_of(ruby, "method", method)?;
    let query = bytes_of(ruby, "query", query)?;
    let remaining_path = bytes_of(ruby, "remaining_path", remaining_path)?;
    let sec_fetch_site = (!sec_fetch_site.is_nil())
        .then(|| bytes_of(ruby, "sec_fetch_site", sec_fetch_site))
        .transpose()?;
    let method = String::from_utf8_lossy(&method);
    let request = Request::new(&method, &query)
        .sec_fetch_site(sec_fetch_site.as_ref())
        .remaining_path(&remaining_path);

    let raised = Cell::new(None);
    let is_visitor_id = |id: &str| {
        let said: Result<bool, Error> = visitor_id.funcall("call", (id,));
        said.unwrap_or_else(|error| {
            raised.set(Some(error));
            false
        })
    };
    let visitor_ids = if visitor_id.is_nil() {
        VisitorIds::Uuid
    } else {
        VisitorIds::Matching(&is_visitor_id)
    };

    let user = user.as_ref().map(|user| &user.0);
    let answered = route::respond(&signing_key(key)?, visitor_ids, &request, user, now);
    if let Some(error) = raised.take() {
        return Err(error);
    }
    let answer = answered.map_err(|error| error::from_input(ruby, &error))?;
    let headers = ruby.hash_new();
    for (name, value) in answer.headers {
        headers.aset(name, value)?;
    }
    Ok((answer.status, headers, answer.body))
}

/// A copy, since the rule for visitor ids may call Ruby while the core reads it.
fn bytes_of(ruby: &Ruby, name: &str, value: Value) -> Result<Vec<u8>, Error> {
    let string: RString = string::required(ruby, &format!("{name} must be a String"), value)?;
    // SAFETY: copying does not call Ruby.
    Ok(unsafe { with_bytes([string], |[bytes]| bytes.to_vec()) })
}

fn signing_key(key: Value) -> Result<SigningKey, Error> {
    if let Ok(key) = <&Key>::try_convert(key) {
        return Ok(key.0.clone().into());
    }
    <&TokenKey>::try_convert(key).map(|key| key.0.clone().into())
}
