//! People, each of whom may have several records: what erases them, by whatever case of their address.

use std::fs;
use std::time::{Duration, Instant};

use identity_hmac_server::store::{IdentifyCall, IdentityPatch, Store};
use identity_hmac_server::token::VisitorToken;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::sleep;
use uuid::Uuid;

use crate::harness::{
    Answer, Database, Organization, Service, Session, Visitor, command, http, on_both_databases,
};

const UNKNOWN: &str = "018f3f0e-6c5d-7a1b-8c2d-3e4f5a6b7c8d";
/// More records than leave in two steps, or are exported.
const MANY: usize = 1100;
/// Longer than the service waits before it does what need not be done at once.
const PATIENCE: Duration = Duration::from_mins(1);

async fn identities(organization: &Organization, method: Method, query: &str) -> Answer {
    let path = format!("/{}/identities{query}", organization.id);
    Answer::to(organization.admin(method, &path)).await
}

async fn erase(organization: &Organization, query: &str) -> Value {
    identities(organization, Method::DELETE, query).await.ok()
}

/// A visitor with a record.
async fn told(organization: &Organization, params: Value) -> Visitor {
    let visitor = organization.visitor().await;
    visitor.identify(params).await.ok();
    visitor
}

/// The details of what was done, the newest first.
async fn audit(service: &Service, action: &str) -> Vec<Value> {
    let audit = http()
        .get(format!("{}/v1/admin/audit", service.admin_url))
        .bearer_auth(&service.admin_token);
    let answer = Answer::to(audit).await.ok();
    let events = answer["events"].as_array().unwrap().iter();
    let events = events.filter(|event| event["action"] == action);
    events.map(|event| event["details"].clone()).collect()
}

/// Gives an organization many records of one person, faster than by HTTP.
async fn fill(database: &Database, organization: &Organization, patch: &IdentityPatch) {
    let id: Uuid = organization.id.parse().unwrap();
    let store = Store::open(&database.url, 1).unwrap();
    for _ in 0..MANY {
        let (_, token) = VisitorToken::generate(id, Uuid::now_v7()).unwrap();
        assert!(store.create_visitor(&token).await.unwrap());
        let mut session = store.session().await.unwrap();
        let call = IdentifyCall {
            organization: id,
            visitor: token.visitor,
            patch: patch.clone(),
            ..IdentifyCall::default()
        };
        session.identify(&call.into()).await.unwrap();
    }
    store.close().await;
}

