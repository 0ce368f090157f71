//! Ruby Strings as the bytes that they hold, whatever their encoding is.

use magnus::{Error, RString, Ruby, Value, prelude::*};

use crate::error;

/// The String that an argument is, or that its `to_str` gives, as in Ruby's own methods. `rule` is for
/// the error: `secret must be a String`.
pub(crate) fn required(ruby: &Ruby, rule: &str, value: Value) -> Result<RString, Error> {
    RString::try_convert(value).map_err(|error| {
        if error.is_kind_of(ruby.exception_type_error()) {
            let message = format!("{rule}, not {}", value.class());
            Error::new(ruby.exception_type_error(), message)
        } else {
            error
        }
    })
}

/// The text of the argument called `name`, in UTF-8: that is what a token holds. `rule` is as in
/// [`required`].
pub(crate) fn text(ruby: &Ruby, name: &str, rule: &str, value: Value) -> Result<String, Error> {
    let string = required(ruby, &format!("{name} must be {rule}"), value)?;
    string
        .to_string()
        .map_err(|_| error::ill_formed_text(ruby, name))
}

/// Like [`required`], for what a client sent: a value that gives no String counts as an empty one,
/// which never verifies. Other exceptions (`exit`, an interrupt) propagate.
pub(crate) fn or_empty(ruby: &Ruby, value: Value) -> Result<RString, Error> {
    RString::try_convert(value).or_else(|error| {
        if error.is_kind_of(ruby.exception_standard_error()) {
            Ok(ruby.str_new(""))
        } else {
            Err(error)
        }
    })
}

/// Hands the bytes of `strings` to `compute`, without a copy.
///
/// # Safety
///
/// `compute` must not call Ruby: that could change, move or collect the Strings under the slices.
#[expect(
    unsafe_code,
    reason = "magnus has no other way to read a String in place"
)]
pub(crate) unsafe fn with_bytes<const N: usize, T>(
    strings: [RString; N],
    compute: impl FnOnce([&[u8]; N]) -> T,
) -> T {
    // SAFETY: the slices live as long as `compute` runs. It does not call Ruby, and this thread
    // holds the lock of its Ractor, so nothing else runs Ruby on these Strings meanwhile.
    compute(
        strings
            .each_ref()
            .map(|string| unsafe { string.as_slice() }),
    )
}
