//! Connections that are opened to be kept.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::TcpSocket;
use tokio::time::timeout;

use super::caller::Visitor;
use super::process::Service;
use super::wire::Wire;

/// What a connection sends, and what it goes on to send once a second.
pub(crate) type Stall = (String, &'static str);

/// Every way to keep a connection open and be of no use to it.
pub(crate) fn stalls(visitor: &Visitor) -> [Stall; 8] {
    let identify = format!(
        "POST /v1/identify HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\n",
        visitor.token
    );
    [
        (String::new(), ""),
        ("GET /healthz HTTP/1.1\r\nhos".to_owned(), ""),
        ("GET /healthz HTTP/1.1\r\nhost: ".to_owned(), "x"),
        ("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n".to_owned(), ""),
        (format!("{identify}content-length: 100\r\n\r\n{{"), ""),
        (format!("{identify}content-length: 100\r\n\r\n"), " "),
        (
            format!("{identify}transfer-encoding: chunked\r\n\r\n5\r\n{{"),
            "",
        ),
        (
            "POST /v1/visitors HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n".to_owned(),
            "",
        ),
    ]
}

/// Stalls until the service closes the connection.
pub(crate) async fn stall(mut wire: Wire, (first, drip): &Stall) {
    wire.send(first).await;
    while !wire.is_closed_within(Duration::from_secs(1)).await {
        wire.send(drip).await;
    }
}

/// Metadata that makes the answers of a visitor large.
pub(crate) fn padding() -> Value {
    json!({"padding": "x".repeat(16_000)})
}

/// Asks for a record with [`padding`] for as long as requests are taken, and reads no answer.
pub(crate) async fn ask_and_not_read(service: &Service, visitor: &Visitor) -> Wire {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let address = Wire::address(service).parse().unwrap();
    let mut wire = Wire(socket.connect(address).await.unwrap());
    let request = format!(
        "GET /v1/identity HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\r\n",
        visitor.token
    );
    let requests = request.repeat(1000);
    while timeout(Duration::from_millis(500), wire.send(&requests))
        .await
        .is_ok()
    {}
    wire
}
