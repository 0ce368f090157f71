//! Every case of `tests/vectors/identity-hmac.json`, through the command.
//!
//! Secrets go in through files, since not all can stand in an environment variable. What can stand
//! on a line goes in as lines, in one run for each secret, and the rest as arguments. An id with
//! both a line end and a NUL can be verified, as JSON, but not signed.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use assert_cmd::Command;
use identity_hmac::IdentityKey;
use predicates::str::{contains, is_empty};
use serde_json::Value;

use common::{Folder, identity_hmac};

/// One case, whose inputs stand as text under their name or in hexadecimal under `<name>_hex`.
struct Case(Value);

impl Case {
    /// The bytes of an input; `None` where the case says null.
    fn nullable(&self, field: &str) -> Option<Vec<u8>> {
        if let Some(digits) = self.0.get(format!("{field}_hex")) {
            return Some(hex::decode(digits.as_str().unwrap()).unwrap());
        }
        match self.0.get(field) {
            Some(Value::String(text)) => Some(text.clone().into_bytes()),
            Some(Value::Null) => None,
            _ => panic!("{}: no {field}", self.0),
        }
    }

    fn bytes(&self, field: &str) -> Vec<u8> {
        self.nullable(field).unwrap()
    }

    fn text(&self, field: &str) -> String {
        String::from_utf8(self.bytes(field)).unwrap()
    }
}

/// The cases of one kind. A kind that no test below asks for is an error.
fn cases(kind: &str) -> Vec<Case> {
    const KINDS: [&str; 7] = [
        "valid",
        "accepted",
        "rejected",
        "refused",
        "keyring",
        "setting_accepted",
        "setting_refused",
    ];
    let document: Value = serde_json::from_str(include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/vectors/identity-hmac.json"
    )))
    .unwrap();
    let all = document["cases"].as_array().unwrap();
    for case in all {
        let kind = case["kind"].as_str().unwrap();
        assert!(KINDS.contains(&kind), "unknown kind of case: {kind}");
    }
    let found: Vec<_> = all
        .iter()
        .filter(|case| case["kind"] == kind)
        .map(|case| Case(case.clone()))
        .collect();
    assert!(!found.is_empty());
    found
}

fn by_secret(kinds: &[&str]) -> BTreeMap<Vec<u8>, Vec<Case>> {
    let mut groups = BTreeMap::<_, Vec<_>>::new();
    for case in kinds.iter().flat_map(|kind| cases(kind)) {
        groups.entry(case.bytes("secret")).or_default().push(case);
    }
    groups
}

/// The command with a file that gives exactly this secret: a text loses the line end at its end.
fn command(folder: &Folder, subcommand: &str, secret: &[u8]) -> Command {
    let mut content = secret.to_vec();
    if secret.ends_with(b"\n") && str::from_utf8(secret).is_ok() {
        content.push(b'\n');
    }
    let mut command = identity_hmac();
    command
        .args([subcommand, "--secret-file"])
        .arg(folder.file("secret", content));
    command
}

/// Whether the command signs with this secret, which it does not where text looks like a mistake.
fn is_usable(secret: &[u8]) -> bool {
    str::from_utf8(secret).is_err() || IdentityKey::from_setting("", Some(secret)).is_ok()
}

fn fits_on_a_line(bytes: &[u8]) -> bool {
    !bytes.contains(&b'\n') && !bytes.ends_with(b"\r")
}

fn fits_in_an_argument(bytes: &[u8]) -> bool {
    !bytes.contains(&0)
}

#[test]
fn valid_cases_are_signed_and_a_secret_that_looks_like_a_mistake_is_refused() {
    let folder = Folder::new();
    let mut signed = 0;
    for (secret, cases) in by_secret(&["valid"]) {
        if !is_usable(&secret) {
            command(&folder, "sign", &secret)
                .arg("visitor_1")
                .assert()
                .code(2)
                .stdout(is_empty());
            continue;
        }
        let (mut input, mut expected) = (Vec::new(), Vec::new());
        for case in cases {
            let (id, hmac) = (case.bytes("visitor_id"), case.text("hmac"));
            if fits_on_a_line(&id) {
                signed += 1;
                input.extend_from_slice(&[&*id, b"\n"].concat());
                expected.extend_from_slice(&[&*id, b"\t", hmac.as_bytes(), b"\n"].concat());
            } else if fits_in_an_argument(&id) {
                signed += 1;
                command(&folder, "sign", &secret)
                    .arg(OsStr::from_bytes(&id))
                    .assert()
                    .success()
                    .stdout(hmac + "\n");
            }
        }
        command(&folder, "sign", &secret)
            .write_stdin(input)
            .assert()
            .success()
            .stdout(expected);
    }
    assert!(signed > 90, "{signed}");
}

