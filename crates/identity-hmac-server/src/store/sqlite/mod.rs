//! Connections to a SQLite file: readers, and one writer.

mod log;
mod pool;
mod replace;
mod writer;

pub(super) use pool::{Pool, begin, options, settle};
pub(super) use writer::Writer;
