//! The writer of records to SQLite. It commits all calls that wait in one transaction, since a commit
//! takes longer than all else, and answers each of them after that.

use std::mem;
use std::sync::Arc;
use std::time::Instant;

use sqlx::SqliteConnection;
use tokio::sync::{mpsc, oneshot};

use super::pool::{Pool, begin, settle};
use crate::store::identities::{identify_alone, identify_with_others};
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
    match commit(&writes, &calls).await {
        Ok(results) => {
            for (one, result) in together.into_iter().zip(results) {
                one.answer(result);
            }
        }
        Err(error) => {
            let told = error.to_string();
            for one in together {
                one.answer(Err(StoreError::NotCommitted(told.clone())));
            }
        }
    }
}

/// Commits calls together. One that fails leaves the others as they are.
async fn commit(
    writes: &Pool,
    calls: &[&IdentifyCall],
) -> Result<Vec<Result<Identified, StoreError>>, StoreError> {
    let mut lent = writes.lend().await?;
    let results = commit_on(&mut lent, calls).await;
    settle(lent, results)
}

async fn commit_on(
    connection: &mut SqliteConnection,
    calls: &[&IdentifyCall],
) -> Result<Vec<Result<Identified, StoreError>>, StoreError> {
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
