//! `identity-hmac doctor` as a black box: its arguments, its answer and its exit codes. What it
//! finds is tested where it is found, in the crate `identity-hmac-doctor`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::process::{Output, Stdio};

use predicates::str::{contains, is_empty};
use serde_json::{Value, json};

use common::{Folder, SECRET, VISITOR_1, hmac, identity_hmac, with_secret};

/// [`VISITOR_1`] in base64.
const IN_BASE64: &str = "A9K7MhgoDCir5XosCDfDemwpq81GXCXc9hoh3gwuC64=";

fn doctor(arguments: &[&str]) -> Output {
    with_secret()
        .arg("doctor")
        .args(arguments)
        .output()
        .unwrap()
}

#[test]
fn a_match_a_mistake_and_neither_have_an_exit_code_and_an_answer_each() {
    let wrong = hmac("somebody else");
    for (sent, exit, told) in [
        (VISITOR_1, 0, "The hmac matches."),
        (
            IN_BASE64,
            1,
            "[hmac_base64]\n  What to do: Write it in hexadecimal",
        ),
        (&wrong, 4, "none of the usual mistakes explains it"),
        (&wrong, 4, "Check next:"),
        (&wrong[..32], 4, "Note: Number of digits in the hmac: 32"),
    ] {
        let answer = doctor(&["visitor_1", sent]);
        assert_eq!(answer.status.code(), Some(exit));
        let text = String::from_utf8(answer.stdout).unwrap();
        assert!(text.contains(told), "{text}");
        assert!(!text.contains(SECRET) && !text.contains(VISITOR_1));
    }
}

#[test]
fn as_json_the_answer_is_one_object() {
    for (sent, exit, matches, codes) in [
        (VISITOR_1, 0, true, json!([])),
        (IN_BASE64, 1, false, json!(["hmac_base64"])),
        (&hmac("somebody else"), 4, false, json!([])),
    ] {
        let answer = doctor(&["visitor_1", sent, "--format", "json"]);
        assert_eq!(answer.status.code(), Some(exit));
        let object: Value = serde_json::from_slice(&answer.stdout).unwrap();
        let causes = object["causes"].as_array().unwrap().iter();
        let found: Vec<_> = causes.map(|cause| cause["code"].clone()).collect();
        assert_eq!((&object["matches"], json!(found)), (&json!(matches), codes));
        assert_eq!(object["hints"], json!([]));
    }
}

#[test]
fn a_mistyped_option_is_wrong_usage_and_not_an_id() {
    for arguments in [
        ["--frmat", "visitor_1"].as_slice(),
        &["--frmat", "visitor_1", VISITOR_1],
        &["visitor_1", "--frmat"],
        &["visitor_1", VISITOR_1, "--also", "--format", "json"],
        &["visitor_1"],
    ] {
        let answer = doctor(arguments);
        assert_eq!(answer.status.code(), Some(2), "{arguments:?}");
        assert!(answer.stdout.is_empty());
    }
}

#[test]
fn behind_two_hyphens_an_id_and_an_hmac_may_begin_with_one() {
    let sent = format!("-{VISITOR_1}");
    let answer = doctor(&["--format", "json", "--also=-1", "--", "--frmat", &sent]);
    assert_eq!(answer.status.code(), Some(4));
}

#[test]
fn other_values_and_the_previous_secret_are_tried() {
    let answer = doctor(&["visitor_2", VISITOR_1, "--also", "x", "--also", "visitor_1"]);
    let text = String::from_utf8(answer.stdout).unwrap();
    assert!(text.contains("Number 2 of the other values was signed"));

    let folder = Folder::new();
    identity_hmac()
        .env("IDENTITY_SECRET", "n3w")
        .args(["doctor", "visitor_1", VISITOR_1, "--previous-secret-file"])
        .arg(folder.file("previous", SECRET))
        .assert()
        .code(1)
        .stdout(contains("[signed_with_previous_secret]"));
}

#[test]
fn a_reader_that_has_gone_does_not_make_the_exit_code_a_match() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let status = std::process::Command::new(env!("CARGO_BIN_EXE_identity-hmac"))
        .env("IDENTITY_SECRET", SECRET)
        .args(["doctor", "visitor_1", IN_BASE64])
        .stdout(Stdio::from(writer))
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(1));
}

#[test]
fn the_line_end_of_a_secret_file_counts_only_if_it_was_signed_with() {
    // printf visitor_1 | openssl dgst -sha256 -hmac $'s3cret\n'
    let with_line_end = "7f9694416cdd0f1b4ccfa1606f3c60a318dfc9ada55e1c82306a1b093c52e453";
    let folder = Folder::new();
    let file = folder.file("secret", format!("{SECRET}\n"));
    for (sent, exit, told) in [
        (VISITOR_1, 0, "matches"),
        (with_line_end, 1, "[secret_trailing_newline]"),
    ] {
        identity_hmac()
            .args(["doctor", "visitor_1", sent, "--secret-file"])
            .arg(&file)
            .assert()
            .code(exit)
            .stdout(contains(told));
    }
}

#[test]
fn a_missing_or_empty_secret_is_an_error_that_names_the_variable() {
    for secret in [None, Some("")] {
        let mut command = identity_hmac();
        if let Some(secret) = secret {
            command.env("IDENTITY_SECRET", secret);
        }
        command
            .args(["doctor", "visitor_1", VISITOR_1])
            .assert()
            .code(2)
            .stdout(is_empty())
            .stderr(contains("IDENTITY_SECRET"));
    }
}
