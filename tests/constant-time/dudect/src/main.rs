//! Times `verify` over candidates that differ from the right signature early or late, and beside
//! it a comparison that stops at the first difference.

#![expect(clippy::expect_used, reason = "all that is signed is made here")]

use std::hint::black_box;

use dudect_bencher::rand::{Rng, RngExt};
use dudect_bencher::{BenchRng, Class, CtRunner, ctbench_main};
use identity_hmac::IdentityKey;

const SAMPLES: usize = 1_000_000;
const TAG_LEN: usize = 32;

struct Sample {
    class: Class,
    visitor_id: [u8; 16],
    candidate: [u8; 2 * TAG_LEN],
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

/// Every sample has a visitor id of its own. So candidates of both classes are equally random by
/// themselves, and differ in nothing but how they relate to the right tag.
fn samples(key: &IdentityKey, forge: Forge, rng: &mut BenchRng) -> Vec<Sample> {
    let sample = || {
        let class = if rng.random() {
            Class::Left
        } else {
            Class::Right
        };
        let visitor_id: [u8; 16] = rng.random();
        let candidate = forge(&tag(key, &visitor_id), class, rng);
        let mut digits = [0; 2 * TAG_LEN];
        hex::encode_to_slice(candidate, &mut digits).expect("two digits for each byte");
        Sample {
            class,
            visitor_id,
            candidate: digits,
        }
    };
    std::iter::repeat_with(sample).take(SAMPLES).collect()
}

fn tag(key: &IdentityKey, visitor_id: &[u8]) -> [u8; TAG_LEN] {
    let hmac = key.sign(visitor_id).expect("the id is not empty");
    decode(hmac.encode_hex(&mut [0; 2 * TAG_LEN]).as_bytes())
}

fn decode(digits: &[u8]) -> [u8; TAG_LEN] {
    hex::decode_to_array(digits).expect("64 hexadecimal digits")
}

/// Times `verify` on each sample, and says how many there were.
fn time(
    runner: &mut CtRunner,
    rng: &mut BenchRng,
    forge: Forge,
    verify: fn(&IdentityKey, &Sample) -> bool,
) {
    let key = IdentityKey::new("s3cret").expect("the secret is not empty");
    let samples = samples(&key, forge, rng);
    for sample in &samples {
        runner.run_one(sample.class, || verify(&key, sample));
    }
    print!("{} samples", samples.len());
}

fn product(key: &IdentityKey, sample: &Sample) -> bool {
    key.verify(sample.visitor_id, &sample.candidate[..]).is_ok()
}

/// What `verify` must not do: stop at the first difference.
fn early_exit(key: &IdentityKey, sample: &Sample) -> bool {
    let expected = tag(key, &sample.visitor_id);
    let candidate = decode(&sample.candidate);
    // Each step behind a barrier, or the compiler would compare all bytes at once.
    let same = |(a, b): (&u8, &u8)| black_box(a == b);
    expected.iter().zip(&candidate).all(same)
}

fn verify_one_byte(runner: &mut CtRunner, rng: &mut BenchRng) {
    time(runner, rng, one_byte, product);
}

fn verify_prefix(runner: &mut CtRunner, rng: &mut BenchRng) {
    time(runner, rng, prefix, product);
}

fn control_one_byte(runner: &mut CtRunner, rng: &mut BenchRng) {
    time(runner, rng, one_byte, early_exit);
}

fn control_prefix(runner: &mut CtRunner, rng: &mut BenchRng) {
    time(runner, rng, prefix, early_exit);
}

ctbench_main!(
    verify_one_byte,
    verify_prefix,
    control_one_byte,
    control_prefix
);
