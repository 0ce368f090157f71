//! The class `Keyring`.

use identity_hmac::Matched;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyType};

use crate::key::IdentityKey;
use crate::{convert, environment, error};

/// A current secret and, during a rotation, the previous one.
///
/// An hmac has no end date, so pages that are open during a rotation hold hmacs of the previous
/// secret. A keyring signs with the current secret and accepts both. `matched` says which one an
/// hmac came from. So you know when the previous secret can go.
///
/// Like a key, it works from threads and after a fork. It shows nothing of its secrets, and cannot
/// be pickled, copied or subclassed.
///
/// Args:
///     current: The secret that signs: an `IdentityKey`, text or bytes.
///     previous: The secret that is still accepted, likewise, or `None`.
///
/// Raises:
///     IdentityHmacError: A secret is empty (`empty_secret`), or is text with a lone surrogate
///         (`ill_formed_text`).
///     TypeError: A secret is neither a key nor text nor bytes.
///
/// Example:
///     >>> stale = generate_identity_hmac("visitor_1", "last year's secret")
///     >>> keyring = Keyring("this year's secret", previous="last year's secret")
///     >>> keyring.verify("visitor_1", stale)
///     True
///     >>> keyring.matched("visitor_1", stale)
///     'previous'
#[pyclass(frozen, weakref, module = "identity_hmac")]
pub(crate) struct Keyring(identity_hmac::Keyring);

#[pymethods]
impl Keyring {
    #[new]
    #[pyo3(signature = (current, previous = None))]
    fn new(current: &Bound<'_, PyAny>, previous: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let keyring = identity_hmac::Keyring::new(key_of(current, "current")?);
        Ok(Self(match previous {
            Some(previous) => keyring.with_previous(key_of(previous, "previous")?),
            None => keyring,
        }))
    }

    /// Make a keyring from two environment variables, with the checks of `IdentityKey.from_env`.
    ///
    /// Args:
    ///     current: The name of the variable with the secret that signs.
    ///     previous: The name of the variable with the secret that is still accepted. Set it during
    ///         a rotation alone: if it is unset or empty, there is no previous secret.
    ///
    /// Returns:
    ///     A keyring from the bytes of the variables, as `os.environ` holds them.
    ///
    /// Raises:
    ///     IdentityHmacError: As for `IdentityKey.from_env`, for either variable. The message names
    ///         the variable.
    ///     TypeError: A name is not text.
    ///
    /// Example:
    ///     >>> Keyring.from_env("A_VARIABLE_THAT_IS_NOT_SET", "IDENTITY_PREVIOUS_SECRET")
    ///     Traceback (most recent call last):
    ///     identity_hmac.IdentityHmacError: A_VARIABLE_THAT_IS_NOT_SET is not set; set it to ...
    #[classmethod]
    fn from_env(
        class: &Bound<'_, PyType>,
        current: &Bound<'_, PyAny>,
        previous: &Bound<'_, PyAny>,
    ) -> PyResult<Self> {
        let py = class.py();
        let current = convert::text_of(current, "current")?;
        let previous = convert::text_of(previous, "previous")?;
        let current_value = environment::variable(py, current)?;
        let previous_value = environment::variable(py, previous)?;
        identity_hmac::Keyring::from_settings(
            (current, current_value.as_deref()),
            (previous, previous_value.as_deref()),
        )
        .map(Self)
        .map_err(|error| error::refused(py, &error))
    }

    /// Sign `visitor_id` with the current secret.
    ///
    /// Args:
    ///     visitor_id: As for `IdentityKey.sign`.
    ///
    /// Returns:
    ///     The HMAC-SHA256 (RFC 2104, FIPS 198-1) as 64 lowercase hexadecimal digits.
    ///
    /// Raises:
    ///     IdentityHmacError: The id is empty (`empty_visitor_id`), or is text with a lone
    ///         surrogate (`ill_formed_text`).
    ///     TypeError: The id is neither text nor bytes.
    ///
    /// Example:
    ///     >>> Keyring("s3cret", previous="0ld").sign("visitor_1")
    ///     '03d2bb3218280c28abe57a2c0837c37a6c29abcd465c25dcf61a21de0c2e0bae'
    fn sign<'py>(&self, visitor_id: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyString>> {
        convert::sign(visitor_id, |visitor_id| self.0.sign(visitor_id))
    }

    /// Verify `hmac` against `visitor_id` under both secrets, in constant time.
    ///
    /// Args:
    ///     visitor_id: The visitor's id, as it was signed.
    ///     hmac: What the client sent. Only 64 hexadecimal digits, in either case (RFC 4648
    ///         section 8), can be right.
    ///
    /// Returns:
    ///     Whether one of the secrets signed this id as `hmac`. Nothing that a client can send
    ///     raises: what is of another type, or is no hmac, is false.
    ///
    /// Raises:
    ///     MemoryError: There is no memory for a copy of a bytes-like argument. Likewise whatever
    ///         else its own `__buffer__` raises, but for `TypeError`, `ValueError` and
    ///         `BufferError`: those are false.
    ///
    /// Example:
    ///     >>> keyring = Keyring("n3w", previous="0ld")
    ///     >>> keyring.verify("visitor_1", generate_identity_hmac("visitor_1", "0ld"))
    ///     True
    ///     >>> keyring.verify("visitor_1", generate_identity_hmac("visitor_1", "0lder"))
    ///     False
    fn verify(&self, visitor_id: &Bound<'_, PyAny>, hmac: &Bound<'_, PyAny>) -> PyResult<bool> {
        convert::verify(visitor_id, hmac, |visitor_id, hmac| {
            self.0.verify(visitor_id, hmac).is_ok()
        })
    }

    /// Verify like `verify`, and tell which secret the hmac came from.
    ///
    /// Args:
    ///     visitor_id: As for `verify`.
    ///     hmac: As for `verify`.
    ///
    /// Returns:
    ///     `"current"` or `"previous"`, or `None` if the hmac must be refused. The current
    ///     one wins if both are the same.
    ///
    /// Raises:
    ///     MemoryError: As for `verify`.
    ///
    /// Example:
    ///     >>> keyring = Keyring("n3w", previous="0ld")
    ///     >>> keyring.matched("visitor_1", keyring.sign("visitor_1"))
    ///     'current'
    ///     >>> keyring.matched("visitor_1", "not an hmac") is None
    ///     True
    fn matched(
        &self,
        visitor_id: &Bound<'_, PyAny>,
        hmac: &Bound<'_, PyAny>,
    ) -> PyResult<Option<&'static str>> {
        convert::verify(visitor_id, hmac, |visitor_id, hmac| {
            self.0.matched(visitor_id, hmac).map(Matched::as_str)
        })
    }

    #[expect(clippy::unused_self, reason = "Python calls it as a method")]
    fn __repr__(&self) -> &'static str {
        "<identity_hmac.Keyring>"
    }

    /// Pickling and both ways of copying come here.
    #[expect(clippy::unused_self, reason = "Python calls it as a method")]
    fn __reduce__(&self) -> PyResult<()> {
        Err(error::not_copyable("Keyring"))
    }
}

/// The core's key from an `IdentityKey` or a secret, which errors call `argument`.
fn key_of(object: &Bound<'_, PyAny>, argument: &str) -> PyResult<identity_hmac::IdentityKey> {
    match object.cast::<IdentityKey>() {
        Ok(key) => Ok(key.get().0.clone()),
        Err(_) => convert::key_from(object, argument),
    }
}
