//! The master key: where it comes from, which one is refused, and how another one takes its place.

use std::fs;
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::harness::{
    Cluster, Database, Organization, Service, Session, Visitor, command, migrate,
    on_both_databases, serve, without_postgres,
};

const NEW: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const OLD: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

/// A command with master keys in the environment.
fn with(mut command: Command, keys: &str) -> Command {
    command
        .env_remove("IDENTITY_MASTER_KEY")
        .env("IDENTITY_MASTER_KEYS", keys);
    command
}

fn with_args(database: &Database, keys: &str, args: &[&str]) -> Command {
    let mut command = with(command(database), keys);
    command.args(args);
    command
}

fn start(database: &Database, keys: &str) -> Service {
    let serve = serve(database, &["--address-rate=0", "--visitor-rate=0"]);
    Service::start_command(database, with(serve, keys))
}

fn rotate(database: &Database, keys: &str) -> Output {
    let rotate = with_args(database, keys, &["rotate-master-key"]).output();
    rotate.unwrap()
}

/// How many secrets a rotation says that it sealed.
#[track_caller]
fn count(printed: &str) -> usize {
    let counted = printed.strip_prefix("secrets sealed with the new master key: ");
    let (count, _) = counted.unwrap().split_once(';').unwrap();
    count.parse().unwrap()
}

#[track_caller]
fn succeeds(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[track_caller]
fn refused(mut command: Command) -> String {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(output.stdout, b"", "{output:?}");
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        !told.contains(&NEW[1..]) && !told.contains(&OLD[1..]),
        "{told}"
    );
    told
}

/// An organization that requires an hmac, with a visitor.
async fn required(service: &Service) -> (Organization, Visitor) {
    let organization = service.organization().await;
    organization.verification("required").await;
    let visitor = organization.visitor().await;
    (organization, visitor)
}

async fn verifies(organization: &Organization, visitor: &Visitor) {
    let params = json!({"hmac": organization.sign(visitor)});
    assert_eq!(visitor.identify(params).await.ok()["hmacVerified"], true);
}

/// Takes the names of the keys from what is sealed, as it was before there were any.
const UNNAMED: &str =
    "UPDATE settings SET value = substr(value, 9) WHERE name = 'master_key_check';
    UPDATE organizations SET current_secret = substr(current_secret, 9)";
/// Makes the secret of the newest organization one that no key opens, and the other way round.
const SPOIL: &str = "CREATE TABLE kept AS SELECT id, current_secret FROM organizations;
    UPDATE organizations SET current_secret = substr(current_secret, 2)
    WHERE created_at = (SELECT max(created_at) FROM organizations)";
const MEND: &str = "UPDATE organizations
    SET current_secret = (SELECT current_secret FROM kept WHERE kept.id = organizations.id)
    WHERE created_at = (SELECT max(created_at) FROM organizations)";

