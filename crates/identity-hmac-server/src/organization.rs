//! What an organization can be, and how it is shown: the same for the admin's routes and for the
//! command line.

use identity_hmac::VerificationMode;
use serde::Serialize;
use time::OffsetDateTime;
use url::Url;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::store::{Organization, Policy};
use crate::token::organization_key;

/// The longest name of an organization, in characters.
pub const MAX_NAME_CHARS: usize = 256;

/// A name or an origin that an organization cannot have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// An empty or blank name.
    #[error("the name is blank")]
    BlankName,
    /// A name of too many characters.
    #[error("the name is longer than {MAX_NAME_CHARS} characters")]
    LongName,
    /// A name with a line end or another control character.
    #[error("the name holds a control character")]
    ControlInName,
    /// A pattern of origins. It would match no page.
    #[error(
        "{given:?} has a wildcard, which no page matches: give each origin by itself, or none for any"
    )]
    Wildcard {
        /// What was given.
        given: String,
    },
    /// What no browser sends as `Origin`.
    #[error("{given:?} is not an origin: give scheme, host and port alone, as in {example:?}")]
    NotAnOrigin {
        /// What was given.
        given: String,
        /// What may have been meant.
        example: String,
    },
}

/// Whether an hmac is ignored, checked, or required.
#[derive(Clone, Copy, Debug, ToSchema)]
#[schema(as = VerificationMode, rename_all = "lowercase")]
#[expect(
    dead_code,
    reason = "it stands for `VerificationMode` in the OpenAPI document"
)]
pub(crate) enum ModeSchema {
    Off,
    Observe,
    Required,
}

