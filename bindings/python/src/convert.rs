//! From Python's text and bytes to the core's, and back.

use identity_hmac::{IdentityHmac, IdentityKey, InputError};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyMemoryView, PyString};

use crate::error;

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
    text.to_str().map_err(|_| error::ill_formed(argument))
}

/// The core's key from a secret, which errors call `argument`.
pub(crate) fn key_from(secret: &Bound<'_, PyAny>, argument: &str) -> PyResult<IdentityKey> {
    IdentityKey::new(bytes_of(secret, argument)?).map_err(error::refused)
}

/// What `sign` makes of a visitor id, as text.
pub(crate) fn sign<'py>(
    visitor_id: &Bound<'py, PyAny>,
    sign: impl FnOnce(&[u8]) -> Result<IdentityHmac, InputError>,
) -> PyResult<Bound<'py, PyString>> {
    let bytes = bytes_of(visitor_id, "visitor_id")?;
    let hmac = sign(bytes.as_ref()).map_err(error::refused)?;
    PyString::from_bytes(visitor_id.py(), hmac.encode_hex(&mut [0; 64]).as_bytes())
}

/// The bytes of what a client sent, unless it has none and so cannot be right.
pub(crate) fn candidate<'a, 'py>(
    visitor_id: &'a Bound<'py, PyAny>,
    hmac: &'a Bound<'py, PyAny>,
) -> Option<(Bytes<'a, 'py>, Bytes<'a, 'py>)> {
    let visitor_id = bytes_of(visitor_id, "visitor_id").ok()?;
    let hmac = bytes_of(hmac, "hmac").ok()?;
    Some((visitor_id, hmac))
}
