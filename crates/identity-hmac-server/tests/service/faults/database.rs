//! The database is away, hangs, or is locked.

use std::fs;
use std::process::Command;
use std::time::Duration;

use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::writers::Writers;
use crate::harness::{
    Answer, Cluster, Database, Organization, Service, Session, Visitor, http, kept,
    on_both_databases, without_postgres,
};

/// No connection to the database is left in a state that spoils a later call.
async fn assert_sound(visitor: &Visitor) {
    for call in 0..200 {
        visitor
            .identify(json!({"metadata": {"call": call}}))
            .await
            .ok();
    }
}

async fn assert_refused(organization: &Organization, visitor: &Visitor) {
    let answers = [
        visitor.identify(json!({"name": "Jane"})).await,
        visitor.identity().await,
        organization.update(json!({"name": "Shop"})).await,
    ];
    for answer in answers {
        answer.is_problem(503, "unavailable");
        assert!(answer.headers.contains_key("retry-after"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_starts_before_its_database_waits_for_it() {
    if without_postgres() {
        return;
    }
    let cluster = Cluster::start();
    let database = Database::in_cluster(&cluster).await;
    cluster.stop();
    let service = Service::start(&database);
    assert_eq!(service.get("/healthz").await.status, 200);
    service.get("/readyz").await.is_problem(503, "unavailable");
    let organizations = http().get(format!("{}/v1/admin/organizations", service.admin_url));
    let refused = Answer::to(organizations.bearer_auth(&service.admin_token)).await;
    refused.is_problem(503, "unavailable");
    assert!(refused.headers.contains_key("retry-after"));

    cluster.resume();
    service.until_ready(200).await;
    let visitor = service.organization().await.visitor().await;
    assert_sound(&visitor).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_goes_away_and_comes_back_loses_nothing() {
    if without_postgres() {
        return;
    }
    let cluster = Cluster::start();
    let database = Database::in_cluster(&cluster).await;
    let service = Service::start(&database);
    let organization = service.organization().await;
    let visitor = organization.visitor().await;
    let mut writers = Writers::new(&organization, 8).await;
    writers
        .write_during(&service, async {
            sleep(Duration::from_millis(500)).await;
            cluster.stop();
            service.until_ready(503).await;
            assert_eq!(service.get("/healthz").await.status, 200);
            assert_refused(&organization, &visitor).await;
            cluster.resume();
            service.until_ready(200).await;
            sleep(Duration::from_millis(500)).await;
        })
        .await;
    assert!(writers.refused() > 0 && writers.acknowledged() > 0);
    writers.check(&service).await;
    assert_sound(&visitor).await;

    // Nobody calls while it is away: the connections that the service keeps are all dead.
    cluster.stop();
    sleep(Duration::from_secs(2)).await;
    cluster.resume();
    assert_sound(&visitor).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_the_connections_that_the_database_ended_only_one_fails_a_call() {
    if without_postgres() {
        return;
    }
    let database = Database::postgres().await;
    let service = Service::start(&database);
    let visitor = service.organization().await.visitor().await;
    let mut session = Session::open(&database).await;
    // Calls that wait for a lock take a connection each.
    session.lock_identities().await;
    let mut calls = JoinSet::new();
    for _ in 0..16 {
        let visitor = visitor.clone();
        calls.spawn(async move { visitor.identify(json!({"name": "Jane"})).await.ok() });
    }
    sleep(Duration::from_millis(500)).await;
    session.execute("COMMIT").await;
    calls.join_all().await;

    assert!(session.end_connections().await > 10);
    let mut failed = 0;
    for _ in 0..16 {
        failed += usize::from(visitor.identity().await.status != 200);
    }
    assert!(failed <= 1, "{failed} calls failed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_hangs_is_given_up_on_and_taken_up_again() {
    if without_postgres() {
        return;
    }
    let cluster = Cluster::start();
    let database = Database::in_cluster(&cluster).await;
    let service = Service::start_with(
        &database,
        &[
            "--address-rate=0",
            "--visitor-rate=0",
            "--request-deadline=2",
        ],
    );
    let organization = service.organization().await;
    let visitor = organization.visitor().await;
    visitor.identify(json!({"name": "Jane"})).await.ok();
    // The server that takes connections, and those that serve them.
    let mut processes = Session::open(&database)
        .await
        .texts("SELECT pid::text FROM pg_stat_activity WHERE application_name <> ''")
        .await;
    let pid_file = fs::read_to_string(cluster.folder().join("data/postmaster.pid")).unwrap();
    processes.push(pid_file.lines().next().unwrap().to_owned());
    let stopped = Stopped::new(processes);
    assert_refused(&organization, &visitor).await;
    service.get("/readyz").await.is_problem(503, "unavailable");
    assert_eq!(service.get("/healthz").await.status, 200);
    drop(stopped);
    service.until_ready(200).await;
    assert_sound(&visitor).await;
}

/// Processes that do nothing until this is dropped, so that not even a failed test leaves them so.
pub(super) struct Stopped(Vec<String>);

impl Stopped {
    pub(super) fn new(processes: Vec<String>) -> Self {
        let stopped = Self(processes);
        stopped.signal("STOP");
        stopped
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args(["-s", name])
            .args(&self.0)
            .status();
        assert!(sent.unwrap().success());
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        self.signal("CONT");
    }
}

on_both_databases! {
    async fn a_lock_that_somebody_else_holds_ends_in_503_and_not_in_a_hang(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let visitor = organization.visitor().await;
        let mut session = Session::open(&database).await;
        session.lock_identities().await;
        let refused = visitor.identify(json!({"name": "Jane"})).await;
        refused.is_problem(503, "unavailable");
        assert!(refused.headers.contains_key("retry-after"));
        visitor.identity().await.is_no_record();
        drop(session);
        assert_sound(&visitor).await;
    }

    async fn callers_that_gave_up_leave_no_connection_behind(database: Database) {
        let service = Service::start_with(
            &database,
            &["--address-rate=0", "--visitor-rate=0", "--request-deadline=3"],
        );
        let visitor = service.organization().await.visitor().await;
        let mut session = Session::open(&database).await;
        session.lock_identities().await;
        // Half of them are given up by the service, half by the client.
        let mut callers = JoinSet::new();
        for caller in 0..40 {
            let visitor = visitor.clone();
            callers.spawn(async move {
                let call = visitor.identify(json!({"metadata": {"caller": caller}}));
                let patience = Duration::from_millis(if caller % 2 == 0 { 100 } else { 10_000 });
                if let Ok(answer) = tokio::time::timeout(patience, call).await {
                    answer.is_problem(503, "unavailable");
                }
            });
        }
        callers.join_all().await;
        drop(session);
        // What still waits for the lock in the database ends within its own deadline.
        sleep(Duration::from_secs(4)).await;
        assert_sound(&visitor).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_froze_in_a_transaction_does_not_lock_its_visitors_out() {
    const OPEN: &str = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND state = 'idle in transaction'";
    if without_postgres() {
        return;
    }
    let database = Database::postgres().await;
    let [frozen, other] = [(); 2].map(|()| Service::start(&database));
    let organization = frozen.organization().await;
    let visitor = organization.visitor().await;
    let mut session = Session::open(&database).await;
    let mut callers = JoinSet::new();
    for caller in 0..8 {
        let visitor = visitor.clone();
        callers.spawn(async move {
            let client = kept();
            for call in 0.. {
                let params = json!({"metadata": {format!("c{caller}"): call}});
                let _ = Answer::over(&client, visitor.request().json(&params)).await;
            }
        });
    }
    let stopped = loop {
        let stopped = Stopped::new(vec![frozen.id().to_string()]);
        if session.number(OPEN).await > 0 {
            break stopped;
        }
        drop(stopped);
        sleep(Duration::from_millis(20)).await;
    };
    let visitor = visitor.at(&other);
    let mut answer = visitor.identify(json!({"name": "Jane"})).await;
    // The deadline of a call that waits in the frozen process may give it the lock in its turn.
    for _ in 0..4 {
        if answer.status == 503 {
            answer = visitor.identify(json!({"name": "Jane"})).await;
        }
    }
    assert_eq!(answer.ok()["name"], "Jane");
    drop(stopped);
    callers.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_without_a_free_connection_refuses_in_time_and_recovers() {
    if without_postgres() {
        return;
    }
    let database = Database::postgres().await;
    let service = Service::start_with(
        &database,
        &[
            "--address-rate=0",
            "--visitor-rate=0",
            "--database-connections=1",
        ],
    );
    let organization = service.organization().await;
    let visitors = [organization.visitor().await, organization.visitor().await];
    let mut session = Session::open(&database).await;
    session.lock_identities().await;
    let [first, second] = &visitors;
    let (first, second) = tokio::join!(
        first.identify(json!({"name": "Jane"})),
        second.identify(json!({"name": "Joan"})),
    );
    first.is_problem(503, "unavailable");
    second.is_problem(503, "unavailable");
    assert_eq!(service.get("/healthz").await.status, 200);
    drop(session);
    for visitor in &visitors {
        visitor.identity().await.is_no_record();
        assert_sound(visitor).await;
    }
}
