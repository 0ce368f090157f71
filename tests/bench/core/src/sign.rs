//! Signing: an id in, the 32 bytes of its HMAC out.

use std::hint::black_box;

use hmac::{Hmac, KeyInit, Mac};
use identity_hmac::{IdentityHmac, IdentityKey, generate_identity_hmac};
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::sign::Signer;
use sha2::Sha256;

use crate::SECRET;
use crate::floor::{bare_compressions, message_blocks, nested_compressions};
use crate::rounds::Contender;

/// Compressions of SHA-256 that take a secret of at most 64 bytes into a key.
const KEY_BLOCKS: usize = 2;

/// With a key that was made before.
pub fn prepared(id: &[u8]) -> Vec<Contender<'_, IdentityHmac>> {
    let (ours, hmac) = (our_key(), hmac_key());
    let (ring, aws_lc, openssl) = (ring_key(), aws_lc_key(), openssl_key());
    let mut contenders = vec![
        Contender::new("identity-hmac", move || {
            ours.sign(black_box(id)).expect("an id")
        }),
        Contender::new("ring", move || by_ring(&ring, black_box(id))),
        Contender::new("aws-lc-rs", move || by_aws_lc(&aws_lc, black_box(id))),
        Contender::new("openssl", move || {
            by_openssl(&openssl, black_box(id)).into()
        }),
        Contender::new("hmac", move || by_hmac(&hmac, black_box(id))),
    ];
    check(&mut contenders);
    contenders.push(bare_compressions(message_blocks(id) + 1));
    contenders.push(nested_compressions(message_blocks(id)));
    contenders
}

/// Ours alone, with a key that was made before.
pub fn ours(id: Vec<u8>) -> Contender<'static, IdentityHmac> {
    let key = our_key();
    Contender::new(format!("identity-hmac, {} bytes", id.len()), move || {
        key.sign(black_box(&id)).expect("an id")
    })
}

/// With the secret alone.
pub fn one_call(id: &[u8]) -> Vec<Contender<'_, IdentityHmac>> {
    let mut contenders = vec![
        Contender::new("identity-hmac", move || {
            generate_identity_hmac(black_box(id), black_box(SECRET)).expect("an id and a secret")
        }),
        Contender::new("ring", move || by_ring(&ring_key(), black_box(id))),
        Contender::new("aws-lc-rs", move || by_aws_lc(&aws_lc_key(), black_box(id))),
        Contender::new("openssl", move || {
            by_openssl(&openssl_key(), black_box(id)).into()
        }),
        Contender::new("hmac", move || by_hmac(&hmac_key(), black_box(id))),
    ];
    check(&mut contenders);
    contenders.push(bare_compressions(message_blocks(id) + 1 + KEY_BLOCKS));
    contenders
}

pub fn our_key() -> IdentityKey {
    IdentityKey::new(black_box(SECRET)).expect("a secret")
}

pub fn ring_key() -> ring::hmac::Key {
    ring::hmac::Key::new(ring::hmac::HMAC_SHA256, black_box(SECRET))
}

pub fn aws_lc_key() -> aws_lc_rs::hmac::Key {
    aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, black_box(SECRET))
}

pub fn openssl_key() -> PKey<Private> {
    PKey::hmac(black_box(SECRET)).expect("OpenSSL takes any key")
}

pub fn hmac_key() -> Hmac<Sha256> {
    Hmac::new_from_slice(black_box(SECRET)).expect("HMAC takes any key")
}

fn by_ring(key: &ring::hmac::Key, id: &[u8]) -> IdentityHmac {
    from_slice(ring::hmac::sign(key, id).as_ref())
}

fn by_aws_lc(key: &aws_lc_rs::hmac::Key, id: &[u8]) -> IdentityHmac {
    from_slice(aws_lc_rs::hmac::sign(key, id).as_ref())
}

pub fn by_openssl(key: &PKey<Private>, id: &[u8]) -> [u8; 32] {
    let mut tag = [0; 32];
    Signer::new(MessageDigest::sha256(), key)
        .and_then(|mut signer| signer.sign_oneshot(&mut tag, id))
        .expect("OpenSSL signs");
    tag
}

fn by_hmac(key: &Hmac<Sha256>, id: &[u8]) -> IdentityHmac {
    let tag: [u8; 32] = key.clone().chain_update(id).finalize().into_bytes().into();
    tag.into()
}

fn from_slice(tag: &[u8]) -> IdentityHmac {
    let tag: [u8; 32] = tag.try_into().expect("32 bytes");
    tag.into()
}

fn check(contenders: &mut [Contender<'_, IdentityHmac>]) {
    let mut results = contenders.iter_mut().map(Contender::result);
    let (_, ours) = results.next().expect("ours is the first");
    for (name, tag) in results {
        assert!(tag == ours, "{name} signs otherwise");
    }
}
