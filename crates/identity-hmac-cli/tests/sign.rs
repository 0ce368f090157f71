//! `sign`: ids from arguments and ids from lines.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fmt::Write as _;

use predicates::str::{contains, is_empty};

use common::{Folder, VISITOR_1, hmac, with_secret};

#[test]
fn one_id_gives_its_hmac_alone_on_a_line() {
    with_secret()
        .args(["sign", "visitor_1"])
        .assert()
        .success()
        .stdout(format!("{VISITOR_1}\n"))
        .stderr(is_empty());
}

#[test]
fn several_ids_give_their_hmacs_in_the_same_order() {
    with_secret()
        .args(["sign", "b", "a", "b"])
        .assert()
        .success()
        .stdout(format!("{}\n{}\n{}\n", hmac("b"), hmac("a"), hmac("b")));
}

#[test]
fn with_a_format_ids_from_arguments_give_pairs() {
    let id = "say \"hi\", visitor\t1";
    let hmac = hmac(id);
    for (format, line) in [
        ("tsv", format!("{id}\t{hmac}\n")),
        (
            "json",
            format!("{{\"id\":\"say \\\"hi\\\", visitor\\t1\",\"hmac\":\"{hmac}\"}}\n"),
        ),
        ("csv", format!("\"say \"\"hi\"\", visitor\t1\",{hmac}\n")),
    ] {
        with_secret()
            .args(["sign", "--format", format, id])
            .assert()
            .success()
            .stdout(line);
    }
}

#[test]
fn an_id_with_a_line_end_is_signed_but_only_json_can_write_it_beside_its_hmac() {
    let id = "a\nb";
    with_secret()
        .args(["sign", id])
        .assert()
        .success()
        .stdout(hmac(id) + "\n");
    with_secret()
        .args(["sign", "--format", "json", id])
        .assert()
        .success()
        .stdout(format!("{{\"id\":\"a\\nb\",\"hmac\":\"{}\"}}\n", hmac(id)));
    for format in ["tsv", "csv"] {
        with_secret()
            .args(["sign", "--format", format, id])
            .assert()
            .code(2)
            .stdout(is_empty())
            .stderr(contains("use --format json"));
    }
}

#[test]
fn an_empty_id_among_the_arguments_is_refused_before_anything_is_written() {
    with_secret()
        .args(["sign", "visitor_1", ""])
        .assert()
        .code(2)
        .stdout(is_empty())
        .stderr(contains("the visitor id is empty"));
}

#[cfg(unix)]
#[test]
fn an_id_that_is_not_text_is_signed_byte_for_byte() {
    use std::os::unix::ffi::OsStrExt;
    let id = b"v\xff";
    with_secret()
        .arg("sign")
        .arg(std::ffi::OsStr::from_bytes(id))
        .assert()
        .success()
        .stdout(hmac(id) + "\n");
}

#[test]
fn of_a_line_only_the_line_end_is_dropped() {
    let ids: [&[u8]; 7] = [
        b"visitor_1",
        b" v ",
        b"\t",
        b"a\rb",
        b"\0",
        "\u{feff}caf\u{e9}".as_bytes(),
        b"\xff",
    ];
    let mut expected = Vec::new();
    for id in ids {
        expected.extend_from_slice(id);
        expected.extend_from_slice(format!("\t{}\n", hmac(id)).as_bytes());
    }
    for line_end in ["\n", "\r\n"] {
        with_secret()
            .arg("sign")
            .write_stdin(ids.join(line_end.as_bytes()))
            .assert()
            .success()
            .stdout(expected.clone());
    }
}

/// The text in UTF-16, which may begin with a byte order mark.
fn utf_16(text: &str, to_bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(to_bytes).collect()
}

