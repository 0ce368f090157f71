//! The admin's routes: organizations, their secrets, and the records of their visitors.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, Database, Service, Session, http, on_both_databases};

const UNKNOWN: &str = "018f3f0e-6c5d-7a1b-8c2d-3e4f5a6b7c8d";

/// A request below `/v1/admin/organizations`.
async fn call(service: &Service, method: Method, path: &str, body: Option<Value>) -> Answer {
    let url = format!("{}/v1/admin/organizations{path}", service.admin_url);
    let request = http()
        .request(method, url)
        .bearer_auth(&service.admin_token);
    Answer::to(match body {
        Some(body) => request.json(&body),
        None => request,
    })
    .await
}

async fn get(service: &Service, path: &str) -> Answer {
    call(service, Method::GET, path, None).await
}

/// Every admin route, each with a body where it takes one.
pub(crate) fn routes(organization: &str, identity: &str) -> Vec<(Method, String, Option<Value>)> {
    vec![
        (Method::POST, String::new(), Some(json!({"name": "Shop"}))),
        (Method::GET, String::new(), None),
        (Method::GET, format!("/{organization}"), None),
        (Method::PATCH, format!("/{organization}"), Some(json!({}))),
        (Method::POST, format!("/{organization}/rotate-secret"), None),
        (
            Method::POST,
            format!("/{organization}/revoke-visitor-tokens"),
            None,
        ),
        (
            Method::DELETE,
            format!("/{organization}/previous-secret"),
            None,
        ),
        (Method::POST, format!("/{organization}/api-keys"), None),
        (Method::GET, format!("/{organization}/api-keys"), None),
        (
            Method::DELETE,
            format!("/{organization}/api-keys/0123abcd"),
            None,
        ),
        (Method::POST, format!("/{organization}/token-keys"), None),
        (Method::GET, format!("/{organization}/token-keys"), None),
        (
            Method::DELETE,
            format!("/{organization}/token-keys/0123abcd"),
            None,
        ),
        (Method::GET, format!("/{organization}/identities"), None),
        (
            Method::GET,
            format!("/{organization}/verification-stats"),
            None,
        ),
        (
            Method::GET,
            format!("/{organization}/identities/export?externalId=nobody"),
            None,
        ),
        (
            Method::DELETE,
            format!("/{organization}/identities?externalId=nobody"),
            None,
        ),
        (
            Method::DELETE,
            format!("/{organization}/identities/{identity}"),
            None,
        ),
        (Method::DELETE, format!("/{organization}"), None),
    ]
}

/// Reads a list part by part and returns the ids in it.
async fn all(
    service: &Service,
    path: &str,
    list: &str,
    limit: usize,
    mut between: impl AsyncFnMut(),
) -> Vec<Value> {
    let mut ids = Vec::new();
    let mut cursor = String::new();
    loop {
        let separator = if path.contains('?') { '&' } else { '?' };
        let part = get(service, &format!("{path}{separator}limit={limit}{cursor}"))
            .await
            .ok();
        let rows = part[list].as_array().unwrap();
        assert!(rows.len() <= limit);
        ids.extend(rows.iter().map(|row| row["id"].clone()));
        match &part["nextCursor"] {
            Value::String(next) => cursor = format!("&cursor={next}"),
            end => {
                assert_eq!(*end, json!(null));
                return ids;
            }
        }
        between().await;
    }
}

fn ids(rows: &[Value]) -> Vec<Value> {
    rows.iter().map(|row| row["id"].clone()).collect()
}

