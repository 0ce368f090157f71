//! From Python's arguments to the claims of a token, and from verified claims to Python's object.

use identity_hmac::attributes::{Metadata, Patch};
use identity_hmac::{TokenKeyring, VerifiedClaims};
use pyo3::Borrowed;
use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use crate::modules::Modules;
use crate::{convert, error, time};

/// An argument that may be left out, and in which `None` is a value.
#[derive(Clone, Copy, Default)]
pub(crate) struct Given<'a, 'py>(pub(crate) Option<Borrowed<'a, 'py, PyAny>>);

impl<'a, 'py> FromPyObject<'a, 'py> for Given<'a, 'py> {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        Ok(Self(Some(object)))
    }
}

/// What the text `given`, which errors call `argument`, does to an attribute: `None` clears it.
pub(crate) fn patch(
    given: Given<'_, '_>,
    argument: &str,
    modules: &Modules,
) -> PyResult<Patch<String>> {
    let Some(object) = given.0 else {
        return Ok(Patch::Keep);
    };
    if let Ok(text) = object.cast::<PyString>() {
        return Ok(Patch::Set(convert::utf8_of(&text, argument)?.into()));
    }
    if object.is_none() {
        Ok(Patch::Clear)
    } else if object.is(&unset(object.py(), modules)?) {
        Ok(Patch::Keep)
    } else {
        Err(error::wrong_type(argument, "str or None", &object))
    }
}

/// The metadata `given` as JSON: what `json.dumps` makes of it.
pub(crate) fn json_of(given: Given<'_, '_>, modules: &Modules) -> PyResult<Option<String>> {
    let Some(object) = given.0 else {
        return Ok(None);
    };
    let py = object.py();
    if object.is(&unset(py, modules)?) {
        return Ok(None);
    }
    let text = modules
        .json(py)
        .call_method1(intern!(py, "dumps"), (object,))?;
    convert::text_of(&text, "metadata").map(|text| Some(text.to_owned()))
}

/// What `verify` answers: the claims of `token`, which comes from outside and may be anything.
pub(crate) fn verify<'py>(
    keyring: &TokenKeyring,
    token: &Bound<'py, PyAny>,
    visitor_id: &Bound<'py, PyAny>,
    audience: Option<&Bound<'py, PyAny>>,
    now: Option<&Bound<'py, PyAny>>,
    modules: &Modules,
) -> PyResult<Bound<'py, PyAny>> {
    let py = token.py();
    let visitor_id = convert::text_of(visitor_id, "visitor_id")?;
    let audience = audience
        .map(|audience| convert::text_of(audience, "audience"))
        .transpose()?;
    let now = time::now_of(py, now, modules)?;
    let verified = match convert::bytes_of(token, "token") {
        Ok(token) => keyring.verify(token, visitor_id, audience, now),
        Err(error) if error::says_unusable(py, &error) => {
            keyring.verify("", visitor_id, audience, now)
        }
        Err(error) => return Err(error),
    };
    let claims = verified.map_err(|error| error::token_refused(py, &error))?;
    to_python(py, &claims, modules)
}

fn to_python<'py>(
    py: Python<'py>,
    claims: &VerifiedClaims,
    modules: &Modules,
) -> PyResult<Bound<'py, PyAny>> {
    let text = |text: &String| Ok(PyString::new(py, text).into_any());
    let fields = PyDict::new(py);
    fields.set_item("visitor_id", &claims.visitor_id)?;
    fields.set_item("external_id", &claims.external_id)?;
    fields.set_item("name", attribute(py, &claims.name, modules, text)?)?;
    fields.set_item("email", attribute(py, &claims.email, modules, text)?)?;
    let metadata = attribute(py, &claims.metadata, modules, |metadata| {
        object(py, metadata, modules)
    })?;
    fields.set_item("metadata", metadata)?;
    fields.set_item("issued_at", claims.issued_at)?;
    fields.set_item("expires_at", claims.expires_at)?;
    fields.set_item("key_id", &claims.key_id)?;
    modules
        .claims(py)
        .call_method("VerifiedClaims", (), Some(&fields))
}

/// An attribute of the user: `UNSET` if it is absent, `None` if it is cleared.
fn attribute<'py, T>(
    py: Python<'py>,
    attribute: &Patch<T>,
    modules: &Modules,
    value: impl FnOnce(&T) -> PyResult<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    match attribute {
        Patch::Keep => unset(py, modules),
        Patch::Clear => Ok(py.None().into_bound(py)),
        Patch::Set(set) => value(set),
    }
}

fn object<'py>(
    py: Python<'py>,
    metadata: &Metadata,
    modules: &Modules,
) -> PyResult<Bound<'py, PyAny>> {
    let text = serde_json::to_string(metadata)
        .map_err(|error| PyValueError::new_err(error.to_string()))?;
    modules.json(py).call_method1(intern!(py, "loads"), (text,))
}

fn unset<'py>(py: Python<'py>, modules: &Modules) -> PyResult<Bound<'py, PyAny>> {
    modules.claims(py).getattr(intern!(py, "UNSET"))
}
