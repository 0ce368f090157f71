//! One organization, and all that it holds, against another.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity_hmac::generate_identity_hmac;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::json;

use super::random;
use crate::harness::{
    Answer, Backend, Database, Organization, Service, Session, Visitor, http, kept,
    on_both_databases, times,
};

/// How many tries are under way at a time.
const AT_ONCE: usize = 10;
/// What only the attacked organization's records say.
const MARK: &str = "belongs-to-the-attacked";

/// An organization that was identified for, and what is public of it.
#[derive(Clone, Debug)]
struct Tenant {
    organization: Organization,
    backend: Backend,
    kid: String,
    visitors: Vec<Visitor>,
    identities: Vec<String>,
}

impl Tenant {
    async fn new(service: &Service, mark: &str) -> Self {
        let organization = service.organization().await;
        let backend = organization.backend().await;
        let token_key = organization.make_token_key().await.ok();
        let (mut visitors, mut identities) = (Vec::new(), Vec::new());
        for number in 0..4 {
            let visitor = organization.visitor().await;
            let params = json!({
                "name": mark, "email": format!("{mark}@example.com"),
                "externalId": format!("{mark}-{number}"), "metadata": {"mark": mark},
            });
            let record = visitor.identify(params).await.ok();
            identities.push(record["id"].as_str().unwrap().to_owned());
            visitors.push(visitor);
        }
        organization.verification("required").await;
        Self {
            organization,
            backend,
            kid: token_key["kid"].as_str().unwrap().to_owned(),
            visitors,
            identities,
        }
    }
}

/// Somebody who holds all that is the attacker's own, and knows every id of the attacked.
#[derive(Clone, Debug)]
struct Attacker {
    url: String,
    admin_url: String,
    own: Tenant,
    attacked: Tenant,
    client: Client,
}

impl Attacker {
    /// Tries one thing at random, and shows that it changed and revealed nothing.
    async fn attempt(&self, random: &mut fastrand::Rng) {
        let own = random.choice(&self.own.visitors).unwrap().clone();
        let target = random.choice(&self.attacked.visitors).unwrap().clone();
        let identity = random.choice(&self.attacked.identities).unwrap();
        let (request, expected): (RequestBuilder, &[u16]) = match random.u8(0..10) {
            0 => {
                let token = mixed_token(random, &own, &target);
                (self.as_visitor(random, &token), &[401])
            }
            1 => {
                let token = near_token(random, &target);
                (self.as_visitor(random, &token), &[401])
            }
            2 => {
                let secret = &self.own.organization.secret;
                let hmac = generate_identity_hmac(&target.id, secret).unwrap().to_hex();
                (
                    own.request()
                        .json(&json!({"name": "Mallory", "hmac": hmac})),
                    &[403],
                )
            }
            3 => {
                let name = random.choice(["anonymousUserId", "organizationId", "id", "visitorId"]);
                let hmac = self.own.organization.sign(&own);
                (
                    own.request()
                        .json(&json!({name.unwrap(): target.id, "hmac": hmac})),
                    &[422],
                )
            }
            4 => {
                let tokens = [
                    &own.token,
                    &self.own.organization.secret,
                    &self.own.organization.key,
                    &self.attacked.organization.key,
                    &self.own.organization.id,
                ];
                let request = self.admin_request(random, &self.attacked.organization.id, identity);
                (request.bearer_auth(random.choice(tokens).unwrap()), &[401])
            }
            // With an API key of the attacker's own.
            7 => (as_backend(random, &self.own.backend, &target), &[200, 404]),
            8 => {
                let key = near_key(random, &self.own.backend.key, &self.attacked.backend.key);
                (
                    as_backend(random, &self.own.backend.with_key(key), &target),
                    &[401],
                )
            }
            // The admin, but on the path of the wrong organization.
            5 => {
                let path = format!("/{}/identities/{identity}", self.own.organization.id);
                (self.own.organization.admin(Method::DELETE, &path), &[404])
            }
            6 => {
                let filter = random
                    .choice([
                        format!("externalId={MARK}-1"),
                        format!("email={MARK}@example.com"),
                    ])
                    .unwrap();
                let path = format!("/{}/identities?{filter}", self.own.organization.id);
                (self.own.organization.admin(Method::GET, &path), &[200])
            }
            _ => {
                let id = &self.attacked.organization.id;
                let keys = [
                    format!("pk_{id}"),
                    self.attacked.organization.key.to_uppercase(),
                    self.attacked.organization.key[3..].to_owned(),
                    own.token.clone(),
                    self.own.organization.secret.clone(),
                ];
                let request = http().post(format!("{}/v1/visitors", self.url));
                (
                    request.header("x-organization-key", random.choice(keys).unwrap()),
                    &[401],
                )
            }
        };
        let answer = Answer::over(&self.client, request).await.unwrap();
        assert!(expected.contains(&answer.status), "{answer:?}");
        assert!(!answer.text.contains(MARK), "{answer:?}");
    }

