//! The OpenAPI document beside what the service does: it takes the bodies that the document allows,
//! and answers what the document says.

use std::collections::BTreeSet;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Answer, Database, Organization, Service, http};

/// The document, as a judge of JSON. It knows the keywords that the document uses and no other, so
/// that no keyword goes unheeded.
struct Document(Value);

impl Document {
    async fn of(service: &Service) -> Self {
        Self(service.admin_get("/openapi.json").await.ok())
    }

    fn operation(&self, method: &str, path: &str) -> &Value {
        let operation = &self.0["paths"][path][method];
        assert!(operation.is_object(), "{method} {path} is not described");
        operation
    }

    /// Whether a body may be sent there.
    fn takes(&self, method: &str, path: &str, body: &Value) -> bool {
        let operation = self.operation(method, path);
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        assert!(schema.is_object(), "{method} {path} takes no body");
        self.fault(schema, body).is_none()
    }

    /// Sees that an answer is one that is described.
    #[track_caller]
    fn describes(&self, method: &str, path: &str, answer: &Answer) {
        let told = format!("{method} {path} was answered {answer:?}");
        let response = &self.operation(method, path)["responses"][answer.status.to_string()];
        assert!(response.is_object(), "{told}");
        let Some(content) = response["content"].as_object() else {
            assert_eq!(answer.text, "", "{told}");
            return;
        };
        let kind = answer.headers["content-type"].to_str().unwrap();
        let content = content.get(kind).unwrap_or_else(|| panic!("{told}"));
        let fault = self.fault(&content["schema"], &answer.body);
        assert_eq!(fault, None, "{told}");
        let known = self.members(&content["schema"]);
        for member in answer
            .body
            .as_object()
            .into_iter()
            .flat_map(|body| body.keys())
        {
            assert!(
                known.contains(member.as_str()),
                "{member} is not described: {told}"
            );
        }
    }

    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let reference = schema["$ref"].as_str();
        reference.map_or(schema, |path| self.0.pointer(&path[1..]).unwrap())
    }

    /// The members that a schema names.
    fn members(&self, schema: &Value) -> BTreeSet<String> {
        let schema = self.resolve(schema);
        let own = schema["properties"]
            .as_object()
            .into_iter()
            .flat_map(|own| own.keys().cloned());
        let parts = schema["allOf"].as_array().into_iter().flatten();
        own.chain(parts.flat_map(|part| self.members(part)))
            .collect()
    }

    /// The keyword that a value does not keep to.
    fn fault(&self, schema: &Value, value: &Value) -> Option<String> {
        let schema = self.resolve(schema).as_object().unwrap();
        let keeps = |keyword: &str, rule: &Value| match keyword {
            "description" | "example" | "title" | "propertyNames" => true,
            "type" => match rule {
                Value::Array(types) => types.iter().any(|name| is_of_type(value, name)),
                name => is_of_type(value, name),
            },
            "enum" => rule.as_array().unwrap().contains(value),
            "minItems" => value
                .as_array()
                .is_none_or(|items| items.len() as u64 >= rule.as_u64().unwrap()),
            "maxLength" => length(value).is_none_or(|length| length <= rule.as_u64().unwrap()),
            "minimum" => value
                .as_f64()
                .is_none_or(|value| value >= rule.as_f64().unwrap()),
            "maximum" => value
                .as_f64()
                .is_none_or(|value| value <= rule.as_f64().unwrap()),
            "pattern" => {
                assert_eq!(rule, r"\S", "a pattern that is not known here");
                value.as_str().is_none_or(|text| !text.trim().is_empty())
            }
            "format" => value.as_str().is_none_or(|text| has_format(text, rule)),
            "required" => value.as_object().is_none_or(|members| {
                let mut required = rule.as_array().unwrap().iter();
                required.all(|name| members.contains_key(name.as_str().unwrap()))
            }),
            "properties" => value.as_object().is_none_or(|members| {
                members.iter().all(|(name, value)| {
                    rule.get(name)
                        .is_none_or(|schema| self.fault(schema, value).is_none())
                })
            }),
            "additionalProperties" => value.as_object().is_none_or(|members| {
                let known = schema.get("properties");
                let is_known = |name: &String| known.is_some_and(|known| known[name].is_object());
                *rule != json!(false) || members.keys().all(is_known)
            }),
            "items" => value
                .as_array()
                .is_none_or(|items| items.iter().all(|item| self.fault(rule, item).is_none())),
            "oneOf" => {
                let mut parts = rule.as_array().unwrap().iter();
                parts.any(|part| self.fault(part, value).is_none())
            }
            "allOf" => rule
                .as_array()
                .unwrap()
                .iter()
                .all(|part| self.fault(part, value).is_none()),
            _ => panic!("{keyword} is not known here"),
        };
        let mut rules = schema.iter();
        rules
            .find(|(keyword, rule)| !keeps(keyword, rule))
            .map(|(keyword, _)| keyword.clone())
    }
}

