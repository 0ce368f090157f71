//! What a token has verified: shown in the place of what a visitor says, and written by nobody else.

use std::time::{Duration, Instant};

use identity_hmac::IdentityClaims;
use identity_hmac::attributes::Patch;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::harness::{
    Answer, Database, Organization, Service, Session, Signer, Visitor, command, on_both_databases,
    seconds, without_postgres,
};

/// A visitor that a token has verified as `user_123`, with attributes.
async fn verified(organization: &Organization, signer: &Signer) -> Visitor {
    let visitor = organization.visitor().await;
    let token = signer.sign(&visitor, "user_123", |claims| {
        claims
            .email("jane@example.com")
            .metadata(json!({"plan": "pro"}).as_object().unwrap().clone())
    });
    visitor.identify(json!({"token": token})).await.ok();
    visitor
}

/// The names of attributes that were ignored, with the reason.
fn ignored(answer: &Value) -> Vec<(&str, &str)> {
    let ignored = answer["ignored"].as_array().unwrap().iter();
    ignored
        .map(|ignored| {
            let [attribute, reason] = ["attribute", "reason"].map(|name| &ignored[name]);
            (attribute.as_str().unwrap(), reason.as_str().unwrap())
        })
        .collect()
}

async fn listed(organization: &Organization, query: &str) -> Vec<Value> {
    let path = format!("/{}/identities{query}", organization.id);
    let listed = Answer::to(organization.admin(Method::GET, &path))
        .await
        .ok();
    listed["identities"].as_array().unwrap().clone()
}

async fn erase(organization: &Organization, query: &str) -> Value {
    let path = format!("/{}/identities{query}", organization.id);
    let erased = Answer::to(organization.admin(Method::DELETE, &path))
        .await
        .ok();
    erased["erased"].clone()
}

/// Ends every identity session, as time would.
async fn end_sessions(database: &Database) {
    let sql = "UPDATE visitors SET verified_until = '2001-02-03T04:05:06.000007Z'
        WHERE person IS NOT NULL";
    Session::open(database).await.execute(sql).await;
}