    fn as_visitor(&self, random: &mut fastrand::Rng, token: &str) -> RequestBuilder {
        if random.bool() {
            let hmac = &self.own.organization.secret;
            let identify = http().post(format!("{}/v1/identify", self.url));
            identify
                .bearer_auth(token)
                .json(&json!({"name": "Mallory", "hmac": hmac}))
        } else {
            http()
                .get(format!("{}/v1/identity", self.url))
                .bearer_auth(token)
        }
    }

    fn admin_request(
        &self,
        random: &mut fastrand::Rng,
        organization: &str,
        identity: &str,
    ) -> RequestBuilder {
        let (method, path) = random
            .choice([
                (Method::GET, String::new()),
                (Method::DELETE, String::new()),
                (Method::PATCH, String::new()),
                (Method::POST, "/rotate-secret".to_owned()),
                (Method::DELETE, "/previous-secret".to_owned()),
                (Method::GET, "/identities".to_owned()),
                (Method::GET, "/verification-stats".to_owned()),
                (Method::POST, "/api-keys".to_owned()),
                (
                    Method::DELETE,
                    format!("/api-keys/{}", self.attacked.backend.key_id),
                ),
                (Method::POST, "/token-keys".to_owned()),
                (Method::DELETE, format!("/token-keys/{}", self.attacked.kid)),
                (Method::DELETE, format!("/identities/{identity}")),
            ])
            .unwrap();
        let url = format!(
            "{}/v1/admin/organizations/{organization}{path}",
            self.admin_url
        );
        let request = http().request(method.clone(), url);
        match method {
            Method::PATCH => request.json(&json!({"verification": "off"})),
            _ => request,
        }
    }
}

fn decode(visitor: &Visitor) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(&visitor.token[3..]).unwrap()
}

/// A token of the attacker's own with ids of the attacked in it.
fn mixed_token(random: &mut fastrand::Rng, own: &Visitor, target: &Visitor) -> String {
    let (own, target) = (decode(own), decode(target));
    let mut bytes = own.clone();
    let swapped = random.choice([0..16, 16..32, 0..32]).unwrap();
    bytes[swapped.clone()].copy_from_slice(&target[swapped]);
    format!("vt_{}", URL_SAFE_NO_PAD.encode(bytes))
}

/// A token of the attacked with a fault or two.
fn near_token(random: &mut fastrand::Rng, target: &Visitor) -> String {
    let mut bytes = decode(target);
    let len = bytes.len();
    match random.u8(0..3) {
        0 => bytes[random.usize(0..len)] ^= 1 << random.u8(0..8),
        1 => bytes.truncate(random.usize(0..len)),
        _ => random.fill(&mut bytes[32..]),
    }
    format!("vt_{}", URL_SAFE_NO_PAD.encode(bytes))
}

/// A call for the records of the attacked.
fn as_backend(random: &mut fastrand::Rng, backend: &Backend, target: &Visitor) -> RequestBuilder {
    let identity = format!("/visitors/{}/identity", target.id);
    match random.u8(0..4) {
        0 => backend.request(Method::GET, &identity),
        1 => backend
            .request(Method::POST, &identity)
            .json(&json!({"name": "Mallory"})),
        2 => backend.request(Method::GET, &format!("/identities?externalId={MARK}-1")),
        _ => backend.request(
            Method::GET,
            &format!("/identities?email={MARK}@example.com"),
        ),
    }
}

/// A key of the attacker's own in the organization of the attacked, or one of the attacked with a fault.
fn near_key(random: &mut fastrand::Rng, own: &str, target: &str) -> String {
    let (organization, secret) = target.rsplit_once('_').unwrap();
    let (_, own_secret) = own.rsplit_once('_').unwrap();
    let other: String = (0..56).map(|_| random.digit(16)).collect();
    match random.u8(0..3) {
        0 => format!("{organization}_{own_secret}"),
        1 => format!("{organization}_{}{other}", &secret[..8]),
        _ => target[..random.usize(0..target.len())].to_owned(),
    }
}

on_both_databases! {
    async fn many_tries_across_organizations_read_and_write_nothing(database: Database) {
        let service = Service::start(&database);
        let attacked = Tenant::new(&service, MARK).await;
        let own = Tenant::new(&service, "the-attackers-own").await;
        let mut session = Session::open(&database).await;
        let before = session.rows().await;
        assert!(before.iter().any(|row| row.contains(MARK)));

        let tries = times(2_000, 10_000);
        let mut seeds = random();
        let mut attempts = tokio::task::JoinSet::new();
        for _ in 0..AT_ONCE {
            let mut random = seeds.fork();
            let mallory = Attacker {
                url: service.url.clone(),
                admin_url: service.admin_url.clone(),
                own: own.clone(),
                attacked: attacked.clone(),
                client: kept(),
            };
            attempts.spawn(async move {
                for _ in 0..tries / AT_ONCE {
                    mallory.attempt(&mut random).await;
                }
            });
        }
        attempts.join_all().await;
        assert_eq!(session.rows().await, before);
    }
}