on_both_databases! {
    async fn an_organization_is_created_with_what_it_starts_with(database: Database) {
        let service = Service::start(&database);
        let created = call(
            &service,
            Method::POST,
            "",
            Some(json!({"name": "Corner Shop"})),
        )
        .await;
        assert_eq!(created.status, 201);
        let id = created.body["id"].as_str().unwrap();
        let secret = created.body["secret"].as_str().unwrap();
        assert_eq!(secret.len(), 64);
        assert!(
            secret
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')),
            "{secret}"
        );
        let organization = json!({
            "id": id,
            "name": "Corner Shop",
            "organizationKey": format!("pk_{}", id.replace('-', "")),
            "verification": "off",
            "allowedOrigins": [],
            "acceptedProofs": ["hmac", "token"],
            "unsignedAttributes": "ignore",
            "identitySession": 86400,
            "maxTokenLifetime": 3600,
            "tokensValidAfter": null,
            "hasPreviousSecret": false,
            "suspended": false,
            "visitorTokensValidAfter": null,
            "currentSecretLastUsedAt": null,
            "previousSecretLastUsedAt": null,
            "createdAt": created.body["createdAt"],
        });
        let mut with_secret = organization.clone();
        with_secret["secret"] = json!(secret);
        assert_eq!(created.body, with_secret);
        let at = created.body["createdAt"].as_str().unwrap();
        assert!(at.starts_with("20") && at.ends_with('Z'), "{at}");
        assert_eq!(get(&service, &format!("/{id}")).await.ok(), organization);

        let whole = json!({
            "name": "é".repeat(256),
            "verification": "required",
            "allowedOrigins": ["https://shop.example", "http://127.0.0.1:3000"],
            "acceptedProofs": ["hmac"],
            "unsignedAttributes": "reject",
            "identitySession": 300,
            "maxTokenLifetime": 60,
            "tokensValidAfter": "2026-01-31T12:00:00Z",
        });
        let created = call(&service, Method::POST, "", Some(whole.clone()))
            .await
            .ok();
        for (name, value) in whole.as_object().unwrap() {
            assert_eq!(created[name], *value);
        }
    }

    async fn a_secret_is_shown_once_and_in_no_other_answer(database: Database) {
        let service = Service::start(&database);
        let mut organization = service.organization().await;
        let visitor = organization.visitor().await;
        let record = visitor.identify(json!({"name": "Jane"})).await;
        let first = organization.secret.clone();
        organization.rotate_secret().await;
        assert_ne!(organization.secret, first);
        let mut answers = vec![
            record,
            visitor.identity().await,
            service.admin_get("/metrics").await,
        ];
        organization.retire_previous_secret().await;
        for (method, path, body) in routes(&organization.id, UNKNOWN) {
            let is_rotation = path.ends_with("/rotate-secret");
            let answer = call(&service, method, &path, body).await;
            assert_eq!(
                answer.body.get("secret").is_some(),
                is_rotation || answer.body.get("name").is_some() && answer.status == 201
            );
            answers.push(answer);
        }
        for answer in answers {
            for secret in [&first, &organization.secret] {
                assert!(!answer.text.contains(secret.as_str()), "{}", answer.text);
            }
        }
    }

    async fn an_absent_member_of_a_change_stays(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let path = format!("/{}", organization.id);
        let mut expected = get(&service, &path).await.ok();
        for patch in [
            json!({"name": "Corner Shop & Söhne"}),
            json!({"verification": "observe"}),
            json!({"allowedOrigins": ["https://shop.example", "https://shop.example:8443"]}),
            json!({"verification": "required"}),
            json!({}),
            json!({"allowedOrigins": [], "verification": "off", "name": "N"}),
        ] {
            for (name, value) in patch.as_object().unwrap() {
                expected[name] = value.clone();
            }
            assert_eq!(organization.update(patch).await.ok(), expected);
            assert_eq!(get(&service, &path).await.ok(), expected);
        }
    }

    async fn invalid_settings_of_an_organization_are_refused_by_name(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let path = format!("/{}", organization.id);
        let before = get(&service, &path).await.ok();
        for (body, field) in [
            (json!({"name": ""}), "name"),
            (json!({"name": " \t"}), "name"),
            (json!({"name": "é".repeat(257)}), "name"),
            (json!({"name": "a\nb"}), "name"),
            (json!({"name": "a\0b"}), "name"),
            (json!({"name": null}), "name"),
            (json!({"name": 7}), "name"),
            (json!({"name": "N", "verification": "on"}), "verification"),
            (
                json!({"name": "N", "verification": "Required"}),
                "verification",
            ),
            (json!({"name": "N", "verification": true}), "verification"),
            (json!({"name": "N", "verification": null}), "verification"),
            (
                json!({"name": "N", "allowedOrigins": null}),
                "allowedOrigins",
            ),
            (
                json!({"name": "N", "allowedOrigins": "https://shop.example"}),
                "allowedOrigins",
            ),
            (
                json!({"name": "N", "allowedOrigins": [7]}),
                "allowedOrigins",
            ),
            (
                json!({"name": "N", "allowedOrigins": ["https://shop.example/"]}),
                "allowedOrigins",
            ),
            (
                json!({"name": "N", "allowedOrigins": ["*"]}),
                "allowedOrigins",
            ),
            (
                json!({"name": "N", "allowedOrigins": ["https://a.example\nhttps://b.example"]}),
                "allowedOrigins",
            ),
            (json!({"name": "N", "secret": "s3cret"}), "secret"),
            (json!({"name": "N", "id": UNKNOWN}), "id"),
        ] {
            let created = call(&service, Method::POST, "", Some(body.clone())).await;
            for answer in [created, organization.update(body.clone()).await] {
                assert_eq!(
                    (answer.status, answer.code()),
                    (422, "invalid_request"),
                    "{body}"
                );
                assert_eq!(answer.body["field"], field, "{body}");
            }
        }
        let nameless = call(&service, Method::POST, "", Some(json!({}))).await;
        nameless.is_problem(422, "invalid_request");
        assert_eq!(nameless.body["field"], "name");
        assert_eq!(get(&service, &path).await.ok(), before);
        let listed = get(&service, "").await.ok();
        assert_eq!(listed["organizations"], json!([before]));
        for (body, kind, status) in [
            ("[]", "application/json", 422),
            ("", "application/json", 422),
            (r#"{"name": "a", "name": "b"}"#, "application/json", 422),
            (r#"{"name": "a"}"#, "text/plain", 415),
        ] {
            let request = organization
                .admin(Method::POST, "")
                .header("content-type", kind);
            assert_eq!(
                Answer::to(request.body(body)).await.status,
                status,
                "{body}"
            );
        }
        let large = json!({"name": "N", "allowedOrigins": vec!["https://shop.example"; 4000]});
        organization
            .update(large)
            .await
            .is_problem(413, "too_large");
    }

    async fn only_the_admin_token_opens_the_admins_routes(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let visitor = organization.visitor().await;
        let identity = visitor.identify(json!({})).await.ok()["id"]
            .as_str()
            .unwrap()
            .to_owned();
        let admin = &service.admin_token;
        let bearer = |token: &str| Some(format!("Bearer {token}"));
        let credentials = [
            None,
            bearer(""),
            bearer(&visitor.token),
            bearer(&organization.secret),
            bearer(&organization.key),
            bearer(&admin[1..]),
            bearer(&format!("{admin}x")),
            bearer(&admin.to_uppercase()),
            Some(format!("Basic {admin}")),
            Some(admin.clone()),
            Some(format!("Bearer{admin}")),
        ];
        for (method, path, body) in routes(&organization.id, &identity) {
            for credential in &credentials {
                let url = format!("{}/v1/admin/organizations{path}", service.admin_url);
                let mut request = http().request(method.clone(), url);
                if let Some(credential) = credential {
                    request = request.header("authorization", credential);
                }
                if let Some(body) = &body {
                    request = request.json(body);
                }
                let answer = Answer::to(request).await;
                assert_eq!(
                    (answer.status, answer.code()),
                    (401, "invalid_admin_token"),
                    "{method} {path} {credential:?}"
                );
            }
        }
        // Nothing was done: there is one organization, its secret is the same, its record there.
        assert_eq!(
            get(&service, "").await.ok()["organizations"]
                .as_array()
                .unwrap()
                .len(),
            1
        );
        assert_eq!(
            get(&service, &format!("/{}", organization.id)).await.ok()["hasPreviousSecret"],
            false
        );
        visitor.identity().await.ok();
        // The scheme is not case-sensitive (RFC 9110 section 11.1).
        let request = http().get(format!("{}/v1/admin/organizations", service.admin_url));
        Answer::to(request.header("authorization", format!("bearer {admin}")))
            .await
            .ok();
    }

    async fn the_admin_token_is_not_accepted_as_a_visitor_token(database: Database) {
        let service = Service::start(&database);
        for (method, path) in [(Method::POST, "identify"), (Method::GET, "identity")] {
            let request = http().request(method, format!("{}/v1/{path}", service.url));
            let answer =
                Answer::to(request.bearer_auth(&service.admin_token).json(&json!({}))).await;
            answer.is_problem(401, "invalid_visitor_token");
        }
    }

    async fn an_id_that_names_nothing_is_not_found(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        for id in [
            UNKNOWN,
            "1",
            "%00",
            "%ff",
            "..%2f",
            &organization.key,
            &"a".repeat(5000),
        ] {
            for (method, path, body) in routes(id, UNKNOWN) {
                if path.is_empty() {
                    continue;
                }
                let code = match path.rsplit('/').nth(1).unwrap() {
                    "identities" if method == Method::DELETE => "identity_not_found",
                    "api-keys" => "api_key_not_found",
                    "token-keys" => "token_key_not_found",
                    _ => "organization_not_found",
                };
                let answer = call(&service, method, &path, body).await;
                assert_eq!((answer.status, answer.code()), (404, code), "{path}");
            }
            let path = format!("/{}/identities/{id}", organization.id);
            call(&service, Method::DELETE, &path, None)
                .await
                .is_problem(404, "identity_not_found");
        }
        for path in [
            "/v1/admin",
            "/v1/admin/",
            "/v1",
            "/",
            "/v2/identify",
            "/v1/identify/",
            "/nope",
        ] {
            let answer = service.get(path).await;
            answer.is_problem(404, "not_found");
        }
        for (method, path) in [
            (Method::PUT, String::new()),
            (Method::POST, format!("/{}", organization.id)),
            (Method::GET, format!("/{}/rotate-secret", organization.id)),
        ] {
            let answer = call(&service, method, &path, None).await;
            answer.is_problem(405, "method_not_allowed");
            assert!(answer.headers.contains_key("allow"), "{:?}", answer.headers);
        }
    }

    async fn a_query_that_is_not_understood_is_refused(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let identities = format!("/{}/identities", organization.id);
        let both = [
            "limit=0",
            "limit=101",
            "limit=-1",
            "limit=",
            "limit=ten",
            "limit=1.5",
            "limit=99999999999",
            "limit=1&limit=2",
            "cursor=",
            "cursor=1",
            "cursor=%00",
            "page=2",
            "Limit=1",
            "=",
            "secret=1",
        ];
        let filters = [
            "externalId=a&externalId=b",
            "external_id=1",
            "email=%00",
            "externalId=a%00b",
        ];
        for (path, queries) in [
            ("", &both[..]),
            (&identities, &both),
            (&identities, &filters),
        ] {
            for query in queries {
                let answer = get(&service, &format!("{path}?{query}")).await;
                assert_eq!(
                    (answer.status, answer.code()),
                    (422, "invalid_request"),
                    "{path}?{query}"
                );
            }
        }
        for path in ["", &identities] {
            for query in ["", "?limit=1", "?limit=100", &format!("?cursor={UNKNOWN}")] {
                get(&service, &format!("{path}{query}")).await.ok();
            }
        }
    }

    async fn a_list_gives_every_organization_once_and_in_order(database: Database) {
        let service = Service::start(&database);
        let mut created = Vec::new();
        let create = async || json!(service.organization().await.id);
        for _ in 0..11 {
            created.push(create().await);
        }
        for limit in [1, 2, 5, 11, 12, 100] {
            let listed = all(&service, "", "organizations", limit, async || ()).await;
            assert_eq!(listed, created, "{limit}");
        }
        // Those that come meanwhile stand at the end.
        let mut added = Vec::new();
        let listed = all(&service, "", "organizations", 4, async || {
            if added.len() < 5 {
                added.push(create().await);
            }
        });
        let listed = listed.await;
        created.extend(added);
        assert_eq!(listed, created);
    }

    async fn a_list_gives_every_record_once_and_in_order(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let stranger = service.organization().await.visitor().await;
        stranger.identify(json!({"externalId": "even"})).await.ok();
        let identify = async |parity: &str| {
            let visitor = organization.visitor().await;
            let email = format!("{parity}@example.com");
            visitor
                .identify(json!({"externalId": parity, "email": email}))
                .await
                .ok();
            // A second call does not move it.
            visitor.identify(json!({"name": "Jane"})).await.ok()
        };
        let mut records = Vec::new();
        for number in 0..60 {
            records.push(identify(if number % 2 == 0 { "even" } else { "odd" }).await);
        }
        let path = format!("/{}/identities", organization.id);
        for limit in [7, 20, 100] {
            let listed = all(&service, &path, "identities", limit, async || ()).await;
            assert_eq!(listed, ids(&records), "{limit}");
        }
        let first = get(&service, &path).await.ok();
        assert_eq!(first["identities"].as_array().unwrap().len(), 50);
        let even: Vec<_> = records.iter().step_by(2).cloned().collect();
        for filter in [
            "externalId=even",
            "email=even%40example.com",
            "externalId=even&email=even@example.com",
            "email=EVEN@Example.com",
        ] {
            let path = format!("{path}?{filter}");
            let listed = all(&service, &path, "identities", 7, async || ()).await;
            assert_eq!(listed, ids(&even), "{filter}");
        }
        for filter in [
            "externalId=Even",
            "externalId=",
            "email=even@example.org",
            "externalId=even&email=odd@example.com",
        ] {
            let none = get(&service, &format!("{path}?{filter}")).await.ok();
            assert_eq!(
                none,
                json!({"identities": [], "nextCursor": null}),
                "{filter}"
            );
        }
        let mut added = Vec::new();
        let listed = all(&service, &path, "identities", 9, async || {
            if added.len() < 5 {
                added.push(identify("new").await);
            }
        });
        let listed = listed.await;
        records.extend(added);
        assert_eq!(listed, ids(&records));
    }

    async fn a_listed_record_says_when_it_was_made_and_last_changed(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let visitor = organization.visitor().await;
        let path = format!("/{}/identities", organization.id);
        let record = async || get(&service, &path).await.ok()["identities"][0].clone();
        let mut expected = visitor.identify(json!({"metadata": {"a": [1]}})).await.ok();
        let first = record().await;
        expected["createdAt"] = first["createdAt"].clone();
        expected["updatedAt"] = first["createdAt"].clone();
        expected["vouchedBy"] = json!(null);
        expected["person"] = json!(null);
        assert_eq!(first, expected);
        visitor.identify(json!({"name": "Jane"})).await.ok();
        let second = record().await;
        assert_eq!(second["createdAt"], first["createdAt"]);
        assert!(
            second["updatedAt"].as_str() > first["updatedAt"].as_str(),
            "{second}"
        );
    }

    async fn an_erased_record_is_gone_with_its_visitor_whose_token_is_refused(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let (visitor, other) = (organization.visitor().await, organization.visitor().await);
        let params = json!({
            "name": "Canary", "email": "canary@example.com", "externalId": "canary",
            "metadata": {"canary": "canary"},
        });
        let record = visitor.identify(params).await.ok();
        let kept = other.identify(json!({"name": "Jane"})).await.ok();
        let path = format!("/{}/identities", organization.id);
        let one = format!("{path}/{}", record["id"].as_str().unwrap());
        let erased = call(&service, Method::DELETE, &one, None).await;
        assert_eq!((erased.status, erased.text.as_str()), (204, ""));

        for query in ["", "?externalId=canary", "?email=canary@example.com"] {
            let listed = get(&service, &format!("{path}{query}")).await;
            assert!(
                !listed.text.to_lowercase().contains("canary"),
                "{}",
                listed.text
            );
        }
        call(&service, Method::DELETE, &one, None)
            .await
            .is_problem(404, "identity_not_found");
        assert_eq!(other.identity().await.ok(), kept);

        for answer in [visitor.identity().await, visitor.identify(json!({"name": "Canary"})).await] {
            answer.is_problem(401, "invalid_visitor_token");
        }
        let rows = Session::open(&database).await.rows().await.concat();
        assert!(!rows.to_lowercase().contains("canary"), "{rows}");
    }

    async fn a_record_is_erased_by_its_own_organization_alone(database: Database) {
        let service = Service::start(&database);
        let (organization, other) = (service.organization().await, service.organization().await);
        let visitor = organization.visitor().await;
        let record = visitor.identify(json!({"name": "Jane"})).await.ok();
        for (organization, id) in [
            (&other.id, record["id"].as_str().unwrap()),
            (&organization.id, visitor.id.as_str()),
            (&organization.id, organization.id.as_str()),
        ] {
            let path = format!("/{organization}/identities/{id}");
            call(&service, Method::DELETE, &path, None)
                .await
                .is_problem(404, "identity_not_found");
        }
        assert_eq!(visitor.identity().await.ok(), record);
        let path = format!("/{}/identities", other.id);
        assert_eq!(get(&service, &path).await.ok()["identities"], json!([]));
    }

    async fn the_previous_secret_is_shown_until_it_is_retired(database: Database) {
        let service = Service::start(&database);
        let mut organization = service.organization().await;
        let path = format!("/{}", organization.id);
        let has_previous = async || get(&service, &path).await.ok()["hasPreviousSecret"].clone();
        let retire = async || {
            let path = format!("{path}/previous-secret");
            assert_eq!(
                call(&service, Method::DELETE, &path, None).await.status,
                204
            );
        };
        // Without a previous secret it is no fault.
        retire().await;
        assert_eq!(has_previous().await, false);
        organization.rotate_secret().await;
        assert_eq!(has_previous().await, true);
        retire().await;
        retire().await;
        assert_eq!(has_previous().await, false);
    }
}
