//! Times in words, with the exact time beside them.

use std::fmt;

use askama::filters::HtmlSafe;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A time as a page shows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct When {
    at: OffsetDateTime,
    now: OffsetDateTime,
}

impl From<OffsetDateTime> for When {
    fn from(at: OffsetDateTime) -> Self {
        let now = OffsetDateTime::now_utc();
        Self { at, now }
    }
}

impl When {
    /// The time itself.
    pub(super) fn at(self) -> OffsetDateTime {
        self.at
    }

    /// How long ago it was, in words alone.
    pub(super) fn words(self) -> String {
        let seconds = (self.now - self.at).whole_seconds();
        let several = |count: i64, unit: &str| {
            let s = if count == 1 { "" } else { "s" };
            format!("{count} {unit}{s} ago")
        };
        match seconds {
            // The clocks of two machines may differ.
            ..60 => "just now".to_owned(),
            60..3_600 => several(seconds / 60, "minute"),
            3_600..86_400 => several(seconds / 3_600, "hour"),
            86_400..2_592_000 => several(seconds / 86_400, "day"),
            _ => format!("on {}", self.at.date()),
        }
    }
}

/// An element of HTML: numbers and words from here alone.
impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at.truncate_to_second();
        let exact = at.format(&Rfc3339).map_err(|_| fmt::Error)?;
        let shown = exact.replace('T', " ").replace('Z', " UTC");
        let words = self.words();
        write!(
            f,
            r#"<time datetime="{exact}" title="{shown}">{words}</time>"#
        )
    }
}

impl HtmlSafe for When {}

#[cfg(test)]
mod tests {
    use super::*;
    use time::Duration;

    #[test]
    fn a_time_is_told_in_words_with_the_exact_one_beside_it() {
        let now = OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap();
        let words = |ago: Duration| When { at: now - ago, now }.words();
        for (ago, told) in [
            (-Duration::HOUR, "just now"),
            (Duration::seconds(59), "just now"),
            (Duration::MINUTE, "1 minute ago"),
            (Duration::minutes(59), "59 minutes ago"),
            (Duration::HOUR, "1 hour ago"),
            (Duration::days(2), "2 days ago"),
            (Duration::days(30), "on 2026-12-16"),
        ] {
            assert_eq!(words(ago), told);
        }
        let element = When {
            at: now - Duration::MINUTE,
            now,
        }
        .to_string();
        let expected = r#"<time datetime="2027-01-15T07:59:00Z" title="2027-01-15 07:59:00 UTC">1 minute ago</time>"#;
        assert_eq!(element, expected);
    }
}
