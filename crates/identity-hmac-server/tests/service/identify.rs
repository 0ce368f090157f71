//! What `identify()` takes, where its limits are, and what becomes of it: RFC 7396 and the limits
//! of DESIGN section 6.

use http_body_util::{BodyExt, Full};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use reqwest::Method;
use serde_json::{Map, Value, json};
use tokio::runtime::Handle;
use tokio::task::block_in_place;

use crate::harness::{Answer, Database, Organization, Service, Visitor, on_both_databases};

const BODY_LIMIT: usize = 64 * 1024;
const METADATA_LIMIT: usize = 16 * 1024;

async fn visitor(database: &Database) -> (Service, Organization, Visitor) {
    let service = Service::start(database);
    let organization = service.organization().await;
    let visitor = organization.visitor().await;
    (service, organization, visitor)
}

/// Sees a call refused that names the field at fault, and nothing written.
async fn is_refused(visitor: &Visitor, body: impl AsRef<[u8]>, field: Option<&str>) {
    let body = body.as_ref();
    let shown = String::from_utf8_lossy(&body[..body.len().min(200)]);
    let answer = visitor.identify_raw(body.to_vec()).await;
    assert_eq!(
        (answer.status, answer.code()),
        (422, "invalid_request"),
        "{shown}: {answer:?}"
    );
    assert_eq!(answer.body["field"].as_str(), field, "{shown}: {answer:?}");
    if let Some(field) = field {
        let detail = answer.body["detail"].as_str().unwrap();
        assert!(detail.starts_with(&format!("{field}: ")), "{detail}");
    }
}

/// A body that does not tell its length, and so is sent in chunks.
fn chunked(body: Vec<u8>) -> reqwest::Body {
    let body = Full::<hyper::body::Bytes>::from(body).map_frame(|frame| frame);
    assert_eq!(hyper::body::Body::size_hint(&body).exact(), None);
    reqwest::Body::wrap(body)
}

/// A body of so many bytes.
fn body_of(len: usize) -> Vec<u8> {
    let mut body = br#"{"name": "Jane"}"#.to_vec();
    body.resize(len, b' ');
    body
}

