//! HTTP that is wrong, or means one thing to a proxy and another to the service.

use super::random;
use crate::harness::{Database, Service, Wire};

const END: &str = "host: x\r\nconnection: close\r\n\r\n";
const SMUGGLED: &str = "GET /healthz HTTP/1.1\r\nhost: smuggled\r\n\r\n";

/// The statuses of the answers that came.
fn statuses(answers: &str) -> Vec<u16> {
    let starts = answers.split("HTTP/1.").skip(1);
    starts.map(|answer| answer[2..5].parse().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_is_smuggled_behind_another() {
    let database = Database::sqlite();
    let service = Service::start(&database);
    let post = "POST /v1/identify HTTP/1.1\r\nhost: x\r\n";
    for framing in [
        "content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "transfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n0\r\n\r\n",
        "content-length: 0\r\ncontent-length: 4\r\n\r\n",
        "content-length: 0, 4\r\n\r\n",
        "content-length: +0\r\n\r\n",
        "content-length: -1\r\n\r\n",
        "content-length: 0x0\r\n\r\n",
        "content-length: 99999999999999999999\r\n\r\n",
        "content-length:\r\n\r\n",
        "transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "transfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
        "transfer-encoding: identity\r\n\r\n0\r\n\r\n",
        "transfer-encoding : chunked\r\n\r\n0\r\n\r\n",
        "x: y\r\n transfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "x: y\rtransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "x: \0\r\n\r\n",
        "transfer-encoding: chunked\r\n\r\nzz\r\n\r\n",
        "transfer-encoding: chunked\r\n\r\n-1\r\n\r\n",
        "transfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n\r\n",
        "transfer-encoding: chunked\r\n\r\n1\r\nxx\r\n0\r\n\r\n",
        "transfer-encoding: chunked\r\n\r\n1 \n\r\n",
    ] {
        let answers = Wire::exchange(&service, format!("{post}{framing}{SMUGGLED}")).await;
        let statuses = statuses(&answers);
        assert!(statuses.len() <= 1, "{framing:?} was answered {answers}");
        assert!(
            statuses.iter().all(|status| (400..500).contains(status)),
            "{framing:?}: {answers}"
        );
    }
    let old = format!(
        "POST /v1/identify HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{SMUGGLED}"
    );
    assert_eq!(statuses(&Wire::exchange(&service, old).await), [400]);
    assert_eq!(service.get("/healthz").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn odd_requests_are_answered_as_what_they_are() {
    let database = Database::sqlite();
    let service = Service::start(&database);
    let address = Wire::address(&service);
    for (request, status) in [
        ("GET /healthz HTTP/1.0\r\n\r\n".to_owned(), Some(200)),
        (
            format!("GET http://{address}/healthz HTTP/1.1\r\n{END}"),
            Some(200),
        ),
        (
            format!("GET http://elsewhere.example/healthz HTTP/1.1\r\n{END}"),
            Some(200),
        ),
        (
            format!("CONNECT elsewhere.example:443 HTTP/1.1\r\n{END}"),
            Some(404),
        ),
        (format!("OPTIONS * HTTP/1.1\r\n{END}"), Some(404)),
        (format!("TRACE /healthz HTTP/1.1\r\n{END}"), Some(405)),
        (format!("BREW /healthz HTTP/1.1\r\n{END}"), Some(405)),
        (format!("GET /v1/../healthz HTTP/1.1\r\n{END}"), Some(404)),
        (format!("GET //healthz HTTP/1.1\r\n{END}"), Some(404)),
        (format!("GET /healthz/ HTTP/1.1\r\n{END}"), Some(404)),
        (
            format!("GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\n{END}"),
            Some(404),
        ),
        (
            format!("GET /v1%2fadmin%2forganizations HTTP/1.1\r\n{END}"),
            Some(404),
        ),
        (
            format!("GET /v1/admin/organizations/..%2f HTTP/1.1\r\n{END}"),
            Some(404),
        ),
        (
            format!("GET /healthz HTTP/1.1\r\nupgrade: h2c\r\n{END}"),
            Some(200),
        ),
        (
            format!("GET /healthz HTTP/1.1\r\n{}{END}", "a: b\r\n".repeat(200)),
            Some(431),
        ),
        (
            format!(
                "GET /healthz HTTP/1.1\r\na: {}\r\n{END}",
                "b".repeat(100_000)
            ),
            Some(431),
        ),
        (
            format!("GET /{} HTTP/1.1\r\n{END}", "a".repeat(100_000)),
            Some(431),
        ),
        (
            format!("GET /{} HTTP/1.1\r\n{END}", "a".repeat(9_000)),
            Some(404),
        ),
        (format!("GET /\u{e9} HTTP/1.1\r\n{END}"), Some(404)),
        ("GET /healthz HTTP/9.9\r\n\r\n".to_owned(), Some(400)),
        ("GET /healthz\r\n\r\n".to_owned(), Some(400)),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), None),
        (
            "\x16\x03\x01\x02\0\x01\0\x01\u{fc}\x03\x03".to_owned(),
            Some(400),
        ),
    ] {
        let answer = Wire::exchange(&service, &request).await;
        let shown = &request[..request.floor_char_boundary(60)];
        assert_eq!(
            statuses(&answer).first().copied(),
            status,
            "{shown:?} was answered {answer}"
        );
    }
    assert_eq!(service.get("/healthz").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_bytes_on_a_connection_never_break_the_service() {
    let database = Database::sqlite();
    let service = Service::start(&database);
    let mut random = random();
    for _ in 0..1_000 {
        let mut bytes =
            format!("POST /v1/identify HTTP/1.1\r\ncontent-length: 3\r\n{END}abc").into_bytes();
        for _ in 0..random.usize(1..8) {
            let place = random.usize(0..bytes.len());
            bytes[place] = random.u8(..);
        }
        let mut wire = Wire::connect(&service).await;
        wire.send(&bytes).await;
        wire.finish().await;
        let answer = wire.rest().await;
        let sound = statuses(&answer)
            .iter()
            .all(|status| (400..500).contains(status));
        assert!(
            sound,
            "{:?} was answered {answer}",
            String::from_utf8_lossy(&bytes)
        );
    }
    assert_eq!(service.get("/healthz").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_only_listens_after_its_request_is_answered() {
    let database = Database::sqlite();
    let service = Service::start(&database);
    let organization = service.organization().await;
    let mut wire = Wire::connect(&service).await;
    let request = format!(
        "POST /v1/visitors HTTP/1.1\r\nhost: x\r\nx-organization-key: {}\r\n\r\n",
        organization.key
    );
    wire.send(request).await;
    wire.finish().await;
    let answer = wire.rest().await;
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
}
