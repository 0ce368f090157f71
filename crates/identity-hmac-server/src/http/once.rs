//! Headers of which a request has one. Of two, a proxy might have looked at the other.

use axum::http::header::HeaderName;
use axum::http::{HeaderMap, HeaderValue};

/// A header that a request has several times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Repeated;

/// The header of a request, if there is one.
pub(crate) fn once<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> Result<Option<&'a HeaderValue>, Repeated> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (_, Some(_)) => Err(Repeated),
        (value, None) => Ok(value),
    }
}
