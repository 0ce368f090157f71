//! What `sign` and `verify` share when they work through many lines.

use std::path::PathBuf;
use std::thread;

use clap::{Args, ValueHint};

use crate::encoding;
use crate::format::Format;
use crate::input::Input;
use crate::message;
use crate::output::Output;
use crate::pipeline::{self, Fault};
use crate::stdin;

/// After so many bad lines, the rest is only counted.
const NAMED_LINES: u64 = 20;

#[derive(Debug, Args)]
pub(crate) struct BatchArgs {
    /// Read lines from FILE instead of standard input
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) input: Option<PathBuf>,

    /// Write to FILE instead of standard output. The file gets its name when it is complete
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,

    /// The format of a line [default: tsv]
    #[arg(long)]
    pub(crate) format: Option<Format>,

    /// Work on N threads [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
}

/// How many lines there were, and how many of them had something wrong.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    pub(crate) lines: u64,
    pub(crate) refused: u64,
    pub(crate) failed: u64,
}

impl BatchArgs {
    /// Reserves standard input for the lines if they come from there. Call it before a secret is read,
    /// which may be meant to come from there too.
    pub(crate) fn claim_stdin(&self, awaited: &'static str) -> anyhow::Result<()> {
        match &self.input {
            Some(path) if !stdin::is_meant_by(path) => Ok(()),
            _ => stdin::claim(awaited),
        }
    }

    /// Runs [`pipeline::run`] over the lines, and names bad lines on standard error. `awaited` is what
    /// it asks a person at a terminal for.
    pub(crate) fn run<W>(
        &self,
        awaited: &str,
        new_worker: impl Fn() -> W,
    ) -> anyhow::Result<Summary>
    where
        W: FnMut(&[u8], &mut Vec<u8>) -> Result<(), Fault> + Send + 'static,
    {
        let input = Input::open(self.input.as_deref(), awaited)?;
        let mut output = Output::open(self.output.as_deref())?;
        let threads = match self.threads {
            Some(threads) => threads.into(),
            None => thread::available_parallelism().map_or(1, Into::into),
        };
        let bar = input.progress_bar(output.is_terminal());

        let look_at_start = |start: &[u8]| {
            if let Some(note) = note_on_encoding(start) {
                bar.suspend(|| message::note(note));
            }
        };
        let mut summary = Summary::default();
        let report = |line, fault| {
            match fault {
                Fault::VerificationFailed => summary.failed += 1,
                Fault::Empty | Fault::TooLong | Fault::Not(_) => summary.refused += 1,
            }
            if summary.failed + summary.refused <= NAMED_LINES {
                bar.suspend(|| message::error(format_args!("line {line}: {fault}")));
            }
        };
        let lines = pipeline::run(
            input.into_reader(&bar),
            &mut output,
            threads,
            new_worker,
            look_at_start,
            report,
        );
        bar.finish_and_clear();
        summary.lines = lines?;
        let unnamed = (summary.failed + summary.refused).saturating_sub(NAMED_LINES);
        if unnamed > 0 {
            message::error(format_args!("{unnamed} more lines like these"));
        }
        output.finish()?;
        Ok(summary)
    }
}

/// A note about an input that begins with `start`. The bytes are taken as they are, and for some
/// encodings nobody wants that.
fn note_on_encoding(start: &[u8]) -> Option<String> {
    let encoding = encoding::marked(start)
        .or_else(|| encoding::is_unmarked_utf_16(start).then_some("UTF-16"))?;
    Some(if encoding == "UTF-8" {
        "the input begins with a byte order mark, which counts as part of its first line; if an \
         editor put it there, save the file as UTF-8 without one"
            .to_owned()
    } else {
        format!(
            "the input looks like {encoding} text, but its bytes are taken as they are; if its ids \
             are those of the chat, convert it to UTF-8 first"
        )
    })
}
