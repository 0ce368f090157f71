//! Verifying tokens, also while the organization changes its token key.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::ToString;
use core::{fmt, iter};

use subtle::{Choice, ConstantTimeEq};

use super::jws::{self, Header, Jws};
use super::payload::Payload;
use super::{
    DEFAULT_MAX_LIFETIME, LEEWAY, MAX_LIFETIMES, TokenError, TokenKey, VerifiedClaims, seconds,
};
use crate::InputError;

/// The token keys of an organization: one, and during a rotation the previous one, with the
/// organization's rules for tokens.
///
/// ```
/// use identity_hmac::{IdentityClaims, TokenKey, TokenKeyring};
///
/// let previous = TokenKey::parse(&TokenKey::generate()?)?;
/// let current = TokenKey::parse(&TokenKey::generate()?)?;
/// let now = 1_764_000_000; // seconds since the epoch
/// let token = previous.sign(&IdentityClaims::new("visitor_1", "user_123"), now)?;
///
/// let keyring = TokenKeyring::new(current).with_previous(previous.clone());
/// let claims = keyring.verify(&token, "visitor_1", None, now)?;
/// assert_eq!(claims.key_id, previous.key_id());
/// assert!(keyring.verify(&token, "visitor_2", None, now).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct TokenKeyring {
    current: TokenKey,
    // In a box, since a `None` that has room for a key keeps what stood in that room before: when the
    // keyring is moved, that may be another key's state, which no drop would overwrite.
    previous: Option<Box<TokenKey>>,
    max_lifetime: u64,
    valid_after: Option<u64>,
}

impl TokenKeyring {
    /// A keyring that so far accepts what `current` signed and nothing else.
    #[must_use]
    pub fn new(current: TokenKey) -> Self {
        Self {
            current,
            previous: None,
            max_lifetime: DEFAULT_MAX_LIFETIME,
            valid_after: None,
        }
    }

    /// The same keyring, which now also accepts what `previous` signed. It replaces any previous
    /// key that was there.
    #[must_use]
    pub fn with_previous(self, previous: TokenKey) -> Self {
        Self {
            previous: Some(Box::new(previous)),
            ..self
        }
    }

    /// The same keyring, for which a token may be valid for so many `seconds`: 60 to 86,400, and
    /// 3,600 unless this is called.
    ///
    /// # Errors
    ///
    /// [`InputError::MaxLifetimeOutOfRange`] for another number.
    pub fn with_max_lifetime(self, seconds: u64) -> Result<Self, InputError> {
        if !MAX_LIFETIMES.contains(&seconds) {
            return Err(InputError::MaxLifetimeOutOfRange);
        }
        Ok(Self {
            max_lifetime: seconds,
            ..self
        })
    }

    /// The same keyring, which refuses what was signed before `time`, in seconds since the epoch.
    #[must_use]
    pub fn with_tokens_valid_after(self, time: u64) -> Self {
        Self {
            valid_after: Some(time),
            ..self
        }
    }

    /// Verifies `token` for the visitor `visitor_id` at the time `now`, in seconds since the epoch.
    ///
    /// `audience` is the organization key (`pk_…`): a token that names audiences has to name it,
    /// and is refused where it is `None`. A token that names none is for every audience.
    ///
    /// Clocks may differ by [`LEEWAY`](super::LEEWAY). Where the token names no key, both are
    /// always tried; the comparison takes the same time wherever the first difference is.
    ///
    /// # Errors
    ///
    /// [`TokenError`], which says exactly what is wrong once the signature is known to be right.
    pub fn verify(
        &self,
        token: impl AsRef<[u8]>,
        visitor_id: impl AsRef<[u8]>,
        audience: Option<&str>,
        now: u64,
    ) -> Result<VerifiedClaims, TokenError> {
        let token = Jws::read(token.as_ref()).ok_or(TokenError::Invalid)?;
        let key = self.signer(&token).ok_or(TokenError::Invalid)?;
        let payload = Payload::read(&token.payload).map_err(TokenError::Claim)?;
        self.check(&payload, visitor_id.as_ref(), audience, now)?;
        Ok(VerifiedClaims {
            visitor_id: payload.visitor_id,
            external_id: payload.sub,
            name: payload.name,
            email: payload.email,
            metadata: payload.metadata,
            issued_at: payload.iat,
            expires_at: payload.exp,
            key_id: key.key_id().to_string(),
        })
    }

    /// The key that signed `token`.
    fn signer(&self, token: &Jws<'_>) -> Option<&TokenKey> {
        let mut keys = iter::once(&self.current).chain(self.previous.as_deref());
        let named = match keys.find(|key| jws::header(key.key_id()).as_bytes() == token.header) {
            // A header as the key itself writes it: it needs no reading.
            Some(key) => Some(Cow::Borrowed(key.key_id())),
            None => Header::read(token.header)?.kid.map(Cow::Owned),
        };
        let fits = |key: &TokenKey| -> Choice {
            let is_named = named.as_deref().is_none_or(|kid| kid == key.key_id());
            let own = is_named.then(|| key.key.sign(token.signed).ok()).flatten();
            own.map_or(Choice::from(0), |own| own.ct_eq(&token.signature))
        };
        let by_current = fits(&self.current);
        let by_previous = self.previous.as_deref().filter(|key| fits(key).into());
        if by_current.into() {
            Some(&self.current)
        } else {
            by_previous
        }
    }

    /// The rules for claims whose types are right.
    fn check(
        &self,
        payload: &Payload,
        visitor_id: &[u8],
        audience: Option<&str>,
        now: u64,
    ) -> Result<(), TokenError> {
        payload
            .check_lifetime(self.max_lifetime)
            .map_err(TokenError::Claim)?;
        for (field, valid_from) in [("iat", Some(payload.iat)), ("nbf", payload.nbf)] {
            if let Some(valid_from) = valid_from
                && valid_from > seconds(now) + seconds(LEEWAY)
            {
                return Err(TokenError::NotYetValid {
                    field,
                    valid_from,
                    now,
                });
            }
        }
        if payload.exp <= seconds(now) - seconds(LEEWAY) {
            return Err(TokenError::Expired {
                expires_at: payload.exp,
                now,
            });
        }
        if let Some(audiences) = &payload.aud
            && !audiences
                .iter()
                .any(|named| Some(named.as_str()) == audience)
        {
            return Err(TokenError::OtherAudience);
        }
        if payload.visitor_id.as_bytes() != visitor_id {
            return Err(TokenError::OtherVisitor);
        }
        if self
            .valid_after
            .is_some_and(|time| payload.iat < seconds(time))
        {
            return Err(TokenError::Revoked);
        }
        Ok(())
    }
}

impl fmt::Debug for TokenKeyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKeyring { .. }")
    }
}
