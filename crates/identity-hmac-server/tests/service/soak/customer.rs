//! A customer: its admin, its backend and its visitors, who know what the service has to know.

use std::sync::Arc;
use std::time::Duration;

use identity_hmac::{generate_identity_hmac, generate_secret};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Map, Value, json};
use tokio::time::{MissedTickBehavior, interval};

use super::Soak;
use super::malformed::malformed;
use crate::harness::{Answer, Organization, Service, Visitor, http, kept};

/// How often a customer calls.
const EVERY: Duration = Duration::from_millis(40);

/// What came of a customer's calls.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) requests: usize,
    /// Writes that were answered with success.
    pub(super) acknowledged: usize,
    /// Malformed requests, all answered as they have to be.
    pub(super) malformed: usize,
    /// Calls that failed in the window of a fault.
    pub(super) failed_in_faults: usize,
    /// Calls that failed at any other time.
    pub(super) failed: Vec<String>,
}

/// A visitor, and what its record may be.
#[derive(Debug)]
struct Known {
    visitor: Visitor,
    /// Null where there is no record. The second one is of a write whose answer was lost. There is none
    /// when the record was erased.
    records: Vec<Value>,
    /// Its record was asked to be erased, with which the visitor goes: the next read shows it.
    is_leaving: bool,
}

impl Known {
    /// Takes what the service says the record is, which has to be one of those that it may be.
    fn settle(&mut self, told: Value) {
        let fits = |record: &Value| {
            let mut record = record.clone();
            // A record that is made anew has an id that nobody knew.
            if record.is_object() && record["id"].is_null() {
                record["id"] = told["id"].clone();
            }
            record == told
        };
        assert!(self.records.iter().any(fits), "{self:?} was told as {told}");
        self.records = vec![told];
        self.is_leaving = false;
    }

    fn is_certain(&self) -> bool {
        self.records.len() == 1 && !self.is_leaving
    }

    /// The id of the record, where it is certain that there is one.
    fn id(&self) -> Option<String> {
        let [record] = &self.records[..] else {
            return None;
        };
        Some(record["id"].as_str()?.to_owned())
    }
}

/// A record without the members that are null, and without the lists that are empty.
fn present(mut record: Value) -> Value {
    if let Some(members) = record.as_object_mut() {
        members.retain(|_, value| !value.is_null() && *value != json!([]));
    }
    record
}

/// A change of an organization's secrets.
#[derive(Clone, Copy, Debug)]
enum Change {
    Rotation,
    Retirement,
}

/// One customer, whose organization nobody else calls for.
#[derive(Debug)]
pub(super) struct Customer {
    soak: Arc<Soak>,
    client: Client,
    verification: &'static str,
    organization: Organization,
    /// The secret before, while it verifies.
    previous: Option<String>,
    /// A secret that does not verify.
    stale: String,
    /// A change of the secrets whose answer was lost: it is made again.
    lost: Option<Change>,
    known: Vec<Known>,
    /// The turns of the window of faults when the service was last looked up.
    turns: usize,
    pub(super) tally: Tally,
}

impl Customer {
    pub(super) async fn new(soak: &Arc<Soak>, verification: &'static str) -> Self {
        let organization = soak.service().organization().await;
        organization.verification(verification).await;
        let mut customer = Self {
            soak: soak.clone(),
            client: kept(),
            verification,
            organization,
            previous: None,
            stale: generate_secret().unwrap().clone(),
            lost: None,
            known: Vec::new(),
            turns: 0,
            tally: Tally::default(),
        };
        customer.make_visitor().await;
        customer
    }

    /// Calls until the soak is over, and reads every record after every fault.
    pub(super) async fn call_until_the_end(mut self) -> Self {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut checked = self.soak.window.turns();
        while !self.soak.is_over() {
            ticks.tick().await;
            self.call_at_random().await;
            let turns = self.soak.window.turns();
            if turns.is_multiple_of(2) && turns != checked {
                self.read_all().await;
                checked = turns;
            }
        }
        self
    }

    /// Reads every record. Each has to be what its visitor knows.
    pub(super) async fn read_all(&mut self) {
        // From the end: a visitor who is gone leaves its place to the last one, which was read already.
        for who in (0..self.known.len()).rev() {
            self.read(who).await;
        }
    }

