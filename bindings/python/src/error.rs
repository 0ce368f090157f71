//! What Python raises.

use identity_hmac::InputError;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

pyo3::import_exception!(identity_hmac._error, IdentityHmacError);

/// The exception for what the core refuses: the one place where its errors become Python's.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that map_err calls"
)]
pub(crate) fn refused(error: InputError) -> PyErr {
    IdentityHmacError::new_err((error.to_string(), error.code()))
}

/// The exception for text that UTF-8 cannot write. It takes the place of `UnicodeEncodeError`,
/// whose `object` is the whole text.
pub(crate) fn ill_formed(argument: &str) -> PyErr {
    let message = format!("{argument} holds a lone surrogate; pass well-formed text, or bytes");
    IdentityHmacError::new_err((message, "ill_formed_text"))
}

/// The exception for an argument that is of another type than `expected`.
pub(crate) fn wrong_type(argument: &str, expected: &str, object: &Bound<'_, PyAny>) -> PyErr {
    match object.get_type().name() {
        Ok(name) => PyTypeError::new_err(format!("{argument} must be {expected}, not {name}")),
        Err(error) => error,
    }
}

/// The exception for pickling or copying an object that holds a secret.
pub(crate) fn not_copyable(class: &str) -> PyErr {
    PyTypeError::new_err(format!(
        "{class} cannot be pickled or copied, for it holds a secret; make another one from the \
         secret where it is needed"
    ))
}
