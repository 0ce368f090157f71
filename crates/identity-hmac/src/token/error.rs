//! Why a token is refused, or not signed.

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;

use super::LEEWAY;
use crate::attributes::{self, AttributeFault};

/// Why a token is refused.
///
/// Until the signature is known to be right there is one answer, [`Invalid`](Self::Invalid). After
/// that the caller holds a token that the backend has signed, and the error is exact.
///
/// The message says what is wrong and what to do. [`code`](Self::code), [`field`](Self::field) and
/// [`reason`](Self::reason) are stable. An error carries no value of a claim but times.
///
/// ```
/// use identity_hmac::{TokenError, TokenKey, TokenKeyring};
/// # let key = TokenKey::parse(&TokenKey::generate()?)?;
///
/// let keyring = TokenKeyring::new(key);
/// let error = keyring.verify("no token", "visitor_1", None, 1_764_000_000).unwrap_err();
/// assert_eq!(error, TokenError::Invalid);
/// assert_eq!(error.code(), "identity_token_invalid");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum TokenError {
    /// The text is not a token in the expected form, or none of the keys has signed it. Code
    /// `identity_token_invalid`.
    Invalid,
    /// The token's time is over. Code `identity_token_expired`.
    Expired {
        /// The claim `exp`, in seconds since the epoch.
        expires_at: f64,
        /// The time that the token was verified at, in seconds since the epoch.
        now: u64,
    },
    /// The token's time has not come. Code `identity_token_not_yet_valid`.
    NotYetValid {
        /// The claim at fault: `iat` or `nbf`.
        field: &'static str,
        /// The claim's value, in seconds since the epoch.
        valid_from: f64,
        /// The time that the token was verified at, in seconds since the epoch.
        now: u64,
    },
    /// A claim is not as it has to be. Code `identity_token_claim`.
    Claim(ClaimError),
    /// The token was signed for another visitor. Code `identity_token_other_visitor`.
    OtherVisitor,
    /// The token was signed for another audience. Code `identity_token_other_audience`.
    OtherAudience,
    /// The token was signed before the time from which tokens are accepted. Code
    /// `identity_token_revoked`.
    Revoked,
}

impl TokenError {
    /// The error's stable code, in snake case.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Invalid => "identity_token_invalid",
            Self::Expired { .. } => "identity_token_expired",
            Self::NotYetValid { .. } => "identity_token_not_yet_valid",
            Self::Claim(_) => "identity_token_claim",
            Self::OtherVisitor => "identity_token_other_visitor",
            Self::OtherAudience => "identity_token_other_audience",
            Self::Revoked => "identity_token_revoked",
        }
    }

    /// The claim at fault, if the error is about one.
    #[must_use]
    pub const fn field(&self) -> Option<&'static str> {
        match self {
            Self::Invalid => None,
            Self::Expired { .. } => Some("exp"),
            Self::NotYetValid { field, .. } => Some(field),
            Self::Claim(error) => error.field(),
            Self::OtherVisitor => Some("visitorId"),
            Self::OtherAudience => Some("aud"),
            Self::Revoked => Some("iat"),
        }
    }

    /// The stable name of what is wrong with a claim, for the code `identity_token_claim`.
    #[must_use]
    pub const fn reason(&self) -> Option<&'static str> {
        match self {
            Self::Claim(error) => Some(error.fault().as_str()),
            _ => None,
        }
    }

    /// What to do, for a person.
    #[must_use]
    pub fn remedy(&self) -> String {
        let remedy = match self {
            Self::Invalid => {
                "sign it with the organization's identity token key and pass it unchanged; \
                 `identity-hmac doctor token` finds the cause"
            }
            Self::Expired { .. } => {
                "sign a new token for each call, and check the clock of the machine that signs"
            }
            Self::NotYetValid { .. } => {
                "check the clock of the machine that signs, and give times in seconds"
            }
            Self::Claim(error) => return error.remedy(),
            Self::OtherVisitor => "sign a token for the visitor id that this page has",
            Self::OtherAudience => "leave aud out, or set it to the organization key (pk_…)",
            Self::Revoked => "sign a new token",
        };
        remedy.to_string()
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid => f.write_str("the identity token is not valid"),
            Self::Expired { expires_at, now } => write!(
                f,
                "the identity token has expired: exp is {expires_at}, and the time is {now}"
            ),
            Self::NotYetValid {
                field,
                valid_from,
                now,
            } => write!(
                f,
                "the identity token is not valid yet: {field} is {valid_from}, and the time is \
                 {now}, with a leeway of {LEEWAY} s"
            ),
            // It ends with its own remedy.
            Self::Claim(error) => return write!(f, "the identity token's {error}"),
            Self::OtherVisitor => f.write_str("the identity token was signed for another visitor"),
            Self::OtherAudience => {
                f.write_str("the identity token was signed for another audience")
            }
            Self::Revoked => f.write_str(
                "the identity token was signed before the time from which tokens are accepted",
            ),
        }?;
        write!(f, "; {}", self.remedy())
    }
}

