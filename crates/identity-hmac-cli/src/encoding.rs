//! The encoding of a text, as far as its first bytes show it.

/// The encoding that the byte order mark at the start of `text` stands for; `None` without one.
pub(crate) fn marked(text: &[u8]) -> Option<&'static str> {
    match text {
        [0xef, 0xbb, 0xbf, ..] => Some("UTF-8"),
        // Before UTF-16: one mark begins with the other.
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => Some("UTF-32"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some("UTF-16"),
        _ => None,
    }
}

/// Whether the first line of `text` is most likely ASCII in UTF-16 without a mark: every other byte
/// is zero.
pub(crate) fn is_unmarked_utf_16(text: &[u8]) -> bool {
    let line = text.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let every_other = |from: usize, is_zero: bool| {
        let mut bytes = line.iter().skip(from).step_by(2);
        bytes.all(|&byte| (byte == 0) == is_zero)
    };
    line.len() >= 4
        && (every_other(0, true) && every_other(1, false)
            || every_other(0, false) && every_other(1, true))
}
