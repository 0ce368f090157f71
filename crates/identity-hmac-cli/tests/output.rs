//! Where results go, and what happens when they cannot get there.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs::{self, File};

use predicates::str::{contains, is_empty};

use common::{Folder, VISITOR_1, hmac, read, with_secret};

#[test]
fn an_output_file_holds_what_standard_output_would_and_nothing_is_left_beside_it() {
    let folder = Folder::new();
    let output = folder.path("signed.tsv");
    with_secret()
        .args(["sign", "--output"])
        .arg(&output)
        .write_stdin("visitor_1\n")
        .assert()
        .success()
        .stdout(is_empty());
    assert_eq!(read(&output), format!("visitor_1\t{VISITOR_1}\n"));
    assert_eq!(folder.names(), ["signed.tsv"]);
}

#[test]
fn ids_from_arguments_go_to_the_output_file_too() {
    let folder = Folder::new();
    let output = folder.path("hmac.txt");
    with_secret()
        .args(["sign", "visitor_1", "--output"])
        .arg(&output)
        .assert()
        .success();
    assert_eq!(read(&output), format!("{VISITOR_1}\n"));
}

#[test]
fn the_output_may_be_the_input() {
    let folder = Folder::new();
    let path = folder.file("ids.txt", "a\nvisitor_1\n");
    with_secret()
        .args(["sign", "--input"])
        .arg(&path)
        .arg("--output")
        .arg(&path)
        .assert()
        .success();
    assert_eq!(
        read(&path),
        format!("a\t{}\nvisitor_1\t{VISITOR_1}\n", hmac("a"))
    );
}

#[test]
fn good_lines_are_kept_when_others_are_refused() {
    let folder = Folder::new();
    let output = folder.path("signed.tsv");
    with_secret()
        .args(["sign", "--output"])
        .arg(&output)
        .write_stdin("\nvisitor_1\n")
        .assert()
        .code(1);
    assert_eq!(read(&output), format!("visitor_1\t{VISITOR_1}\n"));
}

#[cfg(unix)]
#[test]
fn a_failure_part_way_leaves_an_existing_file_as_it_was() {
    let folder = Folder::new();
    let existing = folder.file("signed.tsv", "precious");
    for output in [&existing, &folder.path("new.tsv")] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_identity-hmac"));
        // Reading from a folder fails only once the output is open.
        command
            .env("IDENTITY_SECRET", common::SECRET)
            .args(["sign", "--output"])
            .arg(output)
            .stdin(File::open(folder.path(".")).unwrap());
        let run = command.output().unwrap();
        assert_eq!(run.status.code(), Some(3));
        let stderr = String::from_utf8(run.stderr).unwrap();
        assert!(
            stderr.starts_with("error: cannot read the input: "),
            "{stderr}"
        );
    }
    assert_eq!(read(&existing), "precious");
    assert_eq!(folder.names(), ["signed.tsv"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_signal_ends_it_with_its_own_status_and_leaves_nothing_of_the_results() {
    use std::io::Write;
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Command, Stdio};

    use rustix::process::{Pid, Signal, kill_process};

    let folder = Folder::new();
    let existing = folder.file("signed.tsv", "precious");
    // Each more than twice what a pipe holds, so that some was read and results are there.
    let ids = "visitor_1\n".repeat(15_000);
    let signed = format!("visitor_1\t{VISITOR_1}\n").repeat(2_000);
    for signal in [Signal::HUP, Signal::INT, Signal::KILL, Signal::TERM] {
        for output in [&existing, &folder.path("new.tsv")] {
            for (subcommand, lines) in [("sign", &ids), ("verify", &signed)] {
                // Under `nohup`, or behind a shell's &, the tests would hand on signals that are ignored.
                let mut child = Command::new("env")
                    .arg("--default-signal=HUP,INT,TERM")
                    .arg(env!("CARGO_BIN_EXE_identity-hmac"))
                    .env("IDENTITY_SECRET", common::SECRET)
                    .arg(subcommand)
                    .arg("--output")
                    .arg(output)
                    .stdin(Stdio::piped())
                    .spawn()
                    .unwrap();
                let mut stdin = child.stdin.take().unwrap();
                stdin.write_all(lines.as_bytes()).unwrap();
                kill_process(Pid::from_child(&child), signal).unwrap();
                assert_eq!(child.wait().unwrap().signal(), Some(signal.as_raw()));
                assert_eq!(folder.names(), ["signed.tsv"], "{signal:?}");
                assert_eq!(read(&existing), "precious");
            }
        }
    }
}

#[cfg(unix)]
#[test]
fn a_new_file_has_the_mode_that_any_new_file_has_and_an_old_one_keeps_its_own() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path| fs::metadata(path).unwrap().permissions().mode();
    let sign_into = |path| {
        with_secret()
            .args(["sign", "visitor_1", "--output"])
            .arg(path)
            .assert()
            .success();
    };
    let folder = Folder::new();
    let any = folder.file("any", "");
    let output = folder.path("signed.tsv");
    sign_into(&output);
    assert_eq!(mode(&output), mode(&any));

    fs::set_permissions(&output, fs::Permissions::from_mode(0o600)).unwrap();
    sign_into(&output);
    assert_eq!(mode(&output) & 0o777, 0o600);
}