fn is_of_type(value: &Value, name: &Value) -> bool {
    match name.as_str().unwrap() {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        name => panic!("{name} is not known here"),
    }
}

fn length(value: &Value) -> Option<u64> {
    Some(value.as_str()?.chars().count() as u64)
}

fn has_format(text: &str, format: &Value) -> bool {
    match format.as_str().unwrap() {
        "uuid" => text.parse::<Uuid>().is_ok(),
        "email" => text
            .split_once('@')
            .is_some_and(|(_, domain)| domain.contains('.')),
        "date-time" => text.len() >= 20 && text.contains('T') && text.ends_with('Z'),
        "date" => text.len() == 10,
        // Of numbers alone.
        "int32" => true,
        format => panic!("{format} is not known here"),
    }
}

/// Values of every type, and texts at the edges of what is taken.
fn values() -> Vec<Value> {
    let mut values = vec![
        json!(null),
        json!(true),
        json!(7),
        json!([]),
        json!({}),
        json!({"plan": "pro"}),
        json!(["https://shop.example"]),
        json!([7]),
        json!(["https://shop.example", null]),
        json!(59),
        json!(60),
        json!(300),
        json!(86_400),
        json!(2_592_000),
        json!(2_592_001),
        json!(300.5),
        json!("2026-01-31T12:00:00Z"),
        json!(format!("{}@example.com", "x".repeat(308))),
        json!(format!("{}@example.com", "x".repeat(309))),
    ];
    let texts = [
        "",
        " ",
        "x",
        "off",
        "observe",
        "required",
        "Off",
        "ignore",
        "reject",
        "jane@example.com",
    ];
    values.extend(texts.map(Value::from));
    values.extend([256, 257].map(|chars| json!("é".repeat(chars))));
    values
}

fn create(organization: &Organization) -> RequestBuilder {
    organization.admin(Method::POST, "")
}

#[tokio::test]
async fn a_body_is_taken_if_and_only_if_the_document_allows_it() {
    let database = Database::sqlite();
    let service = Service::start(&database);
    let document = Document::of(&service).await;
    let organization = service.organization().await;
    // So that it may require a token.
    organization.make_token_key().await.ok();
    let visitor = organization.visitor().await;
    let changed = format!("/{}", organization.id);
    let one = "/v1/admin/organizations/{id}";
    let of_organization = [
        "name",
        "verification",
        "allowedOrigins",
        "suspended",
        "acceptedProofs",
        "unsignedAttributes",
        "identitySession",
        "maxTokenLifetime",
        "tokensValidAfter",
        "other",
    ];
    let backend = organization.backend().await;
    let identity = format!("/visitors/{}/identity", visitor.id);
    let calls: [(_, _, _, &[&str], &dyn Fn() -> RequestBuilder); 4] = [
        // Any value may be tried as an hmac.
        (
            "post",
            "/v1/identify",
            json!({}),
            &["name", "email", "externalId", "metadata", "other"],
            &|| visitor.request(),
        ),
        // Another external id would be another user's.
        (
            "post",
            "/v1/server/visitors/{visitorId}/identity",
            json!({}),
            &["name", "email", "metadata", "hmac", "token"],
            &|| backend.request(Method::POST, &identity),
        ),
        (
            "post",
            "/v1/admin/organizations",
            json!({"name": "Shop"}),
            &of_organization,
            &|| create(&organization),
        ),
        ("patch", one, json!({}), &of_organization, &|| {
            organization.admin(Method::PATCH, &changed)
        }),
    ];
    let (mut taken, mut refused) = (0, 0);
    for (method, path, base, fields, request) in calls {
        let mut bodies = vec![base.clone(), json!({}), json!([]), json!(null)];
        for field in fields {
            let proofs = [json!(["token"]), json!(["token", "hmac"]), json!(["other"])];
            // As origins they would be wrong, which no schema says.
            let proofs = proofs.into_iter().filter(|_| *field == "acceptedProofs");
            bodies.extend(values().into_iter().chain(proofs).map(|value| {
                let mut body = base.clone();
                body[field] = value;
                body
            }));
        }
        for body in bodies {
            let answer = Answer::to(request().json(&body)).await;
            let expected = document.takes(method, path, &body);
            assert_eq!(
                answer.status < 300,
                expected,
                "{method} {path} {body}: {answer:?}"
            );
            assert!(answer.status < 300 || answer.status == 422, "{answer:?}");
            document.describes(method, path, &answer);
            *(if expected { &mut taken } else { &mut refused }) += 1;
        }
    }
    assert!(taken > 30 && refused > 100, "{taken} {refused}");
}

