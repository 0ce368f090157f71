//! Another secret for an organization: no backend that signs is cut off by it.

use std::fs::{self, File};
use std::os::fd::OwnedFd;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use identity_hmac_server::audit::Actor;
use identity_hmac_server::store::Store;
use serde_json::{Value, json};

use crate::harness::{
    Answer, Database, Organization, Service, Visitor, command, on_both_databases, times,
};

async fn signed(organization: &Organization, visitor: &Visitor) -> Answer {
    let hmac = organization.sign(visitor);
    visitor.identify(json!({"hmac": hmac})).await
}

/// Waits until a member of the organization is no longer null.
async fn told(organization: &Organization, member: &str) -> Value {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(30) {
        let told = organization.read().await[member].take();
        if !told.is_null() {
            return told;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{member} is not told")
}

/// Runs a rotation on the command line, with further arguments.
fn rotate(database: &Database, organization: &Organization, args: &[&str]) -> Output {
    rotation(database, organization)
        .args(args)
        .output()
        .unwrap()
}

fn rotation(database: &Database, organization: &Organization) -> Command {
    let mut command = command(database);
    command.args(["org", "rotate-secret", &organization.id]);
    command
}

fn fails(output: &Output, reason: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(said.contains(reason), "{said}");
}

/// An output that takes nothing.
fn without_reader() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    OwnedFd::from(writer).into()
}

on_both_databases! {
    async fn a_second_rotation_is_refused_until_the_previous_secret_is_retired(database: Database) {
        let service = Service::start(&database);
        let mut organization = service.organization().await;
        organization.verification("required").await;
        let visitor = organization.visitor().await;
        let first = organization.clone();
        organization.rotate_secret().await;
        let refused = organization.try_to_rotate("").await;
        refused.is_problem(409, "previous_secret_verifies");
        let detail = refused.body["detail"].as_str().unwrap();
        assert!(detail.contains("previous-secret") && detail.contains("?force=true"), "{detail}");
        let refused = rotate(&database, &organization, &[]);
        fails(&refused, "retire-previous-secret");
        fails(&refused, "--force");
        assert_eq!(refused.stdout, b"");
        for query in ["?force=", "?force=1", "?force=true&force=true", "?Force=true"] {
            organization.try_to_rotate(query).await.is_problem(422, "invalid_request");
        }
        for organization in [&first, &organization] {
            signed(organization, &visitor).await.ok();
        }
        organization.retire_previous_secret().await;
        signed(&first, &visitor).await.is_problem(403, "hmac_verification_failed");
        let second = organization.clone();
        organization.rotate_secret().await;
        for organization in [&second, &organization] {
            signed(organization, &visitor).await.ok();
        }
    }

    async fn of_many_rotations_at_once_one_is_done(database: Database) {
        let service = Service::start(&database);
        let mut organization = service.organization().await;
        organization.verification("required").await;
        let visitor = organization.visitor().await;
        for _ in 0..times(5, 100) {
            let mut rotations = tokio::task::JoinSet::new();
            for _ in 0..8 {
                let organization = organization.clone();
                rotations.spawn(async move { organization.try_to_rotate("").await });
            }
            let (done, refused): (Vec<_>, Vec<_>) =
                rotations.join_all().await.into_iter().partition(|answer| answer.status == 200);
            assert_eq!(done.len(), 1, "{done:?}");
            for answer in refused {
                answer.is_problem(409, "previous_secret_verifies");
            }
            let rotated = organization.with_secret(done[0].body["secret"].as_str().unwrap());
            for organization in [&organization, &rotated] {
                signed(organization, &visitor).await.ok();
            }
            rotated.retire_previous_secret().await;
            organization = rotated;
        }
    }

    async fn a_rotation_whose_answer_was_lost_is_forced_without_cutting_the_backends_off(
        database: Database
    ) {
        let service = Service::start(&database);
        let mut organization = service.organization().await;
        organization.verification("required").await;
        let visitor = organization.visitor().await;
        let in_use = organization.clone();
        for _ in 0..3 {
            let query = if organization.secret == in_use.secret { "" } else { "?force=true" };
            let lost = organization.try_to_rotate(query).await.ok();
            assert_eq!(lost["hasPreviousSecret"], true);
            organization.secret = lost["secret"].as_str().unwrap().to_owned();
            signed(&in_use, &visitor).await.ok();
        }
        let rotated = rotate(&database, &organization, &["--force", "--json"]);
        let rotated: Value = serde_json::from_slice(&rotated.stdout).unwrap();
        let lost = organization.clone();
        organization.secret = rotated["secret"].as_str().unwrap().to_owned();
        for organization in [&in_use, &organization] {
            signed(organization, &visitor).await.ok();
        }
        signed(&lost, &visitor).await.is_problem(403, "hmac_verification_failed");
    }

    async fn a_forced_rotation_keeps_the_current_secret_if_it_has_verified_a_call(
        database: Database
    ) {
        let service = Service::start(&database);
        let mut organization = service.organization().await;
        organization.verification("required").await;
        let visitor = organization.visitor().await;
        let first = organization.clone();
        organization.rotate_secret().await;
        let second = organization.clone();
        signed(&second, &visitor).await.ok();
        told(&second, "currentSecretLastUsedAt").await;
        let rotated = second.try_to_rotate("?force=true").await.ok();
        organization.secret = rotated["secret"].as_str().unwrap().to_owned();
        for organization in [&second, &organization] {
            signed(organization, &visitor).await.ok();
        }
        signed(&first, &visitor).await.is_problem(403, "hmac_verification_failed");
    }

    async fn a_first_use_that_is_noted_while_another_secret_is_made_is_not_lost(database: Database) {
        let service = Service::start(&database);
        let id = service.organization().await.id.parse().unwrap();
        let store = Store::open(&database.url, 1).unwrap();
        let read = async || store.organization(id).await.unwrap().unwrap();
        // The first rotation replaces a secret that is used then. The second is forced, and would drop it.
        for (number, is_stored) in [(1, true), (2, false)] {
            let before = read().await;
            let rotated = before.clone().rotated(vec![number; 60], true).unwrap();
            store.note_secret_use(id, &before.secrets.current).await.unwrap();
            let stored = store.replace_secrets(&before.secrets, &rotated, &Actor::AdminToken).await;
            assert_eq!(stored.unwrap(), is_stored);
            let after = read().await;
            let kept = if is_stored { after.secrets.previous.unwrap() } else { after.secrets.current };
            assert_eq!(kept, before.secrets.current);
            assert!(after.previous_secret_used_at.is_some());
        }
        store.close().await;
    }

    async fn the_last_use_of_each_secret_is_shown(database: Database) {
        let service = Service::start(&database);
        let mut organization = service.organization().await;
        organization.verification("observe").await;
        let visitor = organization.visitor().await;
        let (current, previous) = ("currentSecretLastUsedAt", "previousSecretLastUsedAt");
        let are_null = async |organization: &Organization, members: &[&str]| {
            let read = organization.read().await;
            for member in members {
                assert_eq!(read[*member], json!(null), "{member}");
            }
        };
        visitor.identify(json!({"hmac": "0".repeat(64)})).await.ok();
        visitor.identify(json!({})).await.ok();
        are_null(&organization, &[current, previous]).await;

        let old = organization.clone();
        signed(&old, &visitor).await.ok();
        let used = told(&organization, current).await;
        assert!(used.as_str() > organization.read().await["createdAt"].as_str());
        // What was current goes on as previous, with the time of its use.
        organization.rotate_secret().await;
        are_null(&organization, &[current]).await;
        assert_eq!(organization.read().await[previous], used);
        signed(&organization, &visitor).await.ok();
        told(&organization, current).await;
        let shown = command(&database).args(["org", "show", &organization.id]).output().unwrap();
        let shown = String::from_utf8(shown.stdout).unwrap();
        let line = format!("still verifies, last used {}", used.as_str().unwrap());
        assert!(shown.contains(&line), "{shown}");

        organization.retire_previous_secret().await;
        are_null(&organization, &[previous]).await;
    }

    async fn a_secret_that_its_output_does_not_take_does_not_count(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let before = organization.read().await;
        let full = || Stdio::from(File::options().write(true).open("/dev/full").unwrap());
        for (output, reason) in [
            (Stdio::null(), "/dev/null"),
            (without_reader(), "Broken pipe"),
            (full(), "No space left"),
        ] {
            let run = rotation(&database, &organization).stdout(output).output().unwrap();
            fails(&run, reason);
        }
        let mut closed = Command::new("sh");
        let rotate = rotation(&database, &organization);
        closed.arg("-c").arg("exec \"$0\" \"$@\" >&-").arg(rotate.get_program());
        closed.args(rotate.get_args()).current_dir(database.folder());
        closed.envs(rotate.get_envs().filter_map(|(name, value)| Some((name, value?))));
        fails(&closed.output().unwrap(), "closed");
        assert_eq!(organization.read().await, before);

        let mut create = command(&database);
        create.args(["org", "create", "Never"]).stdout(without_reader());
        fails(&create.output().unwrap(), "Broken pipe");
        let mut list = command(&database);
        let listed = list.args(["org", "list"]).output().unwrap();
        assert!(!String::from_utf8_lossy(&listed.stdout).contains("Never"));

        // With a file, nothing of it goes to standard output.
        let args = ["--secret-file", "secret"];
        let run = rotation(&database, &organization).args(args).stdout(Stdio::null()).output();
        assert!(run.unwrap().status.success());
        let rotated = fs::read_to_string(database.folder().join("secret")).unwrap();
        let visitor = organization.visitor().await;
        organization.verification("required").await;
        signed(&organization.with_secret(rotated), &visitor).await.ok();
    }

    async fn an_admin_token_that_its_output_does_not_take_does_not_count(database: Database) {
        let serve = || {
            let mut serve = command(&database);
            serve.args(["serve", "--listen=127.0.0.1:0"]);
            Service::start_command(&database, serve)
        };
        let service = serve();
        let output = service.output();
        let (_, shown) = output.split_once("shown this once: ").unwrap();
        let token = shown.lines().next().unwrap();
        for output in [Stdio::null(), without_reader()] {
            let mut reset = command(&database);
            let run = reset.arg("reset-admin-token").stdout(output).output().unwrap();
            fails(&run, "standard output");
        }
        let url = format!("{}/v1/admin/organizations", service.admin_url);
        let request = crate::harness::http().get(url).bearer_auth(token);
        Answer::to(request).await.ok();
    }
}

#[tokio::test]
async fn a_first_start_that_cannot_show_its_admin_token_serves_and_names_the_remedy() {
    for output in [Stdio::null(), without_reader()] {
        let database = Database::sqlite();
        let log = database.folder().join("log");
        let mut serve = command(&database);
        serve.args(["serve", "--listen=127.0.0.1:0"]).stdout(output);
        let mut service = serve.stderr(File::create(&log).unwrap()).spawn().unwrap();
        let start = Instant::now();
        while !fs::read_to_string(&log)
            .unwrap()
            .contains("`reset-admin-token` makes one")
        {
            assert!(
                start.elapsed() < Duration::from_secs(30),
                "the remedy is not told"
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(service.try_wait().unwrap(), None);
        service.kill().unwrap();
        service.wait().unwrap();
    }
}