#[test]
fn valid_and_accepted_cases_are_verified_and_rejected_ones_fail() {
    let folder = Folder::new();
    for (secret, cases) in by_secret(&["valid", "accepted", "rejected"]) {
        if !is_usable(&secret) {
            continue;
        }
        let (mut input, mut expected) = (String::new(), Vec::new());
        for case in cases {
            let (id, hmac) = (case.bytes("visitor_id"), case.bytes("hmac"));
            let fits = case.0["kind"] != "rejected";
            if let Ok(hmac) = str::from_utf8(&hmac) {
                let line = serde_json::json!({ "id_hex": hex::encode(&id), "hmac": hmac });
                input += &line.to_string();
                input.push('\n');
                expected.push((if fits { "current" } else { "failed" }, case.0));
            } else {
                assert!(fits_in_an_argument(&id) && fits_in_an_argument(&hmac));
                command(&folder, "verify", &secret)
                    .arg("--")
                    .args([OsStr::from_bytes(&id), OsStr::from_bytes(&hmac)])
                    .assert()
                    .code(i32::from(!fits));
            }
        }
        let assert = command(&folder, "verify", &secret)
            .args(["--format", "json"])
            .write_stdin(input)
            .assert();
        let stdout = str::from_utf8(&assert.get_output().stdout).unwrap();
        assert_eq!(stdout.lines().count(), expected.len());
        for (line, (result, case)) in stdout.lines().zip(expected) {
            let line: Value = serde_json::from_str(line).unwrap();
            assert_eq!(line["result"], result, "{case}");
        }
    }
}

#[test]
fn refused_cases_are_errors_that_say_what_is_empty() {
    for case in cases("refused") {
        let mut command = identity_hmac();
        command
            .env("IDENTITY_SECRET", case.text("secret"))
            .args([case.text("operation"), case.text("visitor_id")]);
        if case.text("operation") == "verify" {
            command.arg(case.text("hmac"));
        }
        let message = match &*case.text("code") {
            "empty_secret" => "error: IDENTITY_SECRET is blank",
            "empty_visitor_id" => "error: the visitor id is empty",
            unknown => panic!("unknown code: {unknown}"),
        };
        command
            .assert()
            .code(2)
            .stdout(is_empty())
            .stderr(contains(message));
    }
}

#[test]
fn keyring_cases_say_which_secret_matched() {
    let folder = Folder::new();
    for case in cases("keyring") {
        let mut command = command(&folder, "verify", &case.bytes("current"));
        let previous = case.nullable("previous");
        if let Some(previous) = &previous {
            command
                .arg("--previous-secret-file")
                .arg(folder.file("previous", previous));
        }
        let assert = command
            .args([case.text("visitor_id"), case.text("hmac")])
            .assert();
        match (case.nullable("matched"), previous) {
            (None, _) => assert.code(1).stdout(is_empty()),
            (Some(_), None) => assert.success().stdout(is_empty()),
            (Some(_), Some(_)) => assert
                .success()
                .stdout(format!("matched: {}\n", case.text("matched"))),
        };
    }
}

#[test]
fn accepted_settings_sign_from_the_environment_and_from_a_file() {
    let folder = Folder::new();
    for case in cases("setting_accepted") {
        let mut by_env = identity_hmac();
        by_env
            .arg("sign")
            .env("IDENTITY_SECRET", case.text("value"));
        for mut command in [by_env, command(&folder, "sign", &case.bytes("value"))] {
            command
                .arg(case.text("visitor_id"))
                .assert()
                .success()
                .stdout(case.text("hmac") + "\n");
        }
    }
}

#[test]
fn refused_settings_are_errors_with_the_message_of_the_code() {
    let folder = Folder::new();
    for case in cases("setting_refused") {
        let value = case.nullable("value");
        let is_text = value
            .as_deref()
            .is_none_or(|value| str::from_utf8(value).is_ok());
        let refused = |mut command: Command, name: &str| {
            let error = IdentityKey::from_setting(name, value.as_deref()).unwrap_err();
            assert_eq!(error.code(), case.text("code"));
            command
                .arg("visitor_1")
                .assert()
                .code(2)
                .stdout(is_empty())
                .stderr(predicates::str::ends_with(format!("error: {error}\n")));
        };
        if value.as_deref().is_none_or(fits_in_an_argument) {
            let mut command = identity_hmac();
            command.arg("sign");
            if let Some(value) = &value {
                command.env("IDENTITY_SECRET", OsStr::from_bytes(value));
            }
            refused(command, "IDENTITY_SECRET");
        }
        if let Some(value) = &value
            && is_text
        {
            let command = command(&folder, "sign", value);
            let name = format!("the secret file {}", folder.path("secret").display());
            refused(command, &name);
        }
    }
}
