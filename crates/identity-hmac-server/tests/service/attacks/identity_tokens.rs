//! Identity tokens that were forged, altered, replayed, or signed for somebody else.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity_hmac::{IdentityClaims, IdentityKey, TokenKey};
use serde_json::{Value, json};

use crate::harness::{
    Answer, Database, Service, Session, Signer, Visitor, kept, on_both_databases, proved, seconds,
    times,
};

/// A token with any payload, signed right.
fn signed(key: &Value, payload: &Value) -> String {
    let header = json!({"alg": "HS256", "typ": "JWT"});
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", part(&header), part(payload));
    let key = IdentityKey::new(key.as_str().unwrap()).unwrap();
    let signature = key.sign(&text).unwrap();
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature.as_bytes()))
}

/// Sees that a token is refused, and returns the problem.
async fn refused(visitor: &Visitor, token: &str, code: &str) -> Value {
    let answer = visitor
        .identify(json!({"token": token, "name": "Mallory"}))
        .await;
    answer.is_problem(403, code);
    answer.body
}

on_both_databases! {
    async fn no_forged_or_altered_token_verifies_and_the_answer_is_always_the_same(
        database: Database
    ) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        organization.verification("required").await;
        let visitor = organization.visitor().await;
        // Without a key, no token is right.
        let stranger = Signer(TokenKey::parse(&TokenKey::generate().unwrap()).unwrap());
        refused(&visitor, &stranger.token(&visitor, "user_1"), "identity_token_invalid").await;

        let signer = organization.signer().await;
        let token = signer.token(&visitor, "user_1");
        let [header, payload, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!() };
        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let admin = part(json!({"sub": "admin_1", "visitorId": visitor.id,
            "iat": seconds(), "exp": seconds() + 300}));
        let unsigned = part(json!({"alg": "none"}));
        // A route that signs visitor ids would sign this, too.
        let by_secret = IdentityKey::new(&organization.secret).unwrap();
        let by_secret = by_secret.sign(format!("{header}.{payload}")).unwrap();
        let mut forged = vec![
            String::new(),
            "x".to_owned(),
            "x".repeat(9_000),
            organization.sign(&visitor),
            stranger.token(&visitor, "user_1"),
            format!("{header}.{admin}.{signature}"),
            format!("{unsigned}.{payload}."),
            format!("{unsigned}.{payload}.{signature}"),
            format!("{header}.{payload}."),
            format!("{header}.{payload}.{}", URL_SAFE_NO_PAD.encode(by_secret.as_bytes())),
            format!("{token}."),
            format!("{token}="),
            format!(" {token}"),
            token.to_uppercase(),
        ];
        forged.extend([1, 10, token.len() / 2].map(|cut| token[cut..].to_owned()));
        forged.extend([1, 10, token.len() / 2].map(|cut| token[..token.len() - cut].to_owned()));
        let mut told = Vec::new();
        for forged in forged {
            let mut problem = refused(&visitor, &forged, "identity_token_invalid").await;
            problem.as_object_mut().unwrap().remove("requestId");
            told.push(problem);
        }
        assert!(told.windows(2).all(|pair| pair[0] == pair[1]), "{told:?}");
        visitor.identity().await.is_no_record();
        visitor.identify(json!({"token": token})).await.ok();
    }

    async fn a_token_of_another_visitor_organization_or_time_says_what_is_wrong(
        database: Database
    ) {
        let service = Service::start(&database);
        let [organization, other] = [service.organization().await, service.organization().await];
        organization.verification("required").await;
        let signer = organization.signer().await;
        let [visitor, victim] = [organization.visitor().await, organization.visitor().await];
        let now = seconds();
        let plain = |claims: IdentityClaims| claims;

        let stolen = signer.token(&victim, "user_1");
        let problem = refused(&visitor, &stolen, "identity_token_other_visitor").await;
        assert_eq!(problem["field"], "visitorId");
        let foreign = other.signer().await.token(&visitor, "user_1");
        refused(&visitor, &foreign, "identity_token_invalid").await;
        let meant_for = |key: &str| signer.sign(&visitor, "user_1", |claims| claims.audience(key));
        let problem = refused(&visitor, &meant_for(&other.key), "identity_token_other_audience").await;
        assert_eq!(problem["field"], "aud");

        let expired = signer.sign_at(now - 400, &visitor, "user_1", plain);
        let problem = refused(&visitor, &expired, "identity_token_expired").await;
        assert_eq!((&problem["field"], problem["exp"].to_string()), (&json!("exp"), format!("{}.0", now - 100)));
        assert!(problem["serverTime"].as_u64().unwrap() >= now, "{problem}");
        let early = signer.sign_at(now + 1000, &visitor, "user_1", plain);
        let problem = refused(&visitor, &early, "identity_token_not_yet_valid").await;
        assert_eq!((&problem["field"], problem["iat"].to_string()), (&json!("iat"), format!("{}.0", now + 1000)));
        assert!(problem["serverTime"].as_u64().unwrap() >= now, "{problem}");

        let long = signer.sign(&visitor, "user_1", |claims| claims.expires_in(7200));
        let problem = refused(&visitor, &long, "identity_token_claim").await;
        assert_eq!((&problem["field"], &problem["reason"]), (&json!("exp"), &json!("lifetime")));
        organization.update(json!({"maxTokenLifetime": 7200})).await.ok();
        visitor.identify(json!({"token": long})).await.ok();

        organization.update(json!({"tokensValidAfter": "2100-01-01T00:00:00Z"})).await.ok();
        refused(&visitor, &signer.token(&visitor, "user_1"), "identity_token_revoked").await;
        organization.update(json!({"tokensValidAfter": null})).await.ok();
        visitor.identify(json!({"token": meant_for(&organization.key)})).await.ok();
        victim.identity().await.is_no_record();
    }

    async fn a_claim_that_is_missing_or_of_another_type_is_named(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        organization.verification("required").await;
        let visitor = organization.visitor().await;
        let key = organization.make_token_key().await.ok()["key"].clone();
        let now = seconds();
        let claims = json!({"sub": "7", "visitorId": visitor.id, "iat": now, "exp": now + 300});
        for (name, value, reason) in [
            ("sub", json!(7), "type"), ("sub", json!(null), "type"), ("sub", json!(""), "empty"),
            ("sub", json!("x".repeat(257)), "too_long"), ("visitorId", json!(7), "type"),
            ("exp", json!("never"), "type"), ("iat", json!(null), "type"), ("nbf", json!("x"), "type"),
            ("aud", json!(7), "type"), ("name", json!(7), "type"), ("email", json!("jane"), "address"),
            ("metadata", json!([]), "type"),
        ] {
            let mut claims = claims.clone();
            claims[name] = value;
            let token = signed(&key, &claims);
            let problem = refused(&visitor, &token, "identity_token_claim").await;
            assert_eq!((&problem["field"], &problem["reason"]), (&json!(name), &json!(reason)));
        }
        let mut without = claims.clone();
        without.as_object_mut().unwrap().remove("sub");
        let token = signed(&key, &without);
        assert_eq!(refused(&visitor, &token, "identity_token_claim").await["reason"], "missing");
        let token = signed(&key, &claims);
        visitor.identify(json!({"token": token})).await.ok();
    }

    async fn a_replayed_token_says_nothing_new_and_an_older_one_changes_nothing(
        database: Database
    ) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        organization.verification("required").await;
        let signer = organization.signer().await;
        let visitor = organization.visitor().await;
        let now = seconds();
        let says = |time, plan: &str| {
            let metadata = json!({"plan": plan}).as_object().unwrap().clone();
            let token = signer.sign_at(time, &visitor, "user_1", |claims| {
                claims.name(plan).metadata(metadata)
            });
            json!({"token": token})
        };
        let [older, newer] = [says(now - 100, "premium"), says(now - 50, "free")];
        visitor.identify(older.clone()).await.ok();
        visitor.identify(newer.clone()).await.ok();
        let replayed = visitor.identify(older.clone()).await.ok();
        assert_eq!(replayed["metadata"], json!({"plan": "free"}));
        assert_eq!(replayed["name"], "free");
        assert_eq!(replayed["hmacVerified"], true);
        assert_eq!(replayed["ignored"], json!([
            {"attribute": "name", "reason": "newer_kept"},
            {"attribute": "metadata.plan", "reason": "newer_kept"},
        ]));
        // Nor by another visitor of the same user.
        let second = organization.visitor().await;
        let token = signer.sign_at(now - 70, &second, "user_1", |claims| claims.name("premium"));
        assert_eq!(second.identify(json!({"token": token})).await.ok()["name"], "free");
        // The same one again is no older.
        let again = visitor.identify(newer).await.ok();
        assert_eq!((&again["name"], &again["ignored"]), (&json!("free"), &json!([])));
        // What stands beside a replayed token is what the visitor says.
        let mut beside = older;
        beside["email"] = json!("ceo@example.com");
        beside["name"] = json!("Boss");
        let said = visitor.identify(beside).await.ok();
        assert_eq!((&said["name"], &said["email"]), (&json!("free"), &json!("ceo@example.com")));
        assert_eq!(said["verifiedAttributes"], json!(["externalId", "name", "metadata.plan"]));
    }

    async fn a_visitor_that_is_one_user_becomes_no_other(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let signer = organization.signer().await;
        let visitor = organization.visitor().await;
        organization.verification("required").await;
        visitor.identify(json!({"token": signer.token(&visitor, "user_1")})).await.ok();
        let before = Session::open(&database).await.rows().await;
        for mode in ["observe", "required"] {
            organization.verification(mode).await;
            let token = signer.sign(&visitor, "user_2", |claims| claims.name("John"));
            let params = json!({"token": token, "email": "john@example.com"});
            let refused = visitor.identify(params).await;
            refused.is_problem(409, "visitor_belongs_to_another_user");
        }
        let rows = |rows: Vec<String>| -> Vec<String> {
            rows.into_iter().filter(|row| row.contains("user_") || row.contains("John")).collect()
        };
        let after = Session::open(&database).await.rows().await;
        assert_eq!(rows(after), rows(before));
        // Unless the mode looks at no proof.
        organization.verification("off").await;
        let token = signer.token(&visitor, "user_2");
        assert_eq!(visitor.identify(json!({"token": token})).await.ok()["externalId"], "user_1");
    }

    async fn of_many_callers_with_two_users_one_user_gets_the_visitor(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        organization.verification("required").await;
        let signer = organization.signer().await;
        let visitor = organization.visitor().await;
        let racers = times(200, 1_000);
        let users = ["user_1", "user_2"];
        let tokens = users.map(|user| signer.sign(&visitor, user, |claims| {
            let metadata = json!({"of": user, user: true});
            claims.name(user).metadata(metadata.as_object().unwrap().clone())
        }));
        let client = kept();
        let callers: Vec<_> = (0..racers).map(|caller| {
            let request = visitor.request().json(&json!({"token": tokens[caller % 2]}));
            let client = client.clone();
            tokio::spawn(async move {
                loop {
                    let answer = Answer::over(&client, request.try_clone().unwrap()).await.unwrap();
                    // What is refused for want of a connection is asked again.
                    if answer.status != 503 {
                        return (users[caller % 2], answer);
                    }
                }
            })
        }).collect();
        let mut winners = Vec::new();
        for caller in callers {
            let (user, answer) = caller.await.unwrap();
            if answer.status == 409 {
                answer.is_problem(409, "visitor_belongs_to_another_user");
                continue;
            }
            let said = answer.ok();
            assert_eq!((&said["externalId"], &said["name"]), (&json!(user), &json!(user)));
            assert_eq!(said["metadata"], json!({"of": user, user: true}));
            winners.push(user);
        }
        assert_eq!(winners.len(), racers / 2);
        assert!(winners.iter().all(|user| *user == winners[0]), "{winners:?}");
        let read = visitor.identity().await.ok();
        assert_eq!(read["metadata"], json!({"of": winners[0], winners[0]: true}));
        let mut session = Session::open(&database).await;
        assert_eq!(session.texts("SELECT external_id FROM persons").await, [winners[0]]);
        let name = if database.is_postgres() { "PostgreSQL" } else { "SQLite" };
        proved(
            &format!("of callers that race on {name} to make two users of one visitor, one user's win"),
            format!("{racers} callers"),
        );
    }
}
