//! Settings: a name for the message of an error, and a value, which may come from anywhere.
#![expect(unsafe_code, reason = "each call of with_bytes says why it is sound")]

use magnus::{Error, RString, Ruby, Value, prelude::*};

use crate::string::{self, with_bytes};

/// A setting. The value `nil` is that of one that does not exist.
pub(crate) struct Setting {
    name: String,
    value: Option<RString>,
}

impl Setting {
    /// The setting from the arguments `name` and `value` of a method.
    pub(crate) fn new(ruby: &Ruby, name: Value, value: Value) -> Result<Self, Error> {
        let name = string::required(ruby, "name must be a String", name)?;
        // SAFETY: decoding does not call Ruby.
        let name =
            unsafe { with_bytes([name], |[name]| String::from_utf8_lossy(name).into_owned()) };
        let rule = "value must be a String or nil";
        let value = (!value.is_nil())
            .then(|| string::required(ruby, rule, value))
            .transpose()?;
        Ok(Self { name, value })
    }

    /// Hands the name and the bytes of the value to `compute`, without a copy of the value.
    ///
    /// # Safety
    ///
    /// As for [`with_bytes`].
    pub(crate) unsafe fn read<T>(&self, compute: impl FnOnce(&str, Option<&[u8]>) -> T) -> T {
        match self.value {
            // SAFETY: `compute` does not call Ruby.
            Some(value) => unsafe {
                with_bytes([value], |[value]| compute(&self.name, Some(value)))
            },
            None => compute(&self.name, None),
        }
    }
}
