//! Erasure: visitors leave with all that is stored of them, and their tokens with them.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::QueryBuilder;
use time::OffsetDateTime;
use uuid::Uuid;

use super::audit::{Done, record};
use super::identities::{with_email, with_external_id};
use super::persons::person_join;
use super::{
    Connections, Store, StoreError, email, on_postgres, on_sqlite, push_ids, reading, retrying,
    transaction,
};
use crate::audit::{Action, Actor, Details};

/// How many visitors leave in one transaction.
const STEP: i64 = 500;

/// A person, named by what is verified of visitors, and where nothing is, by what they said about
/// themselves. Several visitors may be the same person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Person {
    /// The customer's id of the user.
    ExternalId(String),
    /// The user's e-mail address, in any case.
    Email(String),
}

/// Which records to erase.
#[derive(Clone, Debug)]
enum Whose<'a> {
    Record(Uuid),
    Person(&'a Person),
}

/// Deletes a person of whom no visitor is left.
const DELETE_UNPINNED: &str = "DELETE FROM persons
    WHERE organization_id = $1 AND external_id = $2 AND NOT EXISTS
        (SELECT 1 FROM visitors v WHERE v.organization_id = $1 AND v.person = $2)";

/// Deletes visitors of an organization, on a connection in a transaction, and the persons of whom no
/// visitor is left; the value is how many records went with them.
macro_rules! delete_visitors {
    ($connection:expr, $organization:expr, $visitors:expr) => {{
        let mut query = QueryBuilder::new("DELETE FROM identities WHERE organization_id = ");
        query.push_bind($organization).push(" AND visitor_id IN (");
        push_ids(&mut query, $visitors);
        let done = query
            .build()
            .persistent(false)
            .execute(&mut *$connection)
            .await?;
        let mut query = QueryBuilder::new("DELETE FROM visitors WHERE organization_id = ");
        query.push_bind($organization).push(" AND id IN (");
        push_ids(&mut query, $visitors);
        query.push(" RETURNING person");
        let persons: Vec<Option<String>> = query
            .build_query_scalar()
            .persistent(false)
            .fetch_all(&mut *$connection)
            .await?;
        // In one order for all, so that none waits for another in a circle.
        let persons: BTreeSet<String> = persons.into_iter().flatten().collect();
        for person in persons {
            // The lock first: a visitor that is pinned at this moment is seen by the statement after it.
            for sql in [
                "UPDATE persons SET updated_at = updated_at
                    WHERE organization_id = $1 AND external_id = $2",
                DELETE_UNPINNED,
            ] {
                sqlx::query(sql)
                    .bind($organization)
                    .bind(&person)
                    .execute(&mut *$connection)
                    .await?;
            }
        }
        done.rows_affected()
    }};
}

impl Store {
    /// Removes some visitors who were not seen since a time, with their records; returns how many, or
    /// `None` when none is left.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
    pub async fn remove_visitors_unseen_since(
        &self,
        limit: OffsetDateTime,
    ) -> Result<Option<usize>, StoreError> {
        const UNSEEN: &str = "SELECT organization_id, id FROM visitors
            WHERE COALESCE(last_seen_at, created_at) < $1
            ORDER BY COALESCE(last_seen_at, created_at) LIMIT $2";
        let unseen: Vec<(Uuid, Uuid)> = reading!(&self.connections, connection => {
            Ok(sqlx::query_as(UNSEEN).bind(limit).bind(STEP).fetch_all(connection).await?)
        })?;
        if unseen.is_empty() {
            return Ok(None);
        }
        let mut visitors = BTreeMap::<_, Vec<_>>::new();
        for (organization, visitor) in unseen {
            visitors.entry(organization).or_default().push(visitor);
        }
        let mut removed = 0;
        for (organization, visitors) in visitors {
            removed += transaction!(&self.connections, true, connection => {
                // Locks those that are unseen still: another process may remove them too, and a
                // visitor may call at this moment.
                let mut query = QueryBuilder::new(
                    "UPDATE visitors SET last_seen_at = last_seen_at
                    WHERE COALESCE(last_seen_at, created_at) < ",
                );
                query.push_bind(limit);
                query.push(" AND organization_id = ").push_bind(organization);
                query.push(" AND id IN (");
                push_ids(&mut query, &visitors);
                query.push(" RETURNING id");
                let unseen: Vec<Uuid> = query
                    .build_query_scalar()
                    .persistent(false)
                    .fetch_all(&mut *connection)
                    .await?;
                if !unseen.is_empty() {
                    delete_visitors!(connection, organization, &unseen);
                }
                Ok(unseen.len())
            })?;
        }
        Ok(Some(removed))
    }

