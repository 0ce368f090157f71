//! Where the secret comes from, which ones are refused, and that none is ever shown.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use predicates::prelude::PredicateBooleanExt;
use predicates::str::{contains, is_empty};

use common::{Folder, SECRET, VISITOR_1, identity_hmac, with_secret};

fn sign_with_file(path: &std::path::Path) -> assert_cmd::Command {
    let mut command = identity_hmac();
    command
        .args(["sign", "visitor_1", "--secret-file"])
        .arg(path);
    command
}

#[test]
fn without_a_secret_nothing_is_signed_or_verified() {
    for args in [
        &["sign", "visitor_1"][..],
        &["sign"],
        &["verify", "visitor_1", VISITOR_1],
        &["verify"],
        &["doctor", "visitor_1", VISITOR_1],
    ] {
        identity_hmac()
            .args(args)
            .assert()
            .code(2)
            .stdout(is_empty())
            .stderr(contains("IDENTITY_SECRET is not set"));
    }
}

#[test]
fn one_line_end_at_the_end_of_a_secret_file_is_dropped_and_said() {
    let folder = Folder::new();
    for line_end in ["\n", "\r\n"] {
        let path = folder.file("secret.txt", format!("{SECRET}{line_end}"));
        sign_with_file(&path)
            .assert()
            .success()
            .stdout(format!("{VISITOR_1}\n"))
            .stderr(format!(
                "note: dropped the line end at the end of the secret file {}\n",
                path.display()
            ));
    }
    let path = folder.file("secret.txt", SECRET);
    sign_with_file(&path)
        .assert()
        .success()
        .stdout(format!("{VISITOR_1}\n"))
        .stderr(is_empty());
}

#[test]
fn a_secret_file_is_otherwise_held_to_the_rules_of_a_setting() {
    let folder = Folder::new();
    for (content, fault) in [
        ("", "is blank"),
        ("\n", "is blank"),
        ("hunter2\n\n", "white space"),
        ("hunter2 ", "white space"),
        (" hunter2\n", "white space"),
        ("\u{feff}hunter2", "white space"),
        ("\"hunter2\"\n", "quotes"),
        ("hunter2\0", "NUL"),
    ] {
        let path = folder.file("secret.txt", content);
        sign_with_file(&path)
            .assert()
            .code(2)
            .stdout(is_empty())
            .stderr(contains(path.to_str().unwrap()))
            .stderr(contains(fault))
            .stderr(contains("hunter2").not());
    }
}

#[test]
fn a_secret_file_wins_over_the_environment() {
    let folder = Folder::new();
    let path = folder.file("secret.txt", SECRET);
    sign_with_file(&path)
        .env("IDENTITY_SECRET", "other")
        .assert()
        .success()
        .stdout(format!("{VISITOR_1}\n"));
}

#[test]
fn a_secret_file_of_bytes_that_are_not_text_is_a_key_as_it_is() {
    let folder = Folder::new();
    // Python: hmac.new(b"\x80 ", b"visitor_1", hashlib.sha256).hexdigest()
    let path = folder.file("secret.bin", b"\x80 ");
    sign_with_file(&path)
        .assert()
        .success()
        .stdout("d0da4051eb33721276e76aa979b9963952dc72b31bf8c10b26e9eaf112c4f0b2\n")
        .stderr(is_empty());
}

#[test]
fn a_secret_file_that_cannot_be_read_is_named() {
    let folder = Folder::new();
    for path in [folder.path("missing.txt"), folder.path(".")] {
        for option in ["--secret-file", "--previous-secret-file"] {
            with_secret()
                .args(["verify", "visitor_1", VISITOR_1, option])
                .arg(&path)
                .assert()
                .code(2)
                .stdout(is_empty())
                .stderr(contains("cannot read the secret file"))
                .stderr(contains(path.to_str().unwrap()));
        }
    }
}

#[test]
fn a_file_too_long_for_a_secret_is_refused() {
    let folder = Folder::new();
    let longest = folder.file("longest.txt", "k".repeat(64 * 1024));
    sign_with_file(&longest).assert().success();
    let longer = folder.file("longer.txt", "k".repeat(64 * 1024 + 1));
    sign_with_file(&longer)
        .assert()
        .code(2)
        .stderr(contains("longer than 64 KiB"));
}

#[test]
fn a_previous_secret_is_held_to_the_same_rules() {
    let folder = Folder::new();
    let path = folder.file("previous.txt", "0ld \n");
    with_secret()
        .args(["verify", "visitor_1", VISITOR_1, "--previous-secret-file"])
        .arg(&path)
        .assert()
        .code(2)
        .stderr(contains("white space"))
        .stderr(contains("0ld").not());
}

#[test]
fn no_message_ever_holds_the_secret() {
    let folder = Folder::new();
    for secret in ["hunter2", "hunter2 ", "\"hunter2\""] {
        let file = folder.file("secret.txt", secret);
        for args in [
            &["sign", "visitor_1", ""][..],
            &["sign", "--input", "missing"],
            &["sign", "visitor_1", "--output", "missing/file"],
            &["verify", "visitor_1", "forged"],
            &["verify", "visitor_1"],
        ] {
            let by_env = identity_hmac()
                .env("IDENTITY_SECRET", secret)
                .args(args)
                .assert();
            let by_file = identity_hmac()
                .args(args)
                .arg("--secret-file")
                .arg(&file)
                .assert();
            for assert in [by_env, by_file] {
                assert
                    .failure()
                    .stdout(is_empty())
                    .stderr(is_empty().or(contains("hunter2")).not());
            }
        }
    }
}
