//! The class `IdentityKey`.

use pyo3::prelude::*;
use pyo3::types::{PyString, PyType};

use crate::{convert, environment, error};

/// An identity verification secret, prepared for signing and verifying many visitor ids.
///
/// A key can be used from any number of threads and after a fork. It shows nothing of the secret,
/// and it cannot be pickled, copied or subclassed.
///
/// Args:
///     secret: The identity verification secret, of any length. Text is taken as UTF-8, bytes as
///         they are; never trimmed, never decoded.
///
/// Raises:
///     IdentityHmacError: The secret is empty (`empty_secret`), or is text with a lone surrogate
///         (`ill_formed_text`).
///     TypeError: The secret is neither text nor bytes.
///
/// Example:
///     >>> key = IdentityKey("s3cret")
///     >>> hmac = key.sign("visitor_1")
///     >>> key.verify("visitor_1", hmac)
///     True
///     >>> key
///     <identity_hmac.IdentityKey>
#[pyclass(frozen, weakref, module = "identity_hmac")]
pub(crate) struct IdentityKey(pub(crate) identity_hmac::IdentityKey);

#[pymethods]
impl IdentityKey {
    #[new]
    fn new(secret: &Bound<'_, PyAny>) -> PyResult<Self> {
        convert::key_from(secret, "secret").map(Self)
    }

    /// Make a key from an environment variable, and refuse what is almost always a mistake.
    ///
    /// Args:
    ///     name: The variable's name.
    ///
    /// Returns:
    ///     A key from the bytes of the variable, as `os.environ` holds it.
    ///
    /// Raises:
    ///     IdentityHmacError: The variable is not set, or its value is almost always a mistake.
    ///         `code` says which: `secret_unset`, `secret_blank`, `secret_not_utf8`,
    ///         `secret_surrounded_by_whitespace`, `secret_quoted`, `secret_contains_nul`,
    ///         `secret_placeholder`, `secret_unexpanded_variable`, `secret_holds_assignment`,
    ///         `secret_holds_comment` or `token_key_as_secret`. The message names the variable,
    ///         never its value. If the name has a lone surrogate, the code is `ill_formed_text`.
    ///     TypeError: The name is not text.
    ///
    /// Example:
    ///     >>> IdentityKey.from_env("A_VARIABLE_THAT_IS_NOT_SET")
    ///     Traceback (most recent call last):
    ///     identity_hmac.IdentityHmacError: A_VARIABLE_THAT_IS_NOT_SET is not set; set it to ...
    #[classmethod]
    #[pyo3(signature = (name = "IDENTITY_SECRET"))]
    fn from_env(
        class: &Bound<'_, PyType>,
        #[pyo3(from_py_with = environment::variable_name)] name: &str,
    ) -> PyResult<Self> {
        let py = class.py();
        let value = environment::variable(py, name)?;
        identity_hmac::IdentityKey::from_setting(name, value.as_deref())
            .map(Self)
            .map_err(|error| error::refused(py, &error))
    }

    /// Make a key from a setting, with the checks of `from_env`.
    ///
    /// Use it for a secret from a file of settings, a vault or a secret manager.
    ///
    /// Args:
    ///     name: What you call the setting, for the message of an error.
    ///     value: Its value: text, bytes, or `None` if the setting does not exist.
    ///
    /// Returns:
    ///     A key from the value.
    ///
    /// Raises:
    ///     IdentityHmacError: As for `from_env`. The message has the name, never the value. If the
    ///         name or the value has a lone surrogate, the code is `ill_formed_text`.
    ///     TypeError: The name is not text, or the value is neither text nor bytes nor `None`.
    ///
    /// Example:
    ///     >>> IdentityKey.from_setting("vault:chat/secret", "s3cret ")
    ///     Traceback (most recent call last):
    ///     identity_hmac.IdentityHmacError: vault:chat/secret ... white space...
    #[classmethod]
    fn from_setting(
        class: &Bound<'_, PyType>,
        #[pyo3(from_py_with = environment::variable_name)] name: &str,
        value: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let value = environment::setting(name, value)?;
        let value = value.as_ref().map(AsRef::as_ref);
        identity_hmac::IdentityKey::from_setting(name, value)
            .map(Self)
            .map_err(|error| error::refused(class.py(), &error))
    }

    /// Sign `visitor_id`.
    ///
    /// Sign only for a caller whose session you have authenticated: anyone with the result can
    /// identify as this visitor until the secret is rotated.
    ///
    /// Args:
    ///     visitor_id: The id that the chat gave this visitor, of any length. Text is signed as
    ///         UTF-8, bytes as they are; never trimmed, never normalised.
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
    ///     >>> IdentityKey("s3cret").sign("visitor_1")
    ///     '03d2bb3218280c28abe57a2c0837c37a6c29abcd465c25dcf61a21de0c2e0bae'
    fn sign<'py>(&self, visitor_id: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyString>> {
        convert::sign(visitor_id, |visitor_id| self.0.sign(visitor_id))
    }

    /// Verify `hmac` against `visitor_id`, in constant time.
    ///
    /// Args:
    ///     visitor_id: The visitor's id, as it was signed.
    ///     hmac: What the client sent. Only 64 hexadecimal digits, in either case (RFC 4648
    ///         section 8), can be right.
    ///
    /// Returns:
    ///     Whether this key signed this id as `hmac`. Nothing that a client can send raises: a
    ///     value of another type, or text that is not an hmac, gives false.
    ///
    /// Raises:
    ///     MemoryError: There is no memory for a copy of a bytes-like argument. Likewise whatever
    ///         else its own `__buffer__` raises, but for `TypeError`, `ValueError` and
    ///         `BufferError`: those are false.
    ///
    /// Example:
    ///     >>> key = IdentityKey("s3cret")
    ///     >>> key.verify("visitor_1", key.sign("visitor_1").upper())
    ///     True
    ///     >>> key.verify("visitor_1", "not an hmac")
    ///     False
    fn verify(&self, visitor_id: &Bound<'_, PyAny>, hmac: &Bound<'_, PyAny>) -> PyResult<bool> {
        convert::verify(visitor_id, hmac, |visitor_id, hmac| {
            self.0.verify(visitor_id, hmac).is_ok()
        })
    }

    #[expect(clippy::unused_self, reason = "Python calls it as a method")]
    fn __repr__(&self) -> &'static str {
        "<identity_hmac.IdentityKey>"
    }

    /// Pickling and both ways of copying come here.
    #[expect(clippy::unused_self, reason = "Python calls it as a method")]
    fn __reduce__(&self) -> PyResult<()> {
        Err(error::not_copyable("IdentityKey"))
    }
}
