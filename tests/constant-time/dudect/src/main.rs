//! Times `verify`, of hmacs and of tokens, over candidates that differ from the right signature
//! early or late, and beside it a comparison that stops at the first difference.

#![expect(clippy::expect_used, reason = "all that is signed is made here")]

use std::hint::black_box;

use base64ct::{Base64UrlUnpadded, Encoding};
use dudect_bencher::rand::{Rng, RngExt};
use dudect_bencher::{BenchRng, Class, CtRunner, ctbench_main};
use identity_hmac::{IdentityClaims, IdentityKey, TokenKey, TokenKeyring};

const SAMPLES: usize = 1_000_000;
const TAG_LEN: usize = 32;

struct Sample<T> {
    class: Class,
    candidate: T,
}

/// Makes a candidate from the right tag, given the class that it belongs to.
type Forge = fn(&[u8; TAG_LEN], Class, &mut BenchRng) -> [u8; TAG_LEN];

/// One byte is wrong: the first (left) or the last (right).
fn one_byte(right: &[u8; TAG_LEN], class: Class, rng: &mut BenchRng) -> [u8; TAG_LEN] {
    let place = match class {
        Class::Left => 0,
        Class::Right => TAG_LEN - 1,
    };
    let mut candidate = *right;
    candidate[place] ^= rng.random_range(1..=u8::MAX);
    candidate
}

/// The beginning is right and the rest random: none of it (left), or 1 to 31 bytes (right).
fn prefix(right: &[u8; TAG_LEN], class: Class, rng: &mut BenchRng) -> [u8; TAG_LEN] {
    let len = match class {
        Class::Left => 0,
        Class::Right => rng.random_range(1..TAG_LEN),
    };
    let mut candidate = *right;
    candidate[len] ^= rng.random_range(1..=u8::MAX);
    rng.fill_bytes(&mut candidate[len + 1..]);
    candidate
}

/// Every sample is of a visitor of its own. So candidates of both classes are equally random by
/// themselves, and differ in nothing but how they relate to the right tag.
fn samples<T>(
    rng: &mut BenchRng,
    candidate: impl Fn([u8; 16], Class, &mut BenchRng) -> T,
) -> Vec<Sample<T>> {
    let sample = || {
        let class = if rng.random() {
            Class::Left
        } else {
            Class::Right
        };
        let candidate = candidate(rng.random(), class, rng);
        Sample { class, candidate }
    };
    std::iter::repeat_with(sample).take(SAMPLES).collect()
}

/// Times `verify` on each sample, and says how many there were.
fn time<T>(runner: &mut CtRunner, samples: &[Sample<T>], verify: impl Fn(&T) -> bool) {
    for sample in samples {
        runner.run_one(sample.class, || verify(&sample.candidate));
    }
    print!("{} samples", samples.len());
}

/// What `verify` must not do: stop at the first difference.
fn is_same_by_early_exit(expected: [u8; TAG_LEN], candidate: [u8; TAG_LEN]) -> bool {
    // Each step behind a barrier, or the compiler would compare all bytes at once.
    let same = |(a, b): (&u8, &u8)| black_box(a == b);
    expected.iter().zip(&candidate).all(same)
}

/// A visitor id, and an hmac that does not fit it.
type Hmac = ([u8; 16], [u8; 2 * TAG_LEN]);

fn time_hmac(
    runner: &mut CtRunner,
    rng: &mut BenchRng,
    forge: Forge,
    verify: fn(&IdentityKey, &Hmac) -> bool,
) {
    let key = IdentityKey::new("s3cret").expect("the secret is not empty");
    let samples = samples(rng, |visitor_id, class, rng| {
        let candidate = forge(&tag(&key, &visitor_id), class, rng);
        let mut digits = [0; 2 * TAG_LEN];
        hex::encode_to_slice(candidate, &mut digits).expect("two digits for each byte");
        (visitor_id, digits)
    });
    time(runner, &samples, |sample| verify(&key, sample));
}

