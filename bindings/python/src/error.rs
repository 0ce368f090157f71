//! What Python raises.

use identity_hmac::{InputError, TokenError};
use pyo3::exceptions::{PyBufferError, PyTypeError, PyUnicodeEncodeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::IntoPyDict;

/// The exception for what the core refuses. With [`token_refused`] it is the one place where the
/// core's errors become Python's.
pub(crate) fn refused(py: Python<'_>, error: &InputError) -> PyErr {
    let (field, reason, remedy) = match error {
        InputError::InvalidClaim(claim) => {
            let fault = claim.fault().as_str();
            (claim.field(), Some(fault), claim.remedy())
        }
        InputError::TokenTooLong => (None, None, String::new()),
        _ => return identity_hmac_error(py, &error.to_string(), error.code()),
    };
    identity_token_error(py, &error.to_string(), error.code(), field, reason, &remedy)
}

/// The exception for a token that the core refuses.
pub(crate) fn token_refused(py: Python<'_>, error: &TokenError) -> PyErr {
    let message = error.to_string();
    let (code, field, reason) = (error.code(), error.field(), error.reason());
    identity_token_error(py, &message, code, field, reason, &error.remedy())
}

/// The exception for text that has no UTF-8. Errors call it `argument`. It replaces the `error` that
/// Python raised, since the `object` of that one is the whole text.
pub(crate) fn without_text(py: Python<'_>, error: PyErr, argument: &str) -> PyErr {
    if !error.is_instance_of::<PyUnicodeEncodeError>(py) {
        return error;
    }
    let message = format!("{argument} holds a lone surrogate; pass well-formed text");
    identity_hmac_error(py, &message, "ill_formed_text")
}

fn identity_hmac_error(py: Python<'_>, message: &str, code: &str) -> PyErr {
    raised(class(py, "IdentityHmacError").and_then(|class| class.call1((message, code))))
}

fn identity_token_error(
    py: Python<'_>,
    message: &str,
    code: &str,
    field: Option<&str>,
    reason: Option<&str>,
    remedy: &str,
) -> PyErr {
    let error = || {
        let details = [
            ("field", field),
            ("reason", reason),
            ("remedy", Some(remedy)),
        ];
        let details = details.into_py_dict(py)?;
        class(py, "IdentityTokenError")?.call((message, code), Some(&details))
    };
    raised(error())
}

/// The class of exceptions that Python sees now. A class that was kept here would be a different one
/// after the package is loaded again.
fn class<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    py.import("identity_hmac._error")?.getattr(name)
}

/// The exception that was made, or the one that making it raised.
fn raised(error: PyResult<Bound<'_, PyAny>>) -> PyErr {
    error.map_or_else(|error| error, PyErr::from_value)
}

/// Whether `error` says that an argument has no bytes to give. Anything else, such as an interrupt
/// or a lack of memory, says nothing of the argument.
pub(crate) fn says_unusable(py: Python<'_>, error: &PyErr) -> bool {
    error.is_instance_of::<PyTypeError>(py)
        || error.is_instance_of::<PyValueError>(py)
        || error.is_instance_of::<PyBufferError>(py)
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
