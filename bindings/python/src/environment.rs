//! Settings: environment variables as Python sees them, and values from elsewhere.

use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;

use crate::convert::{self, Bytes};
use crate::error;

/// The name of a variable, from the argument `name`.
pub(crate) fn variable_name<'a>(name: &'a Bound<'_, PyAny>) -> PyResult<&'a str> {
    convert::text_of(name, "name")
}

/// The bytes of a variable, if it is set, as the process was given them.
pub(crate) fn variable(py: Python<'_>, name: &str) -> PyResult<Option<PyBackedBytes>> {
    let os = py.import("os")?;
    let text = os.getattr("environ")?.call_method1("get", (name,))?;
    if text.is_none() {
        return Ok(None);
    }
    let bytes = os
        .call_method1("fsencode", (text,))
        .map_err(|error| error::without_text(py, error, name))?;
    Ok(Some(bytes.extract()?))
}

/// The bytes of a setting called `name`, whose `value` comes from anywhere. `None`: it does not exist.
pub(crate) fn setting<'a, 'py>(
    name: &str,
    value: Option<&'a Bound<'py, PyAny>>,
) -> PyResult<Option<Bytes<'a, 'py>>> {
    value
        .map(|value| convert::bytes_of(value, name))
        .transpose()
}
