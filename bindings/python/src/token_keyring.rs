//! The class `IdentityTokenKeyring`.

use identity_hmac::{TokenKey, TokenKeyring};
use pyo3::prelude::*;

use crate::modules::Modules;
use crate::token_key::{self, IdentityTokenKey};
use crate::{claims, error, time};

/// A current token key, during a rotation the previous one, and the rules for tokens.
///
/// Like a key, it works from threads and after a fork. It shows nothing of its keys, and cannot be
/// pickled, copied or subclassed.
///
/// Args:
///     current: The current key: an `IdentityTokenKey`, or its text.
///     previous: The key that is still accepted, likewise, or `None`.
///     max_lifetime: How long a token may be valid, in whole seconds or as a `timedelta`: a minute
///         to a day.
///     tokens_valid_after: Tokens that were signed before this time are refused: a `datetime` with
///         a time zone, seconds since 1970, or `None`.
///
/// Raises:
///     IdentityHmacError: A text is not a token key (`malformed_token_key`) or has a lone surrogate
///         (`ill_formed_text`), or the lifetime is out of range (`max_lifetime_out_of_range`).
///     TypeError: An argument has a wrong type.
///     ValueError: The time is before 1970 or has no time zone.
///
/// Example:
///     >>> last_year, this_year = generate_token_key(), generate_token_key()
///     >>> token = IdentityTokenKey(last_year).sign("visitor_1", "user_123")
///     >>> keyring = IdentityTokenKeyring(this_year, previous=last_year)
///     >>> keyring.verify(token, "visitor_1").external_id
///     'user_123'
#[pyclass(frozen, weakref, module = "identity_hmac")]
pub(crate) struct IdentityTokenKeyring {
    keyring: TokenKeyring,
    modules: Modules,
}

#[pymethods]
impl IdentityTokenKeyring {
    #[new]
    #[pyo3(
        signature = (
            current, previous = None, *, max_lifetime = claims::Given::default(),
            tokens_valid_after = None
        ),
        text_signature = "(current, previous=None, *, max_lifetime=3600, tokens_valid_after=None)"
    )]
    fn new(
        current: &Bound<'_, PyAny>,
        previous: Option<&Bound<'_, PyAny>>,
        max_lifetime: claims::Given<'_, '_>,
        tokens_valid_after: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let py = current.py();
        let mut keyring = TokenKeyring::new(key_of(current, "current")?);
        if let Some(previous) = previous {
            keyring = keyring.with_previous(key_of(previous, "previous")?);
        }
        if let Some(duration) = max_lifetime.0 {
            keyring = keyring
                .with_max_lifetime(time::seconds_of(&duration, "max_lifetime")?)
                .map_err(|error| error::refused(py, &error))?;
        }
        if let Some(time) = tokens_valid_after {
            let time = time::time_of(time, "tokens_valid_after")?;
            keyring = keyring.with_tokens_valid_after(time);
        }
        let modules = Modules::import(py)?;
        Ok(Self { keyring, modules })
    }

    /// Verify that one of the keys signed `token` for the visitor, and that the rules allow it.
    ///
    /// Args:
    ///     token: As for `IdentityTokenKey.verify`.
    ///     visitor_id: As for `IdentityTokenKey.verify`.
    ///     audience: As for `IdentityTokenKey.verify`.
    ///     now: As for `IdentityTokenKey.verify`.
    ///
    /// Returns:
    ///     The claims. Their `key_id` says which key signed.
    ///
    /// Raises:
    ///     IdentityTokenError: The token must be refused. The other exceptions of
    ///         `IdentityTokenKey.verify` are possible too.
    ///
    /// Example:
    ///     >>> key = IdentityTokenKey(generate_token_key())
    ///     >>> token = key.sign("visitor_1", "user_123", expires_in=7200)
    ///     >>> IdentityTokenKeyring(key, max_lifetime=7200).verify(token, "visitor_1").external_id
    ///     'user_123'
    ///     >>> IdentityTokenKeyring(key).verify(token, "visitor_1")
    ///     Traceback (most recent call last):
    ///     identity_hmac.IdentityTokenError: the identity token's claim exp is not within ...
    #[pyo3(signature = (token, visitor_id, *, audience = None, now = None))]
    fn verify<'py>(
        &self,
        token: &Bound<'py, PyAny>,
        visitor_id: &Bound<'py, PyAny>,
        audience: Option<&Bound<'py, PyAny>>,
        now: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let Self { keyring, modules } = self;
        claims::verify(keyring, token, visitor_id, audience, now, modules)
    }

    #[expect(clippy::unused_self, reason = "Python calls it as a method")]
    fn __repr__(&self) -> &'static str {
        "<identity_hmac.IdentityTokenKeyring>"
    }

    /// Pickling and both ways of copying come here.
    #[expect(clippy::unused_self, reason = "Python calls it as a method")]
    fn __reduce__(&self) -> PyResult<()> {
        Err(error::not_copyable("IdentityTokenKeyring"))
    }
}

/// The core's key from an `IdentityTokenKey` or a text, which errors call `argument`.
fn key_of(object: &Bound<'_, PyAny>, argument: &str) -> PyResult<TokenKey> {
    match object.cast::<IdentityTokenKey>() {
        Ok(key) => Ok(key.get().key.clone()),
        Err(_) => token_key::parse(object, argument),
    }
}
