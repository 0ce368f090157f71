//! `verify`: one pair from arguments and many from lines.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use predicates::str::{contains, is_empty};

use common::{Folder, SECRET, VISITOR_1, hmac, identity_hmac, read, with_secret};

/// The command with a new secret in its environment, so that [`SECRET`] is the previous one.
fn rotating(folder: &Folder) -> assert_cmd::Command {
    let mut command = identity_hmac();
    command
        .env("IDENTITY_SECRET", "n3w")
        .args(["verify", "--previous-secret-file"])
        .arg(folder.file("previous.txt", SECRET));
    command
}

/// What the secret `n3w` signs for `visitor_1`, by Python's hmac.
const VISITOR_1_NEW: &str = "cf22d6f0878d84d7d9e921426112ebd23acd7e7cff21760f9a5f4c1ba220cd1a";

#[test]
fn a_right_hmac_is_verified_without_a_word_in_either_case() {
    for hmac in [VISITOR_1, &VISITOR_1.to_uppercase()] {
        with_secret()
            .args(["verify", "visitor_1", hmac])
            .assert()
            .success()
            .stdout(is_empty())
            .stderr(is_empty());
    }
}

#[test]
fn a_wrong_hmac_exits_with_1_whatever_it_looks_like() {
    let cut = &VISITOR_1[..63];
    for candidate in [cut, "", " ", "null", "0x03", &hmac("visitor_2"), "\u{e9}"] {
        with_secret()
            .args(["verify", "--", "visitor_1", candidate])
            .assert()
            .code(1)
            .stdout(is_empty())
            .stderr("error: HMAC verification failed\n");
    }
}

#[test]
fn an_empty_id_fails() {
    with_secret()
        .args(["verify", "", &hmac("")])
        .assert()
        .code(1);
}

#[test]
fn during_a_rotation_it_says_which_secret_matched() {
    let folder = Folder::new();
    for (hmac, matched) in [(VISITOR_1_NEW, "current"), (VISITOR_1, "previous")] {
        rotating(&folder)
            .args(["visitor_1", hmac])
            .assert()
            .success()
            .stdout(format!("matched: {matched}\n"));
        rotating(&folder)
            .args(["--quiet", "visitor_1", hmac])
            .assert()
            .success()
            .stdout(is_empty());
    }
    rotating(&folder)
        .args(["visitor_2", VISITOR_1])
        .assert()
        .code(1)
        .stdout(is_empty());
}

#[test]
fn each_line_gets_its_result_and_failing_ones_are_named() {
    let folder = Folder::new();
    let other = hmac("visitor_2");
    let input = format!(
        "visitor_1\t{VISITOR_1_NEW}\n\
         visitor_1\t{VISITOR_1}\r\n\
         visitor_1\t{other}\n\
         visitor_2\t{other}\n"
    );
    rotating(&folder)
        .write_stdin(input)
        .assert()
        .code(1)
        .stdout("visitor_1\tcurrent\nvisitor_1\tprevious\nvisitor_1\tfailed\nvisitor_2\tprevious\n")
        .stderr(
            "error: line 3: HMAC verification failed\n\
             note: 3 verified (2 of them by the previous secret), 1 failed, 0 refused\n",
        );
}

#[test]
fn a_byte_order_mark_and_utf_16_get_a_note_before_the_lines_that_fail() {
    let pair = format!("\u{feff}visitor_1\t{VISITOR_1}");
    let utf_16: Vec<u8> = pair.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (input, note) in [
        (
            pair.into_bytes(),
            "note: the input begins with a byte order mark, ",
        ),
        (utf_16, "note: the input looks like UTF-16 text, "),
    ] {
        let assert = with_secret()
            .arg("verify")
            .write_stdin(input)
            .assert()
            .code(1);
        let stderr = str::from_utf8(&assert.get_output().stderr).unwrap();
        assert!(stderr.starts_with(note), "{stderr}");
        assert!(
            stderr.contains("error: line 1: HMAC verification failed\n"),
            "{stderr}"
        );
        assert_eq!(stderr.matches("note: the input").count(), 1, "{stderr}");
    }
}

#[test]
fn with_quiet_only_the_exit_code_and_standard_error_answer() {
    for (hmac, code) in [(VISITOR_1, 0), (VISITOR_1_NEW, 1)] {
        with_secret()
            .args(["verify", "--quiet"])
            .write_stdin(format!("visitor_1\t{hmac}\n"))
            .assert()
            .code(code)
            .stdout(is_empty())
            .stderr(contains(format!("{} verified, {code} failed", 1 - code)));
    }
}

