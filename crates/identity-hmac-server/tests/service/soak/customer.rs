//! A customer: its admin, its backend and its visitors, who know what the service has to know.

use std::sync::Arc;
use std::time::Duration;

use identity_hmac::attributes::Patch;
use identity_hmac::{IdentityClaims, TokenKey, generate_identity_hmac, generate_secret};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Map, Value, json};
use tokio::time::{MissedTickBehavior, interval};

use super::Soak;
use super::known::{Known, Said};
use super::malformed::malformed;
use crate::harness::{Answer, Organization, Service, Signer, Visitor, http, kept, seconds};

/// How often a customer calls.
const EVERY: Duration = Duration::from_millis(40);

/// What came of a customer's calls.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) requests: usize,
    /// Writes that were answered with success.
    pub(super) acknowledged: usize,
    /// Those of them that have verified attributes by a token.
    pub(super) verified: usize,
    /// Malformed requests, all answered as they have to be.
    pub(super) malformed: usize,
    /// Calls that failed in the window of a fault.
    pub(super) failed_in_faults: usize,
    /// Calls that failed at any other time.
    pub(super) failed: Vec<String>,
}

/// A change of an organization's secrets, its token keys or its policy.
#[derive(Clone, Copy, Debug)]
enum Change {
    Rotation,
    Retirement,
    TokenKeys,
    Revocation,
}

/// What an `identify()` call brings to prove the visitor.
struct Proof {
    name: &'static str,
    value: Value,
    /// How a service that requires a proof refuses it; `None` if it is valid.
    refusal: Option<(u16, &'static str)>,
    /// What it says if it is a token.
    said: Option<Said>,
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
    /// The token keys that verify.
    signers: Vec<Signer>,
    /// A token key that does not verify.
    stale_signer: Signer,
    /// A change whose answer was lost: it is made again.
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
            signers: Vec::new(),
            stale_signer: Signer(TokenKey::parse(&TokenKey::generate().unwrap()).unwrap()),
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
        self.repeat_lost().await;
        if self.lost.is_some() {
            return;
        }
        self.read_token_keys().await;
        // From the end: a visitor who is gone leaves its place to the last one, which was read already.
        for who in (0..self.known.len()).rev() {
            self.read(who).await;
        }
    }

    /// How many records and persons there are, once all were read.
    pub(super) fn records(&self) -> [usize; 2] {
        assert!(self.known.iter().all(Known::is_certain));
        [
            self.known.iter().filter_map(Known::id).count(),
            self.known.iter().filter(|known| known.is_pinned()).count(),
        ]
    }

    /// Makes the change again whose answer was lost.
    async fn repeat_lost(&mut self) {
        match self.lost {
            Some(Change::Rotation) => self.rotate_secret().await,
            Some(Change::Retirement) => self.retire_previous_secret().await,
            Some(Change::TokenKeys) => self.delete_unknown_token_keys().await,
            Some(Change::Revocation) => self.end_revocation().await,
            None => {}
        }
    }

