//! `PgBouncer` stands between the service and its database.

use std::time::Duration;

use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::harness::{
    Answer, Cluster, Database, PgBouncer, Service, Session, http, serve, without_postgres,
};

/// Every mode, with and without the startup parameters that `PgBouncer` has to be told to ignore.
/// In transaction mode clients share few connections; in session mode each has one of its own.
const SETTINGS: [&str; 3] = [
    "pool_mode = transaction\ndefault_pool_size = 3",
    "pool_mode = transaction\ndefault_pool_size = 3\n\
     ignore_startup_parameters = options, extra_float_digits",
    "pool_mode = session\nignore_startup_parameters = options, extra_float_digits",
];

/// Calls are served, lose nothing, and end by the deadlines of their statements.
async fn assert_served(settings: &str) {
    const WAITING: &str = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let database = Database::postgres().await;
    let bouncer = PgBouncer::start(&database, settings);
    let pooled = database.by(bouncer.url(database.name()));
    let args = [
        "--address-rate=0",
        "--visitor-rate=0",
        "--database-connections=3",
    ];
    // Another process has left its traces in the pooler's connections.
    let first = Service::start_with(&pooled, &args);
    first.organization().await.visitor().await;
    let service = Service::start_with(&pooled, &args);
    let visitor = first.organization().await.visitor().await.at(&service);
    let mut calls = JoinSet::new();
    for caller in 0..6 {
        let visitor = visitor.at(if caller % 2 == 0 { &first } else { &service });
        calls.spawn(async move {
            for call in 0..17 {
                let metadata = json!({"metadata": {format!("c{caller}-{call}"): call}});
                visitor.identify(metadata).await.ok();
                visitor.identity().await.ok();
            }
        });
    }
    calls.join_all().await;
    let identity = visitor.identity().await.ok();
    assert_eq!(identity["metadata"].as_object().unwrap().len(), 6 * 17);

    let mut session = Session::open(&database).await;
    session.lock_identities().await;
    let refused = visitor.identify(json!({"name": "Jane"})).await;
    refused.is_problem(503, "unavailable");
    assert_eq!(session.number(WAITING).await, 0);
    let log = service.settled_log().await;
    assert!(log.contains("statement timeout"), "{log}");
    drop(session);
    visitor.identify(json!({"name": "Jane"})).await.ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_pgbouncer_calls_are_served_under_the_same_deadlines() {
    if without_postgres() {
        return;
    }
    let [first, second, third] = SETTINGS;
    tokio::join!(
        assert_served(first),
        assert_served(second),
        assert_served(third)
    );
}

/// What waiting does not mend is named and ends the start; what is only absent is waited for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_permanent_fault_ends_the_start_and_an_absent_database_is_waited_for() {
    if without_postgres() {
        return;
    }
    let cluster = Cluster::start();
    let database = Database::in_cluster(&cluster).await;
    cluster
        .execute("CREATE ROLE by_password LOGIN PASSWORD 'right'")
        .await;
    let bouncer = PgBouncer::start(&database, "pool_mode = transaction");
    let port = cluster.port();
    let url = |user: &str, name: &str| {
        format!("postgres://{user}@127.0.0.1:{port}/{name}?sslmode=disable")
    };
    let options = format!(
        "{}?options=-c%20work_mem%3D4MB",
        bouncer.url(database.name())
    );
    for (url, fault) in [
        (bouncer.url("nowhere"), "bouncer config error"),
        (options, "unsupported startup parameter"),
        (url("postgres", "nowhere"), "\"nowhere\" does not exist"),
        (url("nobody", database.name()), "\"nobody\" does not exist"),
        (
            url("by_password:wrong", database.name()),
            "password authentication failed",
        ),
    ] {
        let started = serve(&database.by(url), &[]).output().unwrap();
        let told = String::from_utf8_lossy(&started.stderr);
        assert_eq!(started.status.code(), Some(1), "{told}");
        assert!(told.contains(fault), "{fault}: {told}");
        assert!(!told.contains("wrong"), "{told}");
    }

    // The same fault, found when the database comes late.
    cluster.stop();
    let mut late = Service::start(&database.by(url("by_password:wrong", database.name())));
    let pooled = Service::start(&database.by(bouncer.url(database.name())));
    pooled.get("/readyz").await.is_problem(503, "unavailable");
    let organizations = http().get(format!("{}/v1/admin/organizations", pooled.admin_url));
    let refused = Answer::to(organizations.bearer_auth(&pooled.admin_token)).await;
    refused.is_problem(503, "unavailable");
    cluster.resume();
    assert_eq!(late.ended().await.code(), Some(1));
    assert!(
        late.log().contains("password authentication failed"),
        "{}",
        late.log()
    );
    sleep(Duration::from_millis(100)).await;
    pooled.until_ready(200).await;
    pooled.organization().await.visitor().await;
}
