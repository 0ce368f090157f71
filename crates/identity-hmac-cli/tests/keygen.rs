//! `keygen`: a new secret.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use predicates::str::{contains, is_empty};

use common::{Folder, identity_hmac, read};

#[test]
fn a_secret_is_64_hexadecimal_digits_on_a_line_and_never_the_same_twice() {
    let secret = || {
        let assert = identity_hmac()
            .arg("keygen")
            .assert()
            .success()
            .stderr(is_empty());
        String::from_utf8(assert.get_output().stdout.clone()).unwrap()
    };
    let (one, other) = (secret(), secret());
    for line in [&one, &other] {
        let digits = line.strip_suffix('\n').unwrap();
        assert_eq!(digits.len(), 64);
        assert!(
            digits
                .bytes()
                .all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'))
        );
    }
    assert_ne!(one, other);
}

#[test]
fn a_token_key_is_itk_an_id_and_64_digits_and_serves_as_a_key_file() {
    let folder = Folder::new();
    let path = folder.path("key.txt");
    let assert = identity_hmac()
        .args(["keygen", "--token"])
        .assert()
        .success()
        .stderr(is_empty());
    let line = String::from_utf8(assert.get_output().stdout.clone()).unwrap();
    let parts: Vec<_> = line.trim_end().split('_').collect();
    assert_eq!(parts[0], "itk");
    assert_eq!([parts[1].len(), parts[2].len()], [8, 64]);
    identity_hmac()
        .args(["keygen", "--token", "--output"])
        .arg(&path)
        .assert()
        .success()
        .stdout(is_empty());
    assert_ne!(read(&path), line.trim_end());
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
        .success()
        .stderr(is_empty());
}

#[test]
fn a_secret_goes_to_a_new_file_that_serves_as_a_secret_file() {
    let folder = Folder::new();
    let path = folder.path("secret.txt");
    identity_hmac()
        .args(["keygen", "--output"])
        .arg(&path)
        .assert()
        .success()
        .stdout(is_empty());
    assert_eq!(read(&path).len(), 64);
    assert_eq!(folder.names(), ["secret.txt"]);
    identity_hmac()
        .args(["sign", "visitor_1", "--secret-file"])
        .arg(&path)
        .assert()
        .success()
        .stderr(is_empty());
}

#[cfg(unix)]
#[test]
fn the_file_can_be_read_by_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let path = folder.path("secret.txt");
    identity_hmac()
        .args(["keygen", "--output"])
        .arg(&path)
        .assert()
        .success();
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_file_that_exists_is_never_overwritten() {
    let folder = Folder::new();
    let path = folder.file("secret.txt", "in use");
    identity_hmac()
        .args(["keygen", "--output"])
        .arg(&path)
        .assert()
        .code(2)
        .stderr(contains("already exists"))
        .stderr(contains(path.to_str().unwrap()));
    assert_eq!(read(&path), "in use");
    assert_eq!(folder.names(), ["secret.txt"]);
}

#[test]
fn standard_output_can_be_named_as_the_output() {
    let folder = Folder::new();
    for output in ["-", "/dev/stdout"] {
        let assert = identity_hmac()
            .args(["keygen", "--output", output])
            .current_dir(folder.path("."))
            .assert()
            .success();
        assert_eq!(assert.get_output().stdout.len(), 65);
    }
    assert!(folder.names().is_empty());
}

#[test]
fn a_folder_that_does_not_exist_is_named() {
    let folder = Folder::new();
    let path = folder.path("missing/secret.txt");
    identity_hmac()
        .args(["keygen", "--output"])
        .arg(&path)
        .assert()
        .code(2)
        .stderr(contains(path.to_str().unwrap()));
}