    async fn call_at_random(&mut self) {
        if self.lost.is_some() {
            return self.repeat_lost().await;
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
            14..16 => self.make_token_key().await,
            16..17 => self.delete_token_key().await,
            17..18 => self.revoke_tokens(who).await,
            18..26 => self.call_malformed(who).await,
            26..50 => self.read(who).await,
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
        let visitor = Visitor::new(&service.url, &made);
        self.known.push(Known::new(visitor));
    }

    async fn identify(&mut self, who: usize) {
        let visitor = self.visitor(who);
        let proof = match fastrand::u8(..2) {
            0 => self.hmac(&visitor),
            _ => self.token(who, &visitor),
        };
        let params = self.params();
        let mut body = params.clone();
        body[proof.name] = proof.value;
        let request = visitor.request().json(&body);
        let is_looked_at = self.verification != "off";
        if let Some((status, code)) = proof.refusal
            && (self.verification == "required" || (is_looked_at && status == 409))
        {
            if let Some(refused) = self.call(request).await {
                refused.is_problem(status, code);
            }
            return;
        }
        let is_verified = is_looked_at && proof.refusal.is_none();
        let said = proof.said.filter(|_| is_verified);
        let mut state = self.known[who].states[0].clone();
        state.say(&visitor, &params, is_verified);
        if let Some(said) = &said {
            state.verify(said);
        }
        self.known[who].states.push(state);
        if let Some(told) = self.write(request).await {
            // It was answered: it is no longer what it was.
            self.known[who].states.remove(0);
            self.known[who].settle(&told);
            self.tally.verified += usize::from(said.is_some());
        }
    }

    /// A signature, none, or a forged one.
    fn hmac(&self, visitor: &Visitor) -> Proof {
        let sign = |id: &str, secret: &str| generate_identity_hmac(id, secret).unwrap().to_hex();
        let secret = &self.organization.secret;
        let forged = Some((403, "hmac_verification_failed"));
        let (hmac, refusal) = match (fastrand::u8(..10), &self.previous) {
            (0, _) => (None, Some((403, "hmac_required"))),
            (1, _) => (Some(sign(&visitor.id, &self.stale)), forged),
            (2, _) => (Some(sign(&self.organization.id, secret)), forged),
            (3, _) => (Some(sign(&visitor.id, secret)[1..].to_owned()), forged),
            (4, Some(previous)) => (Some(sign(&visitor.id, previous)), None),
            _ => (Some(sign(&visitor.id, secret)), None),
        };
        Proof {
            name: "hmac",
            value: json!(hmac),
            refusal,
            said: None,
        }
    }

    /// A token: a valid one, an older one, or one that has to be refused.
    fn token(&self, who: usize, visitor: &Visitor) -> Proof {
        let now = seconds();
        let is_pinned = self.known[who].is_pinned();
        let (signer, is_other, issued_at, refusal) = match (fastrand::u8(..10), &self.signers[..]) {
            (0, _) | (_, []) => {
                let refusal = Some((403, "identity_token_invalid"));
                (&self.stale_signer, false, now, refusal)
            }
            (1, [signer, ..]) if is_pinned => {
                let refusal = Some((409, "visitor_belongs_to_another_user"));
                (signer, true, now, refusal)
            }
            (2, [signer, ..]) => {
                let refusal = Some((403, "identity_token_expired"));
                (signer, false, now - 1000, refusal)
            }
            (3, [signer, ..]) => (signer, false, now - 100, None),
            (_, signers) => (fastrand::choice(signers).unwrap(), false, now, None),
        };
        let user = if is_other {
            "somebody else".to_owned()
        } else {
            format!("user of {}", visitor.id)
        };
        let mut claims = self.params();
        drop(claims.as_object_mut().unwrap().remove("externalId"));
        claims["metadata"] = self.metadata();
        // Never sent before: so the record shows whether the token has changed it.
        claims["metadata"]["call"] = json!(self.tally.requests);
        let text = |name: &str| match claims.get(name) {
            None => Patch::Keep,
            Some(Value::String(text)) => Patch::Set(text.clone()),
            Some(_) => Patch::Clear,
        };
        let metadata = claims["metadata"].as_object().unwrap().clone();
        let with = |said: IdentityClaims| {
            said.name(text("name"))
                .email(text("email"))
                .metadata(metadata)
        };
        Proof {
            name: "token",
            value: json!(signer.sign_at(issued_at, visitor, &user, with)),
            refusal,
            said: Some(Said {
                kid: signer.0.key_id().to_owned(),
                issued_at,
                user,
                claims,
            }),
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
            _ => answer.ok(),
        };
        self.known[who].settle(&record);
    }

    async fn erase(&mut self, who: usize) {
        let Some(id) = self.known[who].id() else {
            return;
        };
        let request = self.admin(Method::DELETE, &format!("/identities/{id}"));
        self.known[who].is_leaving = true;
        if self.write(request).await.is_some() {
            self.known[who].states.clear();
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
            let voucher = record["vouchedBy"].take();
            assert_eq!(record["hmacVerified"], !voucher.is_null(), "{voucher}");
            let person = record["person"].take();
            let mut known = self.known.iter_mut();
            let known = known.find(|known| record["anonymousUserId"] == known.visitor.id);
            let known = known.unwrap();
            known.settle(&record);
            known.assert_person(person);
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

    async fn make_token_key(&mut self) {
        let request = self.admin(Method::POST, "/token-keys");
        let Some(answer) = self.call(request).await else {
            self.lost = Some(Change::TokenKeys);
            return;
        };
        if self.signers.len() == 2 {
            return answer.is_problem(409, "two_token_keys");
        }
        self.tally.acknowledged += 1;
        let key = TokenKey::parse(answer.ok()["key"].as_str().unwrap());
        self.signers.push(Signer(key.unwrap()));
    }

    async fn delete_token_key(&mut self) {
        if self.signers.is_empty() {
            return;
        }
        let oldest = self.signers.remove(0);
        let path = format!("/token-keys/{}", oldest.0.key_id());
        self.stale_signer = oldest;
        let request = self.admin(Method::DELETE, &path);
        let is_done = self.write(request).await.is_some();
        self.lost = (!is_done).then_some(Change::TokenKeys);
    }

    /// The ids of the token keys as the service lists them.
    async fn listed_token_keys(&mut self) -> Option<Vec<String>> {
        let request = self.admin(Method::GET, "/token-keys");
        let listed = self.call(request).await?.ok();
        let kids = listed["tokenKeys"].as_array().unwrap().iter();
        Some(
            kids.map(|key| key["kid"].as_str().unwrap().to_owned())
                .collect(),
        )
    }

    /// Deletes the token key that nobody has, since the answer that held it was lost, and the one whose
    /// deletion may not have happened.
    async fn delete_unknown_token_keys(&mut self) {
        let Some(kids) = self.listed_token_keys().await else {
            return;
        };
        for kid in kids {
            if self.signers.iter().all(|signer| signer.0.key_id() != kid) {
                let request = self.admin(Method::DELETE, &format!("/token-keys/{kid}"));
                if self.write(request).await.is_none() {
                    return;
                }
            }
        }
        self.lost = None;
    }

    /// Reads the token keys. Each has to be known.
    async fn read_token_keys(&mut self) {
        if let Some(kids) = self.listed_token_keys().await {
            let known = self.signers.iter().map(|signer| signer.0.key_id());
            assert_eq!(kids, known.collect::<Vec<_>>());
        }
    }

    /// Revokes all tokens for a while. Meanwhile nobody is verified.
    async fn revoke_tokens(&mut self, who: usize) {
        self.lost = Some(Change::Revocation);
        let policy = json!({"tokensValidAfter": "2100-01-01T00:00:00Z"});
        let request = self.admin(Method::PATCH, "").json(&policy);
        if self.write(request).await.is_none() {
            return;
        }
        let visitor = self.visitor(who);
        if self.verification == "required" && !self.signers.is_empty() {
            let token = self.signers[0].token(&visitor, "somebody");
            let request = visitor.request().json(&json!({"token": token}));
            if let Some(refused) = self.call(request).await {
                refused.is_problem(403, "identity_token_revoked");
            }
        }
        if let Some(read) = self.call(visitor.identity_request()).await {
            self.known[who].assert_unverified(&read.ok());
        }
        self.end_revocation().await;
    }

    async fn end_revocation(&mut self) {
        let policy = json!({"tokensValidAfter": null});
        let request = self.admin(Method::PATCH, "").json(&policy);
        if self.write(request).await.is_some() {
            self.lost = None;
        }
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
