//! Connections to the database are lost in silence: nothing arrives on them, and they stay open.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::harness::{Cluster, Database, Proxy, Service, without_postgres};

/// How long it may take until calls are served again.
const SERVED_AGAIN: Duration = Duration::from_secs(10);
/// How long an end may take.
const END: Duration = Duration::from_secs(5);

/// Loses the connections while calls are under way on all of them.
async fn assert_served_again(database: &Database, proxy: &Proxy) {
    let mut service = Service::start(database);
    let organization = service.organization().await;
    let visitor = organization.visitor().await;
    // As many connections as there may be.
    let mut calls = JoinSet::new();
    for caller in 0..40 {
        let visitor = visitor.clone();
        calls.spawn(async move {
            visitor
                .identify(json!({"metadata": {"caller": caller}}))
                .await
        });
    }
    sleep(Duration::from_millis(30)).await;
    proxy.swallow();
    let start = Instant::now();
    for answer in calls.join_all().await {
        if answer.status != 200 {
            answer.is_problem(503, "unavailable");
        }
    }
    while visitor.identify(json!({"name": "Jane"})).await.status != 200 {
        assert!(start.elapsed() < SERVED_AGAIN, "{}", service.log());
    }
    assert!(start.elapsed() < SERVED_AGAIN, "{:?}", start.elapsed());

    // Idle connections, found by the next call.
    sleep(Duration::from_millis(1_500)).await;
    proxy.swallow();
    visitor.identify(json!({"name": "Jane"})).await.ok();

    // The end does not wait for the other side.
    proxy.swallow();
    let start = Instant::now();
    service.signal("TERM");
    assert_eq!(service.ended().await.code(), Some(0));
    assert!(start.elapsed() < END, "{:?}", start.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_lost_in_silence_are_replaced() {
    if without_postgres() {
        return;
    }
    let cluster = Cluster::start_with_tls();
    for sslmode in ["sslmode=disable", "sslmode=require"] {
        let database = Database::in_cluster(&cluster).await;
        let proxy = Proxy::to(&database).await;
        let url = proxy.url(&database).replace("sslmode=disable", sslmode);
        assert_served_again(&database.by(url), &proxy).await;
    }
}