#[cfg(unix)]
#[test]
fn a_link_stays_a_link_and_the_file_it_leads_to_is_replaced() {
    let folder = Folder::new();
    let file = folder.file("signed.tsv", "old");
    let link = folder.path("link");
    std::os::unix::fs::symlink("signed.tsv", &link).unwrap();
    with_secret()
        .args(["sign", "visitor_1", "--output"])
        .arg(&link)
        .assert()
        .success();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(read(&file), format!("{VISITOR_1}\n"));
}

#[cfg(unix)]
#[test]
fn standard_output_and_a_pipe_can_be_named_as_the_output() {
    for output in ["-", "/dev/stdout", "/dev/fd/1"] {
        with_secret()
            .args(["sign", "visitor_1", "--output", output])
            .assert()
            .success()
            .stdout(format!("{VISITOR_1}\n"));
    }
}

#[test]
fn an_output_that_cannot_be_opened_is_named() {
    let folder = Folder::new();
    for path in [folder.path("missing/signed.tsv"), folder.path(".")] {
        with_secret()
            .args(["sign", "visitor_1", "--output"])
            .arg(&path)
            .assert()
            .code(2)
            .stderr(contains(path.to_str().unwrap()));
    }
    assert!(folder.names().is_empty());
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    for args in [
        &["sign"][..],
        &["sign", "visitor_1"],
        &["sign", "--output", "/dev/full"],
        &["keygen"],
        &["completions", "bash"],
    ] {
        let folder = Folder::new();
        let ids = folder.file("ids.txt", "visitor_1\n".repeat(100_000));
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_identity-hmac"));
        command
            .env("IDENTITY_SECRET", common::SECRET)
            .args(args)
            .stdin(File::open(ids).unwrap())
            .stdout(File::options().write(true).open("/dev/full").unwrap());
        let run = command.output().unwrap();
        assert_eq!(run.status.code(), Some(3), "{args:?}");
        let stderr = String::from_utf8(run.stderr).unwrap();
        assert!(stderr.contains("No space left on device"), "{stderr}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_ends_it_though_more_input_may_come() {
    use std::io::Write;
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_identity-hmac"))
        .env("IDENTITY_SECRET", common::SECRET)
        .arg("sign")
        .stdin(std::process::Stdio::piped())
        .stdout(File::options().write(true).open("/dev/full").unwrap())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"visitor_1\n").unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(3));
    drop(stdin);
}

#[cfg(unix)]
#[test]
fn a_closed_pipe_ends_it_quietly_with_the_status_of_sigpipe() {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};

    let folder = Folder::new();
    let ids = folder.file("ids.txt", "visitor_1\n".repeat(100_000));
    let mut child = Command::new(env!("CARGO_BIN_EXE_identity-hmac"))
        .env("IDENTITY_SECRET", common::SECRET)
        .arg("sign")
        .stdin(File::open(ids).unwrap())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut first)
        .unwrap();
    assert_eq!(first, format!("visitor_1\t{VISITOR_1}\n"));
    let run = child.wait_with_output().unwrap();
    assert_eq!(run.status.code(), Some(128 + 13));
    assert!(run.stderr.is_empty());
}

#[cfg(unix)]
#[test]
fn ids_that_trickle_in_are_signed_as_they_come() {
    use std::io::{BufRead, BufReader, Write};
    use std::process::{Command, Stdio};

    let mut child = Command::new(env!("CARGO_BIN_EXE_identity-hmac"))
        .env("IDENTITY_SECRET", common::SECRET)
        .arg("sign")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    for id in ["visitor_1", "a", "b", "c"] {
        writeln!(stdin, "{id}").unwrap();
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        assert_eq!(line, format!("{id}\t{}\n", hmac(id)));
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}
