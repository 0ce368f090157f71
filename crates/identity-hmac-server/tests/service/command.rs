//! The command line: what an operator types, and what comes of it.

use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::harness::{
    Answer, Database, Service, Session, Wire, command, http, migrate, on_both_databases,
};

/// Runs the binary to its end.
fn run(database: &Database, args: &[&str]) -> Output {
    command(database).args(args).output().unwrap()
}

/// Runs the binary, which has to succeed, and returns what it printed.
#[track_caller]
fn done(database: &Database, args: &[&str]) -> String {
    let output = run(database, args);
    assert_eq!(output.status.code(), Some(0), "{args:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Runs the binary, which has to say why it cannot do this, and nothing else.
#[track_caller]
fn refused(mut command: Command, code: i32) -> String {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    assert_eq!(output.stdout, b"", "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!said.contains("panicked"), "{said}");
    said
}

#[track_caller]
fn refused_args(database: &Database, args: &[&str], code: i32) -> String {
    let mut command = command(database);
    command.args(args);
    refused(command, code)
}

/// Creates an organization and returns it with its secret.
fn create(database: &Database, name: &str) -> Value {
    serde_json::from_str(&done(database, &["org", "create", name, "--json"])).unwrap()
}

fn mode(file: &Path) -> u32 {
    fs::metadata(file).unwrap().permissions().mode() & 0o777
}

/// The value of a line of `org show`.
fn line<'a>(shown: &'a str, name: &str) -> &'a str {
    let rest = shown.lines().find_map(|line| line.strip_prefix(name));
    rest.unwrap_or_else(|| panic!("no {name} in {shown}"))
        .trim()
}

on_both_databases! {
    async fn an_organization_is_created_shown_changed_and_listed(database: Database) {
        migrate(&database);
        let created = done(&database, &["org", "create", "Müller & Söhne"]);
        let id = line(&created, "id").to_owned();
        let secret = line(&created, "secret").split(' ').next().unwrap().to_owned();
        assert_eq!(secret.len(), 64);
        assert!(line(&created, "organization key").starts_with("pk_"));
        assert_eq!(line(&created, "verification"), "off");
        assert_eq!(line(&created, "allowed origins"), "any");

        let shown = done(&database, &["org", "show", &id]);
        assert_eq!(line(&shown, "name"), "Müller & Söhne");
        assert!(!shown.contains(&secret) && !shown.contains("\nsecret"), "{shown}");

        let changed = done(&database, &["org", "verification", &id, "required"]);
        assert_eq!(line(&changed, "verification"), "required");

        let other = create(&database, "Corner Shop");
        let listed = done(&database, &["org", "list"]);
        let lines: Vec<_> = listed.lines().collect();
        assert_eq!(lines.len(), 2, "{listed}");
        assert!(lines[0].starts_with(&id) && lines[0].ends_with("required  Müller & Söhne"));
        assert!(lines[1].starts_with(other["id"].as_str().unwrap()));

        let listed = done(&database, &["org", "list", "--json"]);
        let first: Value = serde_json::from_str(listed.lines().next().unwrap()).unwrap();
        assert_eq!(first["name"], "Müller & Söhne");
        assert_eq!(first.get("secret"), None);
    }

    async fn options_of_a_new_organization_are_taken(database: Database) {
        migrate(&database);
        let args = ["org", "create", "Shop", "--verification=observe", "--json",
            "--allowed-origin=https://a.example", "--allowed-origin=http://localhost:3000"];
        let created: Value = serde_json::from_str(&done(&database, &args)).unwrap();
        assert_eq!(created["verification"], "observe");
        assert_eq!(created["allowedOrigins"], json!(["https://a.example", "http://localhost:3000"]));
        assert_eq!(created["hasPreviousSecret"], false);
        assert!(created["createdAt"].as_str().unwrap().ends_with('Z'));
    }

    async fn a_rotated_secret_is_shown_once_and_the_one_before_verifies_until_it_is_retired(
        database: Database
    ) {
        migrate(&database);
        let created = create(&database, "Shop");
        let id = created["id"].as_str().unwrap();
        let rotated = done(&database, &["org", "rotate-secret", id]);
        assert_eq!(line(&rotated, "previous secret"), "still verifies, not used yet");
        assert_ne!(line(&rotated, "secret")[..64], *created["secret"].as_str().unwrap());
        done(&database, &["org", "retire-previous-secret", id]);
        let shown = done(&database, &["org", "show", id, "--json"]);
        assert_eq!(serde_json::from_str::<Value>(&shown).unwrap()["hasPreviousSecret"], false);
    }

    async fn a_secret_goes_to_a_private_file_that_is_never_overwritten(database: Database) {
        migrate(&database);
        let shown = done(&database, &["org", "create", "Shop", "--secret-file", "first"]);
        assert!(!shown.contains("\nsecret"), "{shown}");
        let first = database.folder().join("first");
        let secret = fs::read_to_string(&first).unwrap();
        assert_eq!((secret.len(), mode(&first)), (64, 0o600));
        assert!(secret.bytes().all(|digit| digit.is_ascii_hexdigit()));

        let id = line(&shown, "id");
        let said = refused_args(&database, &["org", "rotate-secret", id, "--secret-file", "first"], 1);
        assert!(said.contains("--secret-file first"), "{said}");
        assert_eq!(fs::read_to_string(&first).unwrap(), secret);
        let shown = done(&database, &["org", "show", id]);
        assert_eq!(line(&shown, "previous secret"), "none", "it was rotated all the same");

        refused_args(&database, &["org", "create", "B", "--secret-file", "no/such/folder"], 1);
        assert_eq!(done(&database, &["org", "list"]).lines().count(), 1);

        let args = ["org", "rotate-secret", id, "--secret-file", "second", "--json"];
        let rotated: Value = serde_json::from_str(&done(&database, &args)).unwrap();
        assert_eq!(rotated.get("secret"), None);
        assert_ne!(fs::read_to_string(database.folder().join("second")).unwrap(), secret);
    }

    async fn a_dash_is_standard_input_and_never_a_file(database: Database) {
        migrate(&database);
        let create = |digits: String| {
            fs::write(database.folder().join("key"), digits).unwrap();
            let mut command = command(&database);
            command
                .args(["org", "create", "Shop", "--master-key-file", "-"])
                .env_remove("IDENTITY_MASTER_KEY")
                .stdin(fs::File::open(database.folder().join("key")).unwrap());
            command
        };
        let made = create("1".repeat(64)).output().unwrap();
        assert_eq!(made.status.code(), Some(0), "{made:?}");
        let said = refused(create("2".repeat(64)), 1);
        assert!(said.contains("/dev/stdin is not the one"), "{said}");

        let said = refused_args(&database, &["org", "create", "Shop", "--secret-file", "-"], 2);
        assert!(said.contains("name a file"), "{said}");
        assert!(!database.folder().join("-").exists());
    }

    async fn a_running_service_follows_changes_by_command(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let visitor = organization.visitor().await;
        visitor.identify(json!({"name": "Jane"})).await.ok();
        done(&database, &["org", "verification", &organization.id, "required"]);
        visitor.identify(json!({"name": "Jane"})).await.is_problem(403, "hmac_required");
    }

    async fn identities_are_listed_by_what_they_hold_and_deleted(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let mut ids = Vec::new();
        for (external_id, email) in [("a", "a@example.com"), ("b", "b@example.com"), ("a", "c@example.com")] {
            let params = json!({"externalId": external_id, "email": email});
            let identity = organization.visitor().await.identify(params).await.ok();
            ids.push(identity["id"].as_str().unwrap().to_owned());
        }
        let list = |more: &[&str]| -> Vec<String> {
            let listed = done(&database, &[&["identity", "list", &organization.id], more].concat());
            let identities = listed.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
            identities.map(|identity| identity["id"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(list(&[]), ids);
        assert_eq!(list(&["--external-id=a"]), [ids[0].clone(), ids[2].clone()]);
        assert_eq!(list(&["--email=B@Example.com"]), [ids[1].clone()]);
        assert_eq!(list(&["--limit=2"]), ids[..2]);
        assert_eq!(list(&["--cursor", &ids[0]]), ids[1..]);
        assert_eq!(list(&["--external-id=nobody"]), [""; 0]);

        let erased = |more: &[&str]| {
            done(&database, &[&["identity", "delete", &organization.id], more].concat())
        };
        assert_eq!(erased(&[&ids[1]]), "erased: 1\n");
        assert_eq!(list(&[]), [ids[0].clone(), ids[2].clone()]);
        assert_eq!(erased(&["--email=C@example.com"]), "erased: 1\n");
        assert_eq!(erased(&["--external-id=a"]), "erased: 1\n");
        assert_eq!(erased(&["--external-id=a"]), "erased: 0\n");
        assert_eq!(list(&[]), [""; 0]);
        for more in [
            &[][..],
            &["--email= "],
            &["--email=a@example.com", "--external-id=a"],
            &[&ids[0], "--external-id=a"],
        ] {
            refused_args(&database, &[&["identity", "delete", &organization.id], more].concat(), 2);
        }
        let args = ["identity", "delete", &organization.id, &ids[1]];
        assert!(refused_args(&database, &args, 1).contains("has no identity"));
    }

    async fn no_admin_token_is_made_that_would_be_refused(database: Database) {
        let service = Service::start(&database);
        let mut session = Session::open(&database).await;
        let before = session.rows().await;
        for name in ["IDENTITY_ADMIN_TOKEN", "IDENTITY_ADMIN_TOKEN_FILE"] {
            let mut reset = command(&database);
            reset.arg("reset-admin-token").env(name, "a-token-of-the-environment");
            let told = refused(reset, 1);
            assert!(told.contains(&format!("{name} is set")) && told.contains("unset"), "{told}");
            assert!(!told.contains("a-token-of"), "{told}");
        }
        assert_eq!(session.rows().await, before);
        let told = "the admin token is the one of IDENTITY_ADMIN_TOKEN: none that";
        assert!(service.log().contains(told), "{}", service.log());
    }

    async fn the_first_start_makes_an_admin_token_and_shows_it_this_once(database: Database) {
        let serve = || {
            let mut serve = command(&database);
            serve.args(["serve", "--listen=127.0.0.1:0"]);
            Service::start_command(&database, serve)
        };
        let mut first = serve();
        let output = first.output();
        let token = line(&output, "admin token, shown this once:").to_owned();
        let log = first.log();
        assert!(!log.contains(&token));
        assert!(log.contains("the admin token is the one that the first start or"), "{log}");
        let status = async |service: &Service, token: &str| {
            let url = format!("{}/v1/admin/organizations", service.admin_url);
            Answer::to(http().get(url).bearer_auth(token)).await.status
        };
        assert_eq!(status(&first, &token).await, 200);
        first.signal("TERM");
        assert!(first.ended().await.success());

        let second = serve();
        assert!(!second.output().contains("admin token"), "{}", second.output());
        assert_eq!(status(&second, &token).await, 200);

        let other = done(&database, &["reset-admin-token"]);
        assert_eq!(status(&second, &token).await, 401);
        assert_eq!(status(&second, other.trim()).await, 200);
    }
}

#[test]
fn without_configuration_the_state_is_private_and_where_the_operator_is() {
    let database = Database::sqlite();
    for args in [&["migrate"][..], &["org", "create", "Shop"]] {
        let mut command = command(&database);
        command.env_remove("IDENTITY_DATABASE").args(args);
        assert!(command.output().unwrap().status.success());
    }
    for name in ["identity.db", "identity-master.key"] {
        assert_eq!(mode(&database.folder().join(name)), 0o600, "{name}");
    }
    assert_eq!(fs::read_dir(database.folder()).unwrap().count(), 2);
}

#[test]
fn the_files_of_sqlite_are_private_while_they_are_used() {
    let database = Database::sqlite();
    let service = Service::start(&database);
    let files = database.files();
    assert_eq!(files.len(), 3, "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    drop(service);
}

#[test]
fn an_admin_token_that_could_be_guessed_or_not_be_sent_is_refused_by_name() {
    let database = Database::sqlite();
    let serve = || {
        let mut serve = command(&database);
        serve.args(["serve", "--listen=127.0.0.1:0"]);
        serve
    };
    for token in [
        "",
        "canary",
        "canary canary canary",
        "\"canary-canary-canary\"",
        "canary-canary-canäry",
    ] {
        let mut serve = serve();
        serve.env("IDENTITY_ADMIN_TOKEN", token);
        let said = refused(serve, 1);
        assert!(said.contains("IDENTITY_ADMIN_TOKEN"), "{said}");
        assert!(!said.contains("canary"), "{said}");
    }
    fs::write(database.folder().join("token"), "short\n").unwrap();
    let mut short = serve();
    short.args(["--admin-token-file", "token"]);
    assert!(refused(short, 1).contains("token is not an admin token"));
    let mut missing = serve();
    missing.args(["--admin-token-file", "nowhere"]);
    assert!(refused(missing, 1).contains("nowhere"));
    let mut both = serve();
    both.args(["--admin-token-file", "token"])
        .env("IDENTITY_ADMIN_TOKEN", "canary-canary-canary");
    assert!(refused(both, 1).contains("give the admin token once"));
}

#[tokio::test]
async fn an_admin_token_file_may_end_its_line() {
    let database = Database::sqlite();
    fs::write(
        database.folder().join("token"),
        "a-token-of-some-length\r\n",
    )
    .unwrap();
    let mut by_option = command(&database);
    by_option.args(["serve", "--listen=127.0.0.1:0", "--admin-token-file=token"]);
    let mut by_variable = command(&database);
    by_variable
        .args(["serve", "--listen=127.0.0.1:0"])
        .env("IDENTITY_ADMIN_TOKEN_FILE", "token");
    for serve in [by_option, by_variable] {
        let service = Service::start_command(&database, serve);
        let url = format!("{}/v1/admin/organizations", service.admin_url);
        let request = http().get(url).bearer_auth("a-token-of-some-length");
        Answer::to(request).await.ok();
        assert!(!service.output().contains("admin token"));
    }
}

#[test]
fn the_environment_names_the_file_of_the_master_key() {
    let database = Database::sqlite();
    let key = database.folder().join("elsewhere.key");
    let with_key_file = |args: &[&str]| {
        let mut command = command(&database);
        command
            .args(args)
            .env_remove("IDENTITY_MASTER_KEY")
            .env("IDENTITY_MASTER_KEY_FILE", &key);
        command
    };
    migrate(&database);
    let made = with_key_file(&["org", "create", "Shop"]).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    assert!(key.exists());
    let mut twice = with_key_file(&["org", "create", "Shop"]);
    twice.env("IDENTITY_MASTER_KEY", "0".repeat(64));
    assert!(refused(twice, 1).contains("give the master key once"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_health_check_says_whether_the_service_is_alive_and_ready() {
    let database = Database::sqlite();
    let mut service = Service::start_with(&database, &["--drain-delay=3600"]);
    let address = Wire::address(&service).to_owned();
    let check = |args: &[&str]| {
        let mut check = command(&database);
        check
            .arg("healthcheck")
            .args(args)
            .env("IDENTITY_LISTEN", &address);
        check
    };
    let alive = format!("http://{address}/healthz answered 200\n");
    let ready = check(&[]).output().unwrap();
    assert!(ready.status.success(), "{ready:?}");
    let told = String::from_utf8(ready.stdout).unwrap();
    assert_eq!(told, format!("http://{address}/readyz answered 200\n"));

    service.signal("TERM");
    service.until_ready(503).await;
    assert!(refused(check(&[]), 1).contains("/readyz answered 503"));
    let answer = check(&["--alive"]).output().unwrap();
    assert_eq!(String::from_utf8(answer.stdout).unwrap(), alive);

    service.signal("TERM");
    service.ended().await;
    assert!(refused(check(&["--alive"]), 1).contains("does `serve` run"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_health_check_asks_one_address_of_those_that_are_listened_on() {
    let database = Database::sqlite();
    for (all, one) in [("0.0.0.0", "127.0.0.1"), ("[::]", "[::1]")] {
        let mut serve = command(&database);
        serve.args(["serve", "--listen", &format!("{all}:0")]);
        let service = Service::start_command(&database, serve);
        let (_, port) = service.url.rsplit_once(':').unwrap();
        let listen = format!("{all}:{port}");
        let told = done(&database, &["healthcheck", "--listen", &listen]);
        assert_eq!(told, format!("http://{one}:{port}/readyz answered 200\n"));
    }
}

#[test]
fn an_error_about_a_taken_port_names_the_option_to_change() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let database = Database::sqlite();
    for (args, remedy) in [
        (
            ["--listen", &address, "--admin-listen", "off"],
            "--listen takes another address",
        ),
        (
            ["--listen", "127.0.0.1:0", "--admin-listen", &address],
            "--admin-listen takes another address, or off",
        ),
    ] {
        let said = refused_args(&database, &[&["serve"][..], &args].concat(), 1);
        let told = format!("cannot listen on {address}: {remedy}: ");
        assert!(said.contains(&told), "{said}");
    }
}

#[test]
fn an_error_about_the_database_holds_no_password() {
    let database = Database::sqlite();
    for url in [
        "mysql://root:canary@127.0.0.1/x",
        "canary",
        "sqlite::memory:",
        "sqlite:x?mode=memory",
        "sqlite:no/such/folder/identity.db",
        "postgres://root:canary@[::1/x",
        "postgres://root:canary@127.0.0.1:1/x",
        "",
    ] {
        let mut list = command(&database);
        list.env("IDENTITY_DATABASE", url).args(["org", "list"]);
        let said = refused(list, 1);
        assert!(!said.contains("canary"), "{said}");
        assert!(
            said.contains("database") || said.contains("refused"),
            "{said}"
        );
    }
    let mut help = command(&database);
    help.env("IDENTITY_DATABASE", "postgres://root:canary@127.0.0.1/x")
        .args(["serve", "--help"]);
    let help = String::from_utf8(help.output().unwrap().stdout).unwrap();
    assert!(
        help.contains("IDENTITY_DATABASE") && !help.contains("canary"),
        "{help}"
    );
}

#[test]
fn wrong_arguments_exit_with_2_and_what_is_not_there_with_1() {
    let database = Database::sqlite();
    migrate(&database);
    let nobody = "01a20380-106d-75b3-a019-bcfa6f981ea5";
    for args in [
        &[][..],
        &["fly"],
        &["org", "create"],
        &["org", "create", "  "],
        &["org", "create", "two\nlines"],
        &["org", "create", "Shop", "--allowed-origin", "shop.example"],
        &[
            "org",
            "create",
            "Shop",
            "--allowed-origin",
            "https://shop.example/",
        ],
        &["org", "create", "Shop", "--verification", "on"],
        &["org", "show", "1"],
        &["org", "verification", nobody, "Required"],
        &["identity", "list", nobody, "--limit", "-1"],
        &["serve", "--listen", "localhost"],
        &["serve", "--admin-listen", "8081"],
        &["serve", "--admin-listen", ""],
        &["serve", "--header-deadline", "0"],
        &["serve", "--trusted-proxy", "10.0.0.0/33"],
        &["serve", "--log-format", "xml"],
        &["serve", "--migrate", "sometimes"],
        &["org", "list", "--database-connections", "0"],
    ] {
        let said = refused_args(&database, args, 2);
        assert!(
            said.contains("--help") || said.contains("Usage"),
            "{args:?}: {said}"
        );
    }
    for args in [
        &["org", "show", nobody][..],
        &["org", "verification", nobody, "required"],
        &["org", "rotate-secret", nobody],
        &["org", "retire-previous-secret", nobody],
        &["identity", "list", nobody],
        &["identity", "delete", nobody, nobody],
    ] {
        let said = refused_args(&database, args, 1);
        assert!(said.contains(nobody), "{args:?}: {said}");
    }
    let said = refused_args(&database, &["org", "list", "--log", "a=b=c"], 1);
    assert!(said.contains("--log"), "{said}");
}

#[test]
fn every_command_has_help() {
    let database = Database::sqlite();
    for args in [
        &[][..],
        &["serve"],
        &["org"],
        &["org", "create"],
        &["org", "list"],
        &["org", "show"],
        &["org", "verification"],
        &["org", "rotate-secret"],
        &["org", "retire-previous-secret"],
        &["identity"],
        &["identity", "list"],
        &["identity", "delete"],
        &["migrate"],
        &["rotate-master-key"],
        &["reset-admin-token"],
    ] {
        let help = done(&database, &[args, &["--help"]].concat());
        assert!(
            help.contains("Usage: identity-hmac-server"),
            "{args:?}: {help}"
        );
        assert!(
            !help.lines().next().unwrap().is_empty(),
            "{args:?} says what it does"
        );
    }
    assert_eq!(
        done(&database, &["--version"]),
        "identity-hmac-server 0.1.0\n"
    );
}

#[test]
fn flags_come_from_the_environment_and_an_argument_goes_before_it() {
    let database = Database::sqlite();
    migrate(&database);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut serve = command(&database);
    serve.arg("serve").env("IDENTITY_LISTEN", &address);
    assert!(refused(serve, 1).contains(&address));

    let mut list = command(&database);
    list.env("IDENTITY_DATABASE", "canary")
        .args(["org", "list", "--database"]);
    list.arg(&database.url);
    assert!(list.output().unwrap().status.success());
}

#[test]
fn a_reader_that_stops_early_is_not_an_error() {
    let database = Database::sqlite();
    migrate(&database);
    create(&database, "Shop");
    let mut list = command(&database);
    list.args(["org", "list"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = list.spawn().unwrap();
    drop(child.stdout.take());
    let mut said = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(said, "");
}