#[test]
fn a_byte_order_mark_and_utf_16_get_one_note_and_are_signed_byte_for_byte() {
    const MARK: &str = "note: the input begins with a byte order mark, ";
    let little_endian = |text| utf_16(text, u16::to_le_bytes);
    let big_endian = |text| utf_16(text, u16::to_be_bytes);
    let utf_32: Vec<_> = "\u{feff}a"
        .chars()
        .flat_map(|c| u32::from(c).to_be_bytes())
        .collect();
    let folder = Folder::new();
    for (input, note) in [
        ("\u{feff}visitor_1\n\u{feff}a\n".into(), MARK),
        ("\u{feff}\nvisitor_1".into(), MARK),
        (
            little_endian("\u{feff}visitor_1\r\na"),
            "note: the input looks like UTF-16 text, ",
        ),
        (
            big_endian("\u{feff}visitor_1\na"),
            "note: the input looks like UTF-16 text, ",
        ),
        (
            little_endian("visitor_1\r\na"),
            "note: the input looks like UTF-16 text, ",
        ),
        (
            big_endian("visitor_1\r\na"),
            "note: the input looks like UTF-16 text, ",
        ),
        (utf_32, "note: the input looks like UTF-32 text, "),
    ] {
        let mut expected = Vec::new();
        for id in input
            .split(|&byte| byte == b'\n')
            .filter(|id| !id.is_empty())
        {
            let id = id.strip_suffix(b"\r").unwrap_or(id);
            expected.extend_from_slice(&[id, b"\t", hmac(id).as_bytes(), b"\n"].concat());
        }
        let mut by_stdin = with_secret();
        by_stdin.arg("sign").write_stdin(input.clone());
        let mut by_file = with_secret();
        by_file
            .args(["sign", "--input"])
            .arg(folder.file("ids.txt", &input));
        for mut command in [by_stdin, by_file] {
            let assert = command.assert().success().stdout(expected.clone());
            let stderr = str::from_utf8(&assert.get_output().stderr).unwrap();
            assert!(stderr.starts_with(note), "{stderr}");
            assert_eq!(stderr.lines().count(), 1, "{stderr}");
        }
    }
}

#[test]
fn bytes_of_another_encoding_after_the_start_get_no_note() {
    for input in [
        "visitor_1\n\u{feff}a\n".as_bytes(),
        b"\xff",
        b"a\0b\n",
        b"\0\0\0\0\n",
        b"ab\0d\n",
        b"",
    ] {
        with_secret()
            .arg("sign")
            .write_stdin(input)
            .assert()
            .success()
            .stderr(is_empty());
    }
}

#[test]
fn the_last_line_may_lack_its_end() {
    for (input, id) in [
        ("a\nvisitor_1\n", "visitor_1"),
        ("a\nvisitor_1\r\n", "visitor_1"),
        ("a\nvisitor_1", "visitor_1"),
        ("a\nvisitor_1\r", "visitor_1\r"),
    ] {
        with_secret()
            .arg("sign")
            .write_stdin(input)
            .assert()
            .success()
            .stdout(format!("a\t{}\n{id}\t{}\n", hmac("a"), hmac(id)));
    }
}

#[test]
fn no_lines_give_no_lines() {
    with_secret()
        .arg("sign")
        .write_stdin("")
        .assert()
        .success()
        .stdout(is_empty())
        .stderr(is_empty());
}

#[test]
fn lines_become_json_with_hexadecimal_where_the_id_is_not_text() {
    with_secret()
        .args(["sign", "--format", "json"])
        .write_stdin(&b"visitor_1\n\"\\\x01\xc3\xa9\n\xff\xfe\n"[..])
        .assert()
        .success()
        .stdout(format!(
            "{{\"id\":\"visitor_1\",\"hmac\":\"{VISITOR_1}\"}}\n\
             {{\"id\":\"\\\"\\\\\\u0001\u{e9}\",\"hmac\":\"{}\"}}\n\
             {{\"id_hex\":\"fffe\",\"hmac\":\"{}\"}}\n",
            hmac("\"\\\u{1}\u{e9}"),
            hmac(b"\xff\xfe"),
        ));
}

#[test]
fn an_id_of_nothing_but_quotes_is_doubled_whole_in_csv() {
    let id = "\"".repeat(1000);
    with_secret()
        .args(["sign", "--format", "csv"])
        .write_stdin(id.clone())
        .assert()
        .success()
        .stdout(format!("\"{}\",{}\n", id.repeat(2), hmac(&id)));
}

#[test]
fn lines_become_csv_quoted_only_where_needed() {
    with_secret()
        .args(["sign", "--format", "csv"])
        .write_stdin("visitor_1\na,b\n\"\"\"\nc d\n")
        .assert()
        .success()
        .stdout(format!(
            "visitor_1,{VISITOR_1}\n\"a,b\",{}\n\"\"\"\"\"\"\"\",{}\nc d,{}\n",
            hmac("a,b"),
            hmac("\"\"\""),
            hmac("c d"),
        ));
}

