//! The keys that seal organization secrets before they reach the database.

use std::fmt;

use chacha20poly1305::XChaCha20Poly1305;
use chacha20poly1305::aead::{Aead, Generate, KeyInit, Nonce, Payload};
use sha2::{Digest, Sha256};
use uuid::Uuid;
use zeroize::Zeroizing;

const ID_LEN: usize = 8;
const NONCE_LEN: usize = 24;
/// Keeps the id of a key apart from any other digest of it.
const ID_DOMAIN: &[u8] = b"identity-hmac-server master key id\0";

/// Seals organization secrets with XChaCha20-Poly1305, and opens them. The first key seals; all of
/// them open, so that a new key can take the place of an old one while processes run.
///
/// The [`Owner`] is the associated data, so a sealed secret that was copied into another row does not
/// open there.
#[derive(Clone)]
pub struct MasterKeys {
    sealing: MasterKey,
    older: Vec<MasterKey>,
}

/// What a sealed secret belongs to: an organization, or one of an organization's token keys by its kid.
#[derive(Clone, Debug)]
pub struct Owner(Vec<u8>);

impl From<Uuid> for Owner {
    fn from(organization: Uuid) -> Self {
        Self(organization.as_bytes().to_vec())
    }
}

impl From<(Uuid, &str)> for Owner {
    fn from((organization, kid): (Uuid, &str)) -> Self {
        Self([organization.as_bytes(), kid.as_bytes()].concat())
    }
}

/// Master keys that are not 64 hexadecimal digits each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the master key is not 64 hexadecimal digits, or several such with a comma or a line end between \
     them: make one with `openssl rand -hex 32`"
)]
pub struct MalformedMasterKey;

/// A secret that could not be sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gave no randomness to seal a secret with: try again")]
pub struct NotSealed;

/// A sealed secret that none of the master keys opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a stored secret does not open with this master key, or was altered")]
pub struct NotOpened;

impl MasterKeys {
    /// Reads keys of 64 hexadecimal digits each, with a comma or a line end between two. Space around
    /// a key does not count.
    ///
    /// # Errors
    ///
    /// [`MalformedMasterKey`] for anything else.
    pub fn parse(text: &str) -> Result<Self, MalformedMasterKey> {
        let mut keys = text.trim_ascii().split([',', '\n']);
        let sealing = keys.next().unwrap_or_default();
        Ok(Self {
            sealing: MasterKey::parse(sealing)?,
            older: keys.map(MasterKey::parse).collect::<Result<_, _>>()?,
        })
    }

    /// Encrypts `secret` for its owner with the first key, to be stored: 8 bytes that name the
    /// key, a random nonce of 24 bytes, and the ciphertext with its tag.
    ///
    /// # Errors
    ///
    /// [`NotSealed`] when the operating system gives no randomness for the nonce.
    pub fn seal(&self, owner: impl Into<Owner>, secret: &[u8]) -> Result<Vec<u8>, NotSealed> {
        let MasterKey { id, cipher } = &self.sealing;
        let nonce = Nonce::<XChaCha20Poly1305>::try_generate().map_err(|_| NotSealed)?;
        let payload = Payload {
            msg: secret,
            aad: &owner.into().0,
        };
        let ciphertext = cipher.encrypt(&nonce, payload).map_err(|_| NotSealed)?;
        Ok([id.as_slice(), &nonce, &ciphertext].concat())
    }

    /// Decrypts what [`seal`](Self::seal) stored for the same owner.
    ///
    /// # Errors
    ///
    /// [`NotOpened`] when the key, the owner or a bit of the stored bytes is another one.
    pub fn open(
        &self,
        owner: impl Into<Owner>,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, NotOpened> {
        let owner = owner.into();
        let keys = || [&self.sealing].into_iter().chain(&self.older);
        let named = keys().find(|key| sealed.starts_with(&key.id));
        let opened = named.map(|key| key.open(&owner, &sealed[ID_LEN..]));
        if let Some(Ok(secret)) = opened {
            return Ok(secret);
        }
        // What was sealed before a key was named there.
        keys()
            .find_map(|key| key.open(&owner, sealed).ok())
            .ok_or(NotOpened)
    }

    /// Whether the first key opens it.
    #[must_use]
    pub fn is_sealed_with_first(&self, owner: impl Into<Owner>, sealed: &[u8]) -> bool {
        let first = Self {
            sealing: self.sealing.clone(),
            older: Vec::new(),
        };
        first.open(owner, sealed).is_ok()
    }
}

/// Shows nothing of the keys.
impl fmt::Debug for MasterKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MasterKeys")
            .field("older", &self.older.len())
            .finish_non_exhaustive()
    }
}

#[derive(Clone)]
struct MasterKey {
    id: [u8; ID_LEN],
    cipher: XChaCha20Poly1305,
}

