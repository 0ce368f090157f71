//! Many records replaced by one statement.

use std::collections::HashSet;

use sqlx::{QueryBuilder, SqliteConnection};
use uuid::Uuid;

use crate::store::identify::Write;
use crate::store::{Identified, IdentifyCall, StoreError};

/// What calls write that each replace another record, and do no more; `None` when there is another call
/// among them.
pub(super) fn replacements<'c>(calls: &[&'c IdentifyCall]) -> Option<Vec<Write<'c>>> {
    let mut records = HashSet::new();
    let replacement = |call: &&'c IdentifyCall| {
        let write = Write::replacement(call)?;
        records
            .insert((call.organization, write.record.id))
            .then_some(write)
    };
    calls.iter().map(replacement).collect()
}

/// Replaces the records that are still those that were read. A statement for each would be two changes of
/// thread for each. `None` stands for a call that another one was faster than.
pub(super) async fn replace(
    connection: &mut SqliteConnection,
    writes: Vec<Write<'_>>,
) -> Result<Vec<Option<Identified>>, StoreError> {
    let mut query = QueryBuilder::new(
        "WITH said (organization_id, visitor_id, id, name, email, email_folded, external_id, metadata,
            hmac_verified, backend_at, token_at, updated_at, keeps_metadata, read_at) AS (",
    );
    query.push_values(&writes, |mut row, write| {
        row.push_bind(write.call.organization)
            .push_bind(write.call.visitor)
            .push_bind(write.record.id)
            .push_bind(&write.record.name)
            .push_bind(&write.record.email)
            .push_bind(&write.email_folded)
            .push_bind(&write.record.external_id)
            .push_bind(&write.metadata)
            .push_bind(write.has_proof)
            .push_bind(write.backend_at)
            .push_bind(write.token_at)
            .push_bind(write.record.updated_at)
            .push_bind(write.keeps_metadata)
            .push_bind(write.read_at);
    });
    query.push(
        ") UPDATE identities SET
            name = said.name,
            email = said.email,
            email_folded = said.email_folded,
            external_id = said.external_id,
            metadata = CASE WHEN said.keeps_metadata THEN identities.metadata ELSE said.metadata END,
            hmac_verified = said.hmac_verified,
            backend_at = said.backend_at,
            token_at = said.token_at,
            updated_at = said.updated_at
        FROM said
        WHERE identities.organization_id = said.organization_id
            AND identities.visitor_id = said.visitor_id AND identities.id = said.id
            AND identities.updated_at = said.read_at
        RETURNING identities.organization_id, identities.id",
    );
    let replaced: Vec<(Uuid, Uuid)> = query.build_query_as().fetch_all(connection).await?;
    let replaced: HashSet<_> = replaced.into_iter().collect();
    let identified = writes.into_iter().map(|write| {
        let is_replaced = replaced.contains(&(write.call.organization, write.record.id));
        is_replaced.then(|| write.identified())
    });
    Ok(identified.collect())
}
