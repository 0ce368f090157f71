//! E-mail addresses as they are looked up.

/// The same text for every spelling of an address that differs in case alone.
///
/// RFC 5321 section 2.4 lets a mail server tell such spellings apart; none does that people use. It is
/// done here and not by the databases, which know different letters.
pub(super) fn fold(email: &str) -> String {
    // Letter by letter: `str::to_lowercase` writes a Greek sigma by its place in the word.
    email.chars().flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_that_differ_in_case_are_one() {
        for (one, other) in [
            ("Jane@Example.COM", "jane@example.com"),
            ("ÉLODIE.Brûlé@example.com", "élodie.brÛlé@example.com"),
            ("ΟΔΟΣ@example.com", "οδοσ@EXAMPLE.com"),
        ] {
            assert_eq!(fold(one), fold(other));
        }
        assert_ne!(fold("jane@example.com"), fold("jane@example.org"));
    }
}
