//! The service is asked to end.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::harness::{Database, Service, Session, Wire, on_both_databases, serve};

/// How long an end may take.
const END: Duration = Duration::from_secs(15);

/// Sends a signal while a request is half sent, and reads its answer.
async fn drains_on(mut service: Service, signal: &str) {
    let mut wire = Wire::connect(&service).await;
    wire.send("GET /readyz HTTP/1.1\r\nhos").await;
    sleep(Duration::from_millis(300)).await;
    service.signal(signal);
    sleep(Duration::from_millis(300)).await;
    wire.send("t: x\r\n\r\n").await;
    let answer = wire.rest().await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert_eq!(service.ended().await.code(), Some(0));
}

on_both_databases! {
    async fn sigterm_lets_the_calls_that_are_under_way_be_answered(database: Database) {
        let mut service = Service::start(&database);
        let visitor = service.organization().await.visitor().await;
        let mut session = Session::open(&database).await;
        session.lock_identities().await;
        let call = tokio::spawn({
            let visitor = visitor.clone();
            async move { visitor.identify(json!({"name": "Jane"})).await }
        });
        sleep(Duration::from_millis(300)).await;
        service.signal("TERM");
        sleep(Duration::from_millis(300)).await;
        assert!(TcpStream::connect(Wire::address(&service)).await.is_err());
        // Longer than an end takes that waits for nobody.
        sleep(Duration::from_millis(2_700)).await;
        drop(session);
        assert_eq!(call.await.unwrap().ok()["name"], "Jane");
        assert_eq!(service.ended().await.code(), Some(0));

        let service = Service::start(&database);
        assert_eq!(visitor.at(&service).identity().await.ok()["name"], "Jane");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_ends_the_service_within_15_s_while_connections_stall() {
    let database = Database::sqlite();
    let mut service = Service::start(&database);
    let visitor = service.organization().await.visitor().await;
    let head = format!(
        "POST /v1/identify HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: 100\r\n\r\n",
        visitor.token
    );
    let mut wires = Vec::new();
    for bytes in [
        "",
        "GET /healthz HTTP/1.1\r\nhos",
        "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n",
        &head,
    ] {
        let mut wire = Wire::connect(&service).await;
        wire.send(bytes).await;
        wires.push(wire);
    }
    sleep(Duration::from_millis(300)).await;
    let start = Instant::now();
    service.signal("TERM");
    assert_eq!(service.ended().await.code(), Some(0));
    assert!(start.elapsed() < END, "{:?}", start.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_comes_in_while_the_service_ends_finds_it_not_ready() {
    let database = Database::sqlite();
    drains_on(Service::start(&database), "TERM").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_probe_sees_that_the_service_ends_while_new_connections_are_still_taken() {
    let database = Database::sqlite();
    let mut service = Service::start_with(&database, &["--drain-delay=3600"]);
    let visitor = service.organization().await.visitor().await;
    service.signal("TERM");
    service.until_ready(503).await;
    // Each call has a connection of its own.
    assert!(TcpStream::connect(Wire::address(&service)).await.is_ok());
    assert_eq!(visitor.identify(json!({"name": "Jane"})).await.status, 200);
    service.signal("TERM");
    assert_eq!(service.ended().await.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_keeps_its_connection_is_sent_elsewhere_while_the_service_ends() {
    const ASK: &str = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    let database = Database::sqlite();
    let service = Service::start_with(&database, &["--drain-delay=3600"]);
    let mut kept = Wire::connect(&service).await;
    kept.send(ASK).await;
    let answer = kept.next().await;
    assert!(!answer.contains("connection: close"), "{answer}");
    service.signal("TERM");
    service.until_ready(503).await;
    kept.send(ASK).await;
    let answer = kept.rest().await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_at_a_terminal_does_not_wait_for_a_load_balancer() {
    let database = Database::sqlite();
    let mut service = Service::start_with(&database, &["--drain-delay=3600"]);
    service.signal("INT");
    assert_eq!(service.ended().await.code(), Some(0));
}

/// The service as a program starts it that sets what a hang-up does.
fn start_by(starter: &[&str], database: &Database) -> Service {
    let service = serve(database, &[]);
    let mut command = Command::new(starter[0]);
    command
        .args(&starter[1..])
        .arg(service.get_program())
        .args(service.get_args())
        .envs(
            service
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .current_dir(database.folder());
    Service::start_command(database, command)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hang_up_ends_the_service_as_sigterm_does() {
    let database = Database::sqlite();
    // The tests themselves may run under nohup.
    let service = start_by(&["env", "--default-signal=HUP"], &database);
    drains_on(service, "HUP").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_nohup_a_hang_up_is_ignored() {
    let database = Database::sqlite();
    let mut service = start_by(&["env", "--ignore-signal=HUP"], &database);
    service.signal("HUP");
    sleep(Duration::from_millis(300)).await;
    service.until_ready(200).await;
    service.signal("TERM");
    assert_eq!(service.ended().await.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_signal_ends_the_service_at_once() {
    let database = Database::sqlite();
    let mut service = Service::start(&database);
    let mut stalled = Wire::connect(&service).await;
    stalled.send("GET /healthz HTTP/1.1\r\nhos").await;
    sleep(Duration::from_millis(300)).await;
    let start = Instant::now();
    service.signal("TERM");
    sleep(Duration::from_millis(300)).await;
    service.signal("TERM");
    assert_eq!(service.ended().await.code(), Some(0));
    // The stalled request alone would have had until its own deadline, 8 s.
    assert!(
        start.elapsed() < Duration::from_secs(4),
        "{:?}",
        start.elapsed()
    );
}