impl core::error::Error for TokenError {}

/// A claim that is not as it has to be: in a token that is refused, or in claims that are not
/// signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimError {
    field: Option<&'static str>,
    fault: ClaimFault,
}

/// What is wrong with a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClaimFault {
    /// It is required and not there. Reason `missing`.
    Missing,
    /// It has another type than it may have. Reason `type`.
    Type,
    /// It, or a key in it, stands twice. Reason `twice`.
    Twice,
    /// It is an empty text, or white space alone. Reason `empty`.
    Empty,
    /// It is longer than so many characters. Reason `too_long`.
    TooLong(usize),
    /// It is not shaped like an e-mail address. Reason `address`.
    NotAnAddress,
    /// `exp` is not after `iat`, or is more than so many seconds after it. Reason `lifetime`.
    Lifetime(u64),
    /// It is not JSON of one meaning in UTF-8, is nested too deep, or holds an integer of more than 64
    /// bits. Reason `json`.
    NotJson,
}

impl ClaimFault {
    /// The fault's stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Type => "type",
            Self::Twice => "twice",
            Self::Empty => "empty",
            Self::TooLong(_) => "too_long",
            Self::NotAnAddress => "address",
            Self::Lifetime(_) => "lifetime",
            Self::NotJson => "json",
        }
    }
}

impl From<AttributeFault> for ClaimFault {
    fn from(fault: AttributeFault) -> Self {
        match fault {
            AttributeFault::NotTextOrNull | AttributeFault::NotObjectOrNull => Self::Type,
            AttributeFault::Blank => Self::Empty,
            AttributeFault::TooLong(limit) => Self::TooLong(limit),
            AttributeFault::NotAnAddress => Self::NotAnAddress,
        }
    }
}

impl ClaimError {
    pub(crate) fn new(
        field: impl Into<Option<&'static str>>,
        fault: impl Into<ClaimFault>,
    ) -> Self {
        Self {
            field: field.into(),
            fault: fault.into(),
        }
    }

    /// The claim; `None` for the payload as a whole, and for a member that is not one of the claims.
    #[must_use]
    pub const fn field(&self) -> Option<&'static str> {
        self.field
    }

    /// What is wrong with it.
    #[must_use]
    pub const fn fault(&self) -> ClaimFault {
        self.fault
    }

    /// What to do, for a person.
    #[must_use]
    pub fn remedy(&self) -> String {
        match (self.fault, self.field) {
            (ClaimFault::Lifetime(limit), _) => {
                format!("set exp to at most {limit} s after iat, and give both in seconds")
            }
            (ClaimFault::Twice, _) => "write each key once".to_string(),
            (ClaimFault::NotJson, _) | (_, None) => format!(
                "write it with a JSON library, in UTF-8, without NUL characters, with integers of at \
                 most 64 bits, and metadata of at most {} levels",
                attributes::MAX_METADATA_LEVELS
            ),
            (_, Some(field)) => format!("set it to {}", expected(field)),
        }
    }
}

impl fmt::Display for ClaimError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field {
            Some(field) => write!(f, "claim {field} "),
            None => f.write_str("payload "),
        }?;
        match self.fault {
            ClaimFault::Missing => f.write_str("is missing"),
            ClaimFault::Type => f.write_str("has a wrong type"),
            ClaimFault::Twice => f.write_str("has a key that stands twice"),
            ClaimFault::Empty => f.write_str("is empty or blank"),
            ClaimFault::TooLong(limit) => write!(f, "is longer than {limit} characters"),
            ClaimFault::NotAnAddress => f.write_str("is not shaped like an e-mail address"),
            ClaimFault::Lifetime(limit) => write!(f, "is not within {limit} s after iat"),
            ClaimFault::NotJson => f.write_str("is not JSON of one meaning"),
        }?;
        write!(f, "; {}", self.remedy())
    }
}

impl core::error::Error for ClaimError {}

/// What a claim has to hold.
fn expected(field: &str) -> String {
    match field {
        "sub" => format!(
            "your own id of the user, a string of 1 to {} characters; write a number as a string",
            attributes::MAX_EXTERNAL_ID_CHARS
        ),
        "visitorId" => "the visitor id that the page sent to your backend, a string".to_string(),
        "iat" => "the time of signing, a number of seconds since 1970".to_string(),
        "exp" => "the time at which the token ends, a number of seconds since 1970".to_string(),
        "aud" => "the organization key (pk_…), or leave it out".to_string(),
        "name" => format!(
            "a string of 1 to {} characters, or null",
            attributes::MAX_NAME_CHARS
        ),
        "email" => format!(
            "an address of at most {} characters, as in jane@example.com, or null",
            attributes::MAX_EMAIL_CHARS
        ),
        "metadata" => "a JSON object, or null".to_string(),
        _ => "a number of seconds since 1970, or leave it out".to_string(),
    }
}
