//! The completion scripts, in the shells that they are for: the Tab key is pressed on a terminal.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write as _};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::thread;

use common::terminal::terminal;
use common::{Folder, identity_hmac, read};

const SUBCOMMANDS: [&str; 9] = [
    "keygen",
    "sign",
    "verify",
    "token",
    "token sign",
    "token verify",
    "doctor",
    "doctor token",
    "completions",
];

/// Stands in for the command and writes down how it was called.
const RECORDER: &str = r#"#!/bin/sh
printf '%s|' "$@" >> "$CALLS"
echo >> "$CALLS"
"#;

/// What is typed before Tab, and the arguments that the command then gets.
fn keys() -> Vec<(String, String)> {
    let mut keys = vec![
        ("ke".into(), "keygen|".into()),
        ("--ver".into(), "--version|".into()),
        ("sign --format j".into(), "sign|--format|json|".into()),
        ("verify --format t".into(), "verify|--format|tsv|".into()),
        (
            "sign --secret-file my".into(),
            "sign|--secret-file|my secret.txt|".into(),
        ),
        (
            "verify -q --input my".into(),
            "verify|-q|--input|my secret.txt|".into(),
        ),
        ("completions po".into(), "completions|powershell|".into()),
        ("token ver".into(), "token|verify|".into()),
        ("doctor tok".into(), "doctor|token|".into()),
        (
            "doctor visitor_1 03d2 --secret-file my".into(),
            "doctor|visitor_1|03d2|--secret-file|my secret.txt|".into(),
        ),
        (
            "doctor token --key-file my".into(),
            "doctor|token|--key-file|my secret.txt|".into(),
        ),
    ];
    for subcommand in SUBCOMMANDS {
        let help = identity_hmac()
            .args(subcommand.split(' '))
            .arg("--help")
            .output()
            .unwrap()
            .stdout;
        let help = String::from_utf8(help).unwrap();
        let options = help.lines().filter_map(|line| {
            let (short, long) = line.split_at_checked("  -h, ".len())?;
            let option = long.strip_prefix("--")?;
            let is_option = short.trim().is_empty() || short.starts_with("  -");
            option.split(' ').next().filter(|_| is_option)
        });
        let options: Vec<_> = options.collect();
        for option in &options {
            // Up to the last letter, unless another option begins like that.
            let (typed, _) = option.split_at(option.len() - 1);
            let is_clear = options
                .iter()
                .filter(|other| other.starts_with(typed))
                .count()
                == 1;
            let typed = if is_clear { typed } else { option };
            keys.push((
                format!("{subcommand} --{typed}"),
                format!("{}|--{option}|", subcommand.replace(' ', "|")),
            ));
        }
    }
    assert!(keys.len() > 25, "{keys:?}");
    keys
}

/// Starts `shell`, which reads the script for it from `script` in its home, and presses the keys.
#[track_caller]
fn completes(shell: &[&str], script: &str, setup: &str) {
    let home = Folder::new();
    fs::create_dir_all(home.path(script).parent().unwrap()).unwrap();
    let generated = identity_hmac()
        .args(["completions", shell[0]])
        .output()
        .unwrap();
    home.file(script, generated.stdout);
    home.file("my secret.txt", "");
    fs::create_dir(home.path("bin")).unwrap();
    let recorder = home.file("bin/identity-hmac", RECORDER);
    fs::set_permissions(recorder, fs::Permissions::from_mode(0o755)).unwrap();
    let calls = home.file("calls", "");

    let (mut seen, written) = terminal();
    let path = std::env::var("PATH").unwrap();
    // A shell that waits for more keys would wait for ever.
    let mut child = Command::new("timeout")
        .args(["--signal=KILL", "300", "setsid", "--ctty"])
        .args(shell)
        .current_dir(home.path("."))
        .env_clear()
        .env("PATH", format!("{}:{path}", home.path("bin").display()))
        .env("HOME", home.path("."))
        .env("CALLS", &calls)
        .env("TERM", "xterm")
        .stdin(written.try_clone().unwrap())
        .stdout(Stdio::from(written.try_clone().unwrap()))
        .stderr(written)
        .spawn()
        .unwrap();

    let mut reader = seen.try_clone().unwrap();
    let reader = thread::spawn(move || {
        let mut text = Vec::new();
        // Where the last writer has gone, Linux gives an error in place of an end.
        _ = reader.read_to_end(&mut text);
        String::from_utf8_lossy(&text).into_owned()
    });
    let keys = keys();
    let (mut typed, mut expected) = (format!("{setup}\r"), String::new());
    for (before_tab, arguments) in &keys {
        write!(typed, "identity-hmac {before_tab}\t\r").unwrap();
        writeln!(expected, "{arguments}").unwrap();
    }
    seen.write_all(format!("{typed}exit\r").as_bytes()).unwrap();

    let status = child.wait().unwrap();
    let seen = reader.join().unwrap();
    assert_eq!(read(&calls), expected, "{seen}");
    assert!(status.success(), "{status}: {seen}");
}

#[test]
#[ignore = "needs bash; `make test` runs it"]
fn bash_completes_subcommands_options_values_and_files() {
    completes(
        &["bash", "--noprofile", "--norc", "-i"],
        ".local/share/bash-completion/completions/identity-hmac",
        ". ~/.local/share/bash-completion/completions/identity-hmac",
    );
}

#[test]
#[ignore = "needs zsh; `make test` runs it"]
fn zsh_completes_subcommands_options_values_and_files() {
    completes(
        &["zsh", "--no-rcs", "-i"],
        ".zfunc/_identity-hmac",
        "fpath=(~/.zfunc $fpath); autoload -U compinit; compinit -u -D",
    );
}

#[test]
#[ignore = "needs fish; `make test` runs it"]
fn fish_completes_subcommands_options_values_and_files() {
    completes(
        &["fish", "--interactive"],
        ".config/fish/completions/identity-hmac.fish",
        "",
    );
}
