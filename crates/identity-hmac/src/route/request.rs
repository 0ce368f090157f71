//! What the route looks at in a request.

use alloc::string::String;
use core::fmt;

/// The parameter of the query that holds the visitor id.
const PARAMETER: &str = "visitorId";
/// The longest visitor id that is not a UUID, in characters.
const MAX_VISITOR_ID_CHARS: usize = 256;

/// A request, as far as the route looks at it.
///
/// Every part is as it was sent: an adapter decodes nothing. `Debug` shows nothing of it, since the
/// query holds a visitor id.
///
/// ```
/// use identity_hmac::route::Request;
///
/// let request = Request::new("GET", "visitorId=0190f7a2-7c4e-7b1a-9d55-3f1c2b6a8e90")
///     .sec_fetch_site(Some("same-origin"))
///     .remaining_path("");
/// ```
#[derive(Clone, Copy)]
pub struct Request<'a> {
    method: &'a [u8],
    query: &'a [u8],
    sec_fetch_site: Option<&'a [u8]>,
    pub(super) remaining_path: &'a [u8],
}

impl<'a> Request<'a> {
    /// A request with this method, such as `GET`, and this query string: what stands behind the `?`
    /// of the URL, still encoded, and without the `?`.
    #[must_use]
    pub fn new<T>(method: &'a str, query: &'a T) -> Self
    where
        T: AsRef<[u8]> + ?Sized,
    {
        Self {
            method: method.as_bytes(),
            query: query.as_ref(),
            sec_fetch_site: None,
            remaining_path: b"",
        }
    }

    /// Sets the value of the header `Sec-Fetch-Site`; `None` means that the request has none. If it
    /// has more than one, join them with a comma, as HTTP does.
    #[must_use]
    pub fn sec_fetch_site<T>(self, value: Option<&'a T>) -> Self
    where
        T: AsRef<[u8]> + ?Sized,
    {
        Self {
            sec_fetch_site: value.map(AsRef::as_ref),
            ..self
        }
    }

    /// Sets what follows the route's own path, such as `/any` of `/api/chat-identity/any`. A
    /// framework that matches paths exactly has nothing to set here.
    #[must_use]
    pub fn remaining_path<T>(self, path: &'a T) -> Self
    where
        T: AsRef<[u8]> + ?Sized,
    {
        Self {
            remaining_path: path.as_ref(),
            ..self
        }
    }

    pub(super) fn is_read(&self) -> bool {
        matches!(self.method, b"GET" | b"HEAD")
    }

    /// Fetch Metadata: `none` is a person who opened the address. A browser from before 2023, and a
    /// program that is not a browser, send no such header.
    pub(super) fn is_of_another_site(&self) -> bool {
        !matches!(
            self.sec_fetch_site,
            None | Some(b"same-origin" | b"same-site" | b"none")
        )
    }

    /// The visitor id, if the query holds exactly one.
    ///
    /// Frameworks disagree on a parameter that stands twice, and on `visitorId[]`. Some take the
    /// first, some the last, some a list. None of these requests has one visitor id here.
    pub(super) fn visitor_id(&self) -> Option<String> {
        let mut ids = form_urlencoded::parse(self.query).filter(|(name, _)| {
            let rest = name.strip_prefix(PARAMETER);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('['))
        });
        let (name, id) = ids.next()?;
        (name == PARAMETER && ids.next().is_none()).then(|| id.into_owned())
    }
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Request { .. }")
    }
}

/// Which visitor ids the route signs.
#[derive(Clone, Copy, Default)]
pub enum VisitorIds<'a> {
    /// UUIDs, with hyphens and in lower case, as the service makes them.
    #[default]
    Uuid,
    /// Those for which the function says true, of 1 to 256 characters, none of them a control
    /// character. Compare the whole id, and allow no more than the chat's ids can be: whatever is
    /// allowed here is signed for everybody who is logged in.
    Matching(&'a dyn Fn(&str) -> bool),
}

impl VisitorIds<'_> {
    pub(super) fn hold(self, id: &str) -> bool {
        match self {
            Self::Uuid => is_uuid(id),
            Self::Matching(matches) => is_text(id) && matches(id),
        }
    }
}

impl fmt::Debug for VisitorIds<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Uuid => "Uuid",
            Self::Matching(_) => "Matching(..)",
        })
    }
}

fn is_uuid(id: &str) -> bool {
    let is_hyphen = |at| matches!(at, 8 | 13 | 18 | 23);
    let fits = |(at, byte)| match byte {
        b'-' => is_hyphen(at),
        b'0'..=b'9' | b'a'..=b'f' => !is_hyphen(at),
        _ => false,
    };
    id.len() == 36 && id.bytes().enumerate().all(fits)
}

/// Whether `id` may be a visitor id at all. U+FFFD stands where the query was not UTF-8.
fn is_text(id: &str) -> bool {
    (1..=MAX_VISITOR_ID_CHARS).contains(&id.chars().count())
        && !id.contains(|c: char| c.is_control() || c == char::REPLACEMENT_CHARACTER)
}
