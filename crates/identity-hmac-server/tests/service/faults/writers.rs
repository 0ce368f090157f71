//! Visitors that write all the time, and remember what was acknowledged.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use tokio::task::JoinSet;

use crate::harness::{Answer, Organization, Service, Visitor, kept};

/// How many members of its metadata a writer writes in turn.
const MEMBERS: usize = 20;

/// A visitor that numbers its calls.
#[derive(Debug)]
struct Writer {
    visitor: Visitor,
    /// How many calls were sent.
    sent: usize,
    /// By member, the last number that was acknowledged.
    acknowledged: [Option<usize>; MEMBERS],
    /// How many calls were acknowledged.
    count: u64,
    /// How many calls were answered 503.
    refused: u64,
}

impl Writer {
    /// Calls until `stop`, or until the connection breaks.
    async fn write(&mut self, stop: &AtomicBool) {
        let client = kept();
        while !stop.load(Ordering::Relaxed) {
            let (number, member) = (self.sent, self.sent % MEMBERS);
            self.sent += 1;
            let params =
                json!({"metadata": {format!("m{member}"): number, "pad": "x".repeat(500)}});
            let request = self.visitor.request().json(&params);
            match Answer::over(&client, request).await {
                Ok(answer) if answer.status == 503 => {
                    answer.is_problem(503, "unavailable");
                    assert!(answer.headers.contains_key("retry-after"));
                    self.refused += 1;
                }
                Ok(answer) => {
                    answer.ok();
                    self.acknowledged[member] = Some(number);
                    self.count += 1;
                }
                Err(_) => return,
            }
        }
    }

    /// Shows that the record holds all that was acknowledged, and nothing that was not sent.
    async fn check(&self, service: &Service) {
        let record = self.visitor.at(service).identity().await;
        for (member, acknowledged) in self.acknowledged.iter().enumerate() {
            let stored = &record.body["metadata"][format!("m{member}")];
            let stored = stored.as_u64().map(|stored| stored.try_into().unwrap());
            assert!(
                stored >= *acknowledged,
                "{acknowledged:?} was lost: {record:?}"
            );
            assert!(stored < Some(self.sent));
        }
    }
}

/// Several writers.
#[derive(Debug)]
pub(super) struct Writers(Vec<Writer>);

impl Writers {
    pub(super) async fn new(organization: &Organization, count: usize) -> Self {
        let mut writers = Vec::new();
        for _ in 0..count {
            writers.push(Writer {
                visitor: organization.visitor().await,
                sent: 0,
                acknowledged: [None; MEMBERS],
                count: 0,
                refused: 0,
            });
        }
        Self(writers)
    }

    /// Lets all of them write to a service while something happens.
    pub(super) async fn write_during<T>(
        &mut self,
        service: &Service,
        happening: impl Future<Output = T>,
    ) -> T {
        let stop = Arc::new(AtomicBool::new(false));
        let mut tasks = JoinSet::new();
        for mut writer in self.0.drain(..) {
            let stop = stop.clone();
            writer.visitor = writer.visitor.at(service);
            tasks.spawn(async move {
                writer.write(&stop).await;
                writer
            });
        }
        let happened = happening.await;
        stop.store(true, Ordering::Relaxed);
        self.0 = tasks.join_all().await;
        happened
    }

    /// Shows that nothing that was acknowledged is lost.
    pub(super) async fn check(&self, service: &Service) {
        for writer in &self.0 {
            writer.check(service).await;
        }
    }

    /// How many calls were acknowledged.
    pub(super) fn acknowledged(&self) -> u64 {
        self.0.iter().map(|writer| writer.count).sum()
    }

    /// How many calls were answered 503.
    pub(super) fn refused(&self) -> u64 {
        self.0.iter().map(|writer| writer.refused).sum()
    }
}
