//! The writer of records to SQLite. It commits all calls that wait in one transaction, since a commit
//! takes longer than all else, and answers each of them after that.

use std::iter;
use std::mem;
use std::sync::Arc;
use std::time::Instant;

use sqlx::SqliteConnection;
use tokio::sync::{mpsc, oneshot};

use super::pool::{Pool, begin, give_back};
use super::replace::{replace, replacements};
use crate::store::identify::{identify_alone, identify_with_others};
use crate::store::{DATABASE_DEADLINE, Identified, IdentifyCall, StoreError};

/// How many calls wait at most. Further ones wait for a place.
const MAX_WAITING: usize = 1024;
/// How many calls are committed together at most.
const MAX_TOGETHER: usize = 64;

/// Takes calls to the writer, which ends with the last of these.
#[derive(Clone, Debug)]
pub(in crate::store) struct Writer(mpsc::Sender<Waiting>);

/// A call that waits for the writer.
#[derive(Debug)]
struct Waiting {
    call: Arc<IdentifyCall>,
    since: Instant,
    answer: oneshot::Sender<Result<Identified, StoreError>>,
}

impl Waiting {
    fn answer(self, result: Result<Identified, StoreError>) {
        // The caller may be gone.
        let _ = self.answer.send(result);
    }
}

impl Writer {
    /// Starts the writer, whose connection comes from a pool of one.
    pub(in crate::store) fn start(writes: Pool) -> Self {
        let (sender, mut receiver) = mpsc::channel(MAX_WAITING);
        tokio::spawn(async move {
            let mut waiting = Vec::new();
            while receiver.recv_many(&mut waiting, MAX_TOGETHER).await > 0 {
                let together = mem::take(&mut waiting);
                // A task of their own: a panic fails these calls, and the writer goes on.
                let _ = tokio::spawn(write(writes.clone(), together)).await;
            }
        });
        Self(sender)
    }

    /// Has a call written, and returns when that is committed.
    pub(in crate::store) async fn identify(
        &self,
        call: &Arc<IdentifyCall>,
    ) -> Result<Identified, StoreError> {
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting {
            call: call.clone(),
            since: Instant::now(),
            answer,
        };
        // Without a writer there is no answer either.
        let _ = self.0.send(waiting).await;
        answered.await.unwrap_or(Err(StoreError::NoAnswer))
    }
}

/// Writes calls and answers them, but for those that nobody waits for any more.
async fn write(writes: Pool, waiting: Vec<Waiting>) {
    let waiting = waiting.into_iter().filter(|one| !one.answer.is_closed());
    let (late, together): (Vec<_>, Vec<_>) =
        waiting.partition(|one| one.since.elapsed() > DATABASE_DEADLINE);
    for one in late {
        one.answer(Err(StoreError::NoConnection));
    }
    if together.is_empty() {
        return;
    }
    let calls: Vec<_> = together.iter().map(|one| &*one.call).collect();
    let results = commit(&writes, &calls).await;
    let results = results.unwrap_or_else(|error| not_committed(&error, calls.len()));
    for (one, result) in together.into_iter().zip(results) {
        one.answer(result);
    }
}

fn not_committed(error: &StoreError, calls: usize) -> Vec<Result<Identified, StoreError>> {
    let told = error.to_string();
    let failure = || Err(StoreError::NotCommitted(told.clone()));
    iter::repeat_with(failure).take(calls).collect()
}

/// Commits calls, in one statement if that is possible.
async fn commit(
    writes: &Pool,
    calls: &[&IdentifyCall],
) -> Result<Vec<Result<Identified, StoreError>>, StoreError> {
    let mut lent = writes.lend().await?;
    let results: Result<Vec<_>, _> = async {
        let Some(writes) = replacements(calls) else {
            return commit_together(&mut lent, calls).await;
        };
        let replaced = replace(&mut lent, writes).await?;
        let rest: Vec<_> = calls
            .iter()
            .zip(&replaced)
            .filter_map(|(call, replaced)| replaced.is_none().then_some(*call))
            .collect();
        // What was replaced is committed, whatever comes of the others.
        let mut rest = match commit_together(&mut lent, &rest).await {
            Ok(results) => results,
            Err(error) => not_committed(&error, rest.len()),
        }
        .into_iter();
        let result = |replaced: Option<_>| replaced.map(Ok).or_else(|| rest.next());
        Ok(replaced.into_iter().filter_map(result).collect())
    }
    .await;
    let has_failed = results
        .as_ref()
        .map_or(true, |results| results.iter().any(Result::is_err));
    give_back(lent, has_failed).await;
    results
}

/// Commits calls in one transaction. One that fails leaves the others as they are.
async fn commit_together(
    connection: &mut SqliteConnection,
    calls: &[&IdentifyCall],
) -> Result<Vec<Result<Identified, StoreError>>, StoreError> {
    if calls.is_empty() {
        return Ok(Vec::new());
    }
    if let [call] = calls
        && let Some(result) = identify_alone(connection, call).await.transpose()
    {
        return Ok(vec![result]);
    }
    let mut transaction = begin(connection).await?;
    let mut results = Vec::with_capacity(calls.len());
    for call in calls {
        results.push(identify_with_others(&mut transaction, call).await);
    }
    transaction.commit().await?;
    Ok(results)
}
