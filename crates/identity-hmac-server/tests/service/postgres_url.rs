//! What a PostgreSQL URL may ask for.

use std::process::Output;

use serde_json::json;

use crate::harness::{Cluster, Database, Service, Session, command, serve, without_postgres};

fn refused(database: &Database, query: &str) -> Output {
    let (url, _) = database.url.split_once('?').unwrap();
    serve(&database.by(format!("{url}?{query}")), &[])
        .output()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unsupported_parameter_is_named_and_its_value_is_not() {
    if without_postgres() {
        return;
    }
    let database = Database::postgres().await;
    for (query, named) in [
        ("sslpassword=s3cret", "sslpassword"),
        ("channel_binding=require", "channel_binding"),
        ("channel_binding=s3cret", "channel_binding"),
        ("sslmode=verify-ca", "verify-ca"),
        ("sslmode=s3cret", "sslmode"),
        ("sslmode=verify-full&sslrootcert=/s3cret", "sslrootcert"),
        ("sslcert=/s3cret", "sslkey"),
        ("sslmode=require&sslrootcert=/s3cret", "sslrootcert"),
        ("sslrootcert=system&sslmode=require", "sslrootcert"),
        ("port=s3cret", "port"),
        ("host=a,b&port=1,2,3", "port"),
        ("target_session_attrs=standby", "target_session_attrs"),
        ("target_session_attrs=s3cret", "target_session_attrs"),
        ("connect_timeout=s3cret", "connect_timeout"),
        ("require_auth=s3cret", "require_auth"),
        ("sslcrl=s3cret", "sslcrl"),
    ] {
        let refused = refused(&database, query);
        let told = String::from_utf8_lossy(&refused.stderr);
        assert_eq!(refused.status.code(), Some(1), "{query}: {told}");
        assert!(told.contains(named), "{query}: {told}");
        assert!(!told.contains("s3cret"), "{query}: {told}");
    }
}

#[tokio::test]
async fn no_message_holds_a_password_that_is_not_percent_encoded() {
    let database = Database::sqlite();
    for password in [
        "a?s3cret",
        "a?s3cret=b",
        "a/s3cret",
        "a#s3cret",
        "%ffs3cret",
    ] {
        let url = format!("postgres://postgres:{password}@127.0.0.1:1/name");
        let list = command(&database.by(url))
            .args(["org", "list"])
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&list.stderr);
        assert_eq!(list.status.code(), Some(1), "{told}");
        assert!(!told.contains("s3cret"), "{told}");
    }
}

/// The hosts in both of libpq's forms, the first of which is not there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_of_several_hosts_that_is_there_is_taken() {
    if without_postgres() {
        return;
    }
    let database = Database::postgres().await;
    let (name, port) = (database.name(), database.port());
    for url in [
        format!("postgres://postgres@127.0.0.1:1,127.0.0.1:{port}/{name}?sslmode=disable"),
        format!(
            "postgresql:///{name}?host=127.0.0.1,127.0.0.1&port=1,{port}&user=postgres\
             &sslmode=disable&channel_binding=prefer&target_session_attrs=primary"
        ),
    ] {
        let service = Service::start(&database.by(url));
        service.organization().await.visitor().await;
    }
}

