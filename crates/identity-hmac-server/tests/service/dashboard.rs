//! The dashboard: who gets in, what its pages change, and what they never show.

use std::time::{Duration, Instant};

use identity_hmac_server::store::Store;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::harness::{
    Answer, Browser, Database, Organization, Service, Session, command, on_both_databases,
};

/// Longer than anything takes that is written behind an answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// The pages below an organization.
const PAGES: [&str; 10] = [
    "",
    "/confirm?verification=required&hmac=on",
    "/keys",
    "/keys/rotate",
    "/keys/retire",
    "/setup",
    "/test",
    "/people",
    "/origins",
    "/audit",
];
const MARKUP: &str = "<script>alert('\"&\"')</script>";

fn within(organization: &Organization, page: &str) -> String {
    format!("/organizations/{}{page}", organization.id)
}

/// Every page of the dashboard that somebody has to be logged in for.
fn pages(organization: &Organization) -> Vec<String> {
    let own = PAGES.iter().map(|page| within(organization, page));
    let others = ["", "/new", "/audit"].map(str::to_owned);
    own.chain(others).collect()
}

/// The secret that a page shows this once.
#[track_caller]
fn shown_once(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{answer:?}");
    let (_, rest) = answer
        .text
        .split_once(r#"<code class="secret">"#)
        .unwrap_or_else(|| panic!("no secret: {answer:?}"));
    rest.split_once('<').unwrap().0.to_owned()
}

/// Ends the service, which writes what it has counted, and starts it again.
async fn restart(mut service: Service, database: &Database) -> Service {
    service.signal("TERM");
    service.ended().await;
    Service::start(database)
}

async fn verification(organization: &Organization) -> Value {
    organization.read().await["verification"].clone()
}

on_both_databases! {
    async fn a_session_is_kept_by_its_browser_alone_and_opens_every_page(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let browser = Browser::logged_in(&service).await;
        let answer = browser.try_to_log_in(&service.admin_token).await;
        let cookie = answer.headers["set-cookie"].to_str().unwrap();
        let (session, attributes) = cookie.split_once("; ").unwrap();
        let (name, value) = session.split_once('=').unwrap();
        assert_eq!((name, value.len()), ("__Host-ih_session", 43));
        assert_eq!(attributes, "Path=/; Secure; HttpOnly; SameSite=Strict");
        let rows = Session::open(&database).await.rows().await.join("\n");
        assert!(!rows.contains(value) && !rows.contains(&hex::encode(value)));
        for path in pages(&organization) {
            let answer = browser.open(&path).await;
            assert_eq!(answer.status, 200, "{path}: {answer:?}");
            let policy = answer.headers["content-security-policy"].to_str().unwrap();
            assert!(policy.starts_with("default-src 'none'; script-src 'self'"), "{policy}");
            assert_eq!(answer.headers["referrer-policy"], "same-origin");
            assert_eq!(answer.headers["cache-control"], "no-store");
            assert!(answer.text.len() < 50_000, "{path}: {} bytes", answer.text.len());
        }
    }

    async fn nobody_sees_or_changes_anything_without_a_session_that_lasts(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let made_up = format!("__Host-ih_session={}", "A".repeat(43));
        let made_up = Browser::new(&service).with_cookie(made_up);
        let [logged_out, idle, old] = [
            Browser::logged_in(&service).await,
            Browser::logged_in(&service).await,
            Browser::logged_in(&service).await,
        ];
        logged_out.change("/logout", &[]).await;
        // Two cookies of one name: a page of another host may have set one of them.
        let doubled = idle.with_cookie(format!("{}; {}", idle.cookie, old.cookie));
        for browser in [&Browser::new(&service), &made_up, &logged_out, &doubled] {
            for path in pages(&organization) {
                let answer = browser.open(&path).await;
                assert_eq!(answer.headers["location"], "/dashboard/login", "{path}");
                assert_eq!((answer.status, &*answer.text), (303, ""));
            }
            let page = within(&organization, "");
            let fields = [("verification", "observe"), ("hmac", "on")];
            assert_eq!(browser.change(&page, &fields).await, "/login");
            let rotated = browser.change(&within(&organization, "/keys/rotate"), &[]).await;
            assert_eq!(rotated, "/login");
        }
        assert_eq!(verification(&organization).await, "off");

        let mut session = Session::open(&database).await;
        for (browser, column) in [(&idle, "last_used_at"), (&old, "created_at")] {
            browser_is(browser, true).await;
            let set = |time: &str| format!("UPDATE dashboard_sessions SET {column} = '{time}'");
            session.execute(&set("2001-02-03T04:05:06.000007Z")).await;
            browser_is(browser, false).await;
            session.execute(&set("2101-02-03T04:05:06.000007Z")).await;
        }
    }

    async fn another_admin_token_ends_every_session(database: Database) {
        let mut start = command(&database);
        start.args(["serve", "--listen=127.0.0.1:0"]);
        let mut service = Service::start_command(&database, start);
        let token = |printed: &str| {
            let mut words = printed.split_whitespace();
            words.find(|word| word.starts_with("at_")).unwrap().to_owned()
        };
        service.admin_token = token(&service.output());
        let browser = Browser::logged_in(&service).await;
        browser_is(&browser, true).await;
        let reset = command(&database).arg("reset-admin-token").output().unwrap();
        browser_is(&browser, false).await;
        let refused = browser.try_to_log_in(&service.admin_token).await;
        assert_eq!(refused.status, 403);
        service.admin_token = token(std::str::from_utf8(&reset.stdout).unwrap());
        browser_is(&Browser::logged_in(&service).await, true).await;
    }

    async fn no_page_of_another_site_changes_anything(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let browser = Browser::logged_in(&service).await;
        let page = within(&organization, "");
        let fields = [("verification", "observe"), ("hmac", "on")];
        let own = service.admin_url.as_str();
        for headers in [
            &[][..],
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site"), ("origin", own)],
            &[("sec-fetch-site", "none")],
            &[("origin", "https://evil.example")],
            &[("origin", "null")],
        ] {
            let mut request = browser.form(&page, &fields);
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let answer = browser.send(request).await;
            assert_eq!(answer.status, 403, "{headers:?}: {answer:?}");
            assert!(answer.text.contains("does not come from a page of this dashboard"));
        }
        assert_eq!(verification(&organization).await, "off");
        let old_browser = browser.form(&page, &fields).header("origin", own);
        assert_eq!(browser.send(old_browser).await.status, 303);
        assert_eq!(verification(&organization).await, "observe");
    }

    async fn the_switch_asks_while_somebody_would_be_turned_away(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let browser = Browser::logged_in(&service).await;
        let page = within(&organization, "");
        let required = [("verification", "required"), ("hmac", "on"), ("token", "on")];
        let confirmed = [&required[..], &[("confirmed", "on")]].concat();
        let asks = format!("{page}/confirm?verification=required&hmac=on&token=on");
        // The page asks for nothing else, whatever a link says.
        let other = browser.page(&format!("{page}/confirm?verification=off&hmac=on")).await;
        assert!(other.contains(r#"name="verification" value="required""#), "{other}");
        // Nobody called yet.
        assert_eq!(browser.change(&page, &required).await, asks);
        assert!(browser.page(&asks).await.contains("No call was checked in the last 7 days"));

        let observe = [("verification", "observe"), ("hmac", "on"), ("token", "on")];
        assert_eq!(browser.change(&page, &observe).await, format!("{page}?saved="));
        let visitor = organization.visitor().await;
        let unsigned = visitor.request().header("origin", "https://shop.example");
        Answer::to(unsigned.json(&json!({}))).await.ok();
        for _ in 0..3 {
            visitor.identify(json!({"hmac": organization.sign(&visitor)})).await.ok();
        }
        let service = restart(service, &database).await;
        let (organization, browser) = (organization.at(&service), Browser::logged_in(&service).await);
        let shown = browser.page(&page).await;
        assert!(shown.contains("<strong>25.0 %</strong>") && shown.contains("1 of 4"), "{shown}");
        assert!(shown.contains("https://shop.example"), "{shown}");
        assert_eq!(browser.change(&page, &required).await, asks);
        let question = browser.page(&asks).await;
        assert!(question.contains("1 of 4 calls would have been refused: 25.0 %"), "{question}");
        assert!(question.contains("from https://shop.example"), "{question}");
        assert_eq!(verification(&organization).await, "observe");
        browser.change(&page, &confirmed).await;
        assert_eq!(verification(&organization).await, "required");

        // Who signs with an hmac would be turned away, and nobody could be verified by a token.
        let token = [("verification", "required"), ("token", "on")];
        let asks = browser.change(&page, &token).await;
        assert!(browser.page(&asks).await.contains("4 of 4 calls would have been refused"));
        let confirmed = [&token[..], &[("confirmed", "on")]].concat();
        let refused = browser.submit(&page, &confirmed).await;
        assert_eq!(refused.status, 409);
        assert!(refused.text.contains("There is no token key"), "{refused:?}");
        let none = browser.submit(&page, &[("verification", "off")]).await;
        assert_eq!(none.status, 422);
        assert!(none.text.contains("Choose at least one proof"), "{none:?}");
        let stays = organization.read().await;
        assert_eq!(stays["acceptedProofs"], json!(["hmac", "token"]));
        // To let more in asks nothing.
        assert_eq!(browser.change(&page, &observe).await, format!("{page}?saved="));

        let audit = browser.page(&within(&organization, "/audit")).await;
        assert_eq!(audit.matches("organization updated").count(), 3, "{audit}");
    }

    async fn a_secret_or_key_is_shown_once_and_two_admins_do_not_undo_each_other(
        database: Database
    ) {
        let service = Service::start(&database);
        let [browser, other] = [
            Browser::logged_in(&service).await,
            Browser::logged_in(&service).await,
        ];
        let refused = browser.submit("/new", &[("name", " ")]).await;
        assert_eq!(refused.status, 422);
        assert!(refused.text.contains("the name is blank"), "{refused:?}");
        let created = browser.submit("/new", &[("name", "Corner Shop")]).await;
        let (_, id) = created.text.split_once("/dashboard/organizations/").unwrap();
        let organization = service.organization().await.known_as(&id[..36], &shown_once(&created));
        organization.verification("required").await;
        let visitor = organization.visitor().await;
        visitor.identify(json!({"hmac": organization.sign(&visitor)})).await.ok();

        let keys = within(&organization, "/keys");
        let rotated = browser.submit(&format!("{keys}/rotate"), &[]).await;
        let new = organization.with_secret(shown_once(&rotated));
        // The other admin has the same page before them, and sends the same form.
        assert_eq!(other.change(&format!("{keys}/rotate"), &[]).await, keys);
        for signer in [&organization, &new] {
            visitor.identify(json!({"hmac": signer.sign(&visitor)})).await.ok();
        }
        // That it was used is written behind the answer.
        until_shown(&browser, &format!("{keys}/retire"), "It was last used just now.").await;
        browser.change(&format!("{keys}/retire"), &[]).await;
        let previous = visitor.identify(json!({"hmac": organization.sign(&visitor)})).await;
        previous.is_problem(403, "hmac_verification_failed");

        let mut secrets = vec![organization.secret.clone(), new.secret];
        for kind in ["token", "api"] {
            for _ in 0..2 {
                let made = browser.submit(&format!("{keys}/{kind}"), &[]).await;
                secrets.push(shown_once(&made));
            }
            assert_eq!(other.change(&format!("{keys}/{kind}"), &[]).await, keys);
        }
        let listed = browser.page(&keys).await;
        let kid = &secrets[2][4..12];
        assert!(listed.contains(kid), "{kid}: {listed}");
        browser.change(&format!("{keys}/token/{kid}/delete"), &[]).await;
        for path in [format!("{keys}/other"), format!("{keys}/other/{kid}/delete"), keys.clone() + "x"] {
            let answer = other.submit(&path, &[]).await;
            let answers = [404, 405];
            assert!(answers.contains(&answer.status), "{path}: {answer:?}");
            assert!(answer.text.contains("<h1>"), "{path}: {answer:?}");
        }
        let again = other.submit(&format!("{keys}/token/{kid}/delete"), &[]).await;
        assert_eq!(again.status, 404);
        assert_eq!(organization.token_keys().await.len(), 1);

        secrets.push(service.admin_token.clone());
        secrets.push(browser.cookie.split_once('=').unwrap().1.to_owned());
        let mut seen = service.settled_log().await;
        for path in pages(&organization) {
            seen += &browser.page(&path).await;
        }
        for secret in secrets {
            assert!(!seen.contains(&secret), "{secret} is in a page or the log");
        }
    }

    async fn an_admin_does_not_undo_what_another_has_changed_meanwhile(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let browser = Browser::logged_in(&service).await;
        let page = within(&organization, "");
        let seen = |page: &str| {
            let (_, rest) = page.split_once(r#"name="seen" value=""#).unwrap();
            rest.split_once('"').unwrap().0.to_owned()
        };
        let opened = seen(&browser.page(&page).await);
        organization.verification("required").await;
        let observe = [("verification", "observe"), ("hmac", "on"), ("token", "on")];
        let stale = [&observe[..], &[("seen", &opened)]].concat();
        let refused = browser.submit(&page, &stale).await;
        assert_eq!(refused.status, 409, "{refused:?}");
        assert!(refused.text.contains("Somebody else has changed this"), "{refused:?}");
        assert_eq!(verification(&organization).await, "required");
        let opened = seen(&refused.text);
        browser.change(&page, &[&observe[..], &[("seen", &opened)]].concat()).await;
        assert_eq!(verification(&organization).await, "observe");

        let page = within(&organization, "/origins");
        let opened = seen(&browser.page(&page).await);
        organization.update(json!({"allowedOrigins": ["https://a.example", "https://b.example"]})).await.ok();
        let mine = |seen| [("origins", "https://mine.example"), ("seen", seen)];
        let refused = browser.submit(&page, &mine(&opened)).await;
        assert_eq!(refused.status, 409, "{refused:?}");
        assert!(refused.text.contains("They are now: https://a.example, https://b.example."), "{refused:?}");
        let opened = seen(&refused.text);
        browser.change(&page, &mine(&opened.replace('\n', "\r\n"))).await;
        assert_eq!(organization.read().await["allowedOrigins"], json!(["https://mine.example"]));
    }

    async fn a_person_is_found_shown_exported_and_erased(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        organization.verification("observe").await;
        let browser = Browser::logged_in(&service).await;
        let people = within(&organization, "/people");
        assert!(browser.page(&people).await.contains("Nobody was identified yet"));
        let signer = organization.signer().await;
        let [jane, liar] = [organization.visitor().await, organization.visitor().await];
        let token = signer.sign(&jane, "user_1", |claims| claims.email("jane@example.com"));
        jane.identify(json!({"token": token, "name": "Claimed Jane"})).await.ok();
        liar.identify(json!({"externalId": "user_2", "email": "Liar@example.com"})).await.ok();

        let all = browser.page(&people).await;
        assert!(all.contains("Claimed Jane") && all.contains("user_2"), "{all}");
        for (query, found) in [
            ("user_1", [true, false]),
            ("JANE@example.com", [true, false]),
            ("liar@example.com", [false, true]),
            ("user", [false, false]),
        ] {
            let page = browser.page(&format!("{people}?q={query}")).await;
            let shown = [&jane, &liar].map(|visitor| page.contains(&visitor.id));
            assert_eq!(shown, found, "{query}: {page}");
        }
        let page = browser.page(&format!("{people}?q=user_1")).await;
        let (verified, claimed) = page.split_once("<h2>Claimed</h2>").unwrap();
        assert!(verified.contains("jane@example.com") && claimed.contains("Claimed Jane"));
        assert!(!verified.contains("Claimed Jane") && !claimed.contains("jane@example.com"));

        let exported = browser.open(&format!("{people}/export?external_id=user_1")).await;
        assert_eq!(exported.headers["content-disposition"], "attachment; filename=\"person.json\"");
        let path = format!("/{}/identities/export?externalId=user_1", organization.id);
        let by_route = Answer::to(organization.admin(Method::GET, &path)).await.ok();
        assert_eq!(exported.body, by_route);

        let question = browser.page(&format!("{people}/erase?external_id=user_1")).await;
        assert!(question.contains("1 record with the external id user_1"), "{question}");
        let nobody = browser.submit(&format!("{people}/erase"), &[]).await;
        assert_eq!(nobody.status, 404);
        let to = browser.change(&format!("{people}/erase"), &[("external_id", "user_1")]).await;
        assert!(browser.page(&to).await.contains("1 record is erased."));
        let left = browser.page(&people).await;
        assert!(!left.contains(&jane.id) && left.contains(&liar.id));
        let audit = browser.page(&within(&organization, "/audit")).await;
        assert!(audit.contains("person erased") && !audit.contains("user_1"), "{audit}");
    }

    async fn a_proof_is_tried_without_being_counted_and_the_mistake_is_named(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        organization.verification("required").await;
        let visitor = organization.visitor().await;
        let browser = Browser::logged_in(&service).await;
        let page = within(&organization, "/test");
        let answer = async |visitor_id: &str, proof: &str| {
            let tried = browser.submit(&page, &[("visitor_id", visitor_id), ("proof", proof)]).await;
            assert_eq!(tried.status, 200, "{tried:?}");
            tried.text
        };
        let hmac = organization.sign(&visitor);
        let right = answer(&visitor.id, &format!("{hmac}\r\n")).await;
        assert!(right.contains("The current secret made this hmac"), "{right}");
        let broken = organization.with_secret(format!("{}\n", organization.secret));
        let wrong = answer(&visitor.id, &broken.sign(&visitor)).await;
        assert!(wrong.contains("HMAC verification failed"), "{wrong}");
        assert!(wrong.contains("The secret that signed ended in a line end"), "{wrong}");

        let no_key = answer("", "a.b.c").await;
        assert!(no_key.contains("There is no token key"), "{no_key}");
        let signer = organization.signer().await;
        let token = signer.token(&visitor, "user_1");
        for visitor_id in ["", &visitor.id] {
            let right = answer(visitor_id, &token).await;
            assert!(right.contains("signed this token for this visitor id"), "{right}");
            assert!(right.contains("user_1"), "{right}");
        }
        let old = signer.sign_at(1_000, &visitor, "user_1", |claims| claims);
        assert!(answer("", &old).await.contains("expired"));
        organization.update(json!({"acceptedProofs": ["hmac"]})).await.ok();
        let not_accepted = answer("", &token).await;
        assert!(not_accepted.contains("does not take the proof token"), "{not_accepted}");
        let long = browser.submit(&page, &[("visitor_id", &"a".repeat(2000)), ("proof", "b")]).await;
        assert_eq!(long.status, 422);

        assert!(!service.settled_log().await.contains(&hmac));
        let service = restart(service, &database).await;
        let path = format!("/{}/verification-stats", organization.id);
        let stats = organization.at(&service).admin(Method::GET, &path);
        assert_eq!(Answer::to(stats).await.ok(), json!({"days": []}));
    }

    async fn what_people_write_is_text_on_every_page(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let browser = Browser::logged_in(&service).await;
        organization.update(json!({"name": MARKUP})).await.ok();
        organization.update(json!({"allowedOrigins": ["app://a'b"]})).await;
        let visitor = organization.visitor().await;
        let said = json!({
            "name": MARKUP, "email": "a&b'@example.com", "externalId": MARKUP,
            "metadata": {MARKUP: MARKUP},
        });
        visitor.identify(said).await.ok();
        let mut seen = Vec::new();
        for path in pages(&organization) {
            seen.push(browser.page(&path).await);
        }
        let query = "%3Cscript%3Ealert('%22%26%22')%3C/script%3E";
        for path in [
            format!("?q={query}"),
            within(&organization, &format!("/people?q={query}")),
            within(&organization, &format!("/people/erase?external_id={query}")),
        ] {
            seen.push(browser.page(&path).await);
        }
        let tried = [("visitor_id", MARKUP), ("proof", MARKUP)];
        seen.push(browser.submit(&within(&organization, "/test"), &tried).await.text);
        let origins = browser.submit(&within(&organization, "/origins"), &[("origins", MARKUP)]).await;
        assert_eq!(origins.status, 422);
        seen.push(origins.text);
        let long = MARKUP.repeat(20);
        seen.push(browser.submit("/new", &[("name", &long)]).await.text);
        for page in &seen {
            assert!(!page.contains("<script"), "{page}");
        }
        assert!(seen.iter().filter(|page| page.contains("&#60;script&#62;")).count() > PAGES.len());
    }

    async fn organizations_are_found_by_name_id_and_key_page_by_page(database: Database) {
        let service = Service::start(&database);
        let browser = Browser::logged_in(&service).await;
        assert!(browser.page("").await.contains("There is no organization yet"));
        let mut organizations = Vec::new();
        for number in 0..51 {
            let organization = service.organization().await;
            organization.update(json!({"name": format!("Shop {number:02} 100%")})).await.ok();
            organizations.push(organization);
        }
        let first = browser.page("").await;
        assert!(first.contains("Shop 49 ") && !first.contains("Shop 50 "));
        let next = format!("?q=&amp;after={}", organizations[49].id);
        assert!(first.contains(&next), "{first}");
        let second = browser.page(&next.replace("&amp;", "&")).await;
        assert!(second.contains("Shop 50 ") && !second.contains("Shop 49 "));
        assert!(!second.contains("Next page"), "{second}");
        for (query, found) in [
            ("shop%2007", true),
            ("07%20100%25", true),
            (&organizations[7].id, true),
            (&organizations[7].key, true),
            ("7%201_0", false),
            ("%25", true),
            ("nobody", false),
        ] {
            let page = browser.page(&format!("?q={query}")).await;
            assert_eq!(page.contains("Shop 07 "), found, "{query}: {page}");
        }
        assert_eq!(browser.open("?q=%00").await.status, 422);

        let store = Store::open(&database.url, 1).unwrap();
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let (found, next) = store.organizations_named("sHoP 1", after, 4, 7).await.unwrap();
            assert!(found.len() <= 4);
            seen.extend(found.into_iter().map(|organization| organization.name));
            after = next;
            if after.is_none() {
                break;
            }
        }
        store.close().await;
        let expected: Vec<_> = (10..20).map(|number| format!("Shop {number} 100%")).collect();
        assert_eq!(seen, expected);
    }
}

/// Waits until a page says something.
async fn until_shown(browser: &Browser, path: &str, text: &str) {
    let start = Instant::now();
    loop {
        let page = browser.page(path).await;
        if page.contains(text) {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "{path}: {page}");
        sleep(Duration::from_millis(20)).await;
    }
}

async fn browser_is(browser: &Browser, is_logged_in: bool) {
    let status = browser.open("").await.status;
    assert_eq!(status == 200, is_logged_in, "{status}");
}

#[tokio::test]
async fn an_address_that_tries_to_log_in_too_often_has_to_wait() {
    let database = Database::sqlite();
    let service = Service::start(&database);
    let browser = Browser::new(&service);
    for _ in 0..10 {
        let refused = browser.try_to_log_in("a guess").await;
        assert_eq!(refused.status, 403);
        assert!(refused.text.contains("This is not the admin token."));
        assert!(!refused.headers.contains_key("set-cookie"));
    }
    let limited = browser.try_to_log_in(&service.admin_token).await;
    assert_eq!(limited.status, 429, "{limited:?}");
    assert!(limited.text.contains("too many requests: try again in"));
    let log = service.settled_log().await;
    let line = "a log-in to the dashboard failed";
    assert_eq!(log.matches(line).count(), 10, "{log}");
    assert!(!log.contains("a guess"), "{log}");
    let series = r#"identity_hmac_rate_limited_total{limit="login"}"#;
    assert_eq!(service.count(series).await, 1);
}

#[tokio::test]
async fn the_programs_of_the_set_up_page_are_those_that_the_documentation_runs() {
    let database = Database::sqlite();
    let service = Service::start(&database);
    let organization = service.organization().await;
    let browser = Browser::logged_in(&service).await;
    let page = browser.page(&within(&organization, "/setup")).await;
    assert!(page.contains(&organization.key));
    let documented = [
        "tokens.md",
        "reference/browser.md",
        "quickstart/node.md",
        "quickstart/python.md",
        "quickstart/ruby.md",
        "quickstart/rust.md",
    ]
    .map(|name| {
        let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs");
        std::fs::read_to_string(format!("{docs}/{name}")).unwrap()
    });
    let programs: Vec<_> = page
        .split(": program\">")
        .skip(1)
        .map(|rest| rest.split_once("</pre>").unwrap().0)
        .map(|program| {
            program
                .replace("&#60;", "<")
                .replace("&#62;", ">")
                .replace("&#34;", "\"")
                .replace("&#39;", "'")
                .replace("&#38;", "&")
                .replace(&organization.key, "pk_…")
        })
        .collect();
    assert_eq!(programs.len(), 13);
    for program in programs {
        let mut pages = documented.iter();
        assert!(pages.any(|page| page.contains(&program)), "{program}");
    }
}
