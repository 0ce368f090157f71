//! From Python's text and bytes to the core's, and back.

use identity_hmac::{IdentityHmac, IdentityKey, InputError};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyMemoryView, PyString};

use crate::error;

/// From this many bytes on other threads run while they are hashed, as in `hashlib`. Giving up the
/// GIL and taking it back costs more than hashing fewer.
const DETACH_FROM: usize = 2048;

/// The bytes of an argument.
pub(crate) enum Bytes<'a, 'py> {
    /// Those of a `str` or a `bytes`, in place: neither can change.
    Borrowed(&'a [u8]),
    /// Those of any other bytes-like object, which may change or have gaps.
    Copied(Bound<'py, PyBytes>),
}

impl AsRef<[u8]> for Bytes<'_, '_> {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Borrowed(bytes) => bytes,
            Self::Copied(bytes) => bytes.as_bytes(),
        }
    }
}

/// The bytes of `object`, which errors call `argument`: of text its UTF-8, of a bytes-like object
/// those in its buffer.
pub(crate) fn bytes_of<'a, 'py>(
    object: &'a Bound<'py, PyAny>,
    argument: &str,
) -> PyResult<Bytes<'a, 'py>> {
    if let Ok(text) = object.cast::<PyString>() {
        return Ok(Bytes::Borrowed(utf8_of(text, argument)?.as_bytes()));
    }
    if let Ok(bytes) = object.cast::<PyBytes>() {
        return Ok(Bytes::Borrowed(bytes.as_bytes()));
    }
    // The stable ABI has had buffers only since 3.11, but memoryviews always.
    let view = PyMemoryView::from(object).map_err(|error| {
        if error.is_instance_of::<PyTypeError>(object.py()) {
            error::wrong_type(argument, "str or a bytes-like object", object)
        } else {
            error
        }
    })?;
    Ok(Bytes::Copied(view.call_method0("tobytes")?.cast_into()?))
}

/// The UTF-8 of `text`, which errors call `argument`.
pub(crate) fn utf8_of<'a>(text: &'a Bound<'_, PyString>, argument: &str) -> PyResult<&'a str> {
    text.to_str()
        .map_err(|error| error::without_text(text.py(), error, argument))
}

/// The UTF-8 of `object`, which errors call `argument` and which must be text.
pub(crate) fn text_of<'a>(object: &'a Bound<'_, PyAny>, argument: &str) -> PyResult<&'a str> {
    match object.cast::<PyString>() {
        Ok(text) => utf8_of(text, argument),
        Err(_) => Err(error::wrong_type(argument, "str", object)),
    }
}

/// Hashes `bytes`. Other threads run meanwhile if that takes long.
pub(crate) fn hash<T: Send>(
    py: Python<'_>,
    bytes: &[u8],
    hash: impl FnOnce(&[u8]) -> T + Send,
) -> T {
    if bytes.len() < DETACH_FROM {
        hash(bytes)
    } else {
        py.detach(|| hash(bytes))
    }
}

/// The core's key from a secret, which errors call `argument`.
pub(crate) fn key_from(secret: &Bound<'_, PyAny>, argument: &str) -> PyResult<IdentityKey> {
    let py = secret.py();
    let bytes = bytes_of(secret, argument)?;
    hash(py, bytes.as_ref(), |secret| IdentityKey::new(secret))
        .map_err(|error| error::refused(py, &error))
}

/// What `sign` makes of a visitor id, as text.
pub(crate) fn sign<'py>(
    visitor_id: &Bound<'py, PyAny>,
    sign: impl FnOnce(&[u8]) -> Result<IdentityHmac, InputError> + Send,
) -> PyResult<Bound<'py, PyString>> {
    let py = visitor_id.py();
    let bytes = bytes_of(visitor_id, "visitor_id")?;
    let hmac = hash(py, bytes.as_ref(), sign).map_err(|error| error::refused(py, &error))?;
    PyString::from_bytes(py, hmac.encode_hex(&mut [0; 64]).as_bytes())
}

/// What `verify` answers to a visitor id and an hmac, or its default if one of them is neither text
/// nor bytes, or is ill-formed.
pub(crate) fn verify<T: Default + Send>(
    visitor_id: &Bound<'_, PyAny>,
    hmac: &Bound<'_, PyAny>,
    verify: impl FnOnce(&[u8], &[u8]) -> T + Send,
) -> PyResult<T> {
    let py = visitor_id.py();
    let bytes = bytes_of(visitor_id, "visitor_id").and_then(|id| Ok((id, bytes_of(hmac, "hmac")?)));
    match bytes {
        Ok((visitor_id, hmac)) => {
            let hmac = hmac.as_ref();
            Ok(hash(py, visitor_id.as_ref(), |visitor_id| {
                verify(visitor_id, hmac)
            }))
        }
        Err(error) if error::says_unusable(py, &error) => Ok(T::default()),
        Err(error) => Err(error),
    }
}
