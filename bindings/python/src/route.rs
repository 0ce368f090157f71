//! The class `User`, and what the guarded route answers.

use std::cell::RefCell;

use identity_hmac::route::{self, Request, SigningKey, VisitorIds};
use pyo3::prelude::*;
use pyo3::types::PyBool;

use crate::claims::{self, Given};
use crate::key::IdentityKey;
use crate::modules::Modules;
use crate::token_key::IdentityTokenKey;
use crate::{convert, error, time};

/// The user of a session that your backend has authenticated.
///
/// A guarded route takes this class and no other. So an object of a framework is never signed for
/// by accident, even one that stands for nobody. It shows nothing of the user.
///
/// An hmac says nothing of the user, who only has to be there. A token says all of it. An attribute
/// that is left out stays as the vendor has it. `None` clears it.
///
/// Args:
///     external_id: Your own id of the user, 1 to 256 characters: the claim `sub`. A number has to
///         be made text.
///     name: The user's display name, at most 256 characters, or `None`.
///     email: The user's e-mail address, at most 320 characters, or `None`.
///     metadata: What else the vendor shows of the user: a `dict` of at most 8 levels that
///         `json.dumps` takes, or `None`.
///
/// Raises:
///     IdentityTokenError: The id is blank or too long (`invalid_claim`; `field` is `sub`). The
///         limits of the other arguments are those of a token, and count when one is signed.
///     IdentityHmacError: A text has a lone surrogate (`ill_formed_text`).
///     TypeError: An argument has a wrong type, or `json.dumps` does not take the metadata.
///     ValueError: The metadata holds itself.
///
/// Example:
///     >>> User("user_123", name="Jane Doe", email="jane@example.com")
///     <identity_hmac.User>
///     >>> User("")
///     Traceback (most recent call last):
///     identity_hmac.IdentityTokenError: ...
#[pyclass(frozen, weakref, module = "identity_hmac")]
pub(crate) struct User(route::User);

#[pymethods]
impl User {
    #[new]
    #[pyo3(
        signature = (
            external_id, *, name = Given::default(), email = Given::default(),
            metadata = Given::default()
        ),
        text_signature = "(external_id, *, name=..., email=..., metadata=...)"
    )]
    fn new(
        external_id: &Bound<'_, PyAny>,
        name: Given<'_, '_>,
        email: Given<'_, '_>,
        metadata: Given<'_, '_>,
    ) -> PyResult<Self> {
        let py = external_id.py();
        let modules = Modules::import(py)?;
        let user = route::User::new(convert::text_of(external_id, "external_id")?)
            .map_err(|error| error::refused(py, &error))?
            .name(claims::patch(name, "name", &modules)?)
            .email(claims::patch(email, "email", &modules)?);
        let Some(metadata) = claims::json_of(metadata, &modules)? else {
            return Ok(Self(user));
        };
        user.metadata_json(&metadata)
            .map(Self)
            .map_err(|error| error::refused(py, &error))
    }

    #[expect(clippy::unused_self, reason = "Python calls it as a method")]
    fn __repr__(&self) -> &'static str {
        "<identity_hmac.User>"
    }
}

/// A status, headers and a body.
type Answer = (u16, Vec<(&'static str, &'static str)>, String);

/// The core's `respond`, of a request as it was sent. `visitor_id` is a function that says of a text
/// whether it is a visitor id, or `None` for UUIDs.
#[pyfunction]
#[pyo3(name = "_respond")]
#[expect(clippy::too_many_arguments, reason = "they are the facts of a request")]
pub(crate) fn respond(
    key: &Bound<'_, PyAny>,
    method: &Bound<'_, PyAny>,
    query: &Bound<'_, PyAny>,
    sec_fetch_site: Option<&Bound<'_, PyAny>>,
    remaining_path: &Bound<'_, PyAny>,
    user: Option<&Bound<'_, User>>,
    visitor_id: Option<&Bound<'_, PyAny>>,
    now: &Bound<'_, PyAny>,
) -> PyResult<Answer> {
    let py = key.py();
    let query = convert::bytes_of(query, "query")?;
    let remaining_path = convert::bytes_of(remaining_path, "remaining_path")?;
    let sec_fetch_site = sec_fetch_site
        .map(|value| convert::bytes_of(value, "sec_fetch_site"))
        .transpose()?;
    let request = Request::new(convert::text_of(method, "method")?, &query)
        .sec_fetch_site(sec_fetch_site.as_ref())
        .remaining_path(&remaining_path);

    let raised = RefCell::new(None);
    let is_visitor_id = |id: &str| {
        let said = visitor_id.map(|function| asked(function, id)).transpose();
        said.map_or_else(
            |error| {
                raised.replace(Some(error));
                false
            },
            |said| said == Some(true),
        )
    };
    let visitor_ids = match visitor_id {
        Some(_) => VisitorIds::Matching(&is_visitor_id),
        None => VisitorIds::Uuid,
    };

    let user = user.map(|user| &user.get().0);
    let now = time::time_of(now, "now")?;
    let answered = route::respond(&signing_key(key)?, visitor_ids, &request, user, now);
    if let Some(error) = raised.take() {
        return Err(error);
    }
    let answer = answered.map_err(|error| error::refused(py, &error))?;
    Ok((answer.status, answer.headers, answer.body))
}

/// What `function` says of `id`. A value that is only truthy, as a coroutine is, says nothing.
fn asked(function: &Bound<'_, PyAny>, id: &str) -> PyResult<bool> {
    let said = function.call1((id,))?;
    said.cast::<PyBool>().map_or_else(
        |_| Err(error::wrong_type("the answer of visitor_id", "bool", &said)),
        |said| Ok(said.is_true()),
    )
}

fn signing_key(key: &Bound<'_, PyAny>) -> PyResult<SigningKey> {
    if let Ok(key) = key.cast::<IdentityKey>() {
        return Ok(key.get().0.clone().into());
    }
    let expected = "IdentityKey or IdentityTokenKey";
    let key = key
        .cast::<IdentityTokenKey>()
        .map_err(|_| error::wrong_type("key", expected, key))?;
    Ok(key.get().key.clone().into())
}
