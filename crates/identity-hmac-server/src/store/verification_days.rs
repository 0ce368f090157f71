//! How many `identify()` calls of each kind the organizations had, day by day.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{FromRow, QueryBuilder};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::{
    Connections, Store, StoreError, on_postgres, on_sqlite, push_ids, reading, retrying,
    transaction, writing,
};

/// How many origins have counts of their own, for one organization and day.
pub const MAX_ORIGINS: usize = 20;
/// What the calls of all further origins are counted under.
pub const OTHER_ORIGIN: &str = "other";
/// How many organizations lose their old days in one step.
const ORGANIZATIONS_PER_STEP: i64 = 200;

/// The calls that are counted together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Counted {
    /// Whose calls.
    pub organization: Uuid,
    /// On which day (UTC).
    pub day: Date,
    /// The origin of the page; empty when the call came from no page.
    pub origin: String,
    /// How they were verified, as in `identity_hmac_identify_total`.
    pub result: &'static str,
    /// What they carried: `hmac`, `token` or `none`.
    pub proof: &'static str,
    /// Which secret or token key verified them: `current` or `previous`; empty for none.
    pub secret: &'static str,
}

/// How many calls, and when the last one was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// How many.
    pub calls: i64,
    /// When the last one was, to a second.
    pub last_seen_at: OffsetDateTime,
}

/// Counts of calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts(pub BTreeMap<Counted, Count>);

impl Counts {
    /// Adds further calls.
    pub fn add(&mut self, counted: Counted, further: Count) {
        let count = self.0.entry(counted).or_insert(Count {
            calls: 0,
            ..further
        });
        count.calls += further.calls;
        count.last_seen_at = count.last_seen_at.max(further.last_seen_at);
    }

    /// The origins with counts of their own, for an organization and day.
    #[must_use]
    pub fn origins(&self, organization: Uuid, day: Date) -> BTreeSet<&str> {
        let first = Counted {
            organization,
            day,
            origin: String::new(),
            result: "",
            proof: "",
            secret: "",
        };
        let counted = self.0.range(first..).map(|(counted, _)| counted);
        counted
            .take_while(|counted| (counted.organization, counted.day) == (organization, day))
            .map(|counted| counted.origin.as_str())
            .filter(|origin| !["", OTHER_ORIGIN].contains(origin))
            .collect()
    }

    /// The counts of organizations that there are, with as few origins as may be kept beside those
    /// that are stored.
    fn kept_beside(&self, stored: &mut Origins, organizations: &BTreeSet<Uuid>) -> Self {
        let mut kept = Self::default();
        for (counted, count) in &self.0 {
            if !organizations.contains(&counted.organization) {
                continue;
            }
            let mut counted = counted.clone();
            let origins = stored
                .entry((counted.organization, counted.day))
                .or_default();
            if !["", OTHER_ORIGIN].contains(&counted.origin.as_str())
                && !origins.contains(&counted.origin)
            {
                if origins.len() < MAX_ORIGINS {
                    origins.insert(counted.origin.clone());
                } else {
                    OTHER_ORIGIN.clone_into(&mut counted.origin);
                }
            }
            kept.add(counted, *count);
        }
        kept
    }
}

type Origins = BTreeMap<(Uuid, Date), BTreeSet<String>>;

/// Which counts of which process these are.
#[derive(Clone, Copy, Debug)]
pub struct Flush {
    /// The process.
    pub process: Uuid,
    /// Later ones have higher numbers.
    pub number: i64,
}

/// The calls of one kind on one day, as they are stored.
#[derive(Clone, Debug, FromRow)]
pub struct VerificationDay {
    /// The day (UTC).
    pub day: Date,
    /// The origin of the page; empty when the calls came from no page, or `other`.
    pub origin: String,
    /// How they were verified, as in `identity_hmac_identify_total`.
    pub result: String,
    /// What they carried: `hmac`, `token` or `none`.
    pub proof: String,
    /// Which secret or token key verified them: `current` or `previous`; empty for none.
    pub secret: String,
    /// How many.
    pub calls: i64,
    /// When the last one was.
    pub last_seen_at: OffsetDateTime,
}

