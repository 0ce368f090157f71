//! Every case of `tests/vectors/identity-token.json`.
#![cfg(all(feature = "std", feature = "token"))]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use identity_hmac::attributes::Patch;
use identity_hmac::{
    IdentityClaims, InputError, TokenError, TokenKey, TokenKeyring, VerifiedClaims,
};
use serde_json::{Map, Value, json};

const VECTORS: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../tests/vectors/identity-token.json"
));

struct Case(Value);

impl Case {
    fn text(&self, field: &str) -> &str {
        self.0[field]
            .as_str()
            .unwrap_or_else(|| panic!("{}: no {field}", self.0))
    }

    fn run(&self) {
        match self.text("kind") {
            "accepted" => self.accepted(),
            "refused" => self.refused(),
            "signed" => self.signed(),
            "not_signed" => self.not_signed(),
            "key_accepted" => self.key_accepted(),
            "key_refused" => self.key_refused(),
            unknown => panic!("unknown kind of case: {unknown}"),
        }
    }

    fn verify(&self) -> Result<VerifiedClaims, TokenError> {
        let key = |index: usize| {
            let text = self.0["keys"].get(index)?.as_str().unwrap();
            Some(TokenKey::parse(text).unwrap())
        };
        let mut keyring = TokenKeyring::new(key(0).unwrap());
        if let Some(previous) = key(1) {
            keyring = keyring.with_previous(previous);
        }
        if let Some(seconds) = self.0["max_lifetime"].as_u64() {
            keyring = keyring.with_max_lifetime(seconds).unwrap();
        }
        if let Some(time) = self.0["tokens_valid_after"].as_u64() {
            keyring = keyring.with_tokens_valid_after(time);
        }
        let now = self.0["now"].as_u64().unwrap();
        let audience = self.0["audience"].as_str();
        keyring.verify(self.text("token"), self.text("visitor_id"), audience, now)
    }

    fn accepted(&self) {
        let claims = match self.verify() {
            Ok(claims) => claims,
            Err(error) => panic!("{}: {error}", self.0["name"]),
        };
        let mut written = json!({
            "visitor_id": claims.visitor_id,
            "external_id": claims.external_id,
            "issued_at": claims.issued_at,
            "expires_at": claims.expires_at,
            "key_id": claims.key_id,
        });
        let object = written.as_object_mut().unwrap();
        insert(object, "name", claims.name);
        insert(object, "email", claims.email);
        insert(object, "metadata", claims.metadata);
        let mut expected = self.0["claims"].clone();
        for time in ["issued_at", "expires_at"] {
            expected[time] = expected[time].as_f64().into();
        }
        assert_eq!(written, expected, "{}", self.0["name"]);
    }

    fn refused(&self) {
        let error = match self.verify() {
            Ok(claims) => panic!("{}: {claims:?}", self.0["name"]),
            Err(error) => error,
        };
        let found = json!([error.code(), error.field(), error.reason()]);
        let expected = json!([self.0["code"], self.0["field"], self.0["reason"]]);
        assert_eq!(found, expected, "{}", self.0["name"]);
        let message = error.to_string();
        assert!(message.ends_with(&error.remedy()), "{message}");
        if let (Some(field), Some(_)) = (error.field(), error.reason()) {
            assert!(message.contains(field), "{message}");
        }
        assert!(!message.contains("user_123"), "{message}");
    }

    fn sign(&self) -> Result<String, InputError> {
        let key = TokenKey::parse(self.text("key")).unwrap();
        let given = &self.0["claims"];
        let text = |name: &str| given[name].as_str().unwrap();
        let mut claims = IdentityClaims::new(text("visitor_id"), text("external_id"));
        let patch = |name: &str| match given.get(name)? {
            Value::Null => Some(Patch::Clear),
            value => Some(Patch::Set(value.as_str().unwrap().to_owned())),
        };
        if let Some(name) = patch("name") {
            claims = claims.name(name);
        }
        if let Some(email) = patch("email") {
            claims = claims.email(email);
        }
        if let Some(metadata) = given.get("metadata") {
            claims = claims.metadata_json(&metadata.to_string())?;
        }
        if let Some(audience) = given["audience"].as_str() {
            claims = claims.audience(audience);
        }
        if let Some(seconds) = given["expires_in"].as_u64() {
            claims = claims.expires_in(seconds);
        }
        key.sign(&claims, self.0["now"].as_u64().unwrap())
    }

    fn signed(&self) {
        assert_eq!(
            self.sign().unwrap(),
            self.text("token"),
            "{}",
            self.0["name"]
        );
    }

    fn not_signed(&self) {
        let error = self.sign().unwrap_err();
        assert_eq!(error.code(), self.text("code"), "{}", self.0["name"]);
        let field = self.0["field"].as_str().unwrap_or_default();
        let message = error.to_string();
        assert!(message.contains(field), "{message}");
    }

    fn key_accepted(&self) {
        let value = self.text("value");
        let key = TokenKey::from_setting("SOME_NAME", Some(value.as_bytes())).unwrap();
        assert_eq!(key.key_id(), self.text("key_id"));
        assert_eq!(
            TokenKey::parse(value).unwrap().key_id(),
            self.text("key_id")
        );
    }

    fn key_refused(&self) {
        let value = self.0["value"].as_str();
        let read = TokenKey::from_setting("SOME_NAME", value.map(str::as_bytes));
        let error = read.unwrap_err();
        assert_eq!(error.code(), self.text("code"), "{}", self.0);
        let message = error.to_string();
        assert!(message.starts_with("SOME_NAME "), "{message}");
        assert!(!message.contains("0001020304"), "{message}");
        assert!(TokenKey::parse(value.unwrap_or_default()).is_err());
    }
}

fn insert<T: Into<Value>>(object: &mut Map<String, Value>, name: &str, patch: Patch<T>) {
    let value = match patch {
        Patch::Keep => return,
        Patch::Clear => Value::Null,
        Patch::Set(value) => value.into(),
    };
    object.insert(name.to_owned(), value);
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
