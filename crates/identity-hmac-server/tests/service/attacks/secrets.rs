//! Somebody reads what the service leaves behind: logs, metrics, answers, and the database itself.

use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use identity_hmac::TokenKey;
use reqwest::{Method, RequestBuilder};
use serde_json::json;

use crate::harness::{
    ADMIN_TOKEN, Answer, Backend, Cluster, Database, Organization, Service, Session, Signer,
    Visitor, Wire, command, http, on_both_databases, without_postgres,
};

const MASTER_KEY: &str = "00c0ffee11c0ffee22c0ffee33c0ffee44c0ffee55c0ffee66c0ffee77c0ffee";
/// Stored as it is. The search has to find it.
const STORED: &str = "Jane, who is found";

/// A secret, and the bytes that would give it away.
struct Canary {
    name: &'static str,
    traces: Vec<Vec<u8>>,
}

impl Canary {
    fn new(name: &'static str, secret: &str) -> Self {
        let mut traces = traces(secret.as_bytes());
        // What it stands for: a key in hexadecimal, a token in base 64.
        if let Ok(bytes) = hex::decode(secret) {
            traces.extend(self::traces(&bytes));
        }
        if let Some(("sk", rest)) = secret.split_once('_') {
            // The organization's id and the key's own are not secret.
            traces.push(rest.as_bytes()[33 + 8..].to_vec());
        }
        if let Some(("itk", rest)) = secret.split_once('_') {
            // The key's id is not secret.
            traces.push(rest.as_bytes()[9..].to_vec());
            traces.extend(self::traces(&hex::decode(&rest[9..]).unwrap()));
        }
        if let Some(random) = secret.strip_prefix("vt_") {
            // The ids before it are not secret.
            traces.push(random.as_bytes()[43..].to_vec());
        }
        Self { name, traces }
    }
}

/// Shows that no canary left a trace, in one pass over the bytes.
#[track_caller]
fn assert_no_trace(canaries: &[Canary], place: &str, bytes: &[u8]) {
    let start = |bytes: &[u8]| usize::from(u16::from_le_bytes([bytes[0], bytes[1]]));
    let mut by_start = vec![Vec::new(); 1 << 16];
    for canary in canaries {
        for trace in &canary.traces {
            by_start[start(trace)].push((canary.name, trace));
        }
    }
    for (offset, pair) in bytes.windows(2).enumerate() {
        for (name, trace) in &by_start[start(pair)] {
            assert!(
                !bytes[offset..].starts_with(trace),
                "the {name} is in {place}"
            );
        }
    }
}

/// A secret as it is, reversed, in hexadecimal of either case, and in base 64 wherever it begins.
fn traces(secret: &[u8]) -> Vec<Vec<u8>> {
    let mut traces = vec![
        secret.to_vec(),
        secret.iter().rev().copied().collect(),
        hex::encode(secret).into_bytes(),
        hex::encode_upper(secret).into_bytes(),
    ];
    for skipped in 0..3 {
        let digits = STANDARD_NO_PAD.encode(&secret[skipped..]);
        traces.push(digits.as_bytes()[..digits.len() - 2].to_vec());
        traces.push(
            digits[..digits.len() - 2]
                .replace('+', "-")
                .replace('/', "_")
                .into_bytes(),
        );
    }
    traces
}

fn start(database: &Database) -> Service {
    let mut command = command(database);
    command
        .args(["serve", "--listen=127.0.0.1:0", "--log=trace"])
        .env("IDENTITY_MASTER_KEY", MASTER_KEY)
        .env("IDENTITY_ADMIN_TOKEN", ADMIN_TOKEN);
    Service::start_command(database, command)
}

/// Calls for backends that fail.
fn of_backend(backend: &Backend, secret: &str) -> [RequestBuilder; 4] {
    let wrong = backend.with_key(format!("{secret}x"));
    [
        wrong.request(Method::GET, &format!("/{secret}")),
        wrong.request(Method::GET, "/identities"),
        backend.request(Method::GET, &format!("/identities?cursor={secret}")),
        backend
            .request(Method::POST, &format!("/visitors/{secret}/identity"))
            .json(&json!({"hmac": secret})),
    ]
}

