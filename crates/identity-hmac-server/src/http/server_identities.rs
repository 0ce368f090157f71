//! `/v1/server/identities`: a backend looks persons up, and follows who visitors are.

#![expect(unused_qualifications, reason = "of what utoipa makes of `params`")]

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::App;
use super::auth::{Backend, PresentedKey};
use super::openapi::{InvalidQuery, ServerProblems};
use super::params::{Limit, QueryParams};
use super::problem::Problem;
use crate::identity::IdentityView;
use crate::store::{FeedFilter, Position};

/// A part of an organization's records.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IdentityFeed {
    identities: Vec<IdentityView>,
    /// The `cursor` to go on with. It is null at the end of a look-up. Where changes are followed there
    /// is no end: it is null only if there was no record yet.
    #[schema(value_type = Option<String>, required = true)]
    next_cursor: Option<Cursor>,
}

/// Which records, and which part of their list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    /// Look up those with this external id.
    external_id: Option<String>,
    /// Look up those with this e-mail address, in any case.
    email: Option<String>,
    /// Only those that changed after this time, as in `2026-11-28T09:30:00Z`.
    #[param(value_type = Option<String>, format = DateTime)]
    updated_after: Option<UpdatedAfter>,
    /// How many, 1 to 200; 50 when not given.
    #[serde(default)]
    #[param(value_type = u32, minimum = 1, maximum = 200)]
    limit: Limit<200>,
    /// The `nextCursor` of the part before.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
}

/// A time (RFC 3339) in UTC. Before 1970 nothing changed.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
struct UpdatedAfter(OffsetDateTime);

impl TryFrom<String> for UpdatedAfter {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        OffsetDateTime::parse(&text, &Rfc3339)
            .ok()
            .and_then(|time| time.checked_to_offset(UtcOffset::UTC))
            .map(|time| Self(time.max(OffsetDateTime::UNIX_EPOCH)))
            .ok_or("not a time as in 2026-11-28T09:30:00Z (RFC 3339; write %2B for +)")
    }
}

/// A position as a text of no meaning to others: microseconds since 1970, and the record's id.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
struct Cursor(Position);

impl From<Cursor> for String {
    fn from(Cursor(Position { updated_at, id }): Cursor) -> Self {
        let micros = updated_at.unix_timestamp_nanos() / 1000;
        let bytes = [&micros.to_be_bytes()[8..], id.as_bytes()].concat();
        URL_SAFE_NO_PAD.encode(bytes)
    }
}

impl TryFrom<String> for Cursor {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        position(&text)
            .map(Self)
            .ok_or("not a nextCursor of this list: begin without one")
    }
}

fn position(text: &str) -> Option<Position> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (micros, id) = bytes.split_first_chunk()?;
    let micros = u64::from_be_bytes(*micros);
    Some(Position {
        updated_at: OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1000).ok()?,
        id: Uuid::from_slice(id).ok()?,
    })
}

/// Look up a person's records, or follow the changes of all records
///
/// With `externalId` or `email`, these are the records of a person as they are now, in the order of their
/// creation. Without, changes are followed, in their order: a change appears 10 seconds after it was made,
/// so that none that is committed late is missed. Ask again with `nextCursor`, at once after a full part and after a
/// pause otherwise. A record that was erased is no longer in the list, and nothing says so.
#[utoipa::path(
    get,
    path = "/v1/server/identities",
    operation_id = "followIdentities",
    tag = "server",
    security(("apiKey" = [])),
    params(Filter),
    responses(
        (status = 200, description = "a part of the list", body = IdentityFeed),
        ServerProblems,
        InvalidQuery,
    )
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    presented: PresentedKey,
    query: Result<QueryParams<Filter>, Problem>,
) -> Result<Json<IdentityFeed>, Problem> {
    let Backend {
        organization,
        mut session,
        ..
    } = presented.authenticate(&app).await?;
    let QueryParams(query) = query?;
    let filter = FeedFilter {
        external_id: query.external_id,
        email: query.email,
        updated_after: query.updated_after.map(|UpdatedAfter(time)| time),
        after: query.cursor.map(|Cursor(position)| position),
    };
    let limit = query.limit.0;
    let identities = session.identity_feed(organization, &filter, limit).await?;
    let last = identities.last().map(|identity| {
        Cursor(Position {
            updated_at: identity.updated_at,
            id: identity.id,
        })
    });
    let is_full = identities.len() == limit as usize;
    let next_cursor = if filter.is_lookup() {
        last.filter(|_| is_full)
    } else {
        last.or(query.cursor)
    };
    Ok(Json(IdentityFeed {
        identities: identities.into_iter().map(Into::into).collect(),
        next_cursor,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_as_the_position_that_it_is_of() {
        let cursor = Cursor(Position {
            updated_at: OffsetDateTime::from_unix_timestamp_nanos(1_764_000_000_123_456_000)
                .unwrap(),
            id: Uuid::now_v7(),
        });
        assert_eq!(Cursor::try_from(String::from(cursor)), Ok(cursor));
    }

    #[test]
    fn a_malformed_cursor_is_refused() {
        let text = String::from(Cursor(Position {
            updated_at: OffsetDateTime::UNIX_EPOCH,
            id: Uuid::max(),
        }));
        let late = URL_SAFE_NO_PAD.encode([0xff; 24]);
        for other in [
            "",
            "x",
            &text[1..],
            &format!("{text}AAAA"),
            &format!("{text}="),
            &late,
        ] {
            assert!(Cursor::try_from(other.to_owned()).is_err(), "{other}");
        }
    }
}
