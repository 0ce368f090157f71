//! How the `identify()` calls of each organization were verified: counted in memory, added to the
//! database every few seconds, and read from there.

use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use identity_hmac::{Matched, Verification};
use serde::Serialize;
use time::{Date, Duration, OffsetDateTime};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::metric::STATS_LOST;
use crate::organization;
use crate::store::{
    AcceptedProofs, Count, Counted, Counts, Flush, MAX_ORIGINS, OTHER_ORIGIN, Proof, Store,
    StoreError, VerificationDay,
};

/// How many days are kept, today included.
pub(crate) const MAX_DAYS: u16 = 90;
/// How many different counts wait in memory, at most: about 20 MB.
const MAX_WAITING: usize = 100_000;
/// How many counts one transaction adds.
const PART: usize = 500;
/// The longest origin that is counted by itself, in bytes: a host name has at most 253.
const MAX_ORIGIN_LEN: usize = 300;

/// How a call was verified, as a name that does not change between versions.
pub(crate) const fn result(outcome: Verification) -> &'static str {
    match outcome {
        Verification::Ignored => "ignored",
        Verification::Missing { .. } => "missing",
        Verification::Invalid { .. } => "invalid",
        Verification::Verified(Matched::Current) => "verified_current",
        Verification::Verified(Matched::Previous) => "verified_previous",
    }
}

/// The counts of this process that are not in the database yet.
pub(crate) struct VerificationStats {
    process: Uuid,
    counting: Mutex<Counts>,
    /// Taken out of `counting`, in the parts in which they are added: a part whose fate is unknown has
    /// to be tried again as it was.
    adding: tokio::sync::Mutex<Adding>,
}

#[derive(Debug, Default)]
struct Adding {
    parts: VecDeque<(i64, Counts)>,
    last_number: i64,
}

impl Adding {
    fn push(&mut self, counts: Counts) {
        let mut counts = counts.0.into_iter();
        loop {
            let part = Counts(counts.by_ref().take(PART).collect());
            if part.0.is_empty() {
                break;
            }
            self.last_number += 1;
            self.parts.push_back((self.last_number, part));
        }
    }

    async fn run(&mut self, store: &Store, process: Uuid) -> Result<(), StoreError> {
        while let Some(&(number, ref part)) = self.parts.front() {
            let flush = Flush { process, number };
            store.add_verification_counts(flush, part).await?;
            self.parts.pop_front();
        }
        Ok(())
    }
}

impl VerificationStats {
    pub(crate) fn new() -> Self {
        Self {
            process: Uuid::now_v7(),
            counting: Mutex::default(),
            adding: tokio::sync::Mutex::default(),
        }
    }

    /// Counts a call that carried a proof or not and came from a page of this origin, if from a page.
    /// It never waits for the database.
    pub(crate) fn count(
        &self,
        organization: Uuid,
        outcome: Verification,
        proof: Option<Proof>,
        origin: Option<&str>,
    ) {
        let now = OffsetDateTime::now_utc().truncate_to_second();
        let counted = Counted {
            organization,
            day: now.date(),
            origin: origin.map_or_else(String::new, known_origin),
            result: result(outcome),
            proof: proof.map_or("none", |proof| AcceptedProofs::from(proof).as_str()),
            secret: match outcome {
                Verification::Verified(Matched::Current) => "current",
                Verification::Verified(Matched::Previous) => "previous",
                _ => "",
            },
        };
        let count = Count {
            calls: 1,
            last_seen_at: now,
        };
        if !add_bounded(&mut self.counting(), counted, count) {
            metrics::counter!(STATS_LOST).increment(1);
        }
    }

    /// Adds what was counted to the database. What cannot be added is kept for the next time.
    pub(crate) async fn flush(&self, store: &Store) -> Result<(), StoreError> {
        let mut adding = self.adding.lock().await;
        // The rest of the last time comes first, so that memory holds two of these at most.
        adding.run(store, self.process).await?;
        let counted = std::mem::take(&mut *self.counting());
        adding.push(counted);
        adding.run(store, self.process).await
    }

    fn counting(&self) -> MutexGuard<'_, Counts> {
        self.counting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for VerificationStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerificationStats")
            .field("process", &self.process)
            .finish_non_exhaustive()
    }
}

/// The origin as it is counted: what no browser sends is not kept.
fn known_origin(origin: &str) -> String {
    let is_known = origin.len() <= MAX_ORIGIN_LEN
        && (origin == "null" || organization::check_origin(origin).is_ok());
    if is_known { origin } else { OTHER_ORIGIN }.to_owned()
}