    /// Erases a record and its visitor; false when the organization has none with that id.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
    pub async fn erase_identity(
        &self,
        organization: Uuid,
        id: Uuid,
        actor: &Actor,
    ) -> Result<bool, StoreError> {
        let erased = self.erase(organization, &Whose::Record(id), actor).await?;
        self.recent.forget_all();
        Ok(erased > 0)
    }

    /// Erases every record of a person in an organization, and their visitors; returns how many.
    ///
    /// Up to 500 leave in one transaction. When a later one fails, those before it are erased.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
    pub async fn erase_person(
        &self,
        organization: Uuid,
        person: &Person,
        actor: &Actor,
    ) -> Result<u64, StoreError> {
        let mut erased = 0;
        loop {
            match self
                .erase(organization, &Whose::Person(person), actor)
                .await?
            {
                0 => return Ok(erased),
                step => {
                    self.recent.forget_all();
                    erased += step;
                }
            }
        }
    }

    async fn erase(
        &self,
        organization: Uuid,
        whose: &Whose<'_>,
        actor: &Actor,
    ) -> Result<u64, StoreError> {
        transaction!(&self.connections, true, connection => {
            let mut query = QueryBuilder::new(concat!(
                "SELECT i.visitor_id FROM identities i
                    JOIN visitors v ON v.organization_id = i.organization_id AND v.id = i.visitor_id
                    JOIN organizations o ON o.id = i.organization_id AND o.deleted_at IS NULL",
                person_join!(),
                "WHERE i.organization_id = "
            ));
            query.push_bind(organization);
            match whose {
                Whose::Record(id) => query.push(" AND i.id = ").push_bind(id),
                Whose::Person(Person::ExternalId(id)) => with_external_id!(query, organization, id),
                Whose::Person(Person::Email(email)) => with_email!(query, organization, email),
            };
            query.push(" ORDER BY i.id LIMIT ").push_bind(STEP);
            let visitors: Vec<Uuid> =
                query.build_query_scalar().fetch_all(&mut *connection).await?;
            if visitors.is_empty() {
                // A program that knows of no persons may have erased the visitors.
                if let Whose::Person(Person::ExternalId(id)) = whose {
                    sqlx::query(DELETE_UNPINNED)
                        .bind(organization)
                        .bind(id)
                        .execute(&mut *connection)
                        .await?;
                }
                return Ok(0);
            }
            // Visitors first and records then, as a call with a token locks them.
            let mut query = QueryBuilder::new(
                "UPDATE visitors SET last_seen_at = last_seen_at WHERE organization_id = ",
            );
            query.push_bind(organization).push(" AND id IN (");
            push_ids(&mut query, &visitors);
            query.build().persistent(false).execute(&mut *connection).await?;
            // Nobody makes a record of these visitors meanwhile: that would wait for the rows that this
            // deletes, and find no visitor then.
            let records = delete_visitors!(connection, organization, &visitors);
            // Another call may have been faster.
            if records == 0 {
                return Ok(0);
            }
            let (action, details) = match whose {
                Whose::Record(id) => (Action::IdentityErased, Details {
                    identity_id: Some(*id),
                    ..Details::default()
                }),
                Whose::Person(_) => (Action::PersonErased, Details {
                    records: Some(records),
                    ..Details::default()
                }),
            };
            record!(connection, &Done {
                actor,
                action,
                organization: Some(organization),
                details,
            });
            Ok(records)
        })
    }
}