impl Store {
    /// Adds counts to those that are stored: all or nothing, and once, however often it is tried.
    /// Those of organizations that do not exist are left out.
    ///
    /// Processes that meet new origins at the same moment may keep more than [`MAX_ORIGINS`].
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails. It may have added the counts and failed to say so: try
    /// the same flush again.
    pub async fn add_verification_counts(
        &self,
        flush: Flush,
        counts: &Counts,
    ) -> Result<(), StoreError> {
        const CLAIM: &str = "INSERT INTO verification_flushes (process, number, written_at)
            VALUES ($1, $2, $3)
            ON CONFLICT (process) DO UPDATE SET
                number = excluded.number, written_at = excluded.written_at
            WHERE verification_flushes.number < excluded.number";
        let Some(first_day) = counts.0.keys().map(|counted| counted.day).min() else {
            return Ok(());
        };
        let organizations: BTreeSet<_> = counts.0.keys().map(|key| key.organization).collect();
        transaction!(&self.connections, true, connection => {
            let claimed = sqlx::query(CLAIM)
                .bind(flush.process)
                .bind(flush.number)
                .bind(OffsetDateTime::now_utc())
                .execute(&mut *connection)
                .await?;
            if claimed.rows_affected() == 0 {
                return Ok(());
            }

            let mut query = QueryBuilder::new("SELECT id FROM organizations WHERE deleted_at IS NULL AND id IN (",
            );
            push_ids(&mut query, &organizations);
            let there: Vec<Uuid> = query
                .build_query_scalar()
                .persistent(false)
                .fetch_all(&mut *connection)
                .await?;

            let mut query = QueryBuilder::new(
                "SELECT DISTINCT organization_id, day, origin FROM verification_days
                WHERE origin NOT IN ('', 'other') AND day >= ",
            );
            query.push_bind(first_day).push(" AND organization_id IN (");
            push_ids(&mut query, &organizations);
            let rows: Vec<(Uuid, Date, String)> = query
                .build_query_as()
                .persistent(false)
                .fetch_all(&mut *connection)
                .await?;
            let mut stored = Origins::new();
            for (organization, day, origin) in rows {
                stored.entry((organization, day)).or_default().insert(origin);
            }

            let kept = counts.kept_beside(&mut stored, &there.into_iter().collect());
            if kept.0.is_empty() {
                return Ok(());
            }
            let mut query = QueryBuilder::new(
                "INSERT INTO verification_days
                (organization_id, day, origin, result, proof, secret, calls, last_seen_at) ",
            );
            query.push_values(&kept.0, |mut row, (counted, count)| {
                row.push_bind(counted.organization)
                    .push_bind(counted.day)
                    .push_bind(&counted.origin)
                    .push_bind(counted.result)
                    .push_bind(counted.proof)
                    .push_bind(counted.secret)
                    .push_bind(count.calls)
                    .push_bind(count.last_seen_at);
            });
            query.push(
                " ON CONFLICT (organization_id, day, origin, result, proof, secret) DO UPDATE SET
                    calls = verification_days.calls + excluded.calls,
                    last_seen_at = CASE WHEN excluded.last_seen_at > verification_days.last_seen_at
                        THEN excluded.last_seen_at ELSE verification_days.last_seen_at END",
            );
            query.build().persistent(false).execute(&mut *connection).await?;
            Ok(())
        })
    }

    /// Reads the counts of an organization from a day on, in the order of the days.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
    pub async fn verification_days(
        &self,
        organization: Uuid,
        first_day: Date,
    ) -> Result<Vec<VerificationDay>, StoreError> {
        const SQL: &str = "SELECT day, origin, result, proof, secret, calls, last_seen_at
            FROM verification_days WHERE organization_id = $1 AND day >= $2
            ORDER BY day, result, proof, secret, origin";
        reading!(&self.connections, connection => Ok(sqlx::query_as(SQL)
            .bind(organization)
            .bind(first_day)
            .fetch_all(connection)
            .await?))
    }

    /// Deletes some of the counts before a day, and the flushes of processes that ended before it;
    /// returns how many rows.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
    pub async fn delete_verification_days_before(&self, day: Date) -> Result<u64, StoreError> {
        const DAYS: &str = "DELETE FROM verification_days WHERE day < $1 AND organization_id IN
            (SELECT organization_id FROM verification_days WHERE day < $1 ORDER BY day LIMIT $2)";
        const FLUSHES: &str = "DELETE FROM verification_flushes WHERE written_at < $1";
        let days = writing!(&self.connections, connection => {
            let done = sqlx::query(DAYS)
                .bind(day)
                .bind(ORGANIZATIONS_PER_STEP)
                .execute(connection)
                .await?;
            Ok(done.rows_affected())
        })?;
        let flushes = writing!(&self.connections, connection => {
            let done = sqlx::query(FLUSHES)
                .bind(day.midnight().assume_utc())
                .execute(connection)
                .await?;
            Ok(done.rows_affected())
        })?;
        Ok(days + flushes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Date = Date::MIN;

    fn counted(organization: Uuid, origin: &str) -> Counted {
        Counted {
            organization,
            day: DAY,
            origin: origin.to_owned(),
            result: "missing",
            proof: "none",
            secret: "",
        }
    }

    fn count(calls: i64) -> Count {
        Count {
            calls,
            last_seen_at: OffsetDateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn origins_beyond_those_that_are_kept_are_counted_together() {
        let (shop, gone) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let mut counts = Counts::default();
        for number in 10..40 {
            counts.add(
                counted(shop, &format!("https://{number}.example")),
                count(2),
            );
        }
        counts.add(counted(shop, ""), count(3));
        counts.add(counted(shop, OTHER_ORIGIN), count(5));
        counts.add(counted(gone, ""), count(7));
        assert_eq!(counts.origins(shop, DAY).len(), 30);

        let mut stored = Origins::from([(
            (shop, DAY),
            (25..35)
                .map(|number| format!("https://{number}.example"))
                .collect(),
        )]);
        let kept = counts.kept_beside(&mut stored, &BTreeSet::from([shop]));
        assert_eq!(kept.origins(shop, DAY).len(), MAX_ORIGINS);
        assert!(kept.origins(shop, DAY).contains("https://34.example"));
        // 20 of the 30 are kept: 10 that were stored, and the first 10 others.
        assert_eq!(kept.0[&counted(shop, OTHER_ORIGIN)], count(5 + 10 * 2));
        assert_eq!(kept.0[&counted(shop, "")], count(3));
        let calls: i64 = kept.0.values().map(|count| count.calls).sum();
        assert_eq!(calls, 30 * 2 + 3 + 5);
    }
}
