//! What can go wrong: input that cannot be used, an hmac that does not fit, and an operating system
//! that gives no random bytes.

#[cfg(feature = "token")]
use alloc::string::String;

use thiserror::Error;

#[cfg(feature = "token")]
use crate::token::{ClaimError, MAX_LIFETIMES, MAX_TOKEN_CHARS};

/// Input that is refused before anything is signed.
///
/// [`code`](Self::code) does not change between versions and is the same in every language. No
/// variant, message or code carries the secret or the visitor id.
///
/// ```
/// use identity_hmac::{InputError, generate_identity_hmac};
///
/// let error = generate_identity_hmac("visitor_1", "").unwrap_err();
/// assert_eq!(error, InputError::EmptySecret);
/// assert_eq!(error.code(), "empty_secret");
/// ```
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum InputError {
    /// The secret has no bytes, as an unset variable would have. Code `empty_secret`.
    #[error(
        "the identity verification secret is empty; check that the variable or file it comes \
         from is set"
    )]
    EmptySecret,

    /// The visitor id has no bytes. Code `empty_visitor_id`.
    #[error("the visitor id is empty; pass the id that the chat gave this visitor")]
    EmptyVisitorId,

    /// A text that should be an [`IdentityHmac`](crate::IdentityHmac) is not 64 hexadecimal
    /// digits. Code `malformed_hmac`. Verifying never gives this error: there, such a text is just
    /// not the right hmac.
    #[error("the hmac is not 64 hexadecimal digits; pass it exactly as it was signed")]
    MalformedHmac,

    /// A text is not the name of a [`VerificationMode`](crate::VerificationMode). Code
    /// `unknown_mode`.
    #[error("the verification mode is not off, observe or required")]
    UnknownMode,

    /// A named setting that should hold the secret does not exist. Code `secret_unset`.
    #[cfg(feature = "std")]
    #[error("{name} is not set; set it to the identity verification secret")]
    SecretUnset {
        /// The name of the setting, such as `IDENTITY_SECRET`.
        name: String,
    },

    /// A named setting that should hold the secret is empty or nothing but white space.
    /// Code `secret_blank`.
    #[cfg(feature = "std")]
    #[error("{name} is blank; set it to the identity verification secret")]
    SecretBlank {
        /// The name of the setting.
        name: String,
    },

    /// The secret in a named setting holds a NUL. Code `secret_contains_nul`.
    ///
    /// RFC 2104 section 2 pads keys with zeros, so `secret` and `secret` with a NUL behind it are the
    /// same key. The NUL is either a mistake or adds nothing.
    #[cfg(feature = "std")]
    #[error("{name} contains a NUL character; remove it, or pass the key's bytes directly")]
    SecretContainsNul {
        /// The name of the setting.
        name: String,
    },

    /// The secret in a named setting begins or ends with white space, a line end or a byte order
    /// mark. Code `secret_surrounded_by_whitespace`.
    #[cfg(feature = "std")]
    #[error("{name} begins or ends with white space, such as a line end; remove it")]
    SecretSurroundedByWhitespace {
        /// The name of the setting.
        name: String,
    },

    /// The secret in a named setting has quotes around it. Code `secret_quoted`.
    #[cfg(feature = "std")]
    #[error("{name} stands in quotes that would become part of the secret; remove them")]
    SecretQuoted {
        /// The name of the setting.
        name: String,
    },

    /// The secret in a named setting is not UTF-8, so two languages would read two different keys.
    /// Code `secret_not_utf8`.
    #[cfg(feature = "std")]
    #[error(
        "{name} is not valid UTF-8; store the secret as text, or pass the key's bytes directly"
    )]
    SecretNotUtf8 {
        /// The name of the setting.
        name: String,
    },

    /// A named setting holds what programs and templates leave when no secret was filled in, such as
    /// `undefined`, `changeme` or `<secret>`. Code `secret_placeholder`.
    #[cfg(feature = "std")]
    #[error(
        "{name} holds a placeholder where the secret should be; set it to the identity \
         verification secret"
    )]
    SecretPlaceholder {
        /// The name of the setting.
        name: String,
    },

    /// A named setting holds a variable or another reference that nothing replaced by its value,
    /// such as `${IDENTITY_SECRET}`. Code `secret_unexpanded_variable`.
    #[cfg(feature = "std")]
    #[error(
        "{name} holds a variable or a reference that was not replaced by its value; set it to the \
         secret itself"
    )]
    SecretUnexpandedVariable {
        /// The name of the setting.
        name: String,
    },

    /// A named setting holds a name and then a value, such as `IDENTITY_SECRET=s3cret` or a JSON
    /// object. Code `secret_holds_assignment`.
    #[cfg(feature = "std")]
    #[error(
        "{name} holds a name and then a value, as a line of a .env file does; keep the value alone"
    )]
    SecretHoldsAssignment {
        /// The name of the setting.
        name: String,
    },

    /// A named setting holds a comment, such as `s3cret # chat`. Code `secret_holds_comment`.
    #[cfg(feature = "std")]
    #[error(
        "{name} holds a comment, which would become part of the secret; remove it and the white \
         space before it"
    )]
    SecretHoldsComment {
        /// The name of the setting.
        name: String,
    },

    /// A named setting that should hold the identity verification secret holds an identity token
    /// key. Code `token_key_as_secret`.
    ///
    /// A route that signs any visitor id would sign any token with it.
    #[cfg(feature = "std")]
    #[error(
        "{name} holds an identity token key (itk_…), which signs tokens alone; set it to the \
         identity verification secret"
    )]
    TokenKeyAsSecret {
        /// The name of the setting.
        name: String,
    },

    /// A named setting that should hold an identity token key does not exist or is blank. Code
    /// `token_key_unset`.
    #[cfg(feature = "token")]
    #[error("{name} is not set; set it to the identity token key (itk_…)")]
    TokenKeyUnset {
        /// The name of the setting, such as `IDENTITY_TOKEN_KEY`.
        name: String,
    },

    /// A text does not have the form of an identity token key. Code `malformed_token_key`.
    #[cfg(feature = "token")]
    #[error(
        "{name} is not itk_, 8 hexadecimal digits, _ and 64 hexadecimal digits in lower case; \
         copy the identity token key exactly, without quotes and white space"
    )]
    MalformedTokenKey {
        /// The name of the setting.
        name: String,
    },

    /// A claim that no verifier would accept. Code `invalid_claim`.
    #[cfg(feature = "token")]
    #[error("the {0}")]
    InvalidClaim(ClaimError),

    /// Claims that do not fit into a token. Code `token_too_long`.
    #[cfg(feature = "token")]
    #[error("the identity token is longer than {MAX_TOKEN_CHARS} characters; leave out metadata")]
    TokenTooLong,

    /// A limit for the lifetime of tokens that is not between 60 and 86,400 seconds. Code
    /// `max_lifetime_out_of_range`.
    #[cfg(feature = "token")]
    #[error(
        "the longest lifetime of a token is not between {} and {} seconds",
        MAX_LIFETIMES.start(),
        MAX_LIFETIMES.end()
    )]
    MaxLifetimeOutOfRange,
}

