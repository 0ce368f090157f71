//! What the command tells about itself.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use predicates::prelude::PredicateBooleanExt;
use predicates::str::{contains, is_empty};

use common::{VISITOR_1, identity_hmac, with_secret};

const SUBCOMMANDS: [&str; 6] = ["keygen", "sign", "verify", "token", "doctor", "completions"];
/// Those within another one.
const INNER: [&str; 3] = ["token sign", "token verify", "doctor token"];

#[test]
fn help_names_every_subcommand_and_every_exit_code() {
    let mut assert = identity_hmac().arg("--help").assert().success();
    for subcommand in SUBCOMMANDS {
        assert = assert.stdout(contains(format!("\n  {subcommand}")));
    }
    for code in [0, 1, 2, 3, 141] {
        assert = assert.stdout(contains(format!("\n  {code}  ")));
    }
    assert.stderr(is_empty());
}

#[test]
fn every_subcommand_has_help_with_examples() {
    for subcommand in SUBCOMMANDS.iter().chain(&INNER) {
        for help in [format!("{subcommand} --help"), format!("help {subcommand}")] {
            identity_hmac()
                .args(help.split(' '))
                .assert()
                .success()
                .stdout(contains("Examples:"))
                .stdout(contains(format!("identity-hmac {subcommand}")));
        }
    }
}

#[test]
fn the_version_is_the_packages() {
    identity_hmac()
        .arg("--version")
        .assert()
        .success()
        .stdout(concat!("identity-hmac ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn wrong_usage_exits_with_2_and_says_where_help_is() {
    for args in [
        &[][..],
        &["encrypt"],
        &["sign", "--no-such-option"],
        &["verify", "visitor_1"],
    ] {
        with_secret()
            .args(args)
            .assert()
            .code(2)
            .stdout(is_empty())
            .stderr(contains("--help"));
    }
}

#[test]
fn help_among_other_arguments_is_never_taken_for_a_success() {
    for hmac in ["--help", "-h"] {
        with_secret()
            .args(["verify", "visitor_1", hmac])
            .assert()
            .code(2);
        with_secret()
            .args(["verify", "--", "visitor_1", hmac])
            .assert()
            .code(1);
    }
}

#[test]
fn a_secret_cannot_be_given_as_an_argument() {
    for option in ["--secret=s3cret", "--secret"] {
        identity_hmac()
            .args(["sign", option, "s3cret", "visitor_1"])
            .assert()
            .code(2)
            .stdout(contains(VISITOR_1).not())
            .stderr(contains("--secret-file").and(contains("s3cret").not()));
    }
}

#[test]
fn there_are_completions_for_every_shell() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let mut assert = identity_hmac()
            .args(["completions", shell])
            .assert()
            .success();
        for subcommand in SUBCOMMANDS {
            assert = assert.stdout(contains(subcommand));
        }
    }
}
