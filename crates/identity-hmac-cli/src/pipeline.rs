//! Many lines through all cores, in order and in bounded memory.
//!
//! One thread reads, a few work, and the caller's writes. A fixed number of chunks goes round:
//! reader, worker, writer, reader. The chunks are dealt to the workers in turn and collected in
//! the same turn, which is what keeps the order.

use std::fmt;
use std::io::{self, Write};
use std::panic;
use std::sync::mpsc;
use std::thread;

use anyhow::Context;
use bstr::ByteSlice;
use identity_hmac::VerificationFailed;

use crate::lines::{MAX_LINE_LEN, read_lines};

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It has no bytes.
    Empty,
    /// It is longer than [`MAX_LINE_LEN`].
    TooLong,
    /// It is not in the expected form, which is this.
    Not(&'static str),
    /// Its hmac does not verify.
    VerificationFailed,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("empty"),
            Self::TooLong => write!(f, "longer than {} MiB", MAX_LINE_LEN / 1024 / 1024),
            Self::Not(what) => write!(f, "not {what}"),
            Self::VerificationFailed => VerificationFailed.fmt(f),
        }
    }
}

/// Whole lines, and what became of them.
#[derive(Default)]
struct Chunk {
    lines: Vec<u8>,
    line_count: u64,
    output: Vec<u8>,
    /// By line, counted from 1 in this chunk.
    faults: Vec<(u64, Fault)>,
}

impl Chunk {
    fn work(&mut self, worker: &mut impl FnMut(&[u8], &mut Vec<u8>) -> Result<(), Fault>) {
        for line in self.lines.lines() {
            self.line_count += 1;
            let done = match line.len() {
                0 => Err(Fault::Empty),
                1..=MAX_LINE_LEN => worker(line, &mut self.output),
                _ => Err(Fault::TooLong),
            };
            if let Err(fault) = done {
                self.faults.push((self.line_count, fault));
            }
        }
    }

    fn clear(&mut self) {
        self.lines.clear();
        self.line_count = 0;
        self.output.clear();
        self.faults.clear();
    }
}

/// Gives every line of `input` that is not empty to a worker, and writes the results to `output` in
/// the order of the lines. A worker appends its result to its second argument. `new_worker` is called
/// once for each of the `threads`. `look_at_start` gets the start of the input before anything is
/// reported. `report` gets each fault with its line, counted from 1, in order too. Returns the number
/// of lines.
///
/// On an error it returns without waiting for the reader, which may itself be waiting for input.
pub(crate) fn run<W>(
    mut input: impl io::BufRead + Send + 'static,
    output: &mut impl Write,
    threads: usize,
    new_worker: impl Fn() -> W,
    look_at_start: impl FnOnce(&[u8]),
    mut report: impl FnMut(u64, Fault),
) -> anyhow::Result<u64>
where
    W: FnMut(&[u8], &mut Vec<u8>) -> Result<(), Fault> + Send + 'static,
{
    let (to_reader, free) = mpsc::channel();
    for _ in 0..threads + 2 {
        _ = to_reader.send(Chunk::default());
    }

    let mut workers = Vec::new();
    let (to_workers, from_workers): (Vec<_>, Vec<_>) = (0..threads)
        .map(|_| {
            let (to_worker, todo) = mpsc::channel::<Chunk>();
            let (done, from_worker) = mpsc::channel();
            let mut worker = new_worker();
            workers.push(thread::spawn(move || {
                for mut chunk in todo {
                    chunk.work(&mut worker);
                    // An error means that the writer has given up, and soon the reader will.
                    _ = done.send(chunk);
                }
            }));
            (to_worker, from_worker)
        })
        .unzip();

    let reader = thread::spawn(move || -> io::Result<()> {
        for to_worker in to_workers.iter().cycle() {
            let Ok(mut chunk) = free.recv() else { break };
            chunk.clear();
            read_lines(&mut input, &mut chunk.lines)?;
            if chunk.lines.is_empty() {
                break;
            }
            if to_worker.send(chunk).is_err() {
                break;
            }
        }
        Ok(())
    });

    let mut look_at_start = Some(look_at_start);
    let mut line_count = 0;
    for from_worker in from_workers.iter().cycle() {
        // The worker whose turn it is ends when there are no more chunks.
        let Ok(chunk) = from_worker.recv() else { break };
        if let Some(look) = look_at_start.take() {
            look(&chunk.lines);
        }
        output
            .write_all(&chunk.output)
            .context("cannot write the results")?;
        for &(line, fault) in &chunk.faults {
            report(line_count + line, fault);
        }
        line_count += chunk.line_count;
        // An error means that the reader has come to the end.
        _ = to_reader.send(chunk);
    }
    drop(to_reader);
    for worker in workers {
        worker
            .join()
            .unwrap_or_else(|payload| panic::resume_unwind(payload));
    }
    let read = reader.join();
    read.unwrap_or_else(|payload| panic::resume_unwind(payload))
        .context("cannot read the input")?;
    Ok(line_count)
}
