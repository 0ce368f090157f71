//! The log on standard error. The service never waits for its reader.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::Context;
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, StateArgs};

/// How many lines wait for a slow reader, at most. Further ones are dropped and counted.
const QUEUE_LINES: usize = 4096;
/// How long the end of the process waits for the last lines to be taken.
const FLUSH_DEADLINE: Duration = Duration::from_secs(1);

/// The log of this process. Dropping it writes the lines that still wait.
#[derive(Debug)]
pub(crate) struct Log {
    writer: NonBlocking,
    guard: Option<WorkerGuard>,
    dropped: DroppedLines,
}

/// How many lines the log lost since the process started.
#[derive(Clone, Debug)]
pub(crate) struct DroppedLines {
    /// The queue was full: the reader is too slow, or stalls.
    from_queue: ErrorCounter,
    /// The write failed: the reader is gone, or the disk is full.
    unwritten: Arc<AtomicU64>,
}

impl DroppedLines {
    /// Of a log that takes every line.
    #[cfg(test)]
    pub(crate) fn none() -> Self {
        Self {
            from_queue: tracing_appender::non_blocking(io::sink()).0.error_counter(),
            unwritten: Arc::default(),
        }
    }

    pub(crate) fn count(&self) -> u64 {
        let from_queue = u64::try_from(self.from_queue.dropped_lines()).unwrap_or(u64::MAX);
        from_queue.saturating_add(self.unwritten.load(Ordering::Relaxed))
    }
}

impl Log {
    /// Starts the log. Panics go into it too: the standard hook would wait for the reader.
    pub(crate) fn start(state: &StateArgs) -> anyhow::Result<Self> {
        let filter = EnvFilter::builder().parse(&state.log).context("--log")?;
        let unwritten = Arc::<AtomicU64>::default();
        let (writer, guard) = NonBlockingBuilder::default()
            .buffered_lines_limit(QUEUE_LINES)
            .finish(StandardError(unwritten.clone()));
        let log = tracing_subscriber::fmt()
            .with_writer(writer.clone())
            .with_ansi(io::stderr().is_terminal())
            // They would go to standard error with a macro that panics when it is closed.
            .log_internal_errors(false)
            .with_env_filter(filter);
        match state.log_format {
            LogFormat::Text => log.init(),
            LogFormat::Json => log.json().flatten_event(true).init(),
        }
        std::panic::set_hook(Box::new(|panic| {
            tracing::error!(error = panic.to_string(), "a panic");
        }));
        Ok(Self {
            dropped: DroppedLines {
                from_queue: writer.error_counter(),
                unwritten,
            },
            writer,
            guard: Some(guard),
        })
    }

    pub(crate) fn dropped(&self) -> DroppedLines {
        self.dropped.clone()
    }

    /// Writes a line that is no event.
    pub(crate) fn line(&mut self, line: &str) {
        // The writer reports no failure; the line counts as dropped then.
        let _ = self.writer.write_all(format!("{line}\n").as_bytes());
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        let Some(guard) = self.guard.take() else {
            return;
        };
        // Dropping the guard may block: it prints to standard output when the queue is full, and
        // that may be the same pipe.
        let (flushed, is_flushed) = mpsc::channel();
        let flushing = move || {
            drop(guard);
            let _ = flushed.send(());
        };
        if thread::Builder::new().spawn(flushing).is_ok() {
            let _ = is_flushed.recv_timeout(FLUSH_DEADLINE);
        }
    }
}

/// Standard error, which counts the lines that it cannot write.
struct StandardError(Arc<AtomicU64>);

impl Write for StandardError {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if io::stderr().write_all(line).is_err() {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
