//! Clients that are of no use to the service. Nobody else may notice them.

use serde_json::json;
use tokio::task::JoinSet;

use crate::harness::{Service, Visitor, Wire, ask_and_not_read, padding, stall, stalls};

/// Connections that stall, and calls that are broken off.
#[derive(Debug)]
pub(super) struct Nuisance {
    visitor: Visitor,
    stalled: JoinSet<()>,
    /// Connections with answers that nobody reads.
    unread: Vec<Wire>,
    /// How many calls were broken off.
    broken_off: usize,
}

impl Nuisance {
    pub(super) async fn new(service: &Service) -> Self {
        let visitor = service.organization().await.visitor().await;
        let first = json!({"name": "0", "metadata": padding()});
        visitor.identify(first).await.ok();
        Self {
            visitor,
            stalled: JoinSet::new(),
            unread: Vec::new(),
            broken_off: 0,
        }
    }

    /// Stalls in every way, and hangs up in the middle of calls and behind their end.
    pub(super) async fn go_on(&mut self, service: &Service) {
        for kind in stalls(&self.visitor) {
            let wire = Wire::connect(service).await;
            self.stalled.spawn(async move { stall(wire, &kind).await });
        }
        self.unread
            .push(ask_and_not_read(service, &self.visitor).await);
        for tenths in [3, 9, 10] {
            let call = self.call();
            let part = &call[..call.len() * tenths / 10];
            Wire::connect(service).await.send(part).await;
        }
    }

    /// A call with a name that was never sent before.
    fn call(&mut self) -> String {
        self.broken_off += 1;
        let body = json!({"name": self.broken_off.to_string()}).to_string();
        format!(
            "POST /v1/identify HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.visitor.token,
            body.len()
        )
    }

    /// How many connections stalled. The service has closed all of them.
    pub(super) async fn stalled(&mut self) -> usize {
        let mut stalled = self.unread.len();
        while let Some(closed) = self.stalled.join_next().await {
            closed.unwrap();
            stalled += 1;
        }
        stalled
    }

    /// How many records the visitor has: one, with a name that was told.
    pub(super) async fn records(&self, service: &Service) -> usize {
        let record = self.visitor.at(service).identity().await.ok();
        let name: usize = record["name"].as_str().unwrap().parse().unwrap();
        assert!((0..=self.broken_off).contains(&name));
        1
    }
}