on_both_databases! {
    async fn the_master_key_is_rotated_while_processes_serve_and_no_secret_is_lost(
        database: Database
    ) {
        let service = start(&database, OLD);
        let mut shops = Vec::new();
        for _ in 0..20 {
            shops.push(required(&service).await);
        }
        drop(service);
        Session::open(&database).await.execute(UNNAMED).await;

        // Processes with both keys serve, and secrets are rotated, while the command works.
        let service = start(&database, &format!("{NEW},{OLD}"));
        let is_done = Arc::<AtomicBool>::default();
        let mut callers = JoinSet::new();
        for (organization, visitor) in shops {
            let is_done = is_done.clone();
            let (mut organization, visitor) = (organization.at(&service), visitor.at(&service));
            callers.spawn(async move {
                verifies(&organization, &visitor).await;
                while !is_done.load(Ordering::Relaxed) {
                    organization.retire_previous_secret().await;
                    organization.rotate_secret().await;
                    verifies(&organization, &visitor).await;
                }
                (organization, visitor)
            });
        }
        let rotated = tokio::task::spawn_blocking({
            let database = database.clone();
            move || rotate(&database, &format!("{NEW},{OLD}"))
        });
        assert!(count(&succeeds(&rotated.await.unwrap())) > 0);
        is_done.store(true, Ordering::Relaxed);
        let shops = callers.join_all().await;
        drop(service);

        let told = refused(with(serve(&database, &[]), OLD));
        assert!(told.contains("is not the one"), "{told}");
        let service = start(&database, NEW);
        for (organization, visitor) in shops {
            verifies(&organization.at(&service), &visitor.at(&service)).await;
        }
    }

    async fn a_rotation_of_the_master_key_goes_on_after_an_interruption(database: Database) {
        let service = start(&database, OLD);
        let shops = [required(&service).await, required(&service).await];
        drop(service);
        let mut session = Session::open(&database).await;
        session.execute(SPOIL).await;
        let both = format!("{NEW},{OLD}");
        let told = refused(with_args(&database, &both, &["rotate-master-key"]));
        assert!(told.contains("new master key: 1; but"), "{told}");
        assert!(told.contains(&shops[1].0.id) && !told.contains(&shops[0].0.id), "{told}");
        session.execute(MEND).await;

        // Until it is finished, every process needs both keys, the new one first to go on.
        for (keys, fault) in [(OLD, "is not the one"), (NEW, "before the one in")] {
            let told = refused(with(serve(&database, &[]), keys));
            assert!(told.contains(fault), "{told}");
        }
        let turned = format!("{OLD},{NEW}");
        let told = refused(with_args(&database, &turned, &["rotate-master-key"]));
        assert!(told.contains("did not come to its end"), "{told}");
        let service = start(&database, &both);
        assert_eq!(count(&succeeds(&rotate(&database, &both))), 1);
        for (organization, visitor) in &shops {
            verifies(&organization.at(&service), &visitor.at(&service)).await;
        }
        let audit = with_args(&database, &both, &["audit", "list"]).output().unwrap();
        assert_eq!(succeeds(&audit).matches("master_key_rotated").count(), 1);
        drop(service);
        drop(start(&database, NEW));
    }

    async fn a_rotation_of_the_master_key_is_refused_unless_the_new_key_is_first(
        database: Database
    ) {
        drop(start(&database, OLD));
        let mut session = Session::open(&database).await;
        let before = session.rows().await;
        for keys in [OLD.to_owned(), format!("{OLD},{NEW}")] {
            let told = refused(with_args(&database, &keys, &["rotate-master-key"]));
            assert!(told.contains("give the new key first"), "{told}");
        }
        let told = refused(with_args(&database, NEW, &["rotate-master-key"]));
        assert!(told.contains("is not the one"), "{told}");
        assert_eq!(session.rows().await, before);
    }

    async fn after_a_lost_master_key_organizations_get_new_secrets(database: Database) {
        let service = start(&database, OLD);
        let (organization, visitor) = required(&service).await;
        visitor.identify(json!({"name": "Jane", "hmac": organization.sign(&visitor)})).await.ok();
        drop(service);
        // As docs/operating.md says.
        Session::open(&database).await.execute(
            "DELETE FROM settings WHERE name IN ('master_key_check', 'retiring_master_key_check')"
        ).await;
        let service = start(&database, NEW);
        let mut organization = organization.at(&service);
        let visitor = visitor.at(&service);
        let lost = visitor.identify(json!({"hmac": organization.sign(&visitor)})).await;
        lost.is_problem(500, "internal");
        assert_eq!(visitor.identity().await.ok()["name"], "Jane");
        organization.retire_previous_secret().await;
        organization.rotate_secret().await;
        organization.retire_previous_secret().await;
        verifies(&organization, &visitor).await;
    }

    async fn a_wrong_or_missing_master_key_is_refused(database: Database) {
        drop(start(&database, OLD));
        fs::write(database.folder().join("other.key"), NEW).unwrap();
        for args in [["org", "create", "B"], ["serve", "--listen", "127.0.0.1:0"]] {
            let mut other = command(&database);
            other.env_remove("IDENTITY_MASTER_KEY");
            other.args(args).args(["--master-key-file", "other.key"]);
            let told = refused(other);
            assert!(told.contains("other.key") && told.contains("is not the one"), "{told}");

            let mut none = command(&database);
            none.env_remove("IDENTITY_MASTER_KEY").args(args);
            let told = refused(none);
            assert!(told.contains("--master-key-file"), "{told}");
        }
        // No key was made that can open nothing, and what needs no key still works.
        assert!(!database.folder().join("identity-master.key").exists());
        succeeds(&command(&database).args(["org", "list"]).output().unwrap());
    }

    async fn master_keys_come_from_a_file_or_the_environment(database: Database) {
        migrate(&database);
        fs::write(database.folder().join("keys"), format!("{NEW}\r\n{OLD}\n")).unwrap();
        let create = |variables: &[(&str, &str)], args: &[&str]| {
            let mut command = command(&database);
            command.env_remove("IDENTITY_MASTER_KEY").envs(variables.iter().copied());
            command.args(["org", "create", "Shop"]).args(args);
            command
        };
        let both = format!("{NEW},{OLD}");
        let file = ["--master-key-file", "keys"];
        let [one, several] = ["IDENTITY_MASTER_KEY", "IDENTITY_MASTER_KEYS"];
        for mut command in [
            create(&[(one, OLD)], &[]),
            create(&[(one, &OLD.to_uppercase())], &[]),
            create(&[(several, &both)], &[]),
            create(&[], &file),
        ] {
            succeeds(&command.output().unwrap());
        }
        for command in [
            create(&[(one, OLD)], &file),
            create(&[(one, OLD), (several, &both)], &[]),
        ] {
            assert!(refused(command).contains("give the master key once"));
        }
        for malformed in ["", "canary", &OLD[1..], &format!("{OLD},"), &format!("{OLD} {NEW}")] {
            let told = refused(create(&[(several, malformed)], &[]));
            assert!(told.contains("IDENTITY_MASTER_KEYS") && told.contains("openssl"), "{told}");
            assert!(!told.contains("canary"), "{told}");
        }
        let told = refused(create(&[(one, NEW)], &[]));
        assert!(told.contains("the master key in IDENTITY_MASTER_KEY is not the one"), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_that_changes_under_the_rotation_of_the_master_key_is_not_overwritten() {
    const WAITING: &str = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    if without_postgres() {
        return;
    }
    let database = Database::postgres().await;
    let service = start(&database, OLD);
    let (organization, visitor) = required(&service).await;
    drop(service);
    let mut session = Session::open(&database).await;
    // What a rotation of the secret does to the row, between the command's look and its step.
    session
        .execute("BEGIN; UPDATE organizations SET previous_secret = current_secret")
        .await;
    let both = format!("{NEW},{OLD}");
    let rotated = tokio::task::spawn_blocking({
        let (database, both) = (database.clone(), both.clone());
        move || rotate(&database, &both)
    });
    let mut observer = Session::open(&database).await;
    while observer.number(WAITING).await == 0 {
        sleep(Duration::from_millis(10)).await;
    }
    session.execute("COMMIT").await;
    assert_eq!(count(&succeeds(&rotated.await.unwrap())), 2);
    let service = start(&database, NEW);
    let organization = organization.at(&service);
    assert_eq!(organization.read().await["hasPreviousSecret"], true);
    verifies(&organization, &visitor.at(&service)).await;
}

#[tokio::test]
async fn on_sqlite_the_master_key_is_made_beside_the_database() {
    let database = Database::sqlite();
    let elsewhere = tempfile::tempdir().unwrap();
    let mut serve = serve(&database, &[]);
    serve.current_dir(elsewhere.path());
    drop(Service::start_command(&database, serve));
    assert!(database.folder().join("identity-master.key").exists());
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    // From another folder the same one is found.
    Service::start(&database).organization().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres_no_master_key_is_made() {
    if without_postgres() {
        return;
    }
    let database = Database::postgres().await;
    let mut nowhere = command(&database);
    nowhere.args(["serve", "--master-key-file", "nowhere"]);
    nowhere.env_remove("IDENTITY_MASTER_KEY");
    assert!(refused(nowhere).contains("nowhere: No such file"));
    let mut none = serve(&database, &[]);
    none.env_remove("IDENTITY_MASTER_KEY");
    let told = refused(none);
    assert!(told.contains("openssl rand -hex 32"), "{told}");
    assert_eq!(fs::read_dir(database.folder()).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_master_key_ends_the_start_also_when_the_database_comes_late() {
    if without_postgres() {
        return;
    }
    let cluster = Cluster::start();
    let database = Database::in_cluster(&cluster).await;
    drop(start(&database, OLD));
    cluster.stop();
    let malformed = refused(with(serve(&database, &[]), &OLD[1..]));
    assert!(malformed.contains("64 hexadecimal digits"), "{malformed}");
    let mut late = start(&database, NEW);
    late.get("/readyz").await.is_problem(503, "unavailable");
    cluster.resume();
    assert_eq!(late.ended().await.code(), Some(1));
    assert!(late.log().contains("is not the one"), "{}", late.log());
}
