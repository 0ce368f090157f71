//! Signing and verifying beside `ring`, `aws-lc-rs`, `openssl`, `hmac` and the bare hash, and
//! identity tokens beside `jsonwebtoken`.
//!
//! Prints one line of JSON for each contender of a case: its name and a rate for every round.

mod floor;
mod rounds;
mod sign;
mod token;
mod verify;

use std::str::FromStr;

use cargo_lock::Lockfile;
use serde_json::{Map, Value, json};

use rounds::Contender;
use token::Size;

/// As long as the ones that `generate_secret` makes.
const SECRET: &[u8] = b"4f1c0a9be2d35867774f1c0a9be2d35867774f1c0a9be2d35867774f1c0a9be2";
/// Bytes of a visitor id: short, a UUID, a prefixed UUID, a hash in hexadecimal digits, absurd.
const ID_LENGTHS: [usize; 5] = [8, 36, 44, 64, 1000];
/// Longer than any that a chat gives, to show how the time grows.
const LONGER: [usize; 2] = [10_000, 100_000];
const PEERS: [&str; 8] = [
    "aws-lc-rs",
    "const-hex",
    "hex",
    "hmac",
    "jsonwebtoken",
    "openssl",
    "ring",
    "sha2",
];

fn main() -> Result<(), cargo_lock::Error> {
    println!("{}", json!({ "versions": versions()? }));
    let lengths = ID_LENGTHS.into_iter().chain(LONGER);
    report(
        "sign, prepared, as the id grows",
        lengths.map(|length| sign::ours(id(length))).collect(),
    );
    for length in ID_LENGTHS {
        let id = id(length);
        report(
            &format!("sign, prepared, {length} bytes"),
            sign::prepared(&id),
        );
        report(
            &format!("sign, one call, {length} bytes"),
            sign::one_call(&id),
        );
        let right = sign::our_key().sign(&id).expect("an id").to_hex();
        for (candidate, digits) in [
            ("hit", &right),
            ("miss in the first digit", &changed(&right, 0)),
            ("miss in the last digit", &changed(&right, right.len() - 1)),
        ] {
            let case = format!("verify, prepared, {candidate}, {length} bytes");
            report(&case, verify::prepared(&id, digits, *digits == right));
        }
        report(
            &format!("verify, one call, hit, {length} bytes"),
            verify::one_call(&id, &right),
        );
    }
    for (kind, size) in [("minimal", Size::Minimal), ("all claims", Size::Full)] {
        report(&format!("sign a token, {kind}"), token::sign(size));
        report(&format!("verify a token, {kind}"), token::verify(size));
    }
    Ok(())
}

fn versions() -> Result<Map<String, Value>, cargo_lock::Error> {
    let lock = Lockfile::from_str(include_str!("../Cargo.lock"))?;
    let peers = lock
        .packages
        .iter()
        .filter(|package| PEERS.contains(&package.name.as_str()));
    Ok(peers
        .map(|package| (package.name.to_string(), package.version.to_string().into()))
        .collect())
}

fn id(length: usize) -> Vec<u8> {
    (b'0'..=b'9').cycle().take(length).collect()
}

/// The same signature with another digit at `index`.
fn changed(digits: &str, index: usize) -> String {
    let other = if digits.as_bytes()[index] == b'0' {
        "1"
    } else {
        "0"
    };
    let mut changed = digits.to_owned();
    changed.replace_range(index..=index, other);
    changed
}

fn report<T>(case: &str, contenders: Vec<Contender<'_, T>>) {
    // The cases with this text in their name are run.
    let wanted = std::env::var("BENCH_CASE").unwrap_or_default();
    if !case.contains(&wanted) {
        return;
    }
    eprintln!("{case}");
    for (contender, rates) in rounds::rates(contenders) {
        println!(
            "{}",
            json!({ "section": "core", "case": case, "contender": contender, "rate": rates })
        );
    }
}