/// Who connects where and how, and whether that is encrypted then. `CA`, `OTHER` and `CLIENT` stand for
/// the parameters with the certificates.
const ACCEPTED: [(&str, &str, &str, &str); 9] = [
    ("postgres", "127.0.0.1", "", "true"),
    ("postgres", "127.0.0.1", "sslmode=disable", "false"),
    ("postgres", "127.0.0.1", "sslmode=allow", "false"),
    ("postgres", "127.0.0.1", "sslmode=prefer", "true"),
    ("postgres", "127.0.0.1", "sslmode=require", "true"),
    ("postgres", "localhost", "sslmode=verify-full&CA", "true"),
    ("only_encrypted", "127.0.0.1", "sslmode=allow", "true"),
    ("only_plain", "127.0.0.1", "sslmode=prefer", "false"),
    (
        "by_certificate",
        "localhost",
        "sslmode=verify-full&CA&CLIENT",
        "true",
    ),
];
/// The same of those who are refused, and what the message tells.
const REFUSED: [(&str, &str, &str, &str); 6] = [
    (
        "postgres",
        "127.0.0.1",
        "sslmode=verify-full&CA",
        "a name that is in",
    ),
    (
        "postgres",
        "localhost",
        "sslmode=verify-full&OTHER",
        "sslrootcert",
    ),
    (
        "postgres",
        "localhost",
        "sslmode=verify-full",
        "sslrootcert",
    ),
    ("only_plain", "127.0.0.1", "sslmode=require", "pg_hba.conf"),
    (
        "only_encrypted",
        "127.0.0.1",
        "sslmode=disable",
        "pg_hba.conf",
    ),
    (
        "by_certificate",
        "127.0.0.1",
        "sslmode=require",
        "certificate",
    ),
];
const IS_ENCRYPTED: &str =
    "SELECT s.ssl::text FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid)
    WHERE a.application_name = 'identity-hmac-server' AND a.datname = current_database()";

/// What PostgreSQL's manual says of `sslmode`, certificates of the client, and names.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_to_postgres_is_what_its_manual_says() {
    if without_postgres() {
        return;
    }
    let cluster = Cluster::start_with_tls();
    for role in [
        "CREATE ROLE by_certificate SUPERUSER LOGIN",
        "CREATE ROLE only_plain SUPERUSER LOGIN",
        "CREATE ROLE only_encrypted SUPERUSER LOGIN",
    ] {
        cluster.execute(role).await;
    }
    let database = Database::in_cluster(&cluster).await;
    let (name, port) = (database.name(), cluster.port());
    let by = |user: &str, host: &str, query: &str| {
        let path = |file: &str| cluster.certificate(file).display().to_string();
        let client = format!(
            "sslcert={}&sslkey={}",
            path("client.pem"),
            path("client.key")
        );
        let query = query
            .replace("CA", &format!("sslrootcert={}", path("ca.pem")))
            .replace("OTHER", &format!("sslrootcert={}", path("other.pem")))
            .replace("CLIENT", &client);
        database.by(format!("postgres://{user}@{host}:{port}/{name}?{query}"))
    };
    for (user, host, query, is_encrypted) in ACCEPTED {
        let mut service = Service::start(&by(user, host, query));
        let visitor = service.organization().await.visitor().await;
        visitor.identify(json!({"name": "Jane"})).await.ok();
        let encrypted = Session::open(&database).await.texts(IS_ENCRYPTED).await;
        assert!(!encrypted.is_empty());
        let as_wanted = encrypted.iter().all(|one| one == is_encrypted);
        assert!(as_wanted, "{query}: {encrypted:?}");
        service.signal("TERM");
        service.ended().await;
    }

    let assert_refused = |(user, host, query, fault): (&str, &str, &str, &str)| {
        let started = serve(&by(user, host, query), &[]).output().unwrap();
        let told = String::from_utf8_lossy(&started.stderr);
        assert_eq!(started.status.code(), Some(1), "{query}: {told}");
        assert!(told.contains(fault), "{query}: {told}");
        assert!(
            !told.contains("\n "),
            "a message goes over its line: {told}"
        );
    };
    REFUSED.into_iter().for_each(assert_refused);

    // A certificate as a fresh Citus node has it.
    let settings = format!(
        "ssl_cert_file = '{}'\nssl_key_file = '{}'\nssl = on\n",
        cluster.certificate("v1.pem").display(),
        cluster.certificate("v1.key").display()
    );
    let file = cluster.folder().join("data/postgresql.auto.conf");
    std::fs::write(file, settings).unwrap();
    cluster.execute("SELECT pg_reload_conf()").await;
    for query in ["", "sslmode=require"] {
        assert_refused(("postgres", "127.0.0.1", query, "X.509 version 1"));
    }
    let plain = by("postgres", "127.0.0.1", "sslmode=disable");
    Service::start(&plain).organization().await;
}
