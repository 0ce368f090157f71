//! Where the secret comes from, which ones are refused, and that none is ever shown.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use predicates::prelude::PredicateBooleanExt;
use predicates::str::{contains, is_empty};

use common::{Folder, SECRET, VISITOR_1, identity_hmac, with_secret};

/// What stands for standard input.
#[cfg(unix)]
const STDIN_NAMES: [&str; 3] = ["-", "/dev/stdin", "/dev/fd/0"];
#[cfg(not(unix))]
const STDIN_NAMES: [&str; 1] = ["-"];

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
fn one_line_end_at_the_end_of_a_secret_file_is_dropped_with_a_note() {
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
fn a_secret_file_otherwise_follows_the_rules_of_a_setting() {
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
fn what_keygen_prints_into_a_file_is_a_secret_file_without_a_note() {
    let folder = Folder::new();
    let printed = identity_hmac().arg("keygen").assert().success();
    let line = String::from_utf8(printed.get_output().stdout.clone()).unwrap();
    let digits = line.trim_end();
    let expected = identity_hmac()
        .args(["sign", "visitor_1"])
        .env("IDENTITY_SECRET", digits)
        .assert()
        .success()
        .get_output()
        .stdout
        .clone();
    for line_end in ["\n", "\r\n"] {
        let path = folder.file("secret.txt", format!("{digits}{line_end}"));
        for option in ["--secret-file", "--previous-secret-file"] {
            with_secret()
                .args(["verify", "--quiet", option])
                .arg(&path)
                .args(["visitor_1", str::from_utf8(&expected).unwrap().trim_end()])
                .assert()
                .success()
                .stderr(is_empty());
        }
    }
}

#[test]
fn a_secret_file_of_bytes_that_are_not_text_is_a_key_as_it_is() {
    let folder = Folder::new();
    // Python: hmac.new(content, b"visitor_1", hashlib.sha256).hexdigest()
    let cases: [(&[u8], &str); 5] = [
        (
            b"\x80 ",
            "d0da4051eb33721276e76aa979b9963952dc72b31bf8c10b26e9eaf112c4f0b2",
        ),
        (
            b"\x80\x81\n",
            "143da6e4369473f81b9303c6611b3f8f049e3f75c7812562fb889f61f168f192",
        ),
        (
            b"\x80\x81\r\n",
            "a83d13f4494bcee538e78b8b36891eeb330b7b4a4f9773811e2f7d793c9b2e37",
        ),
        (
            b"\x80\x81\n\n",
            "c6faeb21d3518156811a94a58a58bc50c803209b2f7e6b4275d8f9b6ce7508eb",
        ),
        (
            b"\xff\n",
            "a6fc1fcb39df9fdfe5b1f128018763a5acc6f12abbcbdef77727ab681df2190c",
        ),
    ];
    for (content, hmac) in cases {
        let path = folder.file("secret.bin", content);
        sign_with_file(&path)
            .assert()
            .success()
            .stdout(format!("{hmac}\n"))
            .stderr(is_empty());
        for option in ["--secret-file", "--previous-secret-file"] {
            with_secret()
                .args(["verify", "--quiet", "visitor_1", hmac, option])
                .arg(&path)
                .assert()
                .success()
                .stderr(is_empty());
        }
        identity_hmac()
            .args(["sign", "visitor_1", "--secret-file", "-"])
            .write_stdin(content)
            .assert()
            .success()
            .stdout(format!("{hmac}\n"))
            .stderr(is_empty());
    }
}

#[test]
fn a_secret_file_in_utf_16_or_utf_32_is_refused_by_name() {
    let folder = Folder::new();
    let utf_16 = |to_bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        let text = "\u{feff}hunter2\r\n";
        text.encode_utf16().flat_map(to_bytes).collect()
    };
    let utf_32 = |to_bytes: fn(u32) -> [u8; 4]| -> Vec<u8> {
        let text = "\u{feff}hunter2\r\n";
        text.chars().flat_map(|c| to_bytes(c.into())).collect()
    };
    for (content, encoding) in [
        (utf_16(u16::to_le_bytes), "UTF-16"),
        (utf_16(u16::to_be_bytes), "UTF-16"),
        (utf_32(u32::to_le_bytes), "UTF-32"),
        (utf_32(u32::to_be_bytes), "UTF-32"),
    ] {
        let path = folder.file("secret.txt", &content);
        for (subcommand, option) in [
            ("sign", "--secret-file"),
            ("verify", "--secret-file"),
            ("verify", "--previous-secret-file"),
            ("doctor", "--secret-file"),
            ("doctor", "--previous-secret-file"),
        ] {
            let refused = |file: &std::path::Path, name: &str| {
                with_secret()
                    .args([subcommand, "visitor_1", VISITOR_1, option])
                    .arg(file)
                    .write_stdin(content.clone())
                    .assert()
                    .code(2)
                    .stdout(is_empty())
                    .stderr(contains(format!("{name} is {encoding} text")))
                    .stderr(contains("save it as UTF-8"));
            };
            refused(&path, path.to_str().unwrap());
            refused("-".as_ref(), "on standard input");
        }
    }
}

#[test]
fn a_byte_order_mark_before_a_secret_is_named() {
    let folder = Folder::new();
    let path = folder.file("secret.txt", "\u{feff}hunter2");
    sign_with_file(&path)
        .assert()
        .code(2)
        .stdout(is_empty())
        .stderr(contains("begins with a byte order mark"))
        .stderr(contains("save it as UTF-8 without one"));
}

#[test]
fn a_secret_comes_from_standard_input_by_the_rules_of_a_file() {
    for name in STDIN_NAMES {
        for (content, stderr) in [
            (SECRET.to_owned(), ""),
            (
                format!("{SECRET}\n"),
                "note: dropped the line end at the end of the secret on standard input\n",
            ),
        ] {
            identity_hmac()
                .args(["sign", "visitor_1", "--secret-file", name])
                .write_stdin(content)
                .assert()
                .success()
                .stdout(format!("{VISITOR_1}\n"))
                .stderr(stderr);
        }
        identity_hmac()
            .env("IDENTITY_SECRET", "n3w")
            .args(["verify", "visitor_1", VISITOR_1])
            .args(["--previous-secret-file", name])
            .write_stdin(SECRET)
            .assert()
            .success()
            .stdout("matched: previous\n");
        identity_hmac()
            .args(["sign", "visitor_1", "--secret-file", name])
            .write_stdin("hunter2 ")
            .assert()
            .code(2)
            .stderr("error: the secret on standard input begins or ends with white space, such as a line end; remove it\n");
    }
}

#[test]
fn a_secret_on_standard_input_goes_with_lines_of_a_file() {
    let folder = Folder::new();
    let ids = folder.file("ids.txt", "visitor_1\n");
    identity_hmac()
        .args(["sign", "--secret-file", "-", "--input"])
        .arg(ids)
        .write_stdin(SECRET)
        .assert()
        .success()
        .stdout(format!("visitor_1\t{VISITOR_1}\n"));
}

#[test]
fn standard_input_gives_one_thing_only() {
    for name in STDIN_NAMES {
        for (args, named) in [
            (
                &["sign", "--secret-file", "-"][..],
                "both visitor ids and the secret",
            ),
            (
                &["sign", "--secret-file", "-", "--input", name],
                "both visitor ids and the secret",
            ),
            (
                &["verify", "--secret-file", name],
                "both pairs of id and hmac and the secret",
            ),
            (
                &["verify", "--previous-secret-file", name],
                "and the previous secret",
            ),
            (
                &[
                    "verify",
                    "id",
                    "hmac",
                    "--secret-file",
                    "-",
                    "--previous-secret-file",
                    name,
                ],
                "both the secret and the previous secret",
            ),
            (
                &[
                    "doctor",
                    "id",
                    "hmac",
                    "--secret-file",
                    "-",
                    "--previous-secret-file",
                    name,
                ],
                "both the secret and the previous secret",
            ),
        ] {
            let mut command = identity_hmac();
            if !args.contains(&"--secret-file") {
                command.env("IDENTITY_SECRET", SECRET);
            }
            command
                .args(args)
                .write_stdin(SECRET)
                .assert()
                .code(2)
                .stdout(is_empty())
                .stderr(contains("standard input cannot give"))
                .stderr(contains(named))
                .stderr(contains("name a file"));
        }
    }
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
fn a_previous_secret_follows_the_same_rules() {
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
