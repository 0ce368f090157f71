//! `token` and `doctor token` as black boxes. What verifying and doctor find is tested in the crates
//! that find it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use predicates::prelude::PredicateBooleanExt;
use predicates::str::{contains, is_empty};
use serde_json::{Value, json};

use common::{Folder, SECRET, identity_hmac, with_secret};

const KEY: &str = "itk_9f2c41aa_a00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const OTHER_KEY: &str =
    "itk_00c0ffee_b00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const NOW: u64 = 1_764_000_000;
/// Anything secret in [`KEY`].
const DIGITS: &str = "a001020304";

fn with_key() -> assert_cmd::Command {
    let mut command = identity_hmac();
    command.env("IDENTITY_TOKEN_KEY", KEY);
    command
}

/// `token sign` at [`NOW`], with more arguments.
fn sign(more: &[&str]) -> assert_cmd::Command {
    let mut command = with_key();
    command
        .args(["token", "sign", "--at", "1764000000"])
        .args(["--visitor-id", "visitor_1", "--external-id", "user_123"])
        .args(more);
    command
}

fn token(more: &[&str]) -> String {
    let assert = sign(more).assert().success().stderr(is_empty());
    let line = String::from_utf8(assert.get_output().stdout.clone()).unwrap();
    line.strip_suffix('\n').unwrap().to_owned()
}

/// `token verify` at `now`.
fn verify(token: &str, now: u64, more: &[&str]) -> assert_cmd::Command {
    let mut command = with_key();
    command
        .args(["token", "verify", "--visitor-id", "visitor_1", "--at"])
        .arg(now.to_string())
        .args(more)
        .args(["--", token]);
    command
}

fn claims(command: &mut assert_cmd::Command) -> Value {
    let assert = command.assert().success().stderr(is_empty());
    serde_json::from_slice(&assert.get_output().stdout).unwrap()
}

#[test]
fn a_token_that_was_signed_is_verified_to_its_claims() {
    let required = json!({
        "sub": "user_123", "visitorId": "visitor_1", "iat": NOW, "exp": NOW + 300, "kid": "9f2c41aa",
    });
    assert_eq!(claims(&mut verify(&token(&[]), NOW, &[])), required);

    let all = token(&[
        "--name",
        "Jane Doe",
        "--email",
        "jane@example.com",
        "--metadata",
        r#"{"plan": "pro"}"#,
        "--audience",
        "pk_1",
        "--expires-in",
        "60",
    ]);
    let expected = json!({
        "sub": "user_123", "visitorId": "visitor_1", "iat": NOW, "exp": NOW + 60, "kid": "9f2c41aa",
        "name": "Jane Doe", "email": "jane@example.com", "metadata": {"plan": "pro"},
    });
    assert_eq!(
        claims(&mut verify(&all, NOW, &["--audience", "pk_1"])),
        expected
    );

    let cleared = token(&["--metadata", "null"]);
    let claims = claims(&mut verify(&cleared, NOW, &[]));
    assert_eq!(claims.get("metadata"), Some(&Value::Null));
}