fn tag(key: &IdentityKey, visitor_id: &[u8]) -> [u8; TAG_LEN] {
    key.sign(visitor_id).expect("the id is not empty").into()
}

fn verify(key: &IdentityKey, (visitor_id, hmac): &Hmac) -> bool {
    key.verify(visitor_id, &hmac[..]).is_ok()
}

fn early_exit(key: &IdentityKey, (visitor_id, hmac): &Hmac) -> bool {
    let candidate = hex::decode_to_array(hmac).expect("64 hexadecimal digits");
    is_same_by_early_exit(tag(key, visitor_id), candidate)
}

/// A token without its signature, one that does not fit it, and the two as one text.
struct Token {
    signed: String,
    signature: [u8; TAG_LEN],
    text: String,
}

const TOKEN_KEY: &str =
    "itk_9f2c41aa_c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00";
const NOW: u64 = 1_764_000_000;

fn time_token(
    runner: &mut CtRunner,
    rng: &mut BenchRng,
    forge: Forge,
    verify: fn(&TokenKeyring, &Token) -> bool,
) {
    let key = TokenKey::parse(TOKEN_KEY).expect("a token key");
    let samples = samples(rng, |visitor_id, class, rng| {
        let claims = IdentityClaims::new(hex::encode(visitor_id), "user_123");
        let token = key.sign(&claims, NOW).expect("claims in the limits");
        let (signed, _) = token.rsplit_once('.').expect("three parts");
        let signature = forge(&token_tag(signed), class, rng);
        let text = format!("{signed}.{}", Base64UrlUnpadded::encode_string(&signature));
        let signed = signed.to_owned();
        Token {
            signed,
            signature,
            text,
        }
    });
    let keyring = TokenKeyring::new(key);
    time(runner, &samples, |token| verify(&keyring, token));
}

/// The right signature of a token, whose whole key is HMAC's.
fn token_tag(signed: &str) -> [u8; TAG_LEN] {
    let key = IdentityKey::new(TOKEN_KEY).expect("the key is not empty");
    tag(&key, signed.as_bytes())
}

fn verify_token(keyring: &TokenKeyring, token: &Token) -> bool {
    keyring.verify(&token.text, "", None, NOW).is_ok()
}

/// The whole of `verify`, and a comparison that stops early after it.
fn early_exit_of_token(keyring: &TokenKeyring, token: &Token) -> bool {
    verify_token(keyring, token) | is_same_by_early_exit(token_tag(&token.signed), token.signature)
}

fn verify_one_byte(runner: &mut CtRunner, rng: &mut BenchRng) {
    time_hmac(runner, rng, one_byte, verify);
}

fn verify_prefix(runner: &mut CtRunner, rng: &mut BenchRng) {
    time_hmac(runner, rng, prefix, verify);
}

fn control_one_byte(runner: &mut CtRunner, rng: &mut BenchRng) {
    time_hmac(runner, rng, one_byte, early_exit);
}

fn control_prefix(runner: &mut CtRunner, rng: &mut BenchRng) {
    time_hmac(runner, rng, prefix, early_exit);
}

fn verify_token_one_byte(runner: &mut CtRunner, rng: &mut BenchRng) {
    time_token(runner, rng, one_byte, verify_token);
}

fn verify_token_prefix(runner: &mut CtRunner, rng: &mut BenchRng) {
    time_token(runner, rng, prefix, verify_token);
}

fn control_token_one_byte(runner: &mut CtRunner, rng: &mut BenchRng) {
    time_token(runner, rng, one_byte, early_exit_of_token);
}

fn control_token_prefix(runner: &mut CtRunner, rng: &mut BenchRng) {
    time_token(runner, rng, prefix, early_exit_of_token);
}

ctbench_main!(
    verify_one_byte,
    verify_prefix,
    control_one_byte,
    control_prefix,
    verify_token_one_byte,
    verify_token_prefix,
    control_token_one_byte,
    control_token_prefix
);