/// Adds a call; false when there is no place for one of its kind.
fn add_bounded(counts: &mut Counts, mut counted: Counted, count: Count) -> bool {
    if !counts.0.contains_key(&counted) {
        let origins = counts.origins(counted.organization, counted.day);
        let is_further = !counted.origin.is_empty() && !origins.contains(counted.origin.as_str());
        if is_further && origins.len() >= MAX_ORIGINS || counts.0.len() >= MAX_WAITING {
            OTHER_ORIGIN.clone_into(&mut counted.origin);
        }
        if counts.0.len() >= MAX_WAITING && !counts.0.contains_key(&counted) {
            return false;
        }
    }
    counts.add(counted, count);
    true
}

/// The first of so many days, today included.
pub(crate) fn first_of(days: u16) -> Date {
    let today = OffsetDateTime::now_utc().date();
    today.saturating_sub(Duration::days(i64::from(days) - 1))
}

/// The calls of one kind on one day.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = VerificationDay)]
pub(crate) struct VerificationDayView {
    /// The day (UTC).
    #[schema(format = Date, example = "2026-11-25")]
    pub(crate) day: String,
    /// `ignored` (verification was off), `missing`, `invalid`, `verified_current` or
    /// `verified_previous`: the last two name the secret, or the token key.
    #[schema(example = "missing")]
    pub(crate) result: String,
    /// What the calls carried: `hmac`, `token` or `none`.
    #[schema(example = "none")]
    pub(crate) proof: String,
    /// Which secret or token key verified them: `current` or `previous`; null for none.
    #[schema(required = true)]
    pub(crate) secret: Option<String>,
    /// The origin of the page; null when they came from no page, `null` in quotes when the browser
    /// keeps the origin to itself, `other` for those beyond the first 20 of a day.
    #[schema(required = true, example = "https://shop.example")]
    pub(crate) origin: Option<String>,
    /// How many calls.
    pub(crate) count: i64,
    /// When the last one was.
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) last_seen_at: OffsetDateTime,
}

impl VerificationDayView {
    /// Whether `required` turns these calls away with these proofs, as far as is known: a call that
    /// was not checked may hold.
    pub(crate) fn is_turned_away(&self, accepted: AcceptedProofs) -> bool {
        match self.result.as_str() {
            "ignored" => false,
            "missing" | "invalid" => true,
            _ => [Proof::Hmac, Proof::Token].into_iter().any(|proof| {
                AcceptedProofs::from(proof).as_str() == self.proof && !accepted.accepts(proof)
            }),
        }
    }
}

impl From<VerificationDay> for VerificationDayView {
    fn from(stored: VerificationDay) -> Self {
        let unless_empty = |text: String| Some(text).filter(|text| !text.is_empty());
        Self {
            day: stored.day.to_string(),
            result: stored.result,
            proof: stored.proof,
            secret: unless_empty(stored.secret),
            origin: unless_empty(stored.origin),
            count: stored.calls,
            last_seen_at: stored.last_seen_at,
        }
    }
}

/// How an organization's calls were verified.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct VerificationStatsView {
    /// The days in their order, with a row for each kind of call. A day without calls has no row.
    pub(crate) days: Vec<VerificationDayView>,
}

impl VerificationStatsView {
    /// Reads the counts of the last days, today included. They are up to 10 s old.
    pub(crate) async fn read(
        store: &Store,
        organization: Uuid,
        days: u16,
    ) -> Result<Self, StoreError> {
        let days = store
            .verification_days(organization, first_of(days))
            .await?;
        Ok(Self {
            days: days.into_iter().map(Into::into).collect(),
        })
    }

    /// How many of the checked calls `required` turns away with these proofs, and how many were
    /// checked.
    pub(crate) fn turned_away(&self, accepted: AcceptedProofs) -> (i64, i64) {
        let checked = || self.days.iter().filter(|day| day.result != "ignored");
        let turned_away = checked().filter(|day| day.is_turned_away(accepted));
        (
            turned_away.map(|day| day.count).sum(),
            checked().map(|day| day.count).sum(),
        )
    }

