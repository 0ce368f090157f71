//! Nobody takes the log.

use std::fs::File;
use std::io::{PipeWriter, pipe};
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{Answer, Database, Service, kept};

/// How long an end may take when no request is under way.
const END: Duration = Duration::from_secs(8);
/// A log at its most talkative.
const ARGS: [&str; 3] = ["--address-rate=0", "--visitor-rate=0", "--log=trace"];

/// Calls until the log has lost lines, and shows that each call is answered, that what was
/// acknowledged is kept, and that the service ends as ever.
async fn assert_goes_on(database: &Database, mut service: Service) {
    let visitor = service.organization().await.visitor().await;
    let client = kept();
    let mut calls = 0;
    while calls < 400 || service.count("identity_hmac_log_lines_dropped_total").await == 0 {
        assert!(calls < 20_000, "no line was lost");
        let identify = visitor
            .request()
            .json(&json!({"metadata": {"calls": calls}}));
        Answer::over(&client, identify).await.unwrap().ok();
        for _ in 0..100 {
            let health = client.get(format!("{}/healthz", service.url));
            Answer::over(&client, health).await.unwrap().ok();
        }
        calls += 101;
    }
    service.until_ready(200).await;
    drop(client);

    let start = Instant::now();
    service.signal("TERM");
    assert_eq!(service.ended().await.code(), Some(0));
    assert!(start.elapsed() < END, "{:?}", start.elapsed());
    let service = Service::start(database);
    let stored = visitor.at(&service).identity().await.ok();
    assert_eq!(stored["metadata"]["calls"], calls - 101);
}

/// The output and the log of the service in one, as with `2>&1`.
fn both(pipe: PipeWriter) -> (Stdio, Stdio) {
    (pipe.try_clone().unwrap().into(), pipe.into())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_of_the_log_that_dies_stops_nothing() {
    let database = Database::sqlite();
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    let (output, log) = both(writer);
    let service = Service::start_unheard(&database, &ARGS, output, log).await;
    assert_goes_on(&database, service).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_under_the_log_stops_nothing() {
    let database = Database::sqlite();
    let full = || File::options().write(true).open("/dev/full").unwrap();
    let service = Service::start_unheard(&database, &ARGS, full(), full()).await;
    assert_goes_on(&database, service).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_of_the_log_that_stalls_stops_nothing() {
    let database = Database::sqlite();
    let (reader, writer) = pipe().unwrap();
    let (output, log) = both(writer);
    let service = Service::start_unheard(&database, &ARGS, output, log).await;
    assert_goes_on(&database, service).await;
    drop(reader);
}
