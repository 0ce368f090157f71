//! Verifying: an id and 64 hexadecimal digits in, a verdict out. A peer reads the digits with the
//! crate `hex`.

use std::hint::black_box;

use hmac::{Hmac, Mac};
use identity_hmac::verify_identity_hmac;
use openssl::memcmp;
use openssl::pkey::{PKey, Private};
use sha2::Sha256;

use crate::SECRET;
use crate::rounds::Contender;
use crate::sign::{aws_lc_key, by_openssl, hmac_key, openssl_key, our_key, ring_key};

/// With a key that was made before. Beside the peers stands what signing alone takes.
pub fn prepared<'a>(id: &'a [u8], digits: &'a str, hit: bool) -> Vec<Contender<'a, bool>> {
    let (ours, ours_to_sign, hmac) = (our_key(), our_key(), hmac_key());
    let (ring, aws_lc, openssl) = (ring_key(), aws_lc_key(), openssl_key());
    let mut contenders = vec![
        Contender::new("identity-hmac", move || {
            ours.verify(black_box(id), black_box(digits)).is_ok()
        }),
        Contender::new("ring", move || by_ring(&ring, id, digits)),
        Contender::new("aws-lc-rs", move || by_aws_lc(&aws_lc, id, digits)),
        Contender::new("openssl", move || verify_by_openssl(&openssl, id, digits)),
        Contender::new("hmac", move || by_hmac(&hmac, id, digits)),
    ];
    check(&mut contenders, hit);
    contenders.push(Contender::new("identity-hmac, signing alone", move || {
        black_box(ours_to_sign.sign(black_box(id))).is_ok()
    }));
    contenders
}

/// With the secret alone.
pub fn one_call<'a>(id: &'a [u8], digits: &'a str) -> Vec<Contender<'a, bool>> {
    let mut contenders = vec![
        Contender::new("identity-hmac", move || {
            verify_identity_hmac(black_box(id), black_box(digits), black_box(SECRET)).is_ok()
        }),
        Contender::new("ring", move || by_ring(&ring_key(), id, digits)),
        Contender::new("aws-lc-rs", move || by_aws_lc(&aws_lc_key(), id, digits)),
        Contender::new("openssl", move || {
            verify_by_openssl(&openssl_key(), id, digits)
        }),
        Contender::new("hmac", move || by_hmac(&hmac_key(), id, digits)),
    ];
    check(&mut contenders, true);
    contenders
}

fn by_ring(key: &ring::hmac::Key, id: &[u8], digits: &str) -> bool {
    ring::hmac::verify(key, black_box(id), &decode(digits)).is_ok()
}

fn by_aws_lc(key: &aws_lc_rs::hmac::Key, id: &[u8], digits: &str) -> bool {
    aws_lc_rs::hmac::verify(key, black_box(id), &decode(digits)).is_ok()
}

fn verify_by_openssl(key: &PKey<Private>, id: &[u8], digits: &str) -> bool {
    memcmp::eq(&by_openssl(key, black_box(id)), &decode(digits))
}

fn by_hmac(key: &Hmac<Sha256>, id: &[u8], digits: &str) -> bool {
    let expected = key.clone().chain_update(black_box(id));
    expected.verify_slice(&decode(digits)).is_ok()
}

fn decode(digits: &str) -> [u8; 32] {
    let mut tag = [0; 32];
    hex::decode_to_slice(black_box(digits), &mut tag).expect("64 digits");
    tag
}

fn check(contenders: &mut [Contender<'_, bool>], hit: bool) {
    for (name, verdict) in contenders.iter_mut().map(Contender::result) {
        assert!(verdict == hit, "{name} judges otherwise");
    }
}