#[test]
fn a_line_that_is_not_a_pair_differs_from_one_that_fails_and_the_rest_goes_on() {
    let good_json = format!("{{\"id\":\"visitor_1\",\"hmac\":\"{VISITOR_1}\"}}");
    let cases: [(&str, &[&str], &str); 3] = [
        ("tsv", &["visitor_1"], &format!("visitor_1\t{VISITOR_1}")),
        (
            "json",
            &[
                "[]",
                "{",
                "\"visitor_1\"",
                r#"{"id":"visitor_1"}"#,
                r#"{"hmac":""}"#,
                r#"{"id":1,"hmac":""}"#,
                r#"{"id":"visitor_1","hmac":null}"#,
                r#"{"id":"visitor_1","id_hex":"00","hmac":""}"#,
                r#"{"id_hex":"0","hmac":""}"#,
                r#"{"id_hex":"0x","hmac":""}"#,
                r#"{"id":"a","id":"visitor_1","hmac":""}"#,
                r#"{"id":"\ud800","hmac":""}"#,
            ],
            &good_json,
        ),
        (
            "csv",
            &["visitor_1", "a,b,c", "a,b,c,d", "a,b,c,d,e", "\"a,b"],
            &format!("visitor_1,{VISITOR_1}"),
        ),
    ];
    for (format, malformed, good) in cases {
        for line in malformed {
            let assert = with_secret()
                .args(["verify", "--format", format])
                .write_stdin(format!("{line}\n{good}\n\n"))
                .assert()
                .code(1)
                .stderr(contains("error: line 1: not "))
                .stderr(contains("error: line 3: empty\n"))
                .stderr(contains("note: 1 verified, 0 failed, 2 refused\n"));
            let stdout = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
            assert!(stdout.contains("current"), "{line}: {stdout}");
            assert_eq!(stdout.lines().count(), 1, "{line}: {stdout}");
        }
    }
}

#[test]
fn an_id_may_hold_tabs_commas_quotes_and_bytes_that_are_not_text_in_every_format() {
    let ids: &[u8] = b"a\tb\na,b\n\"\"\n\"a\"\n a \na\rb\n\xef\xbb\xbfa\n\xff\xfe\n\0\n";
    for format in ["tsv", "json", "csv"] {
        let signed = with_secret()
            .args(["sign", "--format", format])
            .write_stdin(ids)
            .assert()
            .success();
        let verified = with_secret()
            .args(["verify", "--format", format])
            .write_stdin(signed.get_output().stdout.clone())
            .assert()
            .success()
            .stderr("note: 9 verified, 0 failed, 0 refused\n");
        let results = String::from_utf8_lossy(&verified.get_output().stdout).into_owned();
        assert_eq!(
            results
                .lines()
                .filter(|line| line.contains("current"))
                .count(),
            9
        );
    }
}

#[test]
fn in_csv_a_lone_carriage_return_is_part_of_the_id_even_without_quotes() {
    with_secret()
        .args(["verify", "--format", "csv"])
        .write_stdin(format!("a\rb,{}\n", hmac("a\rb")))
        .assert()
        .success()
        .stdout("\"a\rb\",current\n");
}

#[test]
fn json_names_the_result_and_gives_the_id_as_it_came() {
    with_secret()
        .args(["verify", "--format", "json"])
        .write_stdin(format!(
            "{{\"hmac\":\"{VISITOR_1}\",\"id\":\"visitor\\u005f1\",\"more\":[1]}}\n\
             {{\"id_hex\":\"FF\",\"hmac\":\"{VISITOR_1}\"}}\n"
        ))
        .assert()
        .code(1)
        .stdout(
            "{\"id\":\"visitor_1\",\"result\":\"current\"}\n\
             {\"id_hex\":\"ff\",\"result\":\"failed\"}\n",
        );
}

#[test]
fn pairs_come_from_a_named_file_and_results_go_to_one() {
    let folder = Folder::new();
    let pairs = folder.file("signed.tsv", format!("visitor_1\t{VISITOR_1}\n"));
    let results = folder.path("results.tsv");
    with_secret()
        .args(["verify", "--input"])
        .arg(pairs)
        .arg("--output")
        .arg(&results)
        .assert()
        .success()
        .stdout(is_empty());
    assert_eq!(read(&results), "visitor_1\tcurrent\n");
}

#[test]
fn a_pair_and_a_file_of_pairs_exclude_each_other() {
    let folder = Folder::new();
    let pairs = folder.file("signed.tsv", format!("visitor_1\t{VISITOR_1}\n"));
    with_secret()
        .args(["verify", "visitor_1", "forged", "--input"])
        .arg(pairs)
        .assert()
        .code(2);
}
