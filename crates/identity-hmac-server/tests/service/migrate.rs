//! The schema: who makes it, who only uses it, and what an older program meets in a newer one.

use std::fs;
use std::process::{Command, Output};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::harness::{
    Answer, Cluster, Database, Organization, Service, Session, Visitor, command, migrate,
    on_both_databases, serve, without_postgres,
};

/// Undoes a migration.
const OLDER_SCHEMA: &str =
    "DROP TABLE oldest_program; DELETE FROM _sqlx_migrations WHERE version = 2";

/// Undoes the migration that makes people be found.
const BEFORE_PEOPLE: &str = "DROP INDEX identities_by_email_folded;
    DROP INDEX visitors_by_last_seen;
    ALTER TABLE identities DROP COLUMN email_folded;
    ALTER TABLE visitors DROP COLUMN last_seen_at;
    ALTER TABLE organizations DROP COLUMN visitor_tokens_valid_after;
    CREATE INDEX identities_by_email ON identities (organization_id, email, id)
        WHERE email IS NOT NULL;
    UPDATE oldest_program SET migration = 1;
    DELETE FROM _sqlx_migrations WHERE version = 6";

/// Undoes the migration that makes token keys and the policy.
const BEFORE_TOKEN_KEYS: &str = "DROP TABLE token_keys;
    ALTER TABLE organizations DROP COLUMN accepted_proofs;
    ALTER TABLE organizations DROP COLUMN unsigned_attributes;
    ALTER TABLE organizations DROP COLUMN identity_session;
    ALTER TABLE organizations DROP COLUMN max_token_lifetime;
    ALTER TABLE organizations DROP COLUMN tokens_valid_after;
    DELETE FROM _sqlx_migrations WHERE version = 8";

/// Undoes the migration that makes persons.
const BEFORE_PERSONS: &str = "DROP TABLE persons;
    DROP INDEX visitors_by_person;
    ALTER TABLE visitors DROP COLUMN person;
    ALTER TABLE visitors DROP COLUMN verified_at;
    ALTER TABLE visitors DROP COLUMN verified_until;
    ALTER TABLE visitors DROP COLUMN verified_by;
    ALTER TABLE identities DROP COLUMN token_at;
    UPDATE oldest_program SET migration = 6;
    DELETE FROM _sqlx_migrations WHERE version = 9";

fn run(database: &Database, args: &[&str]) -> Output {
    command(database).args(args).output().unwrap()
}

