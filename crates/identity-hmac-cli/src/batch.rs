//! What `sign` and `verify` share when they work through many lines.

use std::path::PathBuf;
use std::thread;

use clap::Args;

use crate::format::Format;
use crate::input::Input;
use crate::message;
use crate::output::Output;
use crate::pipeline::{self, Fault};

/// So many lines are named before the rest is only counted.
const NAMED_LINES: u64 = 20;

#[derive(Debug, Args)]
pub(crate) struct BatchArgs {
    /// Read lines from FILE instead of standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) input: Option<PathBuf>,

    /// Write to FILE, which appears under this name only when it is complete, instead of standard
    /// output
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// How a pair stands on a line [default: tsv]
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
    /// Works through the lines as [`pipeline::run`] does, and names on standard error the lines
    /// that have something wrong. `awaited` is what a person at a terminal is asked for.
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
