//! What Python raises.

use identity_hmac::InputError;
use pyo3::exceptions::{PyTypeError, PyUnicodeEncodeError};
use pyo3::prelude::*;

/// The exception for what the core refuses: the one place where its errors become Python's.
pub(crate) fn refused(py: Python<'_>, error: &InputError) -> PyErr {
    identity_hmac_error(py, &error.to_string(), error.code())
}

/// The exception for text that has no UTF-8. Errors call it `argument`. It replaces the `error` that
/// Python raised, since the `object` of that one is the whole text.
pub(crate) fn without_text(py: Python<'_>, error: PyErr, argument: &str) -> PyErr {
    if !error.is_instance_of::<PyUnicodeEncodeError>(py) {
        return error;
    }
    let message = format!("{argument} holds a lone surrogate; pass well-formed text, or bytes");
    identity_hmac_error(py, &message, "ill_formed_text")
}

/// An `IdentityHmacError` of the class that Python sees now. A class that was kept here would be a
/// different one after the package is loaded again.
fn identity_hmac_error(py: Python<'_>, message: &str, code: &str) -> PyErr {
    let error = py
        .import("identity_hmac._error")
        .and_then(|module| module.getattr("IdentityHmacError"))
        .and_then(|class| class.call1((message, code)));
    match error {
        Ok(error) => PyErr::from_value(error),
        Err(error) => error,
    }
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
        "{class} cannot be pickled or copied, since it holds a secret; make another one from the \
         secret where it is needed"
    ))
}