#[track_caller]
fn done(database: &Database, args: &[&str]) -> String {
    let output = run(database, args);
    assert_eq!(output.status.code(), Some(0), "{args:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn refused(mut command: Command) -> String {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(output.stdout, b"", "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

/// Lists the one organization, and returns why it cannot be changed.
fn only_lists(database: &Database) -> String {
    let listed = done(database, &["org", "list"]);
    let mut change = command(database);
    let id = listed.split(' ').next().unwrap();
    change.args(["org", "verification", id, "required"]);
    refused(change)
}

fn commands(database: &Database) -> Vec<Command> {
    let id = "01a20380-106d-75b3-a019-bcfa6f981ea5";
    let all = [
        &["org", "list"][..],
        &["org", "create", "Shop"],
        &["identity", "list", id],
        &["reset-admin-token"],
        &["serve", "--listen=127.0.0.1:0", "--migrate=never"],
    ];
    let command = |args: &[&str]| {
        let mut command = command(database);
        command.args(args);
        command
    };
    all.into_iter().map(command).collect()
}

/// Often enough for every connection that is open to keep each statement prepared.
async fn call_everything(organization: &mut Organization, visitor: &Visitor) {
    for _ in 0..3 {
        organization.visitor().await;
        organization.verification("observe").await;
        organization.rotate_secret().await;
        organization.retire_previous_secret().await;
        let identities = format!("/{}/identities", organization.id);
        for list in ["", &identities] {
            let list = organization.admin(Method::GET, list);
            Answer::to(list).await.ok();
        }
        let params = json!({"metadata": {"a": 1}, "hmac": organization.sign(visitor)});
        visitor.identify(params).await.ok();
        visitor.identity().await.ok();
    }
}

on_both_databases! {
    async fn migrate_makes_the_schema_and_prints_what_it_did(database: Database) {
        let printed = done(&database, &["migrate"]);
        assert!(printed.starts_with("applied 1: organizations visitors identities\napplied 2: "));
        assert_eq!(done(&database, &["org", "list"]), "");
        assert!(done(&database, &["migrate"]).starts_with("nothing to do"));
        Session::open(&database).await.execute(OLDER_SCHEMA).await;
        assert_eq!(done(&database, &["migrate"]), "applied 2: oldest program\n");
    }

    async fn records_that_are_there_are_found_by_their_address_after_the_migration(
        database: Database
    ) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let [visitor, anonymous] = [organization.visitor().await, organization.visitor().await];
        visitor.identify(json!({"email": "Jane@Example.com", "name": "Jane"})).await.ok();
        drop(service);
        let mut session = Session::open(&database).await;
        session.execute(BEFORE_PEOPLE).await;
        assert_eq!(done(&database, &["migrate"]), "applied 6: people\n");

        let args = ["identity", "list", &organization.id, "--email=jane@example.COM"];
        let listed: Value = serde_json::from_str(&done(&database, &args)).unwrap();
        assert_eq!(listed["name"], "Jane");
        // An identified visitor was seen when it last said who it is.
        let seen = "SELECT count(*) FROM visitors v JOIN identities i ON v.id = i.visitor_id
            WHERE v.last_seen_at = i.updated_at";
        assert_eq!(session.number(seen).await, 1);
        let unseen = "SELECT count(*) FROM visitors WHERE last_seen_at IS NULL";
        assert_eq!(session.number(unseen).await, 1);
        let service = Service::start(&database);
        anonymous.at(&service).identity().await.is_no_record();
        assert_eq!(visitor.at(&service).identity().await.ok()["name"], "Jane");
    }

    async fn organizations_that_are_there_take_both_proofs_after_the_migration(database: Database) {
        let service = Service::start(&database);
        let mut organization = service.organization().await;
        organization.verification("required").await;
        let backend = organization.backend().await;
        let visitor = organization.visitor().await;
        organization.rotate_secret().await;
        let params = json!({"name": "Jane", "hmac": organization.sign(&visitor)});
        let record = visitor.identify(params.clone()).await.ok();
        drop(service);
        let mut session = Session::open(&database).await;
        session.execute(BEFORE_TOKEN_KEYS).await;
        let before = session.rows_of(&["visitors", "identities", "api_keys", "audit_events"]).await;
        assert!(before.len() >= 6, "{before:?}");
        assert_eq!(done(&database, &["migrate"]), "applied 8: token keys\n");
        let after = session.rows_of(&["visitors", "identities", "api_keys", "audit_events"]).await;
        assert_eq!(after, before);

        let service = Service::start(&database);
        let organization = organization.at(&service);
        let visitor = visitor.at(&service);
        assert_eq!(visitor.identify(params).await.ok(), record);
        visitor.identify(json!({"name": "Eve"})).await.is_problem(403, "hmac_required");
        backend.at(&organization).identity(&visitor).await.ok();
        let read = organization.read().await;
        for (name, value) in [
            ("verification", json!("required")),
            ("hasPreviousSecret", json!(true)),
            ("acceptedProofs", json!(["hmac", "token"])),
            ("unsignedAttributes", json!("ignore")),
            ("identitySession", json!(86400)),
            ("maxTokenLifetime", json!(3600)),
            ("tokensValidAfter", json!(null)),
        ] {
            assert_eq!(read[name], value, "{name}");
        }
        assert_eq!(organization.token_keys().await, [json!(null); 0]);
        organization.make_token_key().await.ok();
    }

    async fn records_that_are_there_are_what_visitors_say_after_the_migration(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        organization.verification("observe").await;
        let backend = organization.backend().await;
        let [unsigned, signed] = [organization.visitor().await, organization.visitor().await];
        let [told, anonymous] = [organization.visitor().await, organization.visitor().await];
        let params = json!({"externalId": "user_1", "email": "Jane@example.com", "metadata": {"a": 1}});
        unsigned.identify(params.clone()).await.ok();
        let mut by_hmac = params.clone();
        by_hmac["hmac"] = json!(organization.sign(&signed));
        signed.identify(by_hmac).await.ok();
        backend.identify(&told, json!({"name": "Jane"})).await.ok();
        let path = format!("/{}/identities", organization.id);
        let before = Answer::to(organization.admin(Method::GET, &path)).await.ok();
        assert_eq!(before["identities"].as_array().unwrap().len(), 3);
        drop(service);
        let mut session = Session::open(&database).await;
        session.execute(BEFORE_PERSONS).await;
        session.execute(BEFORE_TOKEN_KEYS).await;
        assert_eq!(done(&database, &["migrate"]), "applied 8: token keys\napplied 9: persons\n");
        assert_eq!(session.number("SELECT migration FROM oldest_program").await, 9);
        assert_eq!(session.number("SELECT count(*) FROM persons").await, 0);

        let service = Service::start(&database);
        let organization = organization.at(&service);
        let after = Answer::to(organization.admin(Method::GET, &path)).await.ok();
        assert_eq!(after, before);
        anonymous.at(&service).identity().await.is_no_record();
        // A token verifies whom it names, and nothing of what was said before.
        let keys = organization.signer().await;
        let [unsigned, signed] = [unsigned.at(&service), signed.at(&service)];
        let token = keys.sign(&signed, "user_1", |claims| claims.name("Jane"));
        let said = signed.identify(json!({"token": token})).await.ok();
        assert_eq!(said["verifiedAttributes"], json!(["externalId", "name"]));
        assert_eq!((&said["email"], &said["metadata"]), (&params["email"], &params["metadata"]));
        let other = unsigned.identity().await.ok();
        assert_eq!((&other["externalId"], &other["personId"]), (&json!("user_1"), &json!(null)));
    }

    async fn only_migrate_and_serve_change_the_schema(database: Database) {
        for command in commands(&database) {
            let told = refused(command);
            assert!(told.contains("identity-hmac-server migrate"), "{told}");
        }
        assert_eq!(fs::read_dir(database.folder()).unwrap().count(), 0);

        migrate(&database);
        Session::open(&database).await.execute(OLDER_SCHEMA).await;
        for command in commands(&database) {
            let told = refused(command);
            assert!(told.contains("older than this version needs: run"), "{told}");
        }
        drop(Service::start(&database));
        Service::start_with(&database, &["--migrate=never"]).organization().await;
        done(&database, &["org", "list"]);
    }

    async fn columns_that_a_newer_schema_adds_disturb_no_running_process(database: Database) {
        let service = Service::start(&database);
        let mut organization = service.organization().await;
        let visitor = organization.visitor().await;
        call_everything(&mut organization, &visitor).await;
        let mut session = Session::open(&database).await;
        for table in ["settings", "organizations", "visitors", "identities"] {
            session.execute(&format!("ALTER TABLE {table} ADD newer TEXT")).await;
        }
        call_everything(&mut organization, &visitor).await;
    }

    async fn an_older_program_uses_a_newer_schema_until_that_names_a_newer_one(database: Database) {
        migrate(&database);
        let mut session = Session::open(&database).await;
        session.execute(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
            SELECT 9000, description, success, checksum, 0 FROM _sqlx_migrations WHERE version = 1",
        ).await;
        let service = Service::start(&database);
        let visitor = service.organization().await.visitor().await;
        visitor.identify(json!({"name": "Jane"})).await.ok();
        assert!(done(&database, &["migrate"]).starts_with("nothing to do"));
        drop(service);

        session.execute("UPDATE oldest_program SET migration = 9000").await;
        let mut migrate = command(&database);
        migrate.arg("migrate");
        for command in commands(&database).into_iter().chain([migrate, serve(&database, &[])]) {
            let told = refused(command);
            assert!(told.contains("too new for this version") && told.contains("9000"), "{told}");
        }
    }
}

#[tokio::test]
async fn a_mistyped_file_is_named_and_not_made() {
    let database = Database::sqlite();
    let folder = database.folder().to_owned();
    for url in ["sqlite:typo.db", "sqlite:typo.db?mode=rwc"] {
        for command in commands(&database.by(url.to_owned())) {
            let told = refused(command);
            assert!(told.contains("typo.db: check --database"), "{told}");
        }
    }
    assert_eq!(fs::read_dir(folder).unwrap().count(), 0);
}

#[tokio::test]
async fn a_read_only_connection_to_sqlite_lists() {
    let database = Database::sqlite();
    migrate(&database);
    done(&database, &["org", "create", "Shop"]);
    let read_only = database.by(format!("{}?mode=ro", database.url));
    let told = only_lists(&read_only);
    assert!(told.contains("readonly"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_needs_no_right_to_change_the_schema_but_to_migrate() {
    const ROLES: &str =
        "DROP ROLE IF EXISTS writer_of_the_test; DROP ROLE IF EXISTS reader_of_the_test;
        CREATE ROLE writer_of_the_test LOGIN; CREATE ROLE reader_of_the_test LOGIN";
    const PRIVILEGES: &str =
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO writer_of_the_test;
        REVOKE UPDATE, DELETE ON audit_events FROM writer_of_the_test;
        GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader_of_the_test";
    if without_postgres() {
        return;
    }
    let cluster = Cluster::start();
    let database = Database::in_cluster(&cluster).await;
    migrate(&database);
    let mut session = Session::open(&database).await;
    session.execute(ROLES).await;
    session.execute(PRIVILEGES).await;
    let by = |user: &str, more: &str| {
        let url = database.url.replace("postgres@", &format!("{user}@"));
        database.by(format!("{url}{more}"))
    };

    let writer = by("writer_of_the_test", "");
    let service = Service::start(&writer);
    let visitor = service.organization().await.visitor().await;
    visitor.identify(json!({"name": "Jane"})).await.ok();
    assert!(done(&writer, &["migrate"]).starts_with("nothing to do"));
    for reader in [
        by("reader_of_the_test", ""),
        by(
            "postgres",
            "&options=-c%20default_transaction_read_only%3Don",
        ),
    ] {
        let told = only_lists(&reader);
        assert!(
            told.contains("permission denied") || told.contains("read-only transaction"),
            "{told}"
        );
    }

    session.execute(OLDER_SCHEMA).await;
    let told = refused(serve(&writer, &[]));
    assert!(
        told.contains("permission denied") && told.contains("Roles"),
        "{told}"
    );
}

/// Lets each later statement of a migration take its time.
const SLOW: &str = "
    CREATE FUNCTION take_time() RETURNS event_trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_sleep(8); END $$;
    CREATE EVENT TRIGGER slow ON ddl_command_start WHEN TAG IN ('CREATE TABLE')
        EXECUTE FUNCTION take_time()";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_may_take_longer_than_a_call_and_health_is_answered_meanwhile() {
    if without_postgres() {
        return;
    }
    let database = Database::postgres().await;
    migrate(&database);
    let mut session = Session::open(&database).await;
    session.execute(OLDER_SCHEMA).await;
    session.execute(SLOW).await;
    let service = Service::start(&database);
    assert_eq!(service.get("/healthz").await.status, 200);
    service.get("/readyz").await.is_problem(503, "unavailable");
    service.until_ready(200).await;
    service.organization().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_that_waits_for_a_lock_is_tried_again_when_it_is_free() {
    if without_postgres() {
        return;
    }
    let database = Database::postgres().await;
    migrate(&database);
    let mut session = Session::open(&database).await;
    session.execute(OLDER_SCHEMA).await;
    session
        .execute("BEGIN; LOCK TABLE _sqlx_migrations IN SHARE MODE")
        .await;
    let migrating = tokio::task::spawn_blocking({
        let database = database.clone();
        move || run(&database, &["migrate"])
    });
    // Longer than a migration waits for a lock, or a statement of a call for anything.
    sleep(Duration::from_secs(6)).await;
    assert!(!migrating.is_finished());
    session.execute("COMMIT").await;
    let migrated = migrating.await.unwrap();
    assert!(migrated.status.success(), "{migrated:?}");
    assert_eq!(migrated.stdout, b"applied 2: oldest program\n");
}