#[tokio::test]
async fn every_answer_to_a_page_is_one_that_the_document_describes() {
    let database = Database::sqlite();
    let service = Service::start(&database);
    let document = Document::of(&service).await;
    let organization = service.organization().await;
    let (visitor, other) = (organization.visitor().await, organization.visitor().await);
    let url = |path: &str| format!("{}/v1/{path}", service.url);
    let visitors = || http().post(url("visitors"));
    let identify = |body: Value| visitor.request().json(&body);
    for (method, path, request) in [
        (
            "post",
            "/v1/visitors",
            visitors().header("x-organization-key", &organization.key),
        ),
        ("post", "/v1/visitors", visitors()),
        (
            "post",
            "/v1/identify",
            identify(json!({"metadata": {"plan": "pro"}})),
        ),
        ("post", "/v1/identify", identify(json!({"name": 7}))),
        ("post", "/v1/identify", identify(json!("x".repeat(70_000)))),
        ("post", "/v1/identify", visitor.request().body("{}")),
        (
            "post",
            "/v1/identify",
            http().post(url("identify")).json(&json!({})),
        ),
        ("get", "/v1/identity", visitor.identity_request()),
        ("get", "/v1/identity", other.identity_request()),
        ("get", "/v1/identity", http().get(url("identity"))),
    ] {
        document.describes(method, path, &Answer::to(request).await);
    }
}

#[tokio::test]
async fn every_answer_to_a_backend_is_one_that_the_document_describes() {
    let database = Database::sqlite();
    let service = Service::start(&database);
    let document = Document::of(&service).await;
    let organization = service.organization().await;
    let backend = organization.backend().await;
    let [visitor, other] = [organization.visitor().await, organization.visitor().await];
    let told = json!({"externalId": "user_1", "metadata": {"plan": "pro"}});
    let (identities, identity) = (
        "/v1/server/identities",
        "/v1/server/visitors/{visitorId}/identity",
    );
    for (method, path, answer) in [
        ("post", identity, backend.identify(&visitor, told).await),
        (
            "post",
            identity,
            backend.identify(&visitor, json!({"name": 7})).await,
        ),
        ("get", identity, backend.identity(&visitor).await),
        ("get", identity, backend.identity(&other).await),
        (
            "get",
            identity,
            Answer::to(backend.request(Method::GET, "/visitors/x/identity")).await,
        ),
        (
            "get",
            identity,
            backend.with_key("x").identity(&visitor).await,
        ),
        ("get", identities, backend.identities("").await),
        (
            "get",
            identities,
            backend.identities("?externalId=user_1&limit=1").await,
        ),
        ("get", identities, backend.identities("?limit=0").await),
        (
            "get",
            identities,
            backend.with_key("x").identities("").await,
        ),
    ] {
        document.describes(method, path, &answer);
    }
}