impl MasterKey {
    fn parse(digits: &str) -> Result<Self, MalformedMasterKey> {
        let mut key = Zeroizing::new([0; 32]);
        let digits = digits.trim_ascii();
        if digits.len() != 64 {
            return Err(MalformedMasterKey);
        }
        hex::decode_to_slice(digits, key.as_mut()).map_err(|_| MalformedMasterKey)?;
        let digest = Sha256::new()
            .chain_update(ID_DOMAIN)
            .chain_update(key.as_slice());
        let mut id = [0; ID_LEN];
        id.copy_from_slice(&digest.finalize()[..ID_LEN]);
        Ok(Self {
            id,
            cipher: XChaCha20Poly1305::new((&*key).into()),
        })
    }

    /// Opens what stands behind the name of the key.
    fn open(&self, owner: &Owner, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, NotOpened> {
        let (nonce, ciphertext) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(NotOpened)?;
        let payload = Payload {
            msg: ciphertext,
            aad: &owner.0,
        };
        self.cipher
            .decrypt(nonce.into(), payload)
            .map(Zeroizing::new)
            .map_err(|_| NotOpened)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGITS: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    fn key() -> MasterKeys {
        MasterKeys::parse(DIGITS).unwrap()
    }

    fn others() -> String {
        DIGITS.replace("00", "ff")
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
    fn a_sealed_token_key_opens_for_its_organization_and_kid_alone() {
        let organization = Uuid::now_v7();
        let sealed = key().seal((organization, "9f2c41aa"), b"itk_").unwrap();
        let open = |owner: Owner| key().open(owner, &sealed);
        assert_eq!(*open((organization, "9f2c41aa").into()).unwrap(), b"itk_");
        for owner in [
            (organization, "9f2c41ab").into(),
            (Uuid::now_v7(), "9f2c41aa").into(),
            organization.into(),
        ] {
            assert_eq!(open(owner), Err(NotOpened));
        }
    }

    #[test]
    fn a_sealed_secret_does_not_open_with_another_key() {
        let organization = Uuid::now_v7();
        let sealed = key().seal(organization, b"s3cret").unwrap();
        let other = MasterKeys::parse(&others()).unwrap();
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
    fn the_first_key_seals_and_every_key_opens() {
        let organization = Uuid::now_v7();
        let both = MasterKeys::parse(&format!("{},{DIGITS}", others())).unwrap();
        for (keys, is_first) in [(key(), false), (both.clone(), true)] {
            let sealed = keys.seal(organization, b"s3cret").unwrap();
            assert_eq!(*both.open(organization, &sealed).unwrap(), b"s3cret");
            assert_eq!(both.is_sealed_with_first(organization, &sealed), is_first);
        }
        let sealed = both.seal(organization, b"s3cret").unwrap();
        assert_eq!(key().open(organization, &sealed), Err(NotOpened));
    }

    #[test]
    fn what_was_sealed_before_keys_were_named_opens() {
        let organization = Uuid::now_v7();
        let unnamed = &key().seal(organization, b"s3cret").unwrap()[ID_LEN..];
        let both = MasterKeys::parse(&format!("{},{DIGITS}", others())).unwrap();
        for (keys, is_first) in [(key(), true), (both, false)] {
            assert_eq!(*keys.open(organization, unnamed).unwrap(), b"s3cret");
            assert_eq!(keys.is_sealed_with_first(organization, unnamed), is_first);
        }
    }

    #[test]
    fn the_name_of_a_key_is_neither_its_digest_nor_a_part_of_it() {
        let bytes = hex::decode(DIGITS).unwrap();
        let id = key().sealing.id;
        assert_ne!(id, Sha256::digest(&bytes)[..ID_LEN]);
        assert!(
            !bytes
                .windows(2)
                .any(|pair| id.windows(2).any(|other| pair == other))
        );
    }

    #[test]
    fn keys_stand_behind_commas_or_on_lines() {
        for (text, count) in [
            (format!("{DIGITS}\n"), 1),
            (format!("{DIGITS}\r\n"), 1),
            (DIGITS.to_uppercase(), 1),
            (format!("{DIGITS},{}", others()), 2),
            (format!("{DIGITS}, {}\n", others()), 2),
            (format!("{DIGITS}\n{}\n", others()), 2),
            (format!("{DIGITS}\r\n{}\r\n", others()), 2),
        ] {
            let keys = MasterKeys::parse(&text).unwrap();
            assert_eq!(1 + keys.older.len(), count, "{text:?}");
        }
        for text in [
            "",
            "0x",
            ",",
            &DIGITS[1..],
            &format!("{DIGITS}00"),
            &format!(" {}", &DIGITS[1..]),
            &format!("{DIGITS},"),
            &format!("{DIGITS}\n\n{DIGITS}"),
            &format!("{DIGITS} {DIGITS}"),
            &DIGITS.replace('f', "g"),
        ] {
            assert_eq!(
                MasterKeys::parse(text).unwrap_err(),
                MalformedMasterKey,
                "{text:?}"
            );
        }
    }
}
