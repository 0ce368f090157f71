//! Every case of `tests/vectors/identity-hmac.json`.
#![cfg(feature = "std")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use identity_hmac::{
    IdentityKey, InputError, Keyring, VerificationFailed, VerifyError, generate_identity_hmac,
    verify_identity_hmac,
};
use serde_json::Value;

const VECTORS: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../tests/vectors/identity-hmac.json"
));

/// One case, whose inputs stand as text under their name or in hexadecimal under `<name>_hex`.
struct Case(Value);

impl Case {
    fn text(&self, field: &str) -> &str {
        self.0[field]
            .as_str()
            .unwrap_or_else(|| panic!("{}: no {field}", self.0))
    }

    /// The bytes of an input; `None` where the case says null.
    fn nullable(&self, field: &str) -> Option<Vec<u8>> {
        if let Some(digits) = self.0.get(format!("{field}_hex")) {
            return Some(hex::decode(digits.as_str().unwrap()).unwrap());
        }
        match &self.0[field] {
            Value::String(text) => Some(text.clone().into_bytes()),
            Value::Null if self.0.get(field).is_some() => None,
            other => panic!("{}: {field} is {other}", self.0),
        }
    }

    fn bytes(&self, field: &str) -> Vec<u8> {
        self.nullable(field)
            .unwrap_or_else(|| panic!("{}: {field} is null", self.0))
    }

    fn run(&self) {
        match self.text("kind") {
            "valid" => self.valid(),
            "accepted" => self.accepted(),
            "rejected" => self.rejected(),
            "refused" => self.refused(),
            "keyring" => self.keyring(),
            "setting_accepted" => self.setting_accepted(),
            "setting_refused" => self.setting_refused(),
            unknown => panic!("unknown kind of case: {unknown}"),
        }
    }

    fn valid(&self) {
        let (secret, visitor_id) = (self.bytes("secret"), self.bytes("visitor_id"));
        let expected = self.text("hmac");
        let key = IdentityKey::new(&secret).unwrap();
        assert_eq!(
            key.sign(&visitor_id).unwrap().to_hex(),
            expected,
            "{}",
            self.0
        );
        let one_call = generate_identity_hmac(&visitor_id, &secret).unwrap();
        assert_eq!(one_call.to_string(), expected, "{}", self.0);
        self.accepted();
    }

    fn accepted(&self) {
        let (secret, visitor_id) = (self.bytes("secret"), self.bytes("visitor_id"));
        let hmac = self.bytes("hmac");
        let key = IdentityKey::new(&secret).unwrap();
        assert_eq!(key.verify(&visitor_id, &hmac), Ok(()), "{}", self.0);
        assert_eq!(
            verify_identity_hmac(&visitor_id, &hmac, &secret),
            Ok(()),
            "{}",
            self.0
        );
        assert_eq!(
            Keyring::new(key).verify(&visitor_id, &hmac),
            Ok(()),
            "{}",
            self.0
        );
    }

    fn rejected(&self) {
        let (secret, visitor_id) = (self.bytes("secret"), self.bytes("visitor_id"));
        let hmac = self.bytes("hmac");
        let key = IdentityKey::new(&secret).unwrap();
        assert_eq!(
            key.verify(&visitor_id, &hmac),
            Err(VerificationFailed),
            "{}",
            self.0
        );
        assert_eq!(
            verify_identity_hmac(&visitor_id, &hmac, &secret),
            Err(VerifyError::Failed(VerificationFailed)),
            "{}",
            self.0
        );
        assert_eq!(
            Keyring::new(key).matched(&visitor_id, &hmac),
            None,
            "{}",
            self.0
        );
    }

    fn refused(&self) {
        let (secret, visitor_id) = (self.bytes("secret"), self.bytes("visitor_id"));
        let error = match self.text("operation") {
            "sign" => generate_identity_hmac(&visitor_id, &secret).unwrap_err(),
            "verify" => match verify_identity_hmac(&visitor_id, self.bytes("hmac"), &secret) {
                Err(VerifyError::Input(error)) => error,
                other => panic!("{}: {other:?}", self.0),
            },
            unknown => panic!("unknown operation: {unknown}"),
        };
        assert_eq!(error.code(), self.text("code"), "{}", self.0);
    }

    fn keyring(&self) {
        let mut keyring = Keyring::new(IdentityKey::new(self.bytes("current")).unwrap());
        if let Some(previous) = self.nullable("previous") {
            keyring = keyring.with_previous(IdentityKey::new(previous).unwrap());
        }
        let (visitor_id, hmac) = (self.bytes("visitor_id"), self.bytes("hmac"));
        let matched = keyring
            .matched(&visitor_id, &hmac)
            .map(|matched| matched.to_string());
        assert_eq!(matched.as_deref(), self.0["matched"].as_str(), "{}", self.0);
        assert_eq!(
            keyring.verify(&visitor_id, &hmac).is_ok(),
            matched.is_some(),
            "{}",
            self.0
        );
    }

    fn setting_accepted(&self) {
        let value = self.bytes("value");
        let key = IdentityKey::from_setting("IDENTITY_SECRET", Some(&value)).unwrap();
        assert_eq!(
            key.sign(self.bytes("visitor_id")).unwrap().to_hex(),
            self.text("hmac")
        );
    }

    fn setting_refused(&self) {
        let value = self.nullable("value");
        let error = IdentityKey::from_setting("SOME_NAME", value.as_deref()).unwrap_err();
        assert_eq!(error.code(), self.text("code"), "{}", self.0);
        let message = error.to_string();
        assert!(message.starts_with("SOME_NAME "), "{message}");
        assert!(!message.contains("s3cr"), "{message}");
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
    let case = Case(serde_json::json!({ "kind": "new", "name": "unheard of" }));
    assert!(std::panic::catch_unwind(|| case.run()).is_err());
}

#[test]
fn a_secret_from_the_environment_signs_as_the_same_secret_given_directly() {
    // Cargo sets this variable for every test that it runs.
    let from_env = IdentityKey::from_env("CARGO_PKG_NAME").unwrap();
    let direct = IdentityKey::new("identity-hmac").unwrap();
    assert!(from_env.sign("visitor_1") == direct.sign("visitor_1"));
}

#[test]
fn a_name_that_no_variable_can_have_is_an_unset_variable() {
    for name in ["", "=", "A=B", "A\0B"] {
        let error = IdentityKey::from_env(name).unwrap_err();
        assert_eq!(
            error,
            InputError::SecretUnset {
                name: name.to_owned()
            }
        );
    }
}
