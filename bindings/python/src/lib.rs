//! The Python binding of identity-hmac: the private module `identity_hmac._native`.
//!
//! It converts types and maps errors. What is signed, compared and refused is the core's business.

#![expect(clippy::doc_markdown, reason = "these are Python's docstrings")]

mod claims;
mod convert;
mod environment;
mod error;
mod key;
mod keyring;
mod modules;
mod route;
mod time;
mod token_key;
mod token_keyring;

use identity_hmac::TokenKey;
use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use pyo3::types::PyString;

/// The compiled part of `identity_hmac`, which exports all of it: import it from there.
#[pymodule(gil_used = false)]
mod _native {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::key::IdentityKey;
    #[pymodule_export]
    use crate::keyring::Keyring;
    #[pymodule_export]
    use crate::route::{User, respond};
    #[pymodule_export]
    use crate::token_key::IdentityTokenKey;
    #[pymodule_export]
    use crate::token_keyring::IdentityTokenKeyring;
    #[pymodule_export]
    use crate::{
        generate_identity_hmac, generate_secret, generate_token_key, verify_identity_hmac,
    };

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        // Pickles and documentation name the public module, as the classes do.
        for function in [
            "generate_identity_hmac",
            "generate_secret",
            "generate_token_key",
            "verify_identity_hmac",
        ] {
            module
                .getattr(function)?
                .setattr("__module__", "identity_hmac")?;
        }
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}

/// Sign `visitor_id` with `secret` in one call: the document's function, byte for byte.
///
/// Sign only for a caller whose session you have authenticated: anyone with the result can
/// identify as this visitor until the secret is rotated. To sign many ids with one secret,
/// prepare an `IdentityKey`, which takes less time.
///
/// Args:
///     visitor_id: The id that the chat gave this visitor, of any length. Text is signed as
///         UTF-8, bytes as they are; never trimmed, never normalised.
///     secret: The identity verification secret, text or bytes in the same way.
///
/// Returns:
///     The HMAC-SHA256 (RFC 2104, FIPS 198-1) as 64 lowercase hexadecimal digits.
///
/// Raises:
///     IdentityHmacError: The secret or the id is empty (`empty_secret`, `empty_visitor_id`), or
///         is text with a lone surrogate (`ill_formed_text`).
///     TypeError: The secret or the id is neither text nor bytes.
///
/// Example:
///     >>> generate_identity_hmac("visitor_1", "s3cret")
///     '03d2bb3218280c28abe57a2c0837c37a6c29abcd465c25dcf61a21de0c2e0bae'
#[pyfunction]
fn generate_identity_hmac<'py>(
    visitor_id: &Bound<'py, PyAny>,
    secret: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyString>> {
    let key = convert::key_from(secret, "secret")?;
    convert::sign(visitor_id, |visitor_id| key.sign(visitor_id))
}

/// Verify `hmac` against `visitor_id` and `secret` in one call, in constant time.
///
/// Args:
///     visitor_id: The visitor's id, as it was signed.
///     hmac: What the client sent. Only 64 hexadecimal digits, in either case (RFC 4648 section
///         8), can be right.
///     secret: The identity verification secret, text or bytes.
///
/// Returns:
///     Whether `secret` signed this id as `hmac`. Nothing that a client can send raises: what is
///     of another type, or is no hmac, is false.
///
/// Raises:
///     IdentityHmacError: The secret is empty (`empty_secret`), or is text with a lone surrogate
///         (`ill_formed_text`).
///     TypeError: The secret is neither text nor bytes.
///     MemoryError: There is no memory for a copy of a bytes-like argument. Likewise whatever else
///         its own `__buffer__` raises, but for `TypeError`, `ValueError` and `BufferError` of the
///         id's or the hmac's: those are false.
///
/// Example:
///     >>> hmac = generate_identity_hmac("visitor_1", "s3cret")
///     >>> verify_identity_hmac("visitor_1", hmac, "s3cret")
///     True
///     >>> verify_identity_hmac("visitor_2", hmac, "s3cret")
///     False
///     >>> verify_identity_hmac("visitor_1", None, "s3cret")
///     False
#[pyfunction]
fn verify_identity_hmac(
    visitor_id: &Bound<'_, PyAny>,
    hmac: &Bound<'_, PyAny>,
    secret: &Bound<'_, PyAny>,
) -> PyResult<bool> {
    let key = convert::key_from(secret, "secret")?;
    convert::verify(visitor_id, hmac, |visitor_id, hmac| {
        key.verify(visitor_id, hmac).is_ok()
    })
}

/// Make a new identity verification secret.
///
/// Returns:
///     32 random bytes from the operating system, as 64 lowercase hexadecimal digits. The digits
///     are the secret; they are not decoded before signing.
///
/// Raises:
///     OSError: The operating system has no random bytes to give.
///
/// Example:
///     >>> len(generate_secret())
///     64
#[pyfunction]
fn generate_secret() -> PyResult<String> {
    identity_hmac::generate_secret().map_err(|error| PyOSError::new_err(error.to_string()))
}

/// Make the text of a new identity token key, for tests. The vendor makes those that count.
///
/// Returns:
///     `itk_`, 8 and 64 random hexadecimal digits with `_` between them: an id, and 32 random bytes
///     from the operating system.
///
/// Raises:
///     OSError: The operating system has no random bytes to give.
///
/// Example:
///     >>> len(generate_token_key())
///     77
#[pyfunction]
fn generate_token_key() -> PyResult<String> {
    TokenKey::generate().map_err(|error| PyOSError::new_err(error.to_string()))
}
