//! How a stream of bytes becomes lines, in memory that does not grow with the stream.

use std::io::{self, BufRead, ErrorKind};

use bstr::ByteSlice;

/// The longest line that is read. No visitor id is longer, and a file without line ends must not fill
/// the memory.
pub(crate) const MAX_LINE_LEN: usize = 1024 * 1024;

/// Appends the next whole lines of `input` to `lines`. It takes what the next read gives, so slow
/// input is handled as it comes. At the end of the input it appends nothing.
///
/// A line that is longer than [`MAX_LINE_LEN`] loses its middle, and is still seen to be too long.
pub(crate) fn read_lines(input: &mut impl BufRead, lines: &mut Vec<u8>) -> io::Result<()> {
    let kept_at_most = lines.len() + MAX_LINE_LEN + b"\r\n".len();
    loop {
        let available = match input.fill_buf() {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            available => available?,
        };
        if available.is_empty() {
            return Ok(());
        }
        if let Some(line_end) = available.rfind_byte(b'\n') {
            lines.extend_from_slice(&available[..=line_end]);
            input.consume(line_end + 1);
            return Ok(());
        }
        let len = available.len();
        let kept = len.min(kept_at_most - lines.len());
        lines.extend_from_slice(&available[..kept]);
        input.consume(len);
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    /// What `read_lines` gives, call by call, for reads of at most `read` bytes.
    fn chunks(input: &[u8], read: usize) -> Vec<Vec<u8>> {
        let mut input = BufReader::with_capacity(read, input);
        let next = || {
            let mut lines = Vec::new();
            read_lines(&mut input, &mut lines).unwrap();
            (!lines.is_empty()).then_some(lines)
        };
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn chunks_end_where_lines_end_however_the_reads_fall() {
        let input = b"one\ntwo\r\n\nfour\rfour\nfive";
        for read in 1..=input.len() + 1 {
            let chunks = chunks(input, read);
            assert_eq!(chunks.concat(), input);
            let (_, whole) = chunks.split_last().unwrap();
            assert!(
                whole.iter().all(|chunk| chunk.ends_with(b"\n")),
                "reads of {read}"
            );
        }
    }

    #[test]
    fn a_line_of_the_greatest_length_is_kept_whole_and_a_longer_one_is_still_too_long() {
        for line_end in ["", "\n", "\r\n"] {
            for excess in [0, 1, 2, 3, 100_000] {
                let mut input = vec![b'a'; MAX_LINE_LEN + excess];
                input.extend_from_slice(line_end.as_bytes());
                let lines = chunks(&input, 4093).concat();
                let mut lines = ByteSlice::lines(&*lines);
                let len = lines.next().unwrap().len();
                assert_eq!(
                    len > MAX_LINE_LEN,
                    excess > 0,
                    "{line_end:?}, {excess} too many"
                );
                assert!(len <= MAX_LINE_LEN + 2 + 4093);
                assert_eq!(lines.next(), None);
            }
        }
    }
}