on_both_databases! {
    async fn a_person_is_erased_with_every_record_whatever_the_case_of_the_address(
        database: Database
    ) {
        let service = Service::start(&database);
        let [organization, other] = [service.organization().await, service.organization().await];
        let mut erased = Vec::new();
        for email in ["Élodie.Canary@Example.com", "éLODIE.CANARY@EXAMPLE.COM", "élodie.canary@example.com"] {
            let params = json!({"email": email, "name": "Canary", "metadata": {"canary": email}});
            erased.push(told(&organization, params).await);
        }
        // An address that was changed is the one that counts.
        let changed = told(&organization, json!({"email": "old@example.com"})).await;
        changed.identify(json!({"email": "ÉLODIE.canary@example.com"})).await.ok();
        erased.push(changed);
        let kept = [
            told(&organization, json!({"email": "elodie.canary@example.com", "name": "Jane"})).await,
            told(&organization, json!({"name": "Jane"})).await,
            told(&other, json!({"email": "Élodie.Canary@Example.com", "name": "Jane"})).await,
        ];
        let query = "?email=%C3%89LODIE.canary%40example.COM";
        let listed = identities(&organization, Method::GET, query).await.ok();
        assert_eq!(listed["identities"].as_array().unwrap().len(), 4, "{listed}");

        assert_eq!(erase(&organization, query).await, json!({"erased": 4}));
        assert_eq!(erase(&organization, query).await, json!({"erased": 0}));
        assert_eq!(erase(&organization, "?email=old@example.com").await, json!({"erased": 0}));
        for visitor in &erased {
            visitor.identity().await.is_problem(401, "invalid_visitor_token");
            visitor.identify(json!({"name": "Canary"})).await.is_problem(401, "invalid_visitor_token");
        }
        for visitor in &kept {
            assert_eq!(visitor.identity().await.ok()["name"], "Jane");
        }
        let rows = Session::open(&database).await.rows().await;
        let left = rows.iter().filter(|row| row.to_lowercase().contains("lodie.canary"));
        assert_eq!(left.count(), 2, "{rows:?}");
        assert_eq!(audit(&service, "person_erased").await, [json!({"records": 4})]);
    }

    async fn a_person_is_erased_by_external_id_which_minds_the_case(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        for external_id in ["user 1/ä", "user 1/ä", "User 1/ä", "user 1"] {
            told(&organization, json!({"externalId": external_id, "name": "Jane"})).await;
        }
        let query = "?externalId=user%201/%C3%A4";
        assert_eq!(erase(&organization, query).await, json!({"erased": 2}));
        let left = identities(&organization, Method::GET, "").await.ok();
        assert_eq!(left["identities"].as_array().unwrap().len(), 2, "{left}");
    }

    async fn an_erasure_without_a_person_is_refused(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let visitor = told(&organization, json!({"externalId": "a", "email": "a@example.com"})).await;
        for query in [
            "", "?", "?externalId=", "?email=%20", "?externalId=a&email=a@example.com", "?name=a",
            "?externalId=a&externalId=a", "?externalId=a&limit=1", "?email=a%00",
        ] {
            let answer = identities(&organization, Method::DELETE, query).await;
            answer.is_problem(422, "invalid_request");
        }
        let path = format!("/{UNKNOWN}/identities?externalId=a");
        let unknown = Answer::to(organization.admin(Method::DELETE, &path)).await;
        unknown.is_problem(404, "organization_not_found");
        assert_eq!(visitor.identity().await.ok()["externalId"], "a");
        assert_eq!(audit(&service, "person_erased").await, [json!(null); 0]);
    }

    async fn an_export_holds_all_that_is_stored_of_a_person_and_nothing_of_others(
        database: Database
    ) {
        let service = Service::start(&database);
        let [organization, other] = [service.organization().await, service.organization().await];
        let params = json!({
            "name": "Jane", "email": "Jane@Example.com", "externalId": "user_1",
            "metadata": {"plan": {"name": "pro"}},
        });
        let visitor = told(&organization, params.clone()).await;
        told(&organization, json!({"email": "jane@example.com"})).await;
        told(&organization, json!({"externalId": "user_2"})).await;
        told(&other, params).await;
        let export = async |query: &str| {
            identities(&organization, Method::GET, &format!("/export{query}")).await
        };
        let of_jane = export("?email=JANE@example.com").await.ok();
        let records = of_jane["records"].as_array().unwrap();
        assert_eq!(records.len(), 2, "{of_jane}");
        let listed = identities(&organization, Method::GET, "?externalId=user_1").await.ok();
        let mut expected = listed["identities"][0].clone();
        for time in ["visitorCreatedAt", "visitorLastSeenAt"] {
            assert!(records[0][time].as_str() <= records[0]["createdAt"].as_str(), "{of_jane}");
            expected[time] = records[0][time].clone();
        }
        assert_eq!(records[0], expected);
        assert_eq!(records[0]["anonymousUserId"], visitor.id);
        assert_eq!(export("?externalId=user_1").await.ok(), json!({"records": [expected]}));
        assert_eq!(export("?externalId=nobody").await.ok(), json!({"records": []}));
        for query in ["", "?email=", "?externalId=a&email=b@example.com", "?limit=1"] {
            export(query).await.is_problem(422, "invalid_request");
        }

        let args = ["identity", "export", &organization.id, "--email=JANE@example.com"];
        let output = command(&database).args(args).output().unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&output.stdout).unwrap(), of_jane);
        let output = command(&database).args(&args[..3]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{output:?}");
    }

    async fn an_erasure_of_many_records_is_done_in_steps_and_counts_them_all(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let patch = IdentityPatch {
            external_id: identity_hmac::attributes::Patch::Set("guest".to_owned()),
            ..IdentityPatch::default()
        };
        fill(&database, &organization, &patch).await;
        let export = identities(&organization, Method::GET, "/export?externalId=guest").await;
        export.is_problem(422, "invalid_request");
        let other = told(&organization, json!({"externalId": "user_1"})).await;
        assert_eq!(erase(&organization, "?externalId=guest").await, json!({"erased": MANY}));
        assert_eq!(other.identity().await.ok()["externalId"], "user_1");
        let steps = audit(&service, "person_erased").await;
        let counted: u64 = steps.iter().map(|step| step["records"].as_u64().unwrap()).sum();
        assert_eq!((steps.len(), counted), (3, MANY as u64));
    }

    async fn an_erasure_that_races_with_identifies_leaves_no_record_of_an_erased_visitor(
        database: Database
    ) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let identifies = async || {
            for _ in 0..25 {
                let visitor = organization.visitor().await;
                let params = json!({"externalId": "racer", "metadata": {"a": 1}});
                let first = visitor.identify(params.clone()).await;
                assert_eq!(first.status, 200, "{first:?}");
                let further = [(); 4].map(|()| visitor.identify(params.clone()));
                let [a, b, c, d] = further;
                let (a, b, c, d) = tokio::join!(a, b, c, d);
                let mut is_erased = false;
                for answer in [a, b, c, d, visitor.identify(params.clone()).await] {
                    if answer.status == 200 {
                        continue;
                    }
                    answer.is_problem(401, "invalid_visitor_token");
                    is_erased = true;
                }
                if is_erased {
                    let gone = visitor.identity().await;
                    gone.is_problem(401, "invalid_visitor_token");
                }
            }
        };
        let erasures = async {
            let mut erased = 0;
            loop {
                erased += erase(&organization, "?externalId=racer").await["erased"].as_u64().unwrap();
                if erased > 100 {
                    return erased;
                }
            }
        };
        let racing = async { tokio::join!(identifies(), identifies(), identifies(), identifies()) };
        let mut erasures = Box::pin(erasures);
        tokio::select! {
            _ = &mut erasures => panic!("each of the 100 visitors is erased once"),
            _ = racing => {}
        }
        drop(erasures);
        erase(&organization, "?externalId=racer").await;
        let mut session = Session::open(&database).await;
        for table in ["identities", "visitors"] {
            assert_eq!(session.number(&format!("SELECT count(*) FROM {table}")).await, 0);
        }
    }
}

