//! What `identify()` takes, and where its limits are.

use http_body_util::{BodyExt, Full};
use reqwest::Method;
use serde_json::{Value, json};

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
            is_refused(
                &visitor,
                json!({"email": format!("x{address}")}).to_string(),
                Some("email"),
            )
            .await;
        }
    }

    async fn a_blank_text_is_refused_by_name_with_what_to_send_instead(database: Database) {
        let (_service, _, visitor) = visitor(&database).await;
        for field in ["name", "email", "externalId"] {
            for blank in ["", " ", "\t\n", "\u{a0}\u{2003}"] {
                let body = json!({field: blank}).to_string();
                is_refused(&visitor, &body, Some(field)).await;
                let detail = visitor.identify_raw(body).await.body["detail"].take();
                assert!(detail.as_str().unwrap().contains("null to clear"), "{detail}");
            }
        }
        visitor.identity().await.is_no_record();
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
            "@",
            "jane",
            "jane@",
            "@example.com",
            "jane@@example.com",
            "a@b@example.com",
            "jane doe@example.com",
            "jane@exam ple.com",
            " jane@example.com",
            "jane@example.com ",
            "jane@example.com\n",
            "jane@example..com",
            "jane@.example.com",
            "jane@example.com.",
            "jane@-example.com",
            "jane@example-.com",
            "Jane <jane@example.com>",
            "jane@example.com, joe@example.com",
            "jane@exa_mple.com",
            "jane\u{a0}@example.com",
        ] {
            is_refused(&visitor, json!({"email": text}).to_string(), Some("email")).await;
        }
    }

    async fn a_body_may_have_64_kib_and_no_byte_more(database: Database) {
        let (_service, _, visitor) = visitor(&database).await;
        visitor.identify_raw(body_of(BODY_LIMIT)).await.ok();
        visitor
            .identify_raw(chunked(body_of(BODY_LIMIT)))
            .await
            .ok();
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

    async fn a_merge_that_would_be_too_large_is_not_written(database: Database) {
        let (_service, organization, visitor) = visitor(&database).await;
        // {"a":"…","b":"…"}
        let half = METADATA_LIMIT / 2;
        visitor
            .identify(json!({"metadata": metadata_of(half, "a")}))
            .await
            .ok();
        let rest = METADATA_LIMIT - half + "{".len();
        let path = format!("/{}/identities", organization.id);
        let record = async || {
            Answer::to(organization.admin(Method::GET, &path))
                .await
                .ok()
        };
        let before = record().await;
        let over = json!({"name": "Mallory", "metadata": metadata_of(rest + 1, "b")}).to_string();
        is_refused(&visitor, over, Some("metadata")).await;
        assert_eq!(record().await, before);
        let metadata = visitor
            .identify(json!({"metadata": metadata_of(rest, "b")}))
            .await
            .ok();
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
        let list = |levels: usize| {
            format!(
                r#"{{"metadata": {{"a": {}{}}}}}"#,
                "[".repeat(levels),
                "]".repeat(levels)
            )
        };
        visitor.identify_raw(list(7)).await.ok();
        is_refused(&visitor, list(8), Some("metadata.a[0][0][0][0][0][0][0]")).await;
        // Nor in a part that is ignored.
        is_refused(
            &visitor,
            format!(r#"{{"hmac": {}{}}}"#, "[".repeat(9), "]".repeat(9)),
            Some("hmac[0][0][0][0][0][0][0][0]"),
        )
        .await;
        let bottomless = "[".repeat(BODY_LIMIT - 20);
        let answer = visitor
            .identify_raw(format!(r#"{{"metadata": {bottomless}"#))
            .await;
        answer.is_problem(422, "invalid_request");
    }

    async fn an_unknown_member_is_refused_by_name(database: Database) {
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
        visitor
            .identity()
            .await.is_no_record();
    }

    async fn a_value_of_a_wrong_type_is_refused_by_name(database: Database) {
        let (_service, _, visitor) = visitor(&database).await;
        for field in ["name", "email", "externalId"] {
            for value in [json!(7), json!(true), json!([]), json!({}), json!(["Jane"])] {
                is_refused(&visitor, json!({field: value}).to_string(), Some(field)).await;
            }
        }
        for value in [
            json!("plan"),
            json!(7),
            json!(false),
            json!([]),
            json!([{"plan": "a"}]),
        ] {
            is_refused(
                &visitor,
                json!({"metadata": value}).to_string(),
                Some("metadata"),
            )
            .await;
        }
        visitor
            .identity()
            .await.is_no_record();
    }

    async fn ambiguous_and_malformed_json_is_refused_by_name(database: Database) {
        let (_service, _, visitor) = visitor(&database).await;
        for (body, field) in [
            (r#"{"name": "Jane", "name": "Jane"}"#, "name"),
            (r#"{"name": "Jane", "\u006eame": "Joe"}"#, "name"),
            (r#"{"hmac": "a", "name": "Jane", "hmac": "b"}"#, "hmac"),
            (r#"{"metadata": {"plan": 1, "plan": 1}}"#, "metadata.plan"),
            (
                r#"{"metadata": {"a": [0, {"b": 1, "\u0062": 2}]}}"#,
                "metadata.a[1].b",
            ),
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
            (r#"{"metadata": {"n": 18446744073709551616}}"#, "metadata.n"),
            (r#"{"metadata": {"a": [1, {"n": -9223372036854775809}]}}"#, "metadata.a[1].n"),
        ] {
            is_refused(&visitor, body, Some(field)).await;
        }
        visitor
            .identity()
            .await.is_no_record();
        // A pair of surrogates is one character.
        let result = visitor
            .identify_raw(r#"{"name": "\ud83d\ude00"}"#)
            .await
            .ok();
        assert_eq!(result["name"], "😀");
    }

    async fn a_body_that_is_not_one_json_object_in_utf_8_is_refused(database: Database) {
        let (_service, _, visitor) = visitor(&database).await;
        let utf_16: Vec<u8> = "{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for body in [
            &b""[..],
            b" ",
            b"null",
            b"true",
            b"7",
            b"\"Jane\"",
            b"[]",
            b"[{}]",
            b"{",
            b"}",
            b"{}{}",
            b"{} x",
            b"{},",
            b"{\"name\"}",
            b"{'name': 'Jane'}",
            b"{name: \"Jane\"}",
            b"{\"name\": }",
            b"{/**/}",
            b"{} // end",
            b"\xef\xbb\xbf{}",
            b"\x00{}",
            b"{}\x00",
            b"\xff\xfe{\x00}\x00",
            &utf_16,
            b"name=Jane",
        ] {
            let answer = visitor.identify_raw(body.to_vec()).await;
            let shown = String::from_utf8_lossy(body);
            assert_eq!(
                (answer.status, answer.code()),
                (422, "invalid_request"),
                "{shown:?}"
            );
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
        visitor
            .identity()
            .await.is_no_record();
    }

    async fn a_body_has_to_call_itself_json(database: Database) {
        let (_service, _, visitor) = visitor(&database).await;
        for kind in [
            "application/json",
            "APPLICATION/JSON",
            "application/json; charset=utf-8",
            "application/json ;charset=UTF-8",
            "application/merge-patch+json",
        ] {
            let request = visitor.request().header("content-type", kind).body("{}");
            assert_eq!(Answer::to(request).await.status, 200, "{kind}");
        }
        for kind in [
            "text/plain",
            "text/json",
            "application/x-www-form-urlencoded",
            "multipart/form-data",
            "application/jsonp",
            "application/octet-stream",
            "json",
            "",
            "text/plain; application/json",
        ] {
            let request = visitor.request().header("content-type", kind).body("{}");
            let answer = Answer::to(request).await;
            assert_eq!(
                (answer.status, answer.code()),
                (415, "unsupported_media_type"),
                "{kind:?}"
            );
        }
        Answer::to(visitor.request().body("{}"))
            .await
            .is_problem(415, "unsupported_media_type");
    }

    /// "The first identify" makes the record, whatever it tells.
    async fn the_record_is_there_from_the_first_call_on(database: Database) {
        let (_service, _, visitor) = visitor(&database).await;
        visitor
            .identity()
            .await.is_no_record();
        let made = visitor.identify(json!({})).await.ok();
        assert_eq!(visitor.identity().await.ok(), made);
        let empty = visitor.identify(json!({"metadata": {}})).await.ok();
        assert_eq!(
            (&empty["id"], &empty["metadata"]),
            (&made["id"], &json!({}))
        );
        assert_eq!(visitor.identity().await.ok(), empty);
    }

    async fn one_person_may_have_several_visitors(database: Database) {
        let (_service, organization, phone) = visitor(&database).await;
        let laptop = organization.visitor().await;
        let params = json!({"externalId": "user_123", "email": "jane@example.com"});
        let (phone, laptop) = (
            phone.identify(params.clone()).await.ok(),
            laptop.identify(params).await.ok(),
        );
        assert_ne!(phone["id"], laptop["id"]);
        let path = format!("/{}/identities?externalId=user_123", organization.id);
        let listed = Answer::to(organization.admin(Method::GET, &path))
            .await
            .ok();
        assert_eq!(listed["identities"].as_array().unwrap().len(), 2);
    }

    async fn text_comes_back_as_it_was_sent(database: Database) {
        let (_service, _, visitor) = visitor(&database).await;
        for text in [
            "café",
            "cafe\u{301}",
            " Jane ",
            "\u{1}\t\n\r\u{7f}",
            "שלום",
            "👨‍👩‍👧",
            "\u{feff}",
            "\u{ffff}",
            "'; DROP TABLE identities; --",
            "\\u0041",
            "\"\\",
            "<script>",
            "%00",
            "\u{10ffff}",
        ] {
            let params = json!({"name": text, "externalId": text, "metadata": {"t": {text: text}}});
            let result = visitor.identify(params).await.ok();
            assert_eq!(
                (&result["name"], &result["externalId"]),
                (&json!(text), &json!(text))
            );
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

    async fn numbers_come_back_as_they_were_sent(database: Database) {
        let (_service, _, visitor) = visitor(&database).await;
        for number in [
            "0",
            "-1",
            "9007199254740993",
            "18446744073709551615",
            "-9223372036854775808",
            "0.1",
            "1.0",
            "-0.0",
            "1e+20",
            "1.7976931348623157e+308",
            "5e-324",
            "123456789.12345679",
        ] {
            let body = format!(r#"{{"metadata": {{"n": {number}}}}}"#);
            for answer in [visitor.identify_raw(body).await, visitor.identity().await] {
                assert!(
                    answer.text.contains(&format!(r#""n":{number}}}"#)),
                    "{}",
                    answer.text
                );
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
}
