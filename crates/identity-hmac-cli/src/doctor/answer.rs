//! How doctor's answer is written.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Context;
use clap::ValueEnum;
use identity_hmac_doctor::{Cause, Diagnosis};

const MATCHES: u8 = 0;
const MISTAKEN: u8 = 1;
/// Not 2 or 3: they mean the same here as in every other command, see `exit`.
const UNEXPLAINED: u8 = 4;

/// How the answer is written.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(super) enum Format {
    /// For people
    #[default]
    Text,
    /// One JSON object: {"matches", "causes": [{"code", "message", "remedy"}], "hints"}
    Json,
}

/// What the answer is about, in words.
pub(super) struct Words {
    /// The whole sentence for what is right.
    pub(super) matches: &'static str,
    /// The start of the sentence for what is not.
    pub(super) does_not_match: &'static str,
    /// What was tried and what to look at, where nothing explains it.
    pub(super) what_now: &'static str,
}

/// Writes the answer on standard output, and returns the exit code.
pub(super) fn give(
    diagnosis: &Diagnosis,
    format: Format,
    words: &Words,
) -> anyhow::Result<ExitCode> {
    let code = write(diagnosis, format, words, &mut io::stdout().lock())
        .context("cannot write the answer")?;
    Ok(ExitCode::from(code))
}

/// # Errors
///
/// As writing to `out` gives them, except that a reader may go away.
fn write(
    diagnosis: &Diagnosis,
    format: Format,
    words: &Words,
    out: &mut impl Write,
) -> io::Result<u8> {
    let written = match format {
        Format::Text => write_text(out, diagnosis, words),
        Format::Json => serde_json::to_writer(&mut *out, diagnosis)
            .map_err(io::Error::from)
            .and_then(|()| writeln!(out)),
    };
    match written {
        // The exit code is an answer too: a reader who has gone must not make it a 0.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        written => written?,
    }
    Ok(if diagnosis.matches {
        MATCHES
    } else if diagnosis.is_unexplained() {
        UNEXPLAINED
    } else {
        MISTAKEN
    })
}

fn write_text(out: &mut impl Write, diagnosis: &Diagnosis, words: &Words) -> io::Result<()> {
    let start = words.does_not_match;
    match diagnosis.causes.len() {
        _ if diagnosis.matches => writeln!(out, "{}", words.matches),
        0 => writeln!(out, "{start}, and none of the usual mistakes explains it."),
        1 => writeln!(out, "{start}. Here is why:"),
        several => writeln!(
            out,
            "{start}. These {several} mistakes together explain it:"
        ),
    }?;
    for Cause {
        code,
        message,
        remedy,
        ..
    } in &diagnosis.causes
    {
        writeln!(out, "\n  {message} [{code}]\n  What to do: {remedy}")?;
    }
    for hint in &diagnosis.hints {
        writeln!(out, "\nNote: {hint}")?;
    }
    if diagnosis.is_unexplained() {
        writeln!(out, "\n{}", words.what_now)?;
    }
    Ok(())
}
