//! Where lines come from: a file or standard input.

use std::fs::{self, File};
use std::io::{self, BufReader, IsTerminal, Read};
use std::path::Path;

use anyhow::{anyhow, bail};
use indicatif::{ProgressBar, ProgressStyle};

use crate::message;
use crate::stdin;

/// Bytes of one read, and so about the size of a chunk of lines.
const READ_LEN: usize = 64 * 1024;

/// An opened input.
pub(crate) struct Input {
    source: Box<dyn Read + Send>,
    /// Bytes, if it is a regular file.
    len: Option<u64>,
    is_terminal: bool,
}

impl Input {
    /// Opens the file at `path`, or standard input without one or for `-`. If that is a terminal,
    /// asks for `awaited` on standard error.
    pub(crate) fn open(path: Option<&Path>, awaited: &str) -> anyhow::Result<Self> {
        let Some(path) = path.filter(|path| !stdin::is_meant_by(path)) else {
            let stdin = io::stdin();
            let is_terminal = stdin.is_terminal();
            if is_terminal {
                message::note(format_args!(
                    "reading {awaited} from the terminal, one a line; end with Ctrl-D"
                ));
            }
            return Ok(Self {
                source: Box::new(stdin),
                len: fs::metadata("/dev/stdin")
                    .ok()
                    .and_then(|stdin| file_len(&stdin)),
                is_terminal,
            });
        };
        // The error is put into words here: see `exit::report`.
        let cannot = |error| anyhow!("cannot read {}: {error}; check the path", path.display());
        let file = File::open(path).map_err(cannot)?;
        let metadata = file.metadata().map_err(cannot)?;
        if metadata.is_dir() {
            bail!("{} is a folder; name a file in it", path.display());
        }
        Ok(Self {
            is_terminal: file.is_terminal(),
            source: Box::new(file),
            len: file_len(&metadata),
        })
    }

    /// A progress bar on standard error, which goes away at the end. It is hidden without a terminal,
    /// and when a person types the input.
    pub(crate) fn progress_bar(&self, output_is_terminal: bool) -> ProgressBar {
        if self.is_terminal || output_is_terminal {
            return ProgressBar::hidden();
        }
        let (bar, template) = match self.len {
            Some(len) => (
                ProgressBar::new(len),
                "{wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta} left",
            ),
            None => (
                ProgressBar::no_length(),
                "{spinner} {bytes} read {bytes_per_sec}",
            ),
        };
        #[expect(clippy::expect_used, reason = "the templates are constants")]
        let style = ProgressStyle::with_template(template).expect("a template of indicatif");
        bar.with_style(style)
    }

    /// The bytes, counted by `bar`.
    pub(crate) fn into_reader(self, bar: &ProgressBar) -> BufReader<impl Read + Send + 'static> {
        BufReader::with_capacity(READ_LEN, bar.wrap_read(self.source))
    }
}

fn file_len(metadata: &fs::Metadata) -> Option<u64> {
    metadata.is_file().then_some(metadata.len())
}