/// Whether a text is anywhere in the files of SQLite.
fn files_hold(database: &Database, text: &str) -> bool {
    database.files().iter().any(|file| {
        let bytes = fs::read(file).unwrap_or_default();
        bytes
            .windows(text.len())
            .any(|bytes| bytes == text.as_bytes())
    })
}

async fn until_no_file_holds(service: &Service, database: &Database, text: &str) {
    let start = Instant::now();
    while files_hold(database, text) {
        assert!(start.elapsed() < PATIENCE, "{}", service.log());
        sleep(Duration::from_millis(50)).await;
    }
}

fn canary(number: usize) -> Value {
    let text = format!("Canary-{number}");
    json!({"name": text, "email": format!("{text}@example.com"), "externalId": text,
        "metadata": {"short": text, "long": text.repeat(200)}})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn erased_text_soon_leaves_every_file_of_sqlite() {
    let database = Database::sqlite();
    let mut service = Service::start(&database);
    let organization = service.organization().await;
    for number in 0..40 {
        told(&organization, canary(number)).await;
        told(
            &organization,
            json!({"externalId": format!("user_{number}")}),
        )
        .await;
    }
    // Another value counts as erased too.
    let changed = told(&organization, json!({"name": "Canary-changed"})).await;
    changed.identify(json!({"name": null})).await.ok();
    assert!(files_hold(&database, "Canary"));
    for number in 0..40 {
        if number % 2 == 0 {
            let query = format!("?externalId=Canary-{number}");
            assert_eq!(erase(&organization, &query).await, json!({"erased": 1}));
        } else {
            let email = format!("--email=canary-{number}@example.com");
            let args = ["identity", "delete", &organization.id, &email];
            let output = command(&database).args(args).output().unwrap();
            assert_eq!(output.stdout, b"erased: 1\n", "{output:?}");
        }
    }
    until_no_file_holds(&service, &database, "anary").await;
    assert!(files_hold(&database, "user_39"));
    assert_eq!(changed.identity().await.ok()["name"], json!(null));
    service.signal("TERM");
    assert!(service.ended().await.success());
    let files = database.files();
    assert_eq!(files.len(), 1, "{files:?}");
    assert!(files_hold(&database, "user_39") && !files_hold(&database, "anary"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn erased_text_leaves_the_files_of_sqlite_after_a_long_reader() {
    let database = Database::sqlite();
    let service = Service::start(&database);
    let organization = service.organization().await;
    told(&organization, canary(1)).await;
    let mut reader = Session::open(&database).await;
    reader.execute("BEGIN").await;
    assert_eq!(reader.number("SELECT count(*) FROM identities").await, 1);
    assert_eq!(
        erase(&organization, "?externalId=Canary-1").await,
        json!({"erased": 1})
    );
    let start = Instant::now();
    while !service.log().contains("another connection holds it") {
        assert!(start.elapsed() < PATIENCE, "{}", service.log());
        // Meanwhile others are served.
        told(&organization, json!({"name": "Jane"})).await;
        sleep(Duration::from_millis(100)).await;
    }
    assert!(files_hold(&database, "Canary"));
    reader.execute("COMMIT").await;
    until_no_file_holds(&service, &database, "anary").await;
}