#[test]
fn an_empty_line_is_named_and_the_rest_goes_on() {
    with_secret()
        .arg("sign")
        .write_stdin("a\n\nb\n\r\n")
        .assert()
        .code(1)
        .stdout(format!("a\t{}\nb\t{}\n", hmac("a"), hmac("b")))
        .stderr(
            "error: line 2: empty\n\
             error: line 4: empty\n\
             error: 2 lines refused, 2 signed\n",
        );
}

#[test]
fn of_many_bad_lines_the_first_are_named_and_the_rest_are_counted() {
    let assert = with_secret()
        .arg("sign")
        .write_stdin("\n".repeat(100_000) + "a\n")
        .assert()
        .code(1)
        .stdout(format!("a\t{}\n", hmac("a")));
    let stderr = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
    let mut expected: String = (1..=20).fold(String::new(), |mut lines, line| {
        writeln!(lines, "error: line {line}: empty").unwrap();
        lines
    });
    expected += "error: 99980 more lines like these\nerror: 100000 lines refused, 1 signed\n";
    assert_eq!(stderr, expected);
}

#[test]
fn many_lines_keep_their_order_on_any_number_of_threads() {
    let ids = (0..50_000).map(|number| format!("visitor_{number}"));
    let (mut input, mut expected) = (String::new(), String::new());
    for (number, id) in ids.enumerate() {
        writeln!(input, "{id}").unwrap();
        writeln!(expected, "{id}\t{}", hmac(&id)).unwrap();
        if number % 10_000 == 7 {
            input += "\n";
        }
    }
    for threads in ["1", "2", "7"] {
        let assert = with_secret()
            .args(["sign", "--threads", threads])
            .write_stdin(input.clone())
            .assert()
            .code(1);
        let output = assert.get_output();
        assert!(output.stdout == expected.as_bytes(), "{threads} threads");
        let stderr = String::from_utf8_lossy(&output.stderr);
        for line in [9, 10_010, 20_011, 30_012, 40_013] {
            assert!(
                stderr.contains(&format!("line {line}: empty\n")),
                "{stderr}"
            );
        }
    }
}

#[test]
fn an_id_of_a_mebibyte_is_signed_and_a_longer_line_is_refused() {
    let long = "v".repeat(1024 * 1024);
    let input = format!("{long}\n{long}v\nvisitor_1\n");
    let assert = with_secret()
        .arg("sign")
        .write_stdin(input)
        .assert()
        .code(1)
        .stderr(contains("line 2: longer than 1 MiB"));
    let expected = format!("{long}\t{}\nvisitor_1\t{VISITOR_1}\n", hmac(&long));
    assert!(assert.get_output().stdout == expected.as_bytes());
}

#[test]
fn ids_are_read_from_a_named_file() {
    let folder = Folder::new();
    let ids = folder.file("ids.txt", "visitor_1\n");
    with_secret()
        .args(["sign", "--input"])
        .arg(ids)
        .assert()
        .success()
        .stdout(format!("visitor_1\t{VISITOR_1}\n"));
}

#[test]
fn an_input_that_cannot_be_read_is_named() {
    let folder = Folder::new();
    let cases = [
        (folder.path("missing.txt"), "check the path"),
        (folder.path("."), "is a folder"),
    ];
    for (path, remedy) in cases {
        with_secret()
            .args(["sign", "--input"])
            .arg(&path)
            .assert()
            .code(2)
            .stdout(is_empty())
            .stderr(contains(path.to_str().unwrap()))
            .stderr(contains(remedy));
    }
}

/// `VmHWM` of `/proc/<pid>/status` is the most memory that the process ever had.
#[cfg(target_os = "linux")]
#[test]
fn a_stream_without_line_ends_does_not_fill_the_memory() {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    let mut child = Command::new(env!("CARGO_BIN_EXE_identity-hmac"))
        .arg("sign")
        .env("IDENTITY_SECRET", common::SECRET)
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    for _ in 0..256 {
        stdin.write_all(&vec![0; 1024 * 1024]).unwrap();
    }
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();

    let peak = status.split_once("VmHWM:").unwrap().1;
    let kibibytes: u64 = peak.split_whitespace().next().unwrap().parse().unwrap();
    assert!(kibibytes < 100 * 1024, "{kibibytes} KiB");
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        stderr.starts_with("error: line 1: longer than 1 MiB\n"),
        "{stderr}"
    );
}
