//! The key that seals organization secrets before they reach the database.

use std::fmt;

use chacha20poly1305::XChaCha20Poly1305;
use chacha20poly1305::aead::{Aead, Generate, KeyInit, Nonce, Payload};
use uuid::Uuid;
use zeroize::Zeroizing;

const NONCE_LEN: usize = 24;

/// Seals and opens organization secrets with XChaCha20-Poly1305.
///
/// The organization id is the associated data, so a sealed secret that was copied into another
/// organization's row does not open there.
#[derive(Clone)]
pub struct MasterKey(XChaCha20Poly1305);

/// A master key that is not 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the master key is not 64 hexadecimal digits: make one with `identity-hmac-server` itself (it \
     writes the file on its first start) or with `openssl rand -hex 32`"
)]
pub struct MalformedMasterKey;

/// A secret that could not be sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gave no randomness to seal a secret with: try again")]
pub struct NotSealed;

/// A sealed secret that this master key does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a stored secret does not open with this master key, or was altered")]
pub struct NotOpened;

impl MasterKey {
    /// Reads a key from 64 hexadecimal digits, with or without one line end after them.
    ///
    /// # Errors
    ///
    /// [`MalformedMasterKey`] for anything else.
    pub fn from_hex(digits: &str) -> Result<Self, MalformedMasterKey> {
        let digits = digits
            .strip_suffix('\n')
            .map_or(digits, |line| line.strip_suffix('\r').unwrap_or(line));
        let mut key = Zeroizing::new([0; 32]);
        if digits.len() != 64 {
            return Err(MalformedMasterKey);
        }
        hex::decode_to_slice(digits, key.as_mut()).map_err(|_| MalformedMasterKey)?;
        Ok(Self(XChaCha20Poly1305::new((&*key).into())))
    }

    /// Encrypts `secret` for the organization, to be stored: a random nonce of 24 bytes, then the
    /// ciphertext with its tag.
    ///
    /// # Errors
    ///
    /// [`NotSealed`] when the operating system gives no randomness for the nonce.
    pub fn seal(&self, organization: Uuid, secret: &[u8]) -> Result<Vec<u8>, NotSealed> {
        let nonce = Nonce::<XChaCha20Poly1305>::try_generate().map_err(|_| NotSealed)?;
        let payload = Payload {
            msg: secret,
            aad: organization.as_bytes(),
        };
        let ciphertext = self.0.encrypt(&nonce, payload).map_err(|_| NotSealed)?;
        Ok([nonce.as_slice(), &ciphertext].concat())
    }

    /// Decrypts what [`seal`](Self::seal) stored for the same organization.
    ///
    /// # Errors
    ///
    /// [`NotOpened`] when the key, the organization or a bit of the stored bytes is another one.
    pub fn open(&self, organization: Uuid, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, NotOpened> {
        let (nonce, ciphertext) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(NotOpened)?;
        let payload = Payload {
            msg: ciphertext,
            aad: organization.as_bytes(),
        };
        self.0
            .decrypt(nonce.into(), payload)
            .map(Zeroizing::new)
            .map_err(|_| NotOpened)
    }
}

/// Shows nothing of the key.
impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MasterKey").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGITS: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    fn key() -> MasterKey {
        MasterKey::from_hex(DIGITS).unwrap()
    }

    #[test]
    fn a_sealed_secret_opens_for_its_organization() {
        let organization = Uuid::now_v7();
        let sealed = key().seal(organization, b"s3cret").unwrap();
        assert_eq!(*key().open(organization, &sealed).unwrap(), b"s3cret");
    }

    #[test]
    fn a_sealed_secret_does_not_open_for_another_organization() {
        let sealed = key().seal(Uuid::now_v7(), b"s3cret").unwrap();
        assert_eq!(key().open(Uuid::now_v7(), &sealed), Err(NotOpened));
    }

    #[test]
    fn a_sealed_secret_does_not_open_with_another_key() {
        let organization = Uuid::now_v7();
        let sealed = key().seal(organization, b"s3cret").unwrap();
        let other = MasterKey::from_hex(&DIGITS.replace("00", "ff")).unwrap();
        assert_eq!(other.open(organization, &sealed), Err(NotOpened));
    }

    #[test]
    fn no_bit_of_a_sealed_secret_can_be_changed_or_cut() {
        let organization = Uuid::now_v7();
        let sealed = key().seal(organization, b"s3cret").unwrap();
        for bit in 0..sealed.len() * 8 {
            let mut altered = sealed.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(key().open(organization, &altered), Err(NotOpened));
        }
        for len in 0..sealed.len() {
            assert_eq!(key().open(organization, &sealed[..len]), Err(NotOpened));
        }
    }

    #[test]
    fn two_sealings_of_one_secret_differ() {
        let organization = Uuid::now_v7();
        let seal = || key().seal(organization, b"s3cret").unwrap();
        assert_ne!(seal(), seal());
    }

    #[test]
    fn a_key_may_end_its_line_and_nothing_else() {
        for digits in [
            format!("{DIGITS}\n"),
            format!("{DIGITS}\r\n"),
            DIGITS.to_uppercase(),
        ] {
            assert!(MasterKey::from_hex(&digits).is_ok(), "{digits:?}");
        }
        for digits in [
            "",
            "0x",
            &DIGITS[1..],
            &format!("{DIGITS}00"),
            &format!(" {}", &DIGITS[1..]),
            &format!("{DIGITS}\n\n"),
            &DIGITS.replace('f', "g"),
        ] {
            assert_eq!(
                MasterKey::from_hex(digits).unwrap_err(),
                MalformedMasterKey,
                "{digits:?}"
            );
        }
    }
}