    /// How many records there are, once all were read.
    pub(super) fn records(&self) -> usize {
        assert!(self.known.iter().all(Known::is_certain));
        self.known.iter().filter_map(Known::id).count()
    }

    async fn call_at_random(&mut self) {
        match self.lost {
            Some(Change::Rotation) => return self.rotate_secret().await,
            Some(Change::Retirement) => return self.retire_previous_secret().await,
            None => {}
        }
        if self.known.is_empty() {
            return self.make_visitor().await;
        }
        let who = fastrand::usize(..self.known.len());
        if !self.known[who].is_certain() {
            return self.read(who).await;
        }
        match fastrand::u8(..100) {
            0..2 => self.make_visitor().await,
            2..4 => self.rotate_secret().await,
            4..5 => self.retire_previous_secret().await,
            5..8 => self.erase(who).await,
            8..11 => self.list().await,
            11..14 => self.monitor().await,
            14..24 => self.call_malformed(who).await,
            24..50 => self.read(who).await,
            _ => self.identify(who).await,
        }
    }

    /// Sends a request; `None` when it failed.
    async fn call(&mut self, request: RequestBuilder) -> Option<Answer> {
        self.tally.requests += 1;
        let answer = Answer::over(&self.client, request).await;
        let failure = match answer {
            Ok(answer) if answer.status < 500 => return Some(answer),
            Ok(answer) => {
                answer.is_problem(503, "unavailable");
                self.soak.told_of(&answer)
            }
            Err(error) => format!("{error:?}"),
        };
        if self.soak.window.was_open_since(self.turns) {
            self.tally.failed_in_faults += 1;
        } else {
            self.tally.failed.push(failure);
        }
        None
    }

    /// Sends a request that writes, and reads what it was answered.
    async fn write(&mut self, request: RequestBuilder) -> Option<Value> {
        let written = self.call(request).await?.ok();
        self.tally.acknowledged += 1;
        Some(written)
    }

    /// The service as it runs now. After a fault the one before is gone.
    fn service(&mut self) -> Arc<Service> {
        self.turns = self.soak.window.turns();
        self.soak.service()
    }

    fn visitor(&mut self, who: usize) -> Visitor {
        let service = self.service();
        self.known[who].visitor.at(&service)
    }

    fn admin(&mut self, method: Method, path: &str) -> RequestBuilder {
        let service = self.service();
        let path = format!("/{}{path}", self.organization.id);
        self.organization.at(&service).admin(method, &path)
    }

    async fn make_visitor(&mut self) {
        let service = self.service();
        let request = http()
            .post(format!("{}/v1/visitors", service.url))
            .header("x-organization-key", &self.organization.key);
        let Some(made) = self.write(request).await else {
            return;
        };
        self.known.push(Known {
            visitor: Visitor::new(&service.url, &made),
            records: vec![Value::Null],
            is_leaving: false,
        });
    }

    async fn identify(&mut self, who: usize) {
        let visitor = self.visitor(who);
        let (hmac, is_valid) = self.hmac(&visitor);
        let params = self.params();
        let mut body = params.clone();
        body["hmac"] = json!(hmac);
        let request = visitor.request().json(&body);
        if self.verification == "required" && !is_valid {
            if let Some(refused) = self.call(request).await {
                let code = match hmac {
                    None => "hmac_required",
                    Some(_) => "hmac_verification_failed",
                };
                refused.is_problem(403, code);
            }
            return;
        }
        let mut record = self.known[who].records[0].clone();
        json_patch::merge(&mut record, &params);
        record["anonymousUserId"] = json!(visitor.id);
        record["hmacVerified"] = json!(is_valid && self.verification != "off");
        self.known[who].records.push(record);
        if let Some(told) = self.write(request).await {
            // It was answered: it is no longer what it was.
            self.known[who].records.remove(0);
            self.known[who].settle(present(told));
        }
    }

    /// A signature, none, or a forged one; and whether it is valid.
    fn hmac(&self, visitor: &Visitor) -> (Option<String>, bool) {
        let sign = |id: &str, secret: &str| generate_identity_hmac(id, secret).unwrap().to_hex();
        let secret = &self.organization.secret;
        match (fastrand::u8(..10), &self.previous) {
            (0, _) => (None, false),
            (1, _) => (Some(sign(&visitor.id, &self.stale)), false),
            (2, _) => (Some(sign(&self.organization.id, secret)), false),
            (3, _) => (Some(sign(&visitor.id, secret)[1..].to_owned()), false),
            (4, Some(previous)) => (Some(sign(&visitor.id, previous)), true),
            _ => (Some(sign(&visitor.id, secret)), true),
        }
    }