impl InputError {
    /// The error's stable code, in snake case.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::EmptySecret => "empty_secret",
            Self::EmptyVisitorId => "empty_visitor_id",
            Self::MalformedHmac => "malformed_hmac",
            Self::UnknownMode => "unknown_mode",
            #[cfg(feature = "std")]
            Self::SecretUnset { .. } => "secret_unset",
            #[cfg(feature = "std")]
            Self::SecretBlank { .. } => "secret_blank",
            #[cfg(feature = "std")]
            Self::SecretContainsNul { .. } => "secret_contains_nul",
            #[cfg(feature = "std")]
            Self::SecretSurroundedByWhitespace { .. } => "secret_surrounded_by_whitespace",
            #[cfg(feature = "std")]
            Self::SecretQuoted { .. } => "secret_quoted",
            #[cfg(feature = "std")]
            Self::SecretNotUtf8 { .. } => "secret_not_utf8",
            #[cfg(feature = "std")]
            Self::SecretPlaceholder { .. } => "secret_placeholder",
            #[cfg(feature = "std")]
            Self::SecretUnexpandedVariable { .. } => "secret_unexpanded_variable",
            #[cfg(feature = "std")]
            Self::SecretHoldsAssignment { .. } => "secret_holds_assignment",
            #[cfg(feature = "std")]
            Self::SecretHoldsComment { .. } => "secret_holds_comment",
            #[cfg(feature = "std")]
            Self::TokenKeyAsSecret { .. } => "token_key_as_secret",
            #[cfg(feature = "token")]
            Self::TokenKeyUnset { .. } => "token_key_unset",
            #[cfg(feature = "token")]
            Self::MalformedTokenKey { .. } => "malformed_token_key",
            #[cfg(feature = "token")]
            Self::InvalidClaim(_) => "invalid_claim",
            #[cfg(feature = "token")]
            Self::TokenTooLong => "token_too_long",
            #[cfg(feature = "token")]
            Self::MaxLifetimeOutOfRange => "max_lifetime_out_of_range",
        }
    }
}

/// The hmac is not the one that the key gives for the visitor id.
///
/// One opaque value: callers cannot tell a malformed, a stale and a forged hmac apart.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("HMAC verification failed")]
pub struct VerificationFailed;

/// Why [`verify_identity_hmac`](crate::verify_identity_hmac) did not succeed: the backend's secret
/// was refused, or the client's hmac does not fit.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum VerifyError {
    /// The backend's secret cannot be used. An operator has to act.
    #[error(transparent)]
    Input(#[from] InputError),

    /// The hmac does not fit. Refuse the client.
    #[error(transparent)]
    Failed(#[from] VerificationFailed),
}

/// The operating system gave no random bytes, so no secret could be made. The message says why;
/// [`source`](std::error::Error::source) does not repeat it.
#[cfg(feature = "std")]
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the operating system gave no random bytes: {0}")]
pub struct RandomUnavailable(pub(crate) getrandom::Error);

#[cfg(all(test, feature = "std"))]
mod tests {
    use std::error::Error;

    use super::RandomUnavailable;

    #[test]
    fn the_cause_of_random_unavailable_appears_once() {
        let error = RandomUnavailable(getrandom::Error::UNSUPPORTED);
        let cause = getrandom::Error::UNSUPPORTED.to_string();
        assert!(error.to_string().ends_with(&cause));
        assert!(error.source().is_none());
    }
}
