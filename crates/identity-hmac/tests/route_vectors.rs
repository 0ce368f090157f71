//! Every case of `tests/vectors/route.json`.
#![cfg(all(feature = "std", feature = "route"))]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use identity_hmac::attributes::Patch;
use identity_hmac::route::{Request, Response, SigningKey, User, VisitorIds, respond};
use identity_hmac::{IdentityKey, InputError, TokenKey};
use serde_json::{Map, Value, json};

const VECTORS: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../tests/vectors/route.json"
));

struct Case(Value);

impl Case {
    fn run(&self) {
        match self.0["kind"].as_str() {
            Some("answered") => self.answered(),
            Some("not_answered") => self.is_error(&self.respond().unwrap_err()),
            Some("user_refused") => self.is_error(&self.user().unwrap_err()),
            unknown => panic!("unknown kind of case: {unknown:?}"),
        }
    }

    fn key(&self) -> SigningKey {
        if let Some(text) = self.0["token_key"].as_str() {
            return TokenKey::parse(text).unwrap().into();
        }
        let secret = self.0["key"].as_str().unwrap();
        IdentityKey::new(secret).unwrap().into()
    }

    fn user(&self) -> Result<Option<User>, InputError> {
        let Value::Object(given) = &self.0["user"] else {
            return Ok(None);
        };
        let mut user = User::new(given["external_id"].as_str().unwrap())?;
        let patch = |value: &Value| match value {
            Value::Null => Patch::Clear,
            value => Patch::Set(value.as_str().unwrap().to_owned()),
        };
        if let Some(name) = given.get("name") {
            user = user.name(patch(name));
        }
        if let Some(email) = given.get("email") {
            user = user.email(patch(email));
        }
        if let Some(metadata) = given.get("metadata") {
            user = user.metadata_json(&metadata.to_string())?;
        }
        Ok(Some(user))
    }

    fn respond(&self) -> Result<Response, InputError> {
        let given = &self.0["request"];
        let text = |field: &str| given[field].as_str().unwrap();
        let request = Request::new(text("method"), text("query"))
            .sec_fetch_site(given["sec_fetch_site"].as_str())
            .remaining_path(text("remaining_path"));
        let ids = self.0["visitor_ids"].as_array();
        let is_one_of_them = |id: &str| ids.unwrap().contains(&Value::from(id));
        let visitor_ids = match ids {
            Some(_) => VisitorIds::Matching(&is_one_of_them),
            None => VisitorIds::Uuid,
        };
        let now = self.0["now"].as_u64().unwrap();
        respond(
            &self.key(),
            visitor_ids,
            &request,
            self.user()?.as_ref(),
            now,
        )
    }

    fn answered(&self) {
        let response = match self.respond() {
            Ok(response) => response,
            Err(error) => panic!("{}: {error}", self.0["name"]),
        };
        let headers = response.headers.iter();
        let written = json!({
            "status": response.status,
            "headers": headers.map(|&(name, value)| (name.to_owned(), value.into())).collect::<Map<_, _>>(),
            "body": response.body,
        });
        assert_eq!(written, self.0["answer"], "{}", self.0["name"]);
        assert_eq!(
            response.headers.len(),
            self.0["answer"]["headers"].as_object().unwrap().len()
        );
        if response.status != 200 {
            for secret in ["s3cret", "itk_", "0190f7a2", "user_123"] {
                assert!(!response.body.contains(secret), "{}", response.body);
            }
        }
    }

    fn is_error(&self, error: &InputError) {
        assert_eq!(self.0["code"], error.code(), "{}", self.0["name"]);
        if let InputError::InvalidClaim(claim) = error {
            assert_eq!(json!(claim.field()), self.0["field"], "{}", self.0["name"]);
        }
        for secret in ["0190f7a2", "user_123", "jane"] {
            let message = error.to_string().replace("jane@example.com", "");
            assert!(!message.contains(secret), "{message}");
        }
    }
}

#[test]
fn every_case_of_the_shared_vectors_holds() {
    let Value::Object(mut document) = serde_json::from_str(VECTORS).unwrap() else {
        panic!("the vectors are not an object");
    };
    let Some(Value::Array(cases)) = document.remove("cases") else {
        panic!("the vectors hold no cases");
    };
    assert!(!cases.is_empty());
    for case in cases {
        Case(case).run();
    }
}

#[test]
fn a_case_of_an_unknown_kind_fails() {
    let case = Case(json!({ "kind": "new", "name": "unheard of" }));
    assert!(std::panic::catch_unwind(|| case.run()).is_err());
}

#[test]
fn nothing_of_a_request_a_user_or_a_proof_shows_in_debug() {
    let key = IdentityKey::new("s3cret").unwrap().into();
    let request = Request::new("GET", "visitorId=0190f7a2-7c4e-7b1a-9d55-3f1c2b6a8e90");
    let user = User::new("user_123").unwrap().email("jane@example.com");
    let response = respond(&key, VisitorIds::Uuid, &request, Some(&user), 0).unwrap();
    assert_eq!(format!("{key:?}"), "Identity(IdentityKey { .. })");
    assert_eq!(format!("{request:?}"), "Request { .. }");
    assert_eq!(format!("{user:?}"), "User { .. }");
    assert_eq!(format!("{response:?}"), "Response { status: 200, .. }");
    assert_eq!(
        format!("{:?}", VisitorIds::Matching(&|_| true)),
        "Matching(..)"
    );
}
