//! The progress bar: on a terminal, and nowhere else.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs::File;
use std::io::Read;
use std::process::{Command, Stdio};
use std::thread;

use common::terminal::terminal;
use common::{Folder, SECRET};

/// What a person sees on the terminal while `sign` works with standard error there.
fn seen_while_signing(stdin: Stdio, stdout: impl FnOnce(&File) -> Stdio) -> String {
    let (mut seen, written) = terminal();
    let mut child = Command::new(env!("CARGO_BIN_EXE_identity-hmac"))
        .arg("sign")
        .env("IDENTITY_SECRET", SECRET)
        .env("TERM", "xterm")
        .stdin(stdin)
        .stdout(stdout(&written))
        .stderr(written)
        .spawn()
        .unwrap();
    let reader = thread::spawn(move || {
        let mut text = Vec::new();
        // Where the last writer has gone, Linux gives an error in place of an end.
        _ = seen.read_to_end(&mut text);
        String::from_utf8(text).unwrap()
    });
    assert!(child.wait().unwrap().success());
    reader.join().unwrap()
}

/// 4 MiB of ids, which take long enough for a bar to be drawn.
fn ids(folder: &Folder) -> File {
    File::open(folder.file("ids.txt", "visitor_1234567\n".repeat(256 * 1024))).unwrap()
}

#[test]
fn a_file_shows_how_much_of_it_is_done() {
    let folder = Folder::new();
    let seen = seen_while_signing(ids(&folder).into(), |_| Stdio::null());
    assert!(seen.contains("/4.00 MiB"), "{seen:?}");
}

#[test]
fn a_stream_shows_how_much_was_read() {
    let folder = Folder::new();
    let mut cat = Command::new("cat")
        .stdin(ids(&folder))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let stream = cat.stdout.take().unwrap();
    let seen = seen_while_signing(stream.into(), |_| Stdio::null());
    assert!(cat.wait().unwrap().success());
    assert!(seen.contains("iB read"), "{seen:?}");
}

#[test]
fn results_that_go_to_the_terminal_are_not_disturbed() {
    let folder = Folder::new();
    let few = File::open(folder.file("ids.txt", "visitor_1\n".repeat(20_000))).unwrap();
    let seen = seen_while_signing(few.into(), |terminal| terminal.try_clone().unwrap().into());
    let line = format!("visitor_1\t{}\r\n", common::VISITOR_1);
    assert_eq!(seen, line.repeat(20_000));
}