/// Each path below `/v1/admin/organizations`, and calls of it: of an organization and of none.
const ADMIN_CALLS: &[(&str, &str, &[&str])] = &[
    ("get", "", &["", "?limit=1", "?limit=0"]),
    ("get", "/{id}", &["/ONE", "/NONE"]),
    ("patch", "/{id}", &["/ONE", "/NONE"]),
    (
        "get",
        "/{id}/identities",
        &[
            "/ONE/identities",
            "/ONE/identities?limit=1",
            "/NONE/identities",
            "/ONE/identities?x=1",
        ],
    ),
    (
        "post",
        "/{id}/api-keys",
        &[
            "/ONE/api-keys",
            "/ONE/api-keys",
            "/ONE/api-keys",
            "/NONE/api-keys",
        ],
    ),
    (
        "get",
        "/{id}/api-keys",
        &["/ONE/api-keys", "/NONE/api-keys"],
    ),
    (
        "delete",
        "/{id}/api-keys/{keyId}",
        &["/ONE/api-keys/KEY", "/ONE/api-keys/KEY"],
    ),
    (
        "post",
        "/{id}/token-keys",
        &[
            "/ONE/token-keys",
            "/ONE/token-keys",
            "/ONE/token-keys",
            "/NONE/token-keys",
        ],
    ),
    (
        "get",
        "/{id}/token-keys",
        &["/ONE/token-keys", "/NONE/token-keys"],
    ),
    (
        "delete",
        "/{id}/token-keys/{kid}",
        &["/ONE/token-keys/KID", "/ONE/token-keys/KID"],
    ),
    (
        "get",
        "/{id}/verification-stats",
        &[
            "/ONE/verification-stats",
            "/NONE/verification-stats",
            "/ONE/verification-stats?days=0",
        ],
    ),
    (
        "post",
        "/{id}/rotate-secret",
        &[
            "/ONE/rotate-secret",
            "/ONE/rotate-secret",
            "/ONE/rotate-secret?force=true",
            "/ONE/rotate-secret?force=x",
            "/NONE/rotate-secret",
        ],
    ),
    (
        "post",
        "/{id}/revoke-visitor-tokens",
        &["/ONE/revoke-visitor-tokens", "/NONE/revoke-visitor-tokens"],
    ),
    (
        "delete",
        "/{id}/previous-secret",
        &["/ONE/previous-secret", "/NONE/previous-secret"],
    ),
    (
        "get",
        "/{id}/identities/export",
        &[
            "/ONE/identities/export?externalId=canary",
            "/NONE/identities/export?externalId=canary",
            "/ONE/identities/export?externalId=canary&email=canary@example.com",
        ],
    ),
    (
        "delete",
        "/{id}/identities",
        &[
            "/ONE/identities?externalId=nobody",
            "/NONE/identities?externalId=nobody",
            "/ONE/identities",
        ],
    ),
    (
        "delete",
        "/{id}/identities/{identityId}",
        &["/ONE/identities/RECORD", "/ONE/identities/RECORD"],
    ),
];

#[tokio::test]
async fn every_answer_to_the_admin_is_one_that_the_document_describes() {
    let database = Database::sqlite();
    let service = Service::start(&database);
    let document = Document::of(&service).await;
    let organization = service.organization().await;
    organization.verification("observe").await;
    let visitor = organization.visitor().await;
    let params = json!({"externalId": "canary", "hmac": organization.sign(&visitor)});
    let record = visitor.identify(params).await.ok();
    let none = Uuid::new_v4().to_string();
    let key = organization.backend().await.key_id;
    let token_key = organization.make_token_key().await.ok();
    let kid = token_key["kid"].as_str().unwrap();
    for (name, path, calls) in ADMIN_CALLS {
        let method = Method::from_bytes(name.to_uppercase().as_bytes()).unwrap();
        let path = format!("/v1/admin/organizations{path}");
        for call in *calls {
            let call = call
                .replace("NONE", &none)
                .replace("ONE", &organization.id)
                .replace("KEY", &key)
                .replace("KID", kid)
                .replace("RECORD", record["id"].as_str().unwrap());
            let mut request = organization.admin(method.clone(), &call);
            if method == Method::PATCH {
                request = request.json(&json!({}));
            }
            document.describes(name, &path, &Answer::to(request).await);
            let stranger = organization.admin(method.clone(), &call).bearer_auth("x");
            document.describes(name, &path, &Answer::to(stranger).await);
        }
    }
    let described = document.0["paths"].as_object().unwrap().keys();
    let described = described.filter_map(|path| path.strip_prefix("/v1/admin/organizations"));
    for path in described {
        assert!(
            ADMIN_CALLS.iter().any(|(_, called, _)| called == &path),
            "{path} is not called"
        );
    }
}
