//! Connections that are opened to be kept.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::net::TcpSocket;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::harness::{
    ADMIN_TOKEN, Answer, Database, Service, Wire, ask_and_not_read, http, padding, stall, stalls,
    without_postgres,
};

/// How many connections stall at a time.
const CONNECTIONS: usize = 1_000;
/// When the last of them has to be closed: the 10 s that are promised, and what a busy machine adds.
const CLOSED: Duration = Duration::from_secs(15);

/// How many sockets the service has open.
fn sockets(service: &Service) -> usize {
    let files = fs::read_dir(format!("/proc/{}/fd", service.id())).unwrap();
    files
        .filter_map(|file| fs::read_link(file.unwrap().path()).ok())
        .filter(|link| link.to_string_lossy().starts_with("socket:"))
        .count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_stalled_connections_are_closed_while_others_are_served() {
    rlimit::increase_nofile_limit(u64::MAX).unwrap();
    let database = Database::sqlite();
    let service = Service::start_with(
        &database,
        &[
            "--address-rate=0",
            "--visitor-rate=0",
            "--max-connections-per-address=0",
            "--idle-deadline=8",
        ],
    );
    let visitor = service.organization().await.visitor().await;
    let before = sockets(&service);

    let mut not_reading = Vec::new();
    visitor.identify(json!({"metadata": padding()})).await.ok();
    for _ in 0..10 {
        not_reading.push(ask_and_not_read(&service, &visitor).await);
    }
    let stalls = stalls(&visitor);
    let mut stalled = JoinSet::new();
    for number in 0..CONNECTIONS {
        let kind = stalls[number % stalls.len()].clone();
        let wire = Wire::connect(&service).await;
        stalled.spawn(async move {
            let end = timeout(CLOSED, stall(wire, &kind)).await;
            assert!(end.is_ok(), "{kind:?} stayed open");
        });
    }
    let (mut served, mut open) = (0, 0);
    while !stalled.is_empty() {
        visitor
            .identify(json!({"metadata": {"served": served}}))
            .await
            .ok();
        served += 1;
        open = open.max(sockets(&service));
        while let Some(closed) = stalled.try_join_next() {
            closed.unwrap();
        }
        sleep(Duration::from_millis(50)).await;
    }
    // All but those that were answered and closed at once.
    assert!(open > CONNECTIONS * 3 / 4, "only {open} stalled");
    // A client that does not read does not see the end either, so the service's own sockets are counted.
    let start = Instant::now();
    while sockets(&service) > before {
        assert!(start.elapsed() < CLOSED, "{} sockets", sockets(&service));
        sleep(Duration::from_millis(50)).await;
    }
    drop(not_reading);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_connection_outlives_a_slow_head_and_a_silent_connection() {
    const ASK: &str = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    let database = Database::sqlite();
    let service = Service::start_with(&database, &["--header-deadline=2", "--idle-deadline=3600"]);
    let mut idle = Wire::connect(&service).await;
    idle.send(ASK).await;
    assert!(idle.next().await.starts_with("HTTP/1.1 200 "));
    for head in ["", "GET /healthz HTTP/1.1\r\nhos"] {
        assert_eq!(Wire::exchange(&service, head).await, "");
    }
    idle.send(ASK).await;
    assert!(idle.next().await.starts_with("HTTP/1.1 200 "));
    // From its first byte on, a further head has no more time than the first one.
    idle.send("GET /healthz HTTP/1.1\r\nhos").await;
    assert_eq!(idle.rest().await, "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_connection_is_closed_in_the_end() {
    let database = Database::sqlite();
    let service = Service::start_with(&database, &["--header-deadline=3600", "--idle-deadline=1"]);
    let answer = Wire::exchange(&service, "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_connections_of_one_address_leave_room_for_others() {
    let database = Database::sqlite();
    let service = Service::start_with(&database, &["--max-connections-per-address=3"]);
    let ask = "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let mut silent = Vec::new();
    for _ in 0..3 {
        silent.push(Wire::connect(&service).await);
    }
    assert_eq!(Wire::exchange(&service, ask).await, "");
    let refused = "identity_hmac_connections_refused_total";
    assert_eq!(service.count(refused).await, 1);

    let other = TcpSocket::new_v4().unwrap();
    other.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let address = Wire::address(&service).parse().unwrap();
    let mut other = Wire(other.connect(address).await.unwrap());
    other.send(ask).await;
    assert!(other.rest().await.starts_with("HTTP/1.1 200 "));

    drop(silent.pop());
    let start = Instant::now();
    while !Wire::exchange(&service, ask)
        .await
        .starts_with("HTTP/1.1 200 ")
    {
        assert!(
            start.elapsed() < CLOSED,
            "the freed place is not given again"
        );
    }
    let log = service.settled_log().await;
    let told = log
        .lines()
        .filter(|line| line.contains("a connection was closed"));
    let told: Vec<_> = told.collect();
    // A flood writes a few lines a minute and no more.
    assert!((1..=7).contains(&told.len()), "{log}");
    assert!(told[0].contains("address=127.0.0.1"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stalled_body_keeps_no_connection_to_the_database() {
    if without_postgres() {
        return;
    }
    let database = Database::postgres().await;
    let service = Service::start_with(&database, &["--database-connections=1"]);
    let visitor = service.organization().await.visitor().await;
    let mut stalled = Wire::connect(&service).await;
    stalled
        .send(format!(
            "POST /v1/identify HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ncontent-length: 16\r\nconnection: close\r\n\r\n\
             {{\"name\": ",
            visitor.token
        ))
        .await;
    assert!(!stalled.is_closed_within(Duration::from_millis(100)).await);
    visitor.identify(json!({"name": "Joan"})).await.ok();
    stalled.send("\"Jane\"}").await;
    let answer = stalled.rest().await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_file_descriptors_left_calls_wait_and_are_served() {
    let database = Database::sqlite();
    let mut limited = Command::new("sh");
    limited
        .args(["-c", "ulimit -n 164; exec \"$@\"", "sh"])
        .arg(env!("CARGO_BIN_EXE_identity-hmac-server"))
        .args([
            "serve",
            "--listen=127.0.0.1:0",
            "--admin-listen=127.0.0.1:0",
        ])
        .arg("--header-deadline=3")
        // Shrinks to two: the connection that made the visitor may still count.
        .arg("--max-connections-per-address=600")
        .args(["--database", &database.url])
        .current_dir(database.folder())
        .env("IDENTITY_ADMIN_TOKEN", ADMIN_TOKEN);
    let service = Service::start_command(&database, limited);
    let visitor = service.organization().await.visitor().await;
    let mut kept = Wire::connect(&service).await;
    let mut idle = Vec::new();
    for _ in 0..200 {
        idle.push(Wire::connect(&service).await);
    }
    // The service's reserve is not used up: a connected client is served.
    kept.send(format!(
        "POST /v1/identify HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: 16\r\nconnection: close\r\n\r\n\
         {{\"name\": \"Jane\"}}",
        visitor.token
    ))
    .await;
    let answer = kept.rest().await;
    assert!(
        answer.starts_with("HTTP/1.1 200 "),
        "{answer}\n{}",
        service.log()
    );
    // New clients wait until the idle ones are closed, or are closed and come again.
    let joan = json!({"name": "Joan"});
    let answer = loop {
        if let Ok(answer) = Answer::over(http(), visitor.request().json(&joan)).await {
            break answer;
        }
        sleep(Duration::from_millis(50)).await;
    };
    answer.ok();
    assert!(
        !service.log().contains("could not be taken"),
        "{}",
        service.log()
    );
}