/// Calls of a page that fail.
fn of_page(visitor: &Visitor, secret: &str) -> [RequestBuilder; 8] {
    [
        visitor
            .request()
            .json(&json!({"hmac": format!("{secret}x")})),
        visitor
            .request()
            .json(&json!({"token": format!("{secret}x")})),
        visitor.request().json(&json!({"hmac": {secret: secret}})),
        visitor
            .request()
            .json(&json!({"name": secret, "email": secret})),
        visitor
            .request()
            .json(&json!({"metadata": {"a": secret, "b": "\0"}, "hmac": secret})),
        visitor
            .request()
            .header("content-type", "application/json")
            .body(format!(r#"{{"hmac": "{secret}""#)),
        visitor
            .request()
            .header("content-type", secret)
            .body(secret.to_owned()),
        visitor
            .with_token(format!("{secret}x"))
            .request()
            .json(&json!({})),
    ]
}

/// Calls that go well, and calls that fail wherever a call can, each with secrets in it.
async fn provoke(
    service: &Service,
    organization: &mut Organization,
    database: &Database,
) -> (Vec<Canary>, Vec<String>) {
    let visitor = organization.visitor().await;
    let hmac = organization.sign(&visitor);
    let first = organization.rotate_secret().await;
    organization.retire_previous_secret().await;
    let previous = organization.rotate_secret().await;
    let backend = organization.backend().await;
    let token_key = organization.make_token_key().await.ok();
    let token_key = token_key["key"].as_str().unwrap();
    let signer = Signer(TokenKey::parse(token_key).unwrap());
    let token = signer.token(&visitor, "user_1");
    let mut canaries = vec![
        Canary::new("token key", token_key),
        Canary::new("identity token", &token),
        Canary::new("API key", &backend.key),
        Canary::new("master key", MASTER_KEY),
        Canary::new("admin token", ADMIN_TOKEN),
        Canary::new("secret before the previous one", &first),
        Canary::new("previous secret", &previous),
        Canary::new("current secret", &organization.secret),
        Canary::new("visitor token", &visitor.token),
        Canary::new("hmac", &hmac),
        Canary::new("current hmac", &organization.sign(&visitor)),
    ];
    organization.verification("required").await;
    let current = organization.sign(&visitor);
    visitor
        .identify(json!({"name": STORED, "hmac": current}))
        .await
        .ok();

    visitor
        .identify(json!({"name": STORED, "token": token}))
        .await
        .ok();
    backend
        .identify(&visitor, json!({"name": STORED}))
        .await
        .ok();

    let mut answers = Vec::new();
    let secrets = [
        &backend.key,
        &organization.secret,
        &previous,
        &visitor.token,
        &hmac,
        &current,
        &token,
        MASTER_KEY,
        ADMIN_TOKEN,
    ];
    for secret in secrets {
        for request in [
            http()
                .post(format!("{}/v1/visitors", service.url))
                .header("x-organization-key", secret),
            http()
                .get(format!("{}/v1/admin/organizations", service.admin_url))
                .bearer_auth(format!("{secret}x")),
            organization
                .admin(Method::PATCH, &format!("/{}", organization.id))
                .json(&json!({"verification": secret})),
            http()
                .get(format!("{}/{secret}?{secret}", service.url))
                .header("cookie", secret),
        ]
        .into_iter()
        .chain(of_page(&visitor, secret))
        .chain(of_backend(&backend, secret))
        {
            let answer = Answer::to(request).await;
            assert!((400..500).contains(&answer.status), "{answer:?}");
            answers.push(format!("{:?} {}", answer.headers, answer.text));
        }
        let junk = format!("GET /healthz HTTP/1.1\r\nauthorization : {secret}\r\n\r\n");
        answers.push(Wire::exchange(service, junk).await);
    }
    answers.push(of_a_faulty_database(database, &visitor, &current).await);
    canaries.push(Canary::new("signature of the previous secret", &{
        let mut rotated = organization.clone();
        rotated.secret = previous;
        rotated.sign(&visitor)
    }));
    (canaries, answers)
}

/// The answer to a call that fails in the database, with the row in hand.
async fn of_a_faulty_database(database: &Database, visitor: &Visitor, hmac: &str) -> String {
    let mut session = Session::open(database).await;
    session
        .execute("ALTER TABLE identities RENAME TO hidden")
        .await;
    let failed = visitor
        .identify(json!({"name": "Joan", "hmac": hmac}))
        .await;
    failed.is_problem(503, "unavailable");
    session
        .execute("ALTER TABLE hidden RENAME TO identities")
        .await;
    failed.text
}

/// Every byte under a folder.
fn bytes_under(folder: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            bytes.extend(bytes_under(&path));
        } else {
            // A running server takes files away while we look.
            bytes.extend(fs::read(path).unwrap_or_default());
        }
    }
    bytes
}

