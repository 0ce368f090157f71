//! The primary takes no writes any more, and another server becomes the primary.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::time::sleep;

use super::database::Stopped;
use super::writers::Writers;
use crate::harness::{Cluster, Database, Service, proved, times, without_postgres};

/// How long it may take until calls are served again.
const SERVED_AGAIN: Duration = Duration::from_secs(15);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_takes_no_writes_makes_the_service_not_ready() {
    if without_postgres() {
        return;
    }
    let cluster = Cluster::start();
    let database = Database::in_cluster(&cluster).await;
    let service = Service::start(&database);
    let visitor = service.organization().await.visitor().await;
    visitor.identify(json!({"name": "Jane"})).await.ok();
    cluster
        .execute("ALTER SYSTEM SET default_transaction_read_only = on")
        .await;
    cluster.execute("SELECT pg_reload_conf()").await;
    service.until_ready(503).await;
    visitor
        .identify(json!({"name": "Joan"}))
        .await
        .is_problem(503, "unavailable");
    assert_eq!(visitor.identity().await.ok()["name"], "Jane");
    assert_eq!(service.get("/healthz").await.status, 200);

    // A process that starts now waits for a database that takes writes.
    let waiting = Service::start(&database);
    waiting.get("/readyz").await.is_problem(503, "unavailable");

    cluster
        .execute("ALTER SYSTEM RESET default_transaction_read_only")
        .await;
    cluster.execute("SELECT pg_reload_conf()").await;
    for service in [&service, &waiting] {
        service.until_ready(200).await;
        visitor
            .at(service)
            .identify(json!({"name": "Joan"}))
            .await
            .ok();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_a_synchronous_standby_has_not_confirmed_is_not_acknowledged() {
    if without_postgres() {
        return;
    }
    let primary = Cluster::start();
    let database = Database::in_cluster(&primary).await;
    let standby = primary.standby().await;
    let service = Service::start(&database);
    let visitor = service.organization().await.visitor().await;
    visitor.identify(json!({"name": "Jane"})).await.ok();

    let receiver = sqlx::query_scalar("SELECT pid::text FROM pg_stat_wal_receiver")
        .fetch_one(&mut standby.connect("postgres").await)
        .await;
    let stopped = Stopped::new(vec![receiver.unwrap()]);
    visitor
        .identify(json!({"name": "Joan"}))
        .await
        .is_problem(503, "unavailable");
    assert_eq!(visitor.identity().await.ok()["name"], "Jane");
    drop(stopped);
    visitor.identify(json!({"name": "Joan"})).await.ok();
}

/// Two servers in one URL; the first one crashes under load and the second one is promoted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fail_over_to_a_standby_is_followed_and_loses_nothing() {
    if without_postgres() {
        return;
    }
    let mut primary = Cluster::start();
    let database = Database::in_cluster(&primary).await;
    let mut standby = primary.standby().await;
    let url = database.url.replace(
        &format!(":{}", primary.port()),
        &format!(":{},127.0.0.1:{}", primary.port(), standby.port()),
    );
    let service = Service::start(&database.by(format!("{url}&target_session_attrs=read-write")));
    let organization = service.organization().await;
    let mut writers = Writers::new(&organization, 8).await;
    let fail_overs = times(1, 10);
    for _ in 0..fail_overs {
        let acknowledged = writers.acknowledged();
        writers
            .write_during(&service, async {
                sleep(Duration::from_millis(500)).await;
                primary.crash();
                standby.promote().await;
                let start = Instant::now();
                service.until_ready(200).await;
                assert!(start.elapsed() < SERVED_AGAIN, "{:?}", start.elapsed());
                sleep(Duration::from_millis(500)).await;
            })
            .await;
        assert!(writers.refused() > 0 && writers.acknowledged() > acknowledged);
        writers.check(&service).await;
        if fail_overs > 1 {
            let next = standby.standby_at(primary.port()).await;
            primary = std::mem::replace(&mut standby, next);
        }
    }
    proved(
        "a fail-over to a promoted standby is followed under load, and no acknowledged write is lost",
        format!("{} writes, {fail_overs} fail-overs", writers.acknowledged()),
    );
}
