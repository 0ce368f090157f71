//! Lines for the person at the terminal, on standard error. A failure to write one is ignored.

use std::fmt::Display;
use std::io::{self, Write};

/// What is wrong. The prefix is the one that clap writes.
pub(crate) fn error(text: impl Display) {
    write("error", text);
}

/// A note.
pub(crate) fn note(text: impl Display) {
    write("note", text);
}

fn write(kind: &str, text: impl Display) {
    _ = writeln!(io::stderr().lock(), "{kind}: {text}");
}