/// Metadata of so many bytes as compact JSON, under a key of one letter.
fn metadata_of(len: usize, key: &str) -> Value {
    json!({key: "x".repeat(len - r#"{"k":""}"#.len())})
}

/// An object of so many levels.
fn nested(levels: usize) -> Value {
    (1..levels).fold(json!({}), |inner, _| json!({"a": inner}))
}

on_both_databases! {
    async fn a_text_may_have_as_many_characters_as_its_limit_and_no_more(database: Database) {
        let (_service, _, visitor) = visitor(&database).await;
        for (field, limit) in [("name", 256), ("externalId", 256)] {
            for char in ["x", "é", "e\u{301}", "😀"] {
                let per_char = char.chars().count();
                let last = char.repeat(limit / per_char);
                let result = visitor.identify(json!({field: last})).await.ok();
                assert_eq!(result[field], json!(last));
                let over = json!({field: format!("{last}x")}).to_string();
                is_refused(&visitor, over, Some(field)).await;
                assert_eq!(visitor.identity().await.ok(), result);
            }
        }
        let domain = [&["d"; 63].concat(); 4].map(String::as_str).join(".");
        for address in [
            format!("{}@example.com", "x".repeat(320 - "@example.com".len())),
            format!("{}@{domain}", "é".repeat(64)),
        ] {
            assert_eq!(address.chars().count(), 320);
            let result = visitor.identify(json!({"email": address})).await.ok();
            assert_eq!(result["email"], json!(address));
            is_refused(&visitor, json!({"email": format!("x{address}")}).to_string(), Some("email")).await;
        }
    }

    async fn an_email_address_is_shaped_like_one(database: Database) {
        let (_service, _, visitor) = visitor(&database).await;
        for address in [
            "jane@example.com",
            "Jane.Doe+tag@sub.example.co.uk",
            "o'brien_1@example-shop.com",
            "jane..doe@example.ne.jp",
            "jörg@müller.example",
            "用户@例え.テスト",
            "jane@localhost",
        ] {
            let result = visitor.identify(json!({"email": address})).await.ok();
            assert_eq!(result["email"], address);
        }
        for text in [
            "", " ", "@", "jane", "jane@", "@example.com", "jane@@example.com", "a@b@example.com",
            "jane doe@example.com", "jane@exam ple.com", " jane@example.com", "jane@example.com ",
            "jane@example.com\n", "jane@example..com", "jane@.example.com", "jane@example.com.",
            "jane@-example.com", "jane@example-.com", "Jane <jane@example.com>",
            "jane@example.com, joe@example.com", "jane@exa_mple.com", "jane\u{a0}@example.com",
        ] {
            is_refused(&visitor, json!({"email": text}).to_string(), Some("email")).await;
        }
    }

    async fn a_body_may_have_64_kib_and_no_byte_more(database: Database) {
        let (_service, _, visitor) = visitor(&database).await;
        visitor.identify_raw(body_of(BODY_LIMIT)).await.ok();
        visitor.identify_raw(chunked(body_of(BODY_LIMIT))).await.ok();
        let over = visitor.identify_raw(body_of(BODY_LIMIT + 1)).await;
        over.is_problem(413, "too_large");
        let over = visitor.identify_raw(chunked(body_of(BODY_LIMIT + 1))).await;
        over.is_problem(413, "too_large");
    }

    async fn metadata_may_have_16_kib_as_compact_json_and_no_byte_more(database: Database) {
        let (_service, _, visitor) = visitor(&database).await;
        let last = metadata_of(METADATA_LIMIT, "k");
        assert_eq!(last.to_string().len(), METADATA_LIMIT);
        let spaced = format!("{:#}", json!({"metadata": last}));
        let result = visitor.identify_raw(spaced).await.ok();
        assert_eq!(result["metadata"], last);
        let over = json!({"metadata": metadata_of(METADATA_LIMIT + 1, "k")}).to_string();
        is_refused(&visitor, over, Some("metadata")).await;
        // Bytes of UTF-8 count, not characters.
        let over = json!({"metadata": {"k": "é".repeat(METADATA_LIMIT / 2)}}).to_string();
        is_refused(&visitor, over, Some("metadata")).await;
        assert_eq!(visitor.identity().await.ok(), result);
    }

    async fn metadata_that_a_merge_makes_too_large_is_refused_and_nothing_is_written(database: Database) {
        let (_service, organization, visitor) = visitor(&database).await;
        // {"a":"…","b":"…"}
        let half = METADATA_LIMIT / 2;
        visitor.identify(json!({"metadata": metadata_of(half, "a")})).await.ok();
        let rest = METADATA_LIMIT - half + "{".len();
        let path = format!("/{}/identities", organization.id);
        let record = async || Answer::to(organization.admin(Method::GET, &path)).await.ok();
        let before = record().await;
        let over = json!({"name": "Mallory", "metadata": metadata_of(rest + 1, "b")}).to_string();
        is_refused(&visitor, over, Some("metadata")).await;
        assert_eq!(record().await, before);
        let metadata = visitor.identify(json!({"metadata": metadata_of(rest, "b")})).await.ok();
        assert_eq!(metadata["metadata"].to_string().len(), METADATA_LIMIT);
        // What one member gives up another may take, in one call.
        let swap = json!({"metadata": {"a": null, "c": "x".repeat(half - 8)}});
        visitor.identify(swap).await.ok();
    }

    async fn metadata_may_have_8_levels_and_no_more(database: Database) {
        let (_service, _, visitor) = visitor(&database).await;
        let result = visitor.identify(json!({"metadata": nested(8)})).await.ok();
        assert_eq!(result["metadata"], nested(8));
        let path = "metadata.a.a.a.a.a.a.a.a";
        let over = json!({"metadata": nested(9)}).to_string();
        is_refused(&visitor, over, Some(path)).await;
        // An array is a level like an object.
        let list = |levels: usize| format!(r#"{{"metadata": {{"a": {}{}}}}}"#, "[".repeat(levels), "]".repeat(levels));
        visitor.identify_raw(list(7)).await.ok();
        is_refused(&visitor, list(8), Some("metadata.a[0][0][0][0][0][0][0]")).await;
        // Nor in a part that is ignored.
        is_refused(&visitor, format!(r#"{{"hmac": {}{}}}"#, "[".repeat(9), "]".repeat(9)), Some("hmac[0][0][0][0][0][0][0][0]")).await;
        let bottomless = "[".repeat(BODY_LIMIT - 20);
        let answer = visitor.identify_raw(format!(r#"{{"metadata": {bottomless}"#)).await;
        answer.is_problem(422, "invalid_request");
    }

    async fn what_the_document_does_not_know_is_refused_by_name(database: Database) {
        let (_service, _, visitor) = visitor(&database).await;
        for (body, field) in [
            (json!({"nmae": "Jane"}), "nmae"),
            (json!({"external_id": "1"}), "external_id"),
            (json!({"Name": "Jane"}), "Name"),
            (json!({"hmacVerified": true}), "hmacVerified"),
            (json!({"anonymousUserId": visitor.id}), "anonymousUserId"),
            (json!({"id": "1", "name": "Jane"}), "id"),
            (json!({"": 1}), ""),
        ] {
            is_refused(&visitor, body.to_string(), Some(field)).await;
        }
        // A name as long as the body is not repeated whole.
        let long = "é".repeat(30_000);
        for body in [json!({&*long: 1}), json!({"metadata": {&*long: "\0"}})] {
            let answer = visitor.identify(body).await;
            answer.is_problem(422, "invalid_request");
            let field = answer.body["field"].as_str().unwrap();
            assert!(field.ends_with("é…"), "{field}");
            assert!(answer.text.len() < 1500, "{}", answer.text.len());
        }
        visitor.identity().await.is_problem(404, "identity_not_found");
    }

    async fn a_value_of_a_wrong_type_is_refused_by_name(database: Database) {
        let (_service, _, visitor) = visitor(&database).await;
        for field in ["name", "email", "externalId"] {
            for value in [json!(7), json!(true), json!([]), json!({}), json!(["Jane"])] {
                is_refused(&visitor, json!({field: value}).to_string(), Some(field)).await;
            }
        }
        for value in [json!("plan"), json!(7), json!(false), json!([]), json!([{"plan": "a"}])] {
            is_refused(&visitor, json!({"metadata": value}).to_string(), Some("metadata")).await;
        }
        visitor.identity().await.is_problem(404, "identity_not_found");
    }

    async fn text_that_has_two_meanings_or_none_is_refused_by_name(database: Database) {
        let (_service, _, visitor) = visitor(&database).await;
        for (body, field) in [
            (r#"{"name": "Jane", "name": "Jane"}"#, "name"),
            (r#"{"name": "Jane", "\u006eame": "Joe"}"#, "name"),
            (r#"{"hmac": "a", "name": "Jane", "hmac": "b"}"#, "hmac"),
            (r#"{"metadata": {"plan": 1, "plan": 1}}"#, "metadata.plan"),
            (r#"{"metadata": {"a": [0, {"b": 1, "\u0062": 2}]}}"#, "metadata.a[1].b"),
            (r#"{"metadata": {"a": null, "a": null}}"#, "metadata.a"),
            (r#"{"name": "Ja\u0000ne"}"#, "name"),
            (r#"{"externalId": "\u0000"}"#, "externalId"),
            (r#"{"email": "jane@example.com\u0000"}"#, "email"),
            (r#"{"metadata": {"plan": ["\u0000"]}}"#, "metadata.plan[0]"),
            (r#"{"metadata": {"a\u0000b": 1}}"#, "metadata"),
            (r#"{"name": "\ud83d"}"#, "name"),
            (r#"{"name": "\ude00"}"#, "name"),
            (r#"{"name": "\ude00\ud83d"}"#, "name"),
            (r#"{"metadata": {"plan": "\ud83dx"}}"#, "metadata.plan"),
            (r#"{"metadata": {"\ud83d": 1}}"#, "metadata"),
            (r#"{"metadata": {"n": 1e999}}"#, "metadata.n"),
        ] {
            is_refused(&visitor, body, Some(field)).await;
        }
        visitor.identity().await.is_problem(404, "identity_not_found");
        // A pair of surrogates is one character.
        let result = visitor.identify_raw(r#"{"name": "\ud83d\ude00"}"#).await.ok();
        assert_eq!(result["name"], "😀");
    }

    async fn what_is_not_one_json_object_in_utf_8_is_refused(database: Database) {
        let (_service, _, visitor) = visitor(&database).await;
        let utf_16: Vec<u8> = "{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for body in [
            &b""[..], b" ", b"null", b"true", b"7", b"\"Jane\"", b"[]", b"[{}]", b"{", b"}", b"{}{}",
            b"{} x", b"{},", b"{\"name\"}", b"{'name': 'Jane'}", b"{name: \"Jane\"}", b"{\"name\": }",
            b"{/**/}", b"{} // end", b"\xef\xbb\xbf{}", b"\x00{}", b"{}\x00", b"\xff\xfe{\x00}\x00",
            &utf_16, b"name=Jane",
        ] {
            let answer = visitor.identify_raw(body.to_vec()).await;
            let shown = String::from_utf8_lossy(body);
            assert_eq!((answer.status, answer.code()), (422, "invalid_request"), "{shown:?}");
        }
        for body in [
            &b"{\"name\": \"J\xffane\"}"[..],
            b"{\"name\": \"J\xc0\x80ane\"}",
            b"{\"name\": \"J\xed\xa0\x80ane\"}",
            b"{\"name\": \"J\nane\"}",
            b"{\"name\": \"J\\xane\"}",
            b"{\"name\": NaN}",
            b"{\"name\": \"Jane}",
            b"{\"name\": \"Jane\",}",
        ] {
            let answer = visitor.identify_raw(body.to_vec()).await;
            answer.is_problem(422, "invalid_request");
            assert!(!answer.text.contains("Jane"), "{}", answer.text);
        }
        visitor.identity().await.is_problem(404, "identity_not_found");
    }

    async fn a_body_has_to_call_itself_json(database: Database) {
        let (_service, _, visitor) = visitor(&database).await;
        for kind in [
            "application/json", "APPLICATION/JSON", "application/json; charset=utf-8",
            "application/json ;charset=UTF-8", "application/merge-patch+json",
        ] {
            let request = visitor.request().header("content-type", kind).body("{}");
            assert_eq!(Answer::to(request).await.status, 200, "{kind}");
        }
        for kind in [
            "text/plain", "text/json", "application/x-www-form-urlencoded", "multipart/form-data",
            "application/jsonp", "application/octet-stream", "json", "", "text/plain; application/json",
        ] {
            let request = visitor.request().header("content-type", kind).body("{}");
            let answer = Answer::to(request).await;
            assert_eq!((answer.status, answer.code()), (415, "unsupported_media_type"), "{kind:?}");
        }
        Answer::to(visitor.request().body("{}")).await.is_problem(415, "unsupported_media_type");
    }

    async fn null_clears_a_member_and_absence_keeps_it(database: Database) {
        let (_service, _, visitor) = visitor(&database).await;
        let members = [
            ("name", json!("Jane")),
            ("email", json!("jane@example.com")),
            ("externalId", json!("user_123")),
            ("metadata", json!({"plan": "premium"})),
        ];
        let all: Map<_, _> = members.iter().map(|(name, value)| ((*name).into(), value.clone())).collect();
        let whole = visitor.identify(json!(all)).await.ok();
        assert_eq!(visitor.identify(json!({})).await.ok(), whole);
        for (name, value) in members {
            let mut expected = whole.clone();
            expected[name] = json!(null);
            assert_eq!(visitor.identify(json!({name: null})).await.ok(), expected);
            assert_eq!(visitor.identity().await.ok(), expected);
            assert_eq!(visitor.identify(json!({name: value})).await.ok(), whole);
        }
        // An empty value is a value.
        let result = visitor.identify(json!({"name": "", "externalId": "", "metadata": {}})).await.ok();
        assert_eq!((&result["name"], &result["externalId"]), (&json!(""), &json!("")));
        assert_eq!(result["metadata"], whole["metadata"]);
    }

    /// "The first identify" makes the record, whatever it tells.
    async fn the_record_is_there_from_the_first_call_on(database: Database) {
        let (_service, _, visitor) = visitor(&database).await;
        visitor.identity().await.is_problem(404, "identity_not_found");
        let made = visitor.identify(json!({})).await.ok();
        assert_eq!(visitor.identity().await.ok(), made);
        let empty = visitor.identify(json!({"metadata": {}})).await.ok();
        assert_eq!((&empty["id"], &empty["metadata"]), (&made["id"], &json!({})));
        assert_eq!(visitor.identity().await.ok(), empty);
    }

    async fn one_person_may_have_several_visitors(database: Database) {
        let (_service, organization, phone) = visitor(&database).await;
        let laptop = organization.visitor().await;
        let params = json!({"externalId": "user_123", "email": "jane@example.com"});
        let (phone, laptop) = (phone.identify(params.clone()).await.ok(), laptop.identify(params).await.ok());
        assert_ne!(phone["id"], laptop["id"]);
        let path = format!("/{}/identities?externalId=user_123", organization.id);
        let listed = Answer::to(organization.admin(Method::GET, &path)).await.ok();
        assert_eq!(listed["identities"].as_array().unwrap().len(), 2);
    }

    async fn text_comes_back_as_it_was_told(database: Database) {
        let (_service, _, visitor) = visitor(&database).await;
        for text in [
            "café", "cafe\u{301}", " Jane ", "\u{1}\t\n\r\u{7f}", "שלום", "👨‍👩‍👧", "\u{feff}", "\u{ffff}",
            "'; DROP TABLE identities; --", "\\u0041", "\"\\", "<script>", "%00", "\u{10ffff}",
        ] {
            let params = json!({"name": text, "externalId": text, "metadata": {"t": {text: text}}});
            let result = visitor.identify(params).await.ok();
            assert_eq!((&result["name"], &result["externalId"]), (&json!(text), &json!(text)));
            assert_eq!(result["metadata"]["t"][text], text);
            assert_eq!(visitor.identity().await.ok(), result);
        }
        // Composed and decomposed are two keys.
        let metadata = json!({"café": 1, "cafe\u{301}": 2});
        let other = visitor.identify(json!({"metadata": null})).await.ok();
        assert_eq!(other["metadata"], json!(null));
        let result = visitor.identify(json!({"metadata": metadata})).await.ok();
        assert_eq!(result["metadata"], metadata);
    }

    async fn numbers_come_back_as_they_were_told(database: Database) {
        let (_service, _, visitor) = visitor(&database).await;
        for number in [
            "0", "-1", "9007199254740993", "18446744073709551615", "-9223372036854775808", "0.1",
            "1.0", "-0.0", "1.7976931348623157e308", "5e-324", "123456789.12345679",
        ] {
            let body = format!(r#"{{"metadata": {{"n": {number}}}}}"#);
            for answer in [visitor.identify_raw(body).await, visitor.identity().await] {
                assert!(answer.text.contains(&format!(r#""n":{number}}}"#)), "{}", answer.text);
            }
        }
    }

    async fn the_order_of_members_means_nothing(database: Database) {
        let (_service, organization, visitor) = visitor(&database).await;
        organization.verification("required").await;
        let hmac = organization.sign(&visitor);
        let first = visitor.identify_raw(format!(
            r#"{{"hmac": "{hmac}", "metadata": {{"a": 1, "b": {{"c": 2, "d": 3}}}}, "name": "Jane"}}"#
        ));
        let first = first.await.ok();
        let second = visitor.identify_raw(format!(
            r#"{{"name": "Jane", "metadata": {{"b": {{"d": 3, "c": 2}}, "a": 1}}, "hmac": "{hmac}"}}"#
        ));
        assert_eq!(second.await.ok(), first);
    }

    /// RFC 7396, appendix A: original, patch, result; one level down, where any value may stand.
    async fn metadata_merges_as_in_the_table_of_rfc_7396(database: Database) {
        let (_service, organization, _) = visitor(&database).await;
        let gone = Value::Null;
        for (original, patch, result) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
            (json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}})),
            (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
            (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
            (json!({"a": "b"}), json!(["c"]), json!(["c"])),
            (json!({"a": "foo"}), json!(null), gone),
            (json!({"a": "foo"}), json!("bar"), json!("bar")),
            // The table keeps the null of the original, which no merge could have put there.
            (json!({"e": null}), json!({"a": 1}), json!({"a": 1})),
            (json!([1, 2]), json!({"a": "b", "c": null}), json!({"a": "b"})),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
        ] {
            let visitor = organization.visitor().await;
            visitor.identify(json!({"metadata": {"t": original}})).await.ok();
            let merged = visitor.identify(json!({"metadata": {"t": patch}})).await.ok();
            let mut expected = json!({"t": result});
            if result.is_null() {
                expected = json!({});
            }
            assert_eq!(merged["metadata"], expected, "{original} {patch}");
            assert_eq!(visitor.identity().await.ok(), merged);
            if original.is_object() && patch.is_object() {
                let visitor = organization.visitor().await;
                visitor.identify(json!({"metadata": original})).await.ok();
                let merged = visitor.identify(json!({"metadata": patch})).await.ok();
                assert_eq!(merged["metadata"], result, "{original} {patch}");
            }
        }
    }

    async fn any_sequence_of_patches_merges_as_rfc_7396_says(database: Database) {
        let (_service, organization, _) = visitor(&database).await;
        let config = Config { cases: 24, failure_persistence: None, ..Config::default() };
        let runtime = Handle::current();
        let run = |patches: Vec<Value>| {
            block_in_place(|| runtime.block_on(async {
                let visitor = organization.visitor().await;
                let mut expected = json!({});
                for patch in patches {
                    let result = visitor.identify(json!({"metadata": patch})).await.ok();
                    expected = merge_patch(expected, &patch);
                    prop_assert_eq!(&result["metadata"], &expected);
                }
                prop_assert_eq!(&visitor.identity().await.ok()["metadata"], &expected);
                Ok(())
            }))
        };
        TestRunner::new(config).run(&vec(object(), 1..8), run).unwrap();
    }
}

/// A value of a few keys, so that patches meet.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        3 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => "\\PC{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 24, 4, |inner| {
        prop_oneof![
            3 => btree_map("[abc]", inner.clone(), 0..4).prop_map(|members| json!(members)),
            1 => vec(inner, 0..3).prop_map(Value::from),
        ]
    })
}

fn object() -> impl Strategy<Value = Value> {
    btree_map("[abc]", value(), 0..4).prop_map(|members| json!(members))
}

/// `MergePatch` as RFC 7396 section 2 writes it.
fn merge_patch(target: Value, patch: &Value) -> Value {
    let Value::Object(patch) = patch else {
        return patch.clone();
    };
    let mut target = match target {
        Value::Object(target) => target,
        _ => Map::new(),
    };
    for (name, value) in patch {
        if value.is_null() {
            target.remove(name);
        } else {
            let merged = merge_patch(target.remove(name).unwrap_or(Value::Null), value);
            target.insert(name.clone(), merged);
        }
    }
    Value::Object(target)
}