    /// The origins whose calls the previous secret, or the older token key, verified since a time, and
    /// when it last did; the latest first.
    pub(crate) fn verified_by_previous(
        &self,
        proof: Proof,
        since: Option<OffsetDateTime>,
    ) -> Vec<(Option<&str>, OffsetDateTime)> {
        let proof = AcceptedProofs::from(proof).as_str();
        // The last call of a count is known to a second.
        let since = since.map(OffsetDateTime::truncate_to_second);
        let mut last = BTreeMap::new();
        for day in &self.days {
            if day.proof == proof
                && day.secret.as_deref() == Some("previous")
                && since.is_none_or(|since| day.last_seen_at >= since)
            {
                let last = last
                    .entry(day.origin.as_deref())
                    .or_insert(day.last_seen_at);
                *last = day.last_seen_at.max(*last);
            }
        }
        let mut last: Vec<_> = last.into_iter().collect();
        last.sort_by_key(|&(_, at)| Reverse(at));
        last
    }

    /// How many calls were not checked, and how many of them carried a proof.
    pub(crate) fn ignored(&self) -> (i64, i64) {
        let ignored = || self.days.iter().filter(|day| day.result == "ignored");
        let signed = ignored().filter(|day| day.proof != "none");
        (
            ignored().map(|day| day.count).sum(),
            signed.map(|day| day.count).sum(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MISSING: Verification = Verification::Missing { refused: false };

    #[test]
    fn the_origins_that_still_need_the_previous_secret_are_those_since_it_was_replaced() {
        let at = |second| OffsetDateTime::UNIX_EPOCH + Duration::seconds(second);
        let day = |origin: Option<&str>, proof: &str, secret: &str, second| VerificationDayView {
            day: "1970-01-01".to_owned(),
            result: "verified_previous".to_owned(),
            proof: proof.to_owned(),
            secret: Some(secret.to_owned()),
            origin: origin.map(str::to_owned),
            count: 1,
            last_seen_at: at(second),
        };
        let [shop, blog, old] = [
            "https://shop.example",
            "https://blog.example",
            "https://old.example",
        ];
        let stats = VerificationStatsView {
            days: vec![
                day(Some(old), "hmac", "previous", 9),
                day(Some(blog), "hmac", "previous", 10),
                day(Some(shop), "hmac", "previous", 11),
                day(Some(blog), "hmac", "previous", 12),
                day(None, "hmac", "previous", 10),
                day(Some(shop), "hmac", "current", 20),
                day(Some(shop), "token", "previous", 13),
            ],
        };
        let since = at(10) + Duration::milliseconds(900);
        let needed = stats.verified_by_previous(Proof::Hmac, Some(since));
        assert_eq!(
            needed,
            [(Some(blog), at(12)), (Some(shop), at(11)), (None, at(10))]
        );
        let needed = stats.verified_by_previous(Proof::Token, None);
        assert_eq!(needed, [(Some(shop), at(13))]);
    }

    #[test]
    fn an_origin_that_no_browser_sends_is_not_kept() {
        let long = format!("https://{}.example", "a".repeat(300));
        for (origin, kept) in [
            ("https://shop.example", "https://shop.example"),
            ("null", "null"),
            ("<script>alert(1)</script>", OTHER_ORIGIN),
            ("https://shop.example/jane@example.com", OTHER_ORIGIN),
            (&long, OTHER_ORIGIN),
        ] {
            assert_eq!(known_origin(origin), kept);
        }
    }

    #[test]
    fn made_up_origins_leave_place_for_what_others_count() {
        let stats = VerificationStats::new();
        let [attacked, other] = [1, 2].map(Uuid::from_u128);
        for number in 0..1_000 {
            let origin = format!("https://{number}.example");
            stats.count(attacked, MISSING, None, Some(&origin));
        }
        stats.count(other, MISSING, None, Some("https://shop.example"));
        let counting = stats.counting();
        assert_eq!(counting.0.len(), MAX_ORIGINS + 2);
        let calls: i64 = counting.0.values().map(|count| count.calls).sum();
        assert_eq!(calls, 1_001);
    }

    #[test]
    fn without_a_place_a_call_counts_with_the_other_origins_or_not_at_all() {
        let stats = VerificationStats::new();
        let shop = Uuid::from_u128(u128::from(u32::MAX));
        stats.count(shop, MISSING, None, Some("a made-up one"));
        for number in 1..MAX_WAITING {
            stats.count(Uuid::from_u128(number as u128), MISSING, None, None);
        }
        stats.count(shop, MISSING, None, Some("https://shop.example"));
        stats.count(Uuid::from_u128(0), MISSING, None, None);
        let counting = stats.counting();
        assert_eq!(counting.0.len(), MAX_WAITING);
        let calls: i64 = counting.0.values().map(|count| count.calls).sum();
        assert_eq!(calls, i64::try_from(MAX_WAITING).unwrap() + 1);
    }
}
