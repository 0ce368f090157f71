//! The Python modules that a key calls. Each key finds them once, since an import takes as long as
//! signing does; none is kept for longer, since every interpreter has its own.

use pyo3::prelude::*;

pub(crate) struct Modules {
    claims: Py<PyModule>,
    json: Py<PyModule>,
    time: Py<PyModule>,
}

impl Modules {
    pub(crate) fn import(py: Python<'_>) -> PyResult<Self> {
        let import = |name| py.import(name).map(Bound::unbind);
        Ok(Self {
            claims: import("identity_hmac._claims")?,
            json: import("json")?,
            time: import("time")?,
        })
    }

    pub(crate) fn claims<'py>(&self, py: Python<'py>) -> &Bound<'py, PyModule> {
        self.claims.bind(py)
    }

    pub(crate) fn json<'py>(&self, py: Python<'py>) -> &Bound<'py, PyModule> {
        self.json.bind(py)
    }

    pub(crate) fn time<'py>(&self, py: Python<'py>) -> &Bound<'py, PyModule> {
        self.time.bind(py)
    }
}
