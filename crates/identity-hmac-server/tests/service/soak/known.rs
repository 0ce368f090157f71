//! A visitor, and what the service may hold of it.

use serde_json::{Value, json};

use crate::harness::Visitor;

/// What a token says.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) kid: String,
    pub(super) issued_at: u64,
    pub(super) user: String,
    /// The attributes, as `identify()` names them.
    pub(super) claims: Value,
}

/// What the service may hold.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    /// What the visitor says; null where there is no record.
    record: Value,
    /// What tokens have verified; null where none has.
    person: Value,
    /// The `personId`; null until the service has told it.
    person_id: Value,
    /// The key of the last token.
    kid: String,
    /// When the newest token was signed.
    newest: u64,
}

impl State {
    /// After a call of a visitor.
    pub(super) fn say(&mut self, visitor: &Visitor, params: &Value, is_verified: bool) {
        json_patch::merge(&mut self.record, params);
        self.record["anonymousUserId"] = json!(visitor.id);
        self.record["hmacVerified"] = json!(is_verified);
    }

    /// After a token.
    pub(super) fn verify(&mut self, said: &Said) {
        self.kid.clone_from(&said.kid);
        if said.issued_at >= self.newest {
            self.newest = said.issued_at;
            self.person["externalId"] = json!(said.user);
            json_patch::merge(&mut self.person, &said.claims);
        }
    }

    /// The record as the visitor reads it: what is verified stands over what the visitor says.
    fn shown(&self) -> Value {
        let mut shown = self.record.clone();
        let Some(person) = self.person.as_object() else {
            return shown;
        };
        let mut names = Vec::new();
        for (name, value) in person {
            let Some(members) = value.as_object() else {
                shown[name] = value.clone();
                names.push(name.clone());
                continue;
            };
            for (key, value) in members {
                shown[name][key] = value.clone();
                names.push(format!("{name}.{key}"));
            }
        }
        names.sort_unstable();
        shown["verifiedAttributes"] = json!(names);
        shown["verification"] = json!({"method": "token", "keyId": self.kid});
        shown["personId"] = self.person_id.clone();
        shown
    }
}

/// A visitor.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) visitor: Visitor,
    /// The second one is of a write whose answer was lost. There is none when the record was erased.
    pub(super) states: Vec<State>,
    /// Its record was asked to be erased, with which the visitor goes: the next read shows it.
    pub(super) is_leaving: bool,
}

impl Known {
    pub(super) fn new(visitor: Visitor) -> Self {
        Self {
            visitor,
            states: vec![State::default()],
            is_leaving: false,
        }
    }

    /// Takes what the service tells, which has to be one of what it may hold.
    pub(super) fn settle(&mut self, told: &Value) {
        let told = present(told);
        let fits = |state: &&State| {
            let mut state = (*state).clone();
            state.learn(&told);
            state.shown() == told
        };
        let Some(state) = self.states.iter().find(fits) else {
            panic!("{self:?} was told as {told}");
        };
        let mut state = state.clone();
        state.learn(&told);
        self.states = vec![state];
        self.is_leaving = false;
    }

    /// Takes what the service tells while no token is valid: what the visitor says, and no more.
    pub(super) fn assert_unverified(&self, told: &Value) {
        let [state] = &self.states[..] else {
            panic!("{self:?} is not certain");
        };
        assert_eq!(present(told), state.record);
    }

    /// Takes what the service tells an admin of the person.
    pub(super) fn assert_person(&self, mut told: Value) {
        if let Some(person) = told.as_object_mut() {
            person.retain(|name, _| !matches!(name.as_str(), "id" | "createdAt" | "verifiedAt"));
        }
        assert_eq!(present(&told), self.states[0].person);
    }

    /// Whether a token has verified it.
    pub(super) fn is_pinned(&self) -> bool {
        !self.states[0].person.is_null()
    }

    pub(super) fn is_certain(&self) -> bool {
        self.states.len() == 1 && !self.is_leaving
    }

    /// The id of the record, where it is certain that there is one.
    pub(super) fn id(&self) -> Option<String> {
        let [state] = &self.states[..] else {
            return None;
        };
        Some(state.record["id"].as_str()?.to_owned())
    }
}

impl State {
    /// Takes the ids, which the service alone makes, where they are not known yet.
    fn learn(&mut self, told: &Value) {
        if self.record.is_object() && self.record["id"].is_null() {
            self.record["id"] = told["id"].clone();
        }
        if self.person.is_object() && self.person_id.is_null() {
            self.person_id = told["personId"].clone();
        }
    }
}

/// What a service tells, without members that are null, lists that are empty, the times of the
/// verification, and what was ignored.
fn present(told: &Value) -> Value {
    let mut told = told.clone();
    if let Some(names) = told
        .get_mut("verifiedAttributes")
        .and_then(Value::as_array_mut)
    {
        names.sort_unstable_by_key(Value::to_string);
    }
    if let Some(verification) = told.get_mut("verification").and_then(Value::as_object_mut) {
        verification.retain(|name, _| name != "verifiedAt" && name != "verifiedUntil");
    }
    if let Some(members) = told.as_object_mut() {
        members.retain(|name, value| name != "ignored" && !value.is_null() && *value != json!([]));
    }
    told
}