async fn leaves_no_secret_behind(database: &Database, stored: impl AsyncFn() -> Vec<u8>) {
    let service = start(database);
    let mut organization = service.organization().await;
    let (canaries, answers) = provoke(&service, &mut organization, database).await;
    let metrics = service.admin_get("/metrics").await.text;
    let stored = stored().await;
    let is_found = stored
        .windows(STORED.len())
        .any(|window| window == STORED.as_bytes());
    assert!(is_found, "not even what is stored is found");
    let log = service.settled_log().await;
    assert!(log.contains("result=\"invalid\""));
    assert_no_trace(&canaries, "the log", log.as_bytes());
    assert_no_trace(&canaries, "the output", service.output().as_bytes());
    assert_no_trace(&canaries, "the metrics", metrics.as_bytes());
    assert_no_trace(&canaries, "an answer", answers.join("\n").as_bytes());
    assert_no_trace(&canaries, "the database", &stored);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_in_a_log_a_metric_an_error_or_the_sqlite_files() {
    let database = Database::sqlite();
    leaves_no_secret_behind(&database, async || {
        database
            .files()
            .iter()
            .flat_map(|file| fs::read(file).unwrap())
            .collect()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_in_a_log_a_metric_an_error_or_the_files_of_postgres() {
    if without_postgres() {
        return;
    }
    let cluster = Cluster::start();
    let database = Database::in_cluster(&cluster).await;
    leaves_no_secret_behind(&database, async || {
        let mut session = Session::open(&database).await;
        session.execute("CHECKPOINT").await;
        let table = session
            .texts("SELECT pg_relation_filepath('identities')")
            .await;
        let data = cluster.folder().join("data");
        // The tables, and the log of what was written to them.
        let tables = data.join(&table[0]);
        [
            bytes_under(tables.parent().unwrap()),
            bytes_under(&data.join("pg_wal")),
        ]
        .concat()
    })
    .await;
}

on_both_databases! {
    async fn a_stolen_database_opens_with_no_other_master_key(database: Database) {
        let service = start(&database);
        service.organization().await;
        drop(service);
        let output = command(&database)
            .args(["serve", "--listen=127.0.0.1:0"])
            .env("IDENTITY_MASTER_KEY", MASTER_KEY.replace("c0ffee", "decade"))
            .output()
            .unwrap();
        let reason = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{reason}");
        assert!(reason.contains("is not the one that this database's secrets are sealed with"), "{reason}");
    }

    async fn a_sealed_secret_verifies_in_no_other_organizations_row(database: Database) {
        let service = start(&database);
        let (victim, thief) = (service.organization().await, service.organization().await);
        let visitor: Visitor = victim.visitor().await;
        victim.verification("required").await;
        Session::open(&database)
            .await
            .execute(&format!(
                "UPDATE organizations SET current_secret =
                    (SELECT current_secret FROM organizations WHERE {})
                WHERE {}",
                is_organization(&database, &thief),
                is_organization(&database, &victim),
            ))
            .await;
        for signer in [&thief, &victim] {
            let hmac = signer.sign(&visitor);
            let answer = visitor.identify(json!({"name": "Mallory", "hmac": hmac})).await;
            answer.is_problem(500, "internal");
        }
        visitor.identity().await.is_no_record();
        let secrets = [&thief.secret, &victim.secret].map(|secret| Canary::new("secret", secret));
        assert_no_trace(&secrets, "the log", service.settled_log().await.as_bytes());
    }
}

/// A condition on the id, as each database writes it.
fn is_organization(database: &Database, organization: &Organization) -> String {
    if database.is_postgres() {
        format!("id = '{}'", organization.id)
    } else {
        format!("id = x'{}'", organization.id.replace('-', ""))
    }
}