    /// What a visitor sends: values that were never sent before, and `null`.
    fn params(&self) -> Value {
        let number = self.tally.requests;
        let mut params = Map::new();
        for (name, value) in [
            ("name", json!(format!("Jane {number}"))),
            ("email", json!(format!("jane{number}@example.com"))),
            ("externalId", json!(format!("user_{number}"))),
            ("metadata", self.metadata()),
        ] {
            match fastrand::u8(..10) {
                0..4 => {}
                4 => drop(params.insert(name.to_owned(), Value::Null)),
                _ => drop(params.insert(name.to_owned(), value)),
            }
        }
        params.into()
    }

    fn metadata(&self) -> Value {
        let number = self.tally.requests;
        let member = || format!("m{}", fastrand::u8(..20));
        json!({(member()): number, (member()): null, "nested": {(member()): [number, "é"]}})
    }

    async fn read(&mut self, who: usize) {
        let request = self.visitor(who).identity_request();
        let Some(answer) = self.call(request).await else {
            return;
        };
        let record = match answer.status {
            401 if self.known[who].is_leaving => {
                self.known.swap_remove(who);
                return;
            }
            204 => Value::Null,
            _ => present(answer.ok()),
        };
        self.known[who].settle(record);
    }

    async fn erase(&mut self, who: usize) {
        let Some(id) = self.known[who].id() else {
            return;
        };
        let request = self.admin(Method::DELETE, &format!("/identities/{id}"));
        self.known[who].is_leaving = true;
        if self.write(request).await.is_some() {
            self.known[who].records.clear();
        }
    }

    /// Reads a part of the list of all records.
    async fn list(&mut self) {
        let request = self.admin(Method::GET, "/identities?limit=100");
        let Some(answer) = self.call(request).await else {
            return;
        };
        for mut record in answer.ok()["identities"].as_array().unwrap().clone() {
            for moment in ["createdAt", "updatedAt"] {
                assert!(record[moment].take().is_string());
            }
            let hmac = (record["hmacVerified"] == true).then_some("hmac");
            assert_eq!(record["vouchedBy"].take(), json!(hmac));
            let mut known = self.known.iter_mut();
            let known = known.find(|known| record["anonymousUserId"] == known.visitor.id);
            known.unwrap().settle(present(record));
        }
    }

    /// Rotates the secret. The one that the backends have verifies all the time, also when an answer is
    /// lost: nobody has the secret that it held.
    async fn rotate_secret(&mut self) {
        let is_again = self.lost.is_some();
        let query = if is_again { "?force=true" } else { "" };
        let request = self.admin(Method::POST, &format!("/rotate-secret{query}"));
        let Some(answer) = self.call(request).await else {
            if self.previous.is_none() {
                self.lost = Some(Change::Rotation);
            }
            return;
        };
        if self.previous.is_some() {
            return answer.is_problem(409, "previous_secret_verifies");
        }
        self.tally.acknowledged += 1;
        self.lost = None;
        let secret = answer.ok()["secret"].as_str().unwrap().to_owned();
        self.previous = Some(std::mem::replace(&mut self.organization.secret, secret));
    }

    async fn retire_previous_secret(&mut self) {
        let request = self.admin(Method::DELETE, "/previous-secret");
        if let Some(previous) = self.previous.take() {
            self.stale = previous;
        }
        let is_done = self.write(request).await.is_some();
        self.lost = (!is_done).then_some(Change::Retirement);
    }

    async fn monitor(&mut self) {
        let service = self.service();
        for url in [
            format!("{}/healthz", service.url),
            format!("{}/readyz", service.url),
            format!("{}/metrics", service.admin_url),
        ] {
            let request = http().get(url);
            if let Some(answer) = self.call(request).await {
                assert_eq!(answer.status, 200, "{answer:?}");
            }
        }
    }

    async fn call_malformed(&mut self, who: usize) {
        let service = self.service();
        let organization = self.organization.at(&service);
        let visitor = self.known[who].visitor.at(&service);
        let (request, status, code) = malformed(&service, &organization, &visitor);
        if let Some(answer) = self.call(request).await {
            answer.is_problem(status, code);
            self.tally.malformed += 1;
        }
    }
}