/// An organization, without its secrets.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Organization)]
pub struct OrganizationView {
    /// Its id.
    pub id: Uuid,
    /// What people call it.
    pub name: String,
    /// What its chat pages send as `X-Organization-Key`: public.
    #[schema(example = "pk_018f3f0e6c5d7a1b8c2d3e4f5a6b7c8d")]
    pub organization_key: String,
    /// How its `identify()` calls are verified.
    #[schema(value_type = ModeSchema)]
    pub verification: VerificationMode,
    /// Which proofs count, and for how long.
    #[serde(flatten)]
    pub policy: Policy,
    /// The origins whose pages may call; empty for any.
    pub allowed_origins: Vec<String>,
    /// Whether the secret before the last rotation still verifies.
    pub has_previous_secret: bool,
    /// When the current secret last verified a call, to a minute; null when it did not yet.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required = true)]
    pub current_secret_last_used_at: Option<OffsetDateTime>,
    /// When the previous secret last verified a call, to a minute.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required = true)]
    pub previous_secret_last_used_at: Option<OffsetDateTime>,
    /// Whether no call of its visitors is served.
    pub suspended: bool,
    /// Tokens of visitors that were made up to then are refused; null when none were revoked.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required = true)]
    pub visitor_tokens_valid_after: Option<OffsetDateTime>,
    /// When it was created.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

impl From<Organization> for OrganizationView {
    fn from(organization: Organization) -> Self {
        Self {
            organization_key: organization_key(organization.id),
            id: organization.id,
            name: organization.name,
            verification: organization.verification,
            policy: organization.policy,
            allowed_origins: organization.allowed_origins,
            has_previous_secret: organization.secrets.previous.is_some(),
            current_secret_last_used_at: organization.current_secret_used_at,
            previous_secret_last_used_at: organization.previous_secret_used_at,
            suspended: organization.suspended,
            visitor_tokens_valid_after: organization.visitor_tokens_valid_after,
            created_at: organization.created_at,
        }
    }
}

/// Checks the name of an organization.
///
/// # Errors
///
/// [`Refused`] when it is blank, longer than [`MAX_NAME_CHARS`], or holds a control character.
pub fn check_name(name: &str) -> Result<(), Refused> {
    if name.trim().is_empty() {
        Err(Refused::BlankName)
    } else if name.chars().count() > MAX_NAME_CHARS {
        Err(Refused::LongName)
    } else if name.contains(char::is_control) {
        Err(Refused::ControlInName)
    } else {
        Ok(())
    }
}

/// Checks that a text is an origin as a browser writes it (RFC 6454 section 6.1): of a web page, or of
/// an app that shows pages by a scheme of its own, as in `capacitor://localhost`.
///
/// # Errors
///
/// [`Refused::Wildcard`], or [`Refused::NotAnOrigin`], with the origin of the URL that was given in its
/// place.
pub fn check_origin(given: &str) -> Result<(), Refused> {
    if given.contains('*') {
        return Err(Refused::Wildcard {
            given: given.to_owned(),
        });
    }
    let origin = Url::parse(given).ok().as_ref().and_then(origin_of);
    if origin.as_deref() == Some(given) {
        return Ok(());
    }
    Err(Refused::NotAnOrigin {
        given: given.to_owned(),
        example: origin.unwrap_or_else(|| "https://shop.example".to_owned()),
    })
}

/// What a browser sends as `Origin` for a page with this URL, where it is not `null`.
fn origin_of(url: &Url) -> Option<String> {
    match url.scheme() {
        "http" | "https" => Some(url.origin().ascii_serialization()),
        // No page has them, or its origin is `null`.
        "file" | "ftp" | "ws" | "wss" => None,
        scheme => {
            let host = url.host_str().filter(|host| !host.is_empty())?;
            let port = url
                .port()
                .map_or_else(String::new, |port| format!(":{port}"));
            Some(format!("{scheme}://{host}{port}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_taken_as_a_browser_writes_it() {
        for origin in [
            "https://shop.example",
            "http://127.0.0.1:3000",
            "http://[::1]:8080",
            "capacitor://localhost",
            "ionic://localhost",
            "tauri://localhost",
            "app://com.example.shop",
            "chrome-extension://mfaaodeadcaadhihpkdlobfgibdchcll",
            "moz-extension://01a20380-106d-75b3-a019-bcfa6f981ea5",
            "app://localhost:8080",
        ] {
            assert_eq!(check_origin(origin), Ok(()), "{origin}");
        }
    }

    #[test]
    fn an_origin_that_no_browser_sends_is_refused_with_a_correction() {
        for (given, example) in [
            ("https://shop.example/", "https://shop.example"),
            ("https://shop.example:443", "https://shop.example"),
            ("https://Shop.Example/chat?x#y", "https://shop.example"),
            ("https://user@shop.example", "https://shop.example"),
            ("shop.example", "https://shop.example"),
            ("null", "https://shop.example"),
            ("capacitor://localhost/", "capacitor://localhost"),
            ("app://shop/index.html?x", "app://shop"),
            ("Capacitor://localhost", "capacitor://localhost"),
            ("app://user@shop", "app://shop"),
            ("app://", "https://shop.example"),
            ("app:shop", "https://shop.example"),
            ("app:///shop", "https://shop.example"),
            ("ws://shop.example", "https://shop.example"),
            ("data:text/html,x", "https://shop.example"),
            ("blob:https://shop.example/1", "https://shop.example"),
            ("", "https://shop.example"),
            ("file:///etc", "https://shop.example"),
        ] {
            let refused = Refused::NotAnOrigin {
                given: given.to_owned(),
                example: example.to_owned(),
            };
            assert_eq!(check_origin(given), Err(refused));
        }
    }

    #[test]
    fn a_wildcard_is_refused_as_one() {
        for given in [
            "*",
            "https://*.shop.example",
            "https://*",
            "*.shop.example",
            "app://*",
        ] {
            let given = given.to_owned();
            assert_eq!(check_origin(&given), Err(Refused::Wildcard { given }));
        }
    }

    #[test]
    fn a_name_is_neither_blank_nor_long_nor_of_two_lines() {
        assert_eq!(check_name("Müller & Söhne"), Ok(()));
        assert_eq!(check_name(&"ü".repeat(256)), Ok(()));
        assert_eq!(check_name(&"ü".repeat(257)), Err(Refused::LongName));
        assert_eq!(check_name(" \t"), Err(Refused::BlankName));
        assert_eq!(check_name("a\nb"), Err(Refused::ControlInName));
    }
}