/// Eight visitors of one person, each of whose tokens adds a key to the person's metadata.
async fn tokens_race(database: &Database) {
    const CALLS: usize = 12;
    let service = Service::start(database);
    let organization = service.organization().await;
    organization.verification("required").await;
    let signer = organization.signer().await;
    let now = seconds();
    let mut racers = Vec::new();
    for racer in 0..8 {
        let visitor = organization.visitor().await;
        let signer = signer.clone();
        racers.push(tokio::spawn(async move {
            for call in 0..CALLS {
                let key = format!("{racer}_{call}");
                let metadata = json!({key.as_str(): call}).as_object().unwrap().clone();
                let token =
                    signer.sign_at(now, &visitor, "racer", |claims| claims.metadata(metadata));
                let said = loop {
                    let answer = visitor.identify(json!({"token": token})).await;
                    // What is refused is not written: it is on the caller to call again.
                    if answer.status != 503 {
                        break answer.ok();
                    }
                };
                assert_eq!(said["metadata"][key], call);
            }
            visitor
        }));
    }
    let mut visitors = Vec::new();
    for racer in racers {
        visitors.push(racer.await.unwrap());
    }
    for visitor in visitors {
        let read = visitor.identity().await.ok();
        assert_eq!(read["metadata"].as_object().unwrap().len(), 8 * CALLS);
        assert_eq!(
            read["verifiedAttributes"].as_array().unwrap().len(),
            1 + 8 * CALLS
        );
    }
    assert_eq!(number(database, "persons").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_of_one_person_that_race_under_serializable_lose_nothing() {
    if without_postgres() {
        return;
    }
    let database = Database::postgres().await;
    Session::open(&database)
        .await
        .execute(
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I
                SET default_transaction_isolation = serializable', current_database()); END $$",
        )
        .await;
    tokens_race(&database).await;
}

async fn number(database: &Database, table: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM {table}");
    Session::open(database).await.number(&sql).await
}

on_both_databases! {
    async fn a_token_identifies_and_the_answer_tells_what_it_verified(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        organization.verification("required").await;
        let signer = organization.signer().await;
        let visitor = organization.visitor().await;
        let token = signer.sign(&visitor, "user_123", |claims| {
            claims
                .name("Jane")
                .metadata(json!({"plan": "pro", "seats": {"used": 3}}).as_object().unwrap().clone())
        });
        let params = json!({"token": token, "email": "jane@example.com", "metadata": {"page": "/"}});
        let said = visitor.identify(params).await.ok();
        let verification = &said["verification"];
        assert_eq!(said, json!({
            "id": said["id"], "anonymousUserId": visitor.id, "externalId": "user_123",
            "email": "jane@example.com", "name": "Jane",
            "metadata": {"page": "/", "plan": "pro", "seats": {"used": 3}},
            "hmacVerified": true, "personId": said["personId"],
            "verification": {"method": "token", "keyId": signer.0.key_id(),
                "verifiedAt": verification["verifiedAt"],
                "verifiedUntil": verification["verifiedUntil"]},
            "verifiedAttributes": ["externalId", "name", "metadata.plan", "metadata.seats"],
            "ignored": [],
        }));
        assert!(said["personId"].is_string() && verification["verifiedUntil"].is_string());
        let record = visitor.identity().await.ok();
        assert_eq!(record, said);

        let [of_admin] = &listed(&organization, "").await[..] else { panic!() };
        for (name, value) in record.as_object().unwrap() {
            assert_eq!(&of_admin[name], value, "{name}");
        }
        assert_eq!(of_admin["vouchedBy"], "token");
        assert_eq!(of_admin["person"]["externalId"], "user_123");
        assert_eq!(organization.backend().await.identity(&visitor).await.ok(), *of_admin);
    }

    /// A signed `user_123` was overwritten by an unsigned call as `admin_1`.
    async fn no_unsigned_call_overwrites_what_a_token_has_verified(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        organization.verification("observe").await;
        let signer = organization.signer().await;
        let visitor = verified(&organization, &signer).await;
        let params = json!({"externalId": "admin_1", "email": "ceo@example.com", "name": "Boss",
            "metadata": {"plan": "free", "page": "/"}});
        let said = visitor.identify(params).await.ok();
        let shown = json!([said["externalId"], said["email"], said["name"], said["metadata"]]);
        assert_eq!(shown, json!(["user_123", "jane@example.com", "Boss", {"plan": "pro", "page": "/"}]));
        assert_eq!(said["hmacVerified"], false);
        assert_eq!(said["verifiedAttributes"], json!(["externalId", "email", "metadata.plan"]));
        let kept = ["externalId", "email", "metadata.plan"].map(|name| (name, "verified_value_kept"));
        assert_eq!(ignored(&said), kept);
        // Nor does it clear it.
        let cleared = visitor.identify(json!({"email": null, "metadata": null})).await.ok();
        assert_eq!(cleared["email"], "jane@example.com");
        assert_eq!(cleared["metadata"], json!({"plan": "pro"}));
        assert_eq!(ignored(&cleared), &kept[1..]);
    }

    /// Under `required` the hmac of a first call carried `admin_1` in the second, and it counted as
    /// verified.
    async fn no_call_by_hmac_overwrites_what_a_token_has_verified(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        organization.verification("required").await;
        let signer = organization.signer().await;
        let by_hmac = organization.visitor().await;
        let hmac = organization.sign(&by_hmac);
        let params = json!({"externalId": "admin_1", "hmac": hmac});
        let said = by_hmac.identify(params.clone()).await.ok();
        // An hmac is of the visitor id alone, and the answer says so.
        assert_eq!((&said["externalId"], &said["hmacVerified"]), (&json!("admin_1"), &json!(true)));
        assert_eq!(said["verifiedAttributes"], json!([]));
        assert_eq!((&said["verification"], &said["personId"]), (&json!(null), &json!(null)));

        let token = signer.token(&by_hmac, "user_123");
        by_hmac.identify(json!({"token": token})).await.ok();
        for params in [params, json!({"externalId": "admin_1", "token": token})] {
            let said = by_hmac.identify(params).await.ok();
            assert_eq!(said["externalId"], "user_123");
            assert_eq!(said["verifiedAttributes"], json!(["externalId"]));
            assert_eq!(ignored(&said), [("externalId", "verified_value_kept")]);
        }
    }

    async fn a_token_merges_into_what_is_verified_and_null_takes_it_out(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        organization.verification("required").await;
        let signer = organization.signer().await;
        let visitor = verified(&organization, &signer).await;
        let token = signer.sign(&visitor, "user_123", |claims| {
            claims
                .name("Jane")
                .email(Patch::Clear)
                .metadata(json!({"plan": null, "since": 2020}).as_object().unwrap().clone())
        });
        // What a token takes out is what the visitor says again.
        let params = json!({"token": token, "metadata": {"plan": "free"}});
        let said = visitor.identify(params).await.ok();
        let shown = json!([said["name"], said["email"], said["metadata"], said["verifiedAttributes"]]);
        let expected = json!(["Jane", null, {"plan": "free", "since": 2020},
            ["externalId", "name", "metadata.since"]]);
        assert_eq!(shown, expected);
        let token = signer.sign(&visitor, "user_123", |claims| claims.metadata(Patch::Clear));
        let said = visitor.identify(json!({"token": token})).await.ok();
        assert_eq!(said["verifiedAttributes"], json!(["externalId", "name"]));
        assert_eq!(said["metadata"], json!({"plan": "free"}));
    }

    async fn both_proofs_in_one_call_are_refused(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let signer = organization.signer().await;
        let visitor = organization.visitor().await;
        let [hmac, token] = [organization.sign(&visitor), signer.token(&visitor, "user_1")];
        for mode in ["off", "observe", "required"] {
            organization.verification(mode).await;
            let answer = visitor.identify(json!({"hmac": hmac, "token": token})).await;
            answer.is_problem(422, "invalid_request");
            assert_eq!(answer.body["field"], "hmac");
        }
        visitor.identity().await.is_no_record();
        visitor.identify(json!({"hmac": null, "token": token})).await.ok();
    }

    async fn each_mode_treats_a_token_as_it_treats_an_hmac(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let signer = organization.signer().await;
        for (mode, token, is_verified) in [
            ("off", "good", false), ("off", "bad", false), ("observe", "bad", false),
            ("observe", "good", true), ("required", "good", true),
        ] {
            organization.verification(mode).await;
            let visitor = organization.visitor().await;
            let text = match token {
                "good" => json!(signer.token(&visitor, "user_1")),
                _ => json!(7),
            };
            let said = visitor.identify(json!({"token": text, "name": "Jane"})).await.ok();
            assert_eq!(said["name"], "Jane");
            assert_eq!(said["hmacVerified"], is_verified, "{mode} {token}");
            assert_eq!(said["verification"].is_object(), is_verified, "{mode} {token}");
            let external_id = if is_verified { json!("user_1") } else { json!(null) };
            assert_eq!(said["externalId"], external_id, "{mode} {token}");
        }
        organization.verification("required").await;
        let visitor = organization.visitor().await;
        let refused = visitor.identify(json!({"token": "x"})).await;
        refused.is_problem(403, "identity_token_invalid");
        visitor.identify(json!({"name": "Jane"})).await.is_problem(403, "hmac_required");
        visitor.identity().await.is_no_record();
    }

    async fn only_the_proofs_of_the_policy_are_taken(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let signer = organization.signer().await;
        let visitor = organization.visitor().await;
        let hmac = json!({"hmac": organization.sign(&visitor)});
        let token = json!({"token": signer.token(&visitor, "user_1")});
        for (accepted, taken, other, missing) in [
            ("hmac", &hmac, &token, "hmac_required"),
            ("token", &token, &hmac, "identity_token_required"),
        ] {
            let policy = json!({"acceptedProofs": [accepted], "verification": "required"});
            organization.update(policy).await.ok();
            let refused = visitor.identify(other.clone()).await;
            refused.is_problem(403, "proof_not_accepted");
            assert_eq!(json!([refused.body["field"]]), json!(other.as_object().unwrap().keys()
                .collect::<Vec<_>>()));
            visitor.identify(json!({})).await.is_problem(403, missing);
            assert_eq!(visitor.identify(taken.clone()).await.ok()["hmacVerified"], true);
            organization.verification("observe").await;
            assert_eq!(visitor.identify(other.clone()).await.ok()["hmacVerified"], false);
        }
    }

    async fn attributes_beside_a_token_are_refused_where_the_policy_says_so(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let policy = json!({"unsignedAttributes": "reject", "verification": "observe"});
        organization.update(policy).await.ok();
        let signer = organization.signer().await;
        let visitor = organization.visitor().await;
        let token = signer.sign(&visitor, "user_1", |claims| claims.name("Jane"));
        for (name, value) in [
            ("name", json!("John")), ("email", json!(null)), ("externalId", json!("user_1")),
            ("metadata", json!({})),
        ] {
            for mut params in [
                json!({}), json!({"hmac": organization.sign(&visitor)}), json!({"token": token}),
            ] {
                params[name] = value.clone();
                let answer = visitor.identify(params).await;
                answer.is_problem(403, "unsigned_attributes");
                assert_eq!(answer.body["field"], name);
            }
        }
        visitor.identity().await.is_no_record();
        visitor.identify(json!({})).await.ok();
        assert_eq!(visitor.identify(json!({"token": token})).await.ok()["name"], "Jane");
    }

    async fn when_its_session_has_ended_a_visitor_is_shown_as_what_it_says(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        organization.update(json!({"verification": "observe", "identitySession": 300})).await.ok();
        let signer = organization.signer().await;
        let visitor = verified(&organization, &signer).await;
        visitor.identify(json!({"name": "Jane", "email": "j@example.com"})).await.ok();
        for is_revoked in [false, true] {
            if is_revoked {
                let now = json!({"tokensValidAfter": "2100-01-01T00:00:00Z"});
                organization.update(now).await.ok();
            } else {
                end_sessions(&database).await;
            }
            let read = visitor.identity().await.ok();
            let shown = json!([read["externalId"], read["email"], read["name"], read["metadata"],
                read["personId"], read["verification"], read["verifiedAttributes"]]);
            let asserted = json!([null, "j@example.com", "Jane", null, null, null, []]);
            assert_eq!(shown, asserted);
            // An admin still finds whose the visitor is.
            let [of_admin] = &listed(&organization, "?externalId=user_123").await[..] else { panic!() };
            assert_eq!(of_admin["email"], "j@example.com");
            assert_eq!(of_admin["person"]["email"], "jane@example.com");
            let policy = json!({"tokensValidAfter": null});
            organization.update(policy).await.ok();

            // The visitor stays pinned, and the same user begins another session.
            let other = visitor.identify(json!({"token": signer.token(&visitor, "user_2")})).await;
            other.is_problem(409, "visitor_belongs_to_another_user");
            let again = json!({"token": signer.token(&visitor, "user_123")});
            assert_eq!(visitor.identify(again).await.ok()["email"], "jane@example.com");
        }
    }

    async fn two_visitors_of_one_person_are_linked_and_not_merged(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        organization.verification("observe").await;
        let signer = organization.signer().await;
        let first = verified(&organization, &signer).await;
        let second = organization.visitor().await;
        second.identify(json!({"name": "Jane on her phone"})).await.ok();
        let token = signer.token(&second, "user_123");
        let linked = second.identify(json!({"token": token})).await.ok();
        assert_eq!(linked["email"], "jane@example.com");
        assert_eq!(linked["name"], "Jane on her phone");
        let [one, other] = [first.identity().await.ok(), second.identity().await.ok()];
        assert_eq!(one["personId"], other["personId"]);
        assert_ne!(one["id"], other["id"]);
        assert_eq!(one["name"], json!(null));

        // Neither an asserted external id nor an e-mail address links.
        let stranger = organization.visitor().await;
        let params = json!({"externalId": "user_123", "email": "jane@example.com"});
        let said = stranger.identify(params.clone()).await.ok();
        assert_eq!((&said["personId"], &said["metadata"]), (&json!(null), &json!(null)));
        let token = signer.sign(&stranger, "user_2", |claims| claims.email("jane@example.com"));
        let said = stranger.identify(json!({"token": token})).await.ok();
        assert_ne!(said["personId"], one["personId"]);
        assert_eq!(said["metadata"], json!(null));
        // Nor in another organization.
        let elsewhere = service.organization().await;
        elsewhere.verification("observe").await;
        let abroad = verified(&elsewhere, &elsewhere.signer().await).await;
        assert_ne!(abroad.identity().await.ok()["personId"], one["personId"]);
    }

    async fn people_are_found_by_what_is_verified_and_else_by_what_they_say(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        organization.verification("observe").await;
        let signer = organization.signer().await;
        let backend = organization.backend().await;
        let jane = verified(&organization, &signer).await;
        jane.identify(json!({"externalId": "admin_1", "email": "ceo@example.com"})).await.ok();
        let claims = organization.visitor().await;
        claims.identify(json!({"externalId": "user_123", "email": "JANE@example.com"})).await.ok();
        for (query, found) in [
            ("?externalId=user_123", vec![&jane, &claims]),
            ("?email=Jane@Example.com", vec![&jane, &claims]),
            ("?externalId=admin_1", vec![]),
            ("?email=ceo@example.com", vec![]),
            ("?externalId=user_123&email=jane@example.com", vec![&jane, &claims]),
        ] {
            let ids: Vec<_> = found.iter().map(|visitor| json!(visitor.id)).collect();
            let of_backend = backend.identities(query).await.ok()["identities"].clone();
            for records in [listed(&organization, query).await, of_backend.as_array().unwrap().clone()] {
                let found: Vec<_> = records.iter().map(|record| record["anonymousUserId"].clone()).collect();
                assert_eq!(found, ids, "{query}");
            }
        }
        let records = listed(&organization, "?externalId=user_123").await;
        assert_eq!((&records[0]["person"]["email"], &records[1]["person"]),
            (&json!("jane@example.com"), &json!(null)));
    }

    async fn an_erased_person_leaves_with_all_visitors_and_with_what_was_verified(
        database: Database
    ) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        organization.verification("observe").await;
        let signer = organization.signer().await;
        for query in ["?externalId=user_123", "?email=Jane@Example.com"] {
            let first = verified(&organization, &signer).await;
            let second = organization.visitor().await;
            second.identify(json!({"token": signer.token(&second, "user_123")})).await.ok();
            // Another person, who says to be this one.
            let other = organization.visitor().await;
            let params = json!({"token": signer.sign(&other, "user_2", |claims| claims.email("b@example.com")),
                "externalId": "user_123", "email": "jane@example.com"});
            other.identify(params).await.ok();
            end_sessions(&database).await;

            let path = format!("/{}/identities/export{query}", organization.id);
            let export = Answer::to(organization.admin(Method::GET, &path)).await.ok();
            let records = export["records"].as_array().unwrap();
            assert_eq!(records.len(), 2, "{export}");
            for record in records {
                let person = &record["person"];
                assert_eq!(person["metadata"], json!({"plan": "pro"}));
                assert!(person["verifiedAt"].is_string() && person["createdAt"].is_string());
            }
            let args = ["identity", "export", &organization.id, "--external-id=user_123"];
            let output = command(&database).args(args).output().unwrap();
            assert_eq!(serde_json::from_slice::<Value>(&output.stdout).unwrap(), export);

            assert_eq!(erase(&organization, query).await, 2);
            assert_eq!(erase(&organization, query).await, 0);
            for visitor in [first, second] {
                visitor.identity().await.is_problem(401, "invalid_visitor_token");
            }
            assert_eq!(number(&database, "persons").await, 1);
            let left = other.identify(json!({"token": signer.token(&other, "user_2")})).await.ok();
            assert_eq!(left["email"], "b@example.com");
            assert_eq!(erase(&organization, "?externalId=user_2").await, 1);
            assert_eq!(number(&database, "persons").await, 0);
        }
    }

    async fn a_person_stays_until_the_last_visitor_has_left(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        organization.verification("observe").await;
        let signer = organization.signer().await;
        let first = verified(&organization, &signer).await;
        let second = organization.visitor().await;
        second.identify(json!({"token": signer.token(&second, "user_123")})).await.ok();
        for (visitor, left) in [(first, 1), (second, 0)] {
            let record = visitor.identity().await.ok();
            let path = format!("/{}/identities/{}", organization.id, record["id"].as_str().unwrap());
            Answer::to(organization.admin(Method::DELETE, &path)).await.ok();
            assert_eq!(number(&database, "persons").await, left);
        }
        // The program before this one knows of no persons, and leaves them when it erases.
        verified(&organization, &signer).await;
        for table in ["identities", "visitors"] {
            Session::open(&database).await.execute(&format!("DELETE FROM {table}")).await;
        }
        assert_eq!(number(&database, "persons").await, 1);
        assert_eq!(erase(&organization, "?externalId=user_123").await, 0);
        assert_eq!(number(&database, "persons").await, 0);
        // A new visitor begins anew.
        let visitor = organization.visitor().await;
        let said = visitor.identify(json!({"token": signer.token(&visitor, "user_123")})).await.ok();
        assert_eq!(said["email"], json!(null));
    }

    async fn an_erasure_that_races_with_tokens_leaves_nothing_of_the_person(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        organization.verification("required").await;
        let signer = organization.signer().await;
        let racers: Vec<_> = (0..4).map(|_| {
            let (organization, signer) = (organization.clone(), signer.clone());
            tokio::spawn(async move {
                for _ in 0..20 {
                    let visitor = organization.visitor().await;
                    for name in ["Jane", "Jane Doe", "Jane"] {
                        let token = signer.sign(&visitor, "racer", |claims| claims.name(name));
                        let answer = visitor.identify(json!({"token": token})).await;
                        if answer.status != 200 {
                            answer.is_problem(401, "invalid_visitor_token");
                            continue;
                        }
                        let said = answer.ok();
                        assert_eq!(said["externalId"], "racer");
                        assert!(said["personId"].is_string(), "{said}");
                    }
                }
            })
        }).collect();
        while racers.iter().any(|racer| !racer.is_finished()) {
            erase(&organization, "?externalId=racer").await;
        }
        for racer in racers {
            racer.await.unwrap();
        }
        erase(&organization, "?externalId=racer").await;
        for table in ["persons", "identities", "visitors"] {
            assert_eq!(number(&database, table).await, 0, "{table}");
        }
    }

    async fn tokens_of_one_person_that_race_lose_nothing(database: Database) {
        tokens_race(&database).await;
    }

    async fn a_backend_that_names_the_user_speaks_of_the_person(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        organization.verification("required").await;
        let backend = organization.backend().await;
        let signer = organization.signer().await;
        let visitor = organization.visitor().await;
        visitor.identify(json!({"token": signer.token(&visitor, "user_1")})).await.ok();
        // Without the user it speaks of the visitor, and not over what is verified.
        let told = json!({"externalId": "user_1", "email": "jane@example.com"});
        backend.identify(&visitor, told).await.ok();
        let said = backend.identify(&visitor, json!({"email": "j@example.com", "name": "Jane"})).await.ok();
        assert_eq!((&said["email"], &said["name"]), (&json!("jane@example.com"), &json!("Jane")));
        assert_eq!(said["verifiedAttributes"], json!(["externalId", "email"]));
        assert_eq!(ignored(&said), [("email", "verified_value_kept")]);
        // It cannot make another user of the visitor.
        let other = backend.identify(&visitor, json!({"externalId": "user_2", "name": "John"})).await;
        other.is_problem(409, "visitor_belongs_to_another_user");
        assert_eq!(number(&database, "persons").await, 1);
        // Its word is the newest: a token from before changes nothing.
        let token = signer.sign_at(seconds() - 100, &visitor, "user_1", |claims| claims.email("old@example.com"));
        let said = visitor.identify(json!({"token": token})).await.ok();
        assert_eq!(said["email"], "jane@example.com");
        assert_eq!(ignored(&said), [("email", "newer_kept")]);
        // Also where a token's clock is ahead.
        let token = signer.sign_at(seconds() + 30, &visitor, "user_1", |claims| claims.email("new@example.com"));
        visitor.identify(json!({"token": token})).await.ok();
        let told = json!({"externalId": "user_1", "email": "last@example.com"});
        assert_eq!(backend.identify(&visitor, told).await.ok()["email"], "last@example.com");
    }

    async fn the_use_of_a_token_key_is_noted_and_counted(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        organization.verification("required").await;
        let previous = organization.signer().await;
        let current = organization.signer().await;
        let visitor = organization.visitor().await;
        for signer in [&previous, &current, &current] {
            visitor.identify(json!({"token": signer.token(&visitor, "user_1")})).await.ok();
        }
        visitor.identify(json!({"token": "x"})).await.is_problem(403, "identity_token_invalid");
        let path = format!("/{}/token-keys", organization.id);
        let listed = || async { Answer::to(organization.admin(Method::GET, &path)).await.ok() };
        let unused = |listed: &Value| {
            let keys = listed["tokenKeys"].as_array().unwrap();
            keys.iter().filter(|key| key["lastUsedAt"].is_null()).count()
        };
        while unused(&listed().await) > 0 {
            sleep(Duration::from_millis(50)).await;
        }
        let metrics = service.admin_get("/metrics").await.text;
        for (result, calls) in [("verified_current", 2), ("verified_previous", 1), ("invalid", 1)] {
            let line = format!("mode=\"required\",result=\"{result}\"}} {calls}");
            assert!(metrics.contains(&line), "{line}: {metrics}");
        }
    }

    async fn a_refused_token_is_no_use_of_its_key(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        organization.verification("required").await;
        let [refused, used] = [organization.signer().await, organization.signer().await];
        let [visitor, other] = [organization.visitor().await, organization.visitor().await];
        visitor.identify(json!({"token": used.token(&visitor, "user_1")})).await.ok();
        let now = seconds();
        let good = refused.token(&visitor, "user_1");
        let of = |at, with: fn(IdentityClaims) -> IdentityClaims| {
            refused.sign_at(at, &visitor, "user_1", with)
        };
        let foreign = used.token(&visitor, "user_1");
        let parts = [&good, &foreign].map(|token| token.rsplit_once('.').unwrap());
        let forged = format!("{}.{}", parts[0].0, parts[1].1);
        for (token, status, code) in [
            (forged, 403, "identity_token_invalid"),
            (of(now - 1000, |claims| claims), 403, "identity_token_expired"),
            (of(now + 1000, |claims| claims), 403, "identity_token_not_yet_valid"),
            (of(now, |claims| claims.expires_in(4000)), 403, "identity_token_claim"),
            (of(now, |claims| claims.audience("pk_other")), 403, "identity_token_other_audience"),
            (refused.token(&other, "user_1"), 403, "identity_token_other_visitor"),
            (refused.token(&visitor, "user_2"), 409, "visitor_belongs_to_another_user"),
        ] {
            visitor.identify(json!({"token": token})).await.is_problem(status, code);
        }
        let unused = async || {
            let keys = organization.token_keys().await.into_iter();
            let unused = keys.filter(|key| key["lastUsedAt"].is_null());
            unused.map(|key| key["kid"].clone()).collect::<Vec<_>>()
        };
        let until = async |expected: &[&str]| {
            let start = Instant::now();
            while unused().await != expected {
                assert!(start.elapsed() < Duration::from_secs(30), "{:?}", unused().await);
                sleep(Duration::from_millis(20)).await;
            }
        };
        until(&[refused.0.key_id()]).await;
        visitor.identify(json!({"token": good})).await.ok();
        until(&[]).await;
    }
}
