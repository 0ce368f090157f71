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

use identity_hmac::attributes::Patch;
use identity_hmac::{
    IdentityClaims, IdentityKey, InputError, TokenKey, generate_identity_hmac, verify_identity_hmac,
};
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
        "tokens": tokens(folder),
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

/// The SHA-256 of all tokens, each followed by a line feed, or the error's code where there is no token.
fn tokens(folder: &Path) -> String {
    let mut all = Sha256::new();
    for case in cases(folder, "tokens.jsonl") {
        let token = token(&case).unwrap_or_else(|error| error.code().to_owned());
        all.update(token + "\n");
    }
    hex::encode(all.finalize())
}

fn token(case: &Value) -> Result<String, InputError> {
    let text = |name: &str| case[name].as_str().unwrap();
    let patch = |value: &Value| value.as_str().map_or(Patch::Clear, Patch::from);
    let mut claims = IdentityClaims::new(text("visitor_id"), text("external_id"));
    if let Some(name) = case.get("name") {
        claims = claims.name(patch(name));
    }
    if let Some(email) = case.get("email") {
        claims = claims.email(patch(email));
    }
    if let Some(metadata) = case.get("metadata") {
        claims = claims.metadata_json(&metadata.to_string())?;
    }
    if case.get("audience").is_some() {
        claims = claims.audience(text("audience"));
    }
    if let Some(seconds) = case.get("expires_in") {
        claims = claims.expires_in(seconds.as_u64().unwrap());
    }
    TokenKey::parse(text("key"))?.sign(&claims, case["now"].as_u64().unwrap())
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