#[test]
fn a_token_of_an_independent_implementation_is_verified() {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let claims = json!({"sub": "u", "visitorId": "visitor_1", "iat": NOW, "exp": 1_764_000_009.5});
    let signed = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"HS256"}"#),
        URL_SAFE_NO_PAD.encode(claims.to_string())
    );
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, KEY.as_bytes());
    let signature = ring::hmac::sign(&key, signed.as_bytes());
    let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature));
    verify(&token, NOW, &[])
        .assert()
        .success()
        .stdout(contains(r#""exp":1764000009.5"#));
}

#[test]
fn a_token_that_is_refused_exits_with_1_and_tells_code_and_remedy() {
    let right = token(&[]);
    let of_pk_2 = token(&["--audience", "pk_2"]);
    for (token, now, more, told) in [
        (right.as_str(), NOW + 360, &[][..], "identity_token_expired"),
        (&right, NOW - 61, &[], "identity_token_not_yet_valid"),
        (
            &right,
            NOW,
            &["--visitor-id=visitor_2"],
            "identity_token_other_visitor",
        ),
        (&of_pk_2, NOW, &[], "identity_token_other_audience"),
        (
            &of_pk_2,
            NOW,
            &["--audience=pk_1"],
            "identity_token_other_audience",
        ),
        (&right[1..], NOW, &[], "identity_token_invalid"),
        ("", NOW, &[], "identity_token_invalid"),
        ("--help", NOW, &[], "identity_token_invalid"),
    ] {
        let mut command = with_key();
        command
            .args(["token", "verify", "--at"])
            .arg(now.to_string());
        if !more.iter().any(|option| option.starts_with("--visitor-id")) {
            command.arg("--visitor-id=visitor_1");
        }
        command
            .args(more)
            .args(["--", token])
            .assert()
            .code(1)
            .stdout(is_empty())
            .stderr(contains(format!("error: {told}: ")).and(contains("; ")));
    }
}

#[test]
fn the_time_is_now_unless_another_is_given() {
    let assert = with_key()
        .args(["token", "sign", "--visitor-id=v", "--external-id=u"])
        .assert()
        .success();
    let token = String::from_utf8(assert.get_output().stdout.clone()).unwrap();
    with_key()
        .args(["token", "verify", "--visitor-id=v", "--", token.trim_end()])
        .assert()
        .success();
    with_key()
        .args([
            "token",
            "verify",
            "--visitor-id=v",
            "--at=1",
            "--",
            token.trim_end(),
        ])
        .assert()
        .code(1);
    verify(&self::token(&[]), NOW, &[]).assert().success();
}

#[test]
fn claims_that_no_verifier_accepts_are_not_signed() {
    for (more, told) in [
        (
            &["--email", "jane"][..],
            "claim email is not shaped like an e-mail address",
        ),
        (&["--metadata", "[]"], "claim metadata has a wrong type"),
        (&["--metadata", "{"], "claim metadata is not JSON"),
        (
            &["--metadata", r#"{"a": 1, "a": 2}"#],
            "claim metadata has a key that stands twice",
        ),
        (&["--expires-in", "0"], "claim exp is not within 86400 s"),
        (
            &["--expires-in", "86401"],
            "claim exp is not within 86400 s",
        ),
    ] {
        sign(more)
            .assert()
            .code(2)
            .stdout(is_empty())
            .stderr(contains(told));
    }
    for number in ["-1", "1.5", "soon"] {
        sign(&[&format!("--expires-in={number}")])
            .assert()
            .code(2)
            .stdout(is_empty());
    }
}

#[test]
fn the_key_comes_from_a_file_and_the_line_end_after_it_is_dropped() {
    let folder = Folder::new();
    for content in [KEY.to_owned(), format!("{KEY}\n"), format!("{KEY}\r\n")] {
        let path = folder.file("key.txt", content);
        identity_hmac()
            .args([
                "token",
                "sign",
                "--visitor-id=v",
                "--external-id=u",
                "--key-file",
            ])
            .arg(path)
            .assert()
            .success()
            .stderr(is_empty());
    }
    identity_hmac()
        .args([
            "token",
            "sign",
            "--visitor-id=v",
            "--external-id=u",
            "--key-file=-",
        ])
        .write_stdin(format!("{KEY}\n"))
        .assert()
        .success();
}

#[test]
fn without_a_token_key_nothing_is_signed_verified_or_examined() {
    for args in [
        &["token", "sign", "--visitor-id=v", "--external-id=u"][..],
        &["token", "verify", "--visitor-id=v", "t"],
        &["doctor", "token", "t"],
    ] {
        with_secret()
            .args(args)
            .assert()
            .code(2)
            .stdout(is_empty())
            .stderr(contains("IDENTITY_TOKEN_KEY is not set"));
        identity_hmac()
            .env("IDENTITY_TOKEN_KEY", "")
            .args(args)
            .assert()
            .code(2)
            .stdout(is_empty())
            .stderr(contains("IDENTITY_TOKEN_KEY is not set"));
    }
}

#[test]
fn a_secret_is_refused_as_token_key_and_a_token_key_as_secret() {
    let folder = Folder::new();
    let path = folder.file("key.txt", "9c3a7be1".repeat(8));
    identity_hmac()
        .args([
            "token",
            "sign",
            "--visitor-id=v",
            "--external-id=u",
            "--key-file",
        ])
        .arg(&path)
        .assert()
        .code(2)
        .stdout(is_empty())
        .stderr(contains(path.to_str().unwrap()).and(contains("9c3a7be1").not()));
    identity_hmac()
        .env("IDENTITY_SECRET", KEY)
        .args(["sign", "visitor_1"])
        .assert()
        .code(2)
        .stdout(is_empty())
        .stderr(contains("identity token key").and(contains(DIGITS).not()));
}

#[test]
fn wrong_usage_of_token_exits_with_2() {
    for args in [
        &["token"][..],
        &["token", "encrypt"],
        &["token", "sign", "--visitor-id=v"],
        &["token", "verify", "t"],
        &["token", "verify", "--visitor-id=v"],
        &["token", "verify", "--visitor-id=v", "t", "--help"],
        &["token", "verify", "t", "-h"],
        &["doctor", "token"],
    ] {
        with_key().args(args).assert().code(2);
    }
}

#[test]
fn doctor_explains_a_token_with_an_exit_code() {
    let right = token(&["--expires-in", "60"]);
    let bearer = format!("Bearer {right}");
    let other = with_key()
        .env("IDENTITY_TOKEN_KEY", OTHER_KEY)
        .args(["token", "sign", "--visitor-id=v", "--external-id=u"])
        .output()
        .unwrap();
    let other = String::from_utf8(other.stdout).unwrap();
    for (token, exit, told) in [
        (right.as_str(), 0, "The token is accepted.\n"),
        (
            &bearer,
            1,
            "The token is not accepted. Here is why:\n\n  The token has `Bearer ` in front. [token_bearer]\n  What to do: ",
        ),
        (
            &other,
            1,
            "names the key 00c0ffee, and the key given to doctor is 9f2c41aa",
        ),
        (
            "hello",
            4,
            "none of the usual mistakes explains it.\n\nTried:",
        ),
    ] {
        let mut command = with_key();
        command.args(["doctor", "token", "--at=1764000000", "--", token]);
        let assert = command
            .assert()
            .code(exit)
            .stderr(is_empty())
            .stdout(contains(told));
        assert.stdout(contains(DIGITS).not().and(contains("user_123").not()));
    }
}

#[test]
fn doctor_compares_the_visitor_the_audience_and_the_time_that_it_is_given() {
    let right = token(&["--audience=pk_1"]);
    for (more, exit, told) in [
        (&[][..], 0, "accepted."),
        (
            &["--visitor-id=visitor_1", "--audience=pk_1"],
            0,
            "accepted.",
        ),
        (&["--visitor-id=visitor_2"], 1, "[token_other_visitor]"),
        (&["--audience=pk_2"], 1, "[token_other_audience]"),
        (&["--at=1764009999"], 1, "[token_expired]"),
    ] {
        let mut command = with_key();
        command.args(["doctor", "token"]).args(more);
        if !more.iter().any(|option| option.starts_with("--at")) {
            command.arg("--at=1764000000");
        }
        command
            .args(["--", &right])
            .assert()
            .code(exit)
            .stdout(contains(told));
    }
}

#[test]
fn doctor_tries_the_secret_of_the_hmac_from_the_environment_and_from_a_file() {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let mut parts: Vec<String> = token(&[]).split('.').map(str::to_owned).collect();
    let signed = format!("{}.{}", parts[0], parts[1]);
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SECRET.as_bytes());
    parts[2] = URL_SAFE_NO_PAD.encode(ring::hmac::sign(&key, signed.as_bytes()));
    let forged = parts.join(".");
    let told = "[token_signed_with_secret]";
    with_key()
        .env("IDENTITY_SECRET", SECRET)
        .args(["doctor", "token", "--at=1764000000", &forged])
        .assert()
        .code(1)
        .stdout(contains(told));
    let folder = Folder::new();
    with_key()
        .args([
            "doctor",
            "token",
            "--at=1764000000",
            &forged,
            "--secret-file",
        ])
        .arg(folder.file("secret.txt", SECRET))
        .assert()
        .code(1)
        .stdout(contains(told));
    with_key()
        .args(["doctor", "token", "--at=1764000000", &forged])
        .assert()
        .code(1)
        .stdout(contains("[secret_test_value]"));
}

#[test]
fn doctor_takes_a_key_with_a_mistake_and_writes_json() {
    let folder = Folder::new();
    let assert = identity_hmac()
        .args(["doctor", "token", "--format=json", "--at=1764000000"])
        .arg("--key-file")
        .arg(folder.file("key.txt", format!("\"{KEY}\"\n")))
        .args(["--", &token(&[])])
        .assert()
        .code(1);
    let answer: Value = serde_json::from_slice(&assert.get_output().stdout).unwrap();
    assert_eq!(answer["causes"][0]["code"], "secret_given_quoted");
    assert_eq!(answer["matches"], false);
}

#[test]
fn a_visitor_id_called_token_is_examined_behind_two_hyphens() {
    with_secret()
        .args(["doctor", "--", "token", "help"])
        .assert()
        .code(4)
        .stdout(contains("The hmac does not match"));
    with_secret()
        .args(["doctor", "help", "me"])
        .assert()
        .code(4);
}
