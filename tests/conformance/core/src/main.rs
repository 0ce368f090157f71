//! Signs and verifies the conformance cases with the core, and prints what came out.
//!
//! Usage: `conformance-core FOLDER`
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::Path;

use identity_hmac::{IdentityKey, generate_identity_hmac, verify_identity_hmac};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

fn main() {
    let folder = std::env::args_os().nth(1).unwrap();
    let folder = Path::new(&folder);
    let result = json!({
        "lines": digest(folder, "lines.jsonl", |visitor_id, secret| {
            IdentityKey::new(secret).unwrap().sign(visitor_id).unwrap().to_hex()
        }),
        "raw": digest(folder, "raw.jsonl", |visitor_id, secret| {
            generate_identity_hmac(visitor_id, secret).unwrap().to_hex()
        }),
        "malformed": malformed(folder),
    });
    println!("{result}");
}

/// The SHA-256 of all signatures, each followed by a line feed.
fn digest(folder: &Path, file: &str, sign: impl Fn(&[u8], &[u8]) -> String) -> String {
    let mut all = Sha256::new();
    for case in cases(folder, file) {
        let hmac = sign(
            &input(&case, "visitor_id").unwrap(),
            &input(&case, "secret").unwrap(),
        );
        all.update(hmac + "\n");
    }
    hex::encode(all.finalize())
}

/// How many candidates were asked, and the numbers of those whose answer was wrong.
fn malformed(folder: &Path) -> Value {
    let mut asked = 0;
    let mut wrong = Vec::new();
    for (number, case) in cases(folder, "malformed.jsonl").enumerate() {
        // What is neither text nor bytes cannot be passed in Rust.
        let Some(hmac) = input(&case, "hmac") else {
            continue;
        };
        let (visitor_id, secret) = (
            input(&case, "visitor_id").unwrap(),
            input(&case, "secret").unwrap(),
        );
        let accepted = case["accepted"] == true;
        let key = IdentityKey::new(&secret).unwrap();
        if key.verify(&visitor_id, &hmac).is_ok() != accepted
            || verify_identity_hmac(&visitor_id, &hmac, &secret).is_ok() != accepted
        {
            wrong.push(number);
        }
        asked += 1;
    }
    json!({ "asked": asked, "wrong": wrong })
}

/// The cases of a file that Rust can read as text: JSON with a lone surrogate is not.
fn cases(folder: &Path, file: &str) -> impl Iterator<Item = Value> {
    let lines = fs::read_to_string(folder.join(file)).unwrap();
    let cases: Vec<Value> = lines
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    cases.into_iter()
}

/// The bytes of an input, or `None` if it is neither text nor bytes.
fn input(case: &Value, name: &str) -> Option<Vec<u8>> {
    if let Some(digits) = case.get(format!("{name}_hex")) {
        return Some(hex::decode(digits.as_str().unwrap()).unwrap());
    }
    case[name].as_str().map(|text| text.as_bytes().to_vec())
}
