//! From Python's times and durations to the core's: whole seconds.

use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyFloat, PyInt};

use crate::error;
use crate::modules::Modules;

/// The time `now`, or without it the time that Python's own clock says, as [`time_of`] has it.
pub(crate) fn now_of(
    py: Python<'_>,
    now: Option<&Bound<'_, PyAny>>,
    modules: &Modules,
) -> PyResult<u64> {
    match now {
        Some(now) => time_of(now, "now"),
        None => time_of(&modules.time(py).call_method0(intern!(py, "time"))?, "now"),
    }
}

/// The time `object`, which errors call `argument`, in seconds since the epoch, rounded down.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it saturates, and a time is rounded down"
)]
pub(crate) fn time_of(object: &Bound<'_, PyAny>, argument: &str) -> PyResult<u64> {
    let seconds = if object.is_instance_of::<PyFloat>() || object.is_instance_of::<PyInt>() {
        object.extract()?
    } else {
        timestamp(object, argument)?
    };
    if (0.0..f64::INFINITY).contains(&seconds) {
        Ok(seconds as u64)
    } else {
        let message = format!("{argument} is not a time after 1970, in seconds");
        Err(PyValueError::new_err(message))
    }
}

/// The duration `object`, which errors call `argument`, in seconds, rounded down. One that is too
/// short or too long becomes the nearest that there is: the core has the limits.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it saturates, and a duration is rounded down"
)]
pub(crate) fn seconds_of(object: &Bound<'_, PyAny>, argument: &str) -> PyResult<u64> {
    if object.is_instance_of::<PyInt>() {
        return Ok(object.extract::<f64>()? as u64);
    }
    let class = object.py().import("datetime")?.getattr("timedelta")?;
    if !object.is_instance(&class)? {
        let expected = "int, a number of seconds, or datetime.timedelta";
        return Err(error::wrong_type(argument, expected, object));
    }
    Ok(object.call_method0("total_seconds")?.extract::<f64>()? as u64)
}

/// The seconds since the epoch of a `datetime`. One without a time zone would be a different time on
/// each machine.
fn timestamp(object: &Bound<'_, PyAny>, argument: &str) -> PyResult<f64> {
    let class = object.py().import("datetime")?.getattr("datetime")?;
    if !object.is_instance(&class)? {
        let expected = "datetime.datetime or a number of seconds since 1970";
        return Err(error::wrong_type(argument, expected, object));
    }
    if object.call_method0("utcoffset")?.is_none() {
        let message =
            format!("{argument} has no time zone; make it with datetime.now(timezone.utc)");
        return Err(PyValueError::new_err(message));
    }
    object.call_method0("timestamp")?.extract()
}
