//! How a call changes a record that is there: JSON Merge Patch (RFC 7396).

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};
use tokio::runtime::Handle;
use tokio::task::block_in_place;

use crate::harness::{Database, Service, on_both_databases};

on_both_databases! {
    async fn null_clears_a_member_and_absence_keeps_it(database: Database) {
        let service = Service::start(&database);
        let visitor = service.organization().await.visitor().await;
        let members = [
            ("name", json!("Jane")),
            ("email", json!("jane@example.com")),
            ("externalId", json!("user_123")),
            ("metadata", json!({"plan": "premium"})),
        ];
        let all: Map<_, _> = members
            .iter()
            .map(|(name, value)| ((*name).into(), value.clone()))
            .collect();
        let whole = visitor.identify(json!(all)).await.ok();
        assert_eq!(visitor.identify(json!({})).await.ok(), whole);
        for (name, value) in members {
            let mut expected = whole.clone();
            expected[name] = json!(null);
            assert_eq!(visitor.identify(json!({name: null})).await.ok(), expected);
            assert_eq!(visitor.identity().await.ok(), expected);
            assert_eq!(visitor.identify(json!({name: value})).await.ok(), whole);
        }
        // Empty metadata has nothing to merge.
        assert_eq!(visitor.identify(json!({"metadata": {}})).await.ok(), whole);
    }

    /// RFC 7396, appendix A: original, patch, result; one level down, where any value may stand.
    async fn metadata_merges_as_in_the_table_of_rfc_7396(database: Database) {
        let service = Service::start(&database);
        let organization = service.organization().await;
        let gone = Value::Null;
        for (original, patch, result) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (
                json!({"a": "b"}),
                json!({"b": "c"}),
                json!({"a": "b", "b": "c"}),
            ),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (
                json!({"a": "b", "b": "c"}),
                json!({"a": null}),
                json!({"b": "c"}),
            ),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
            (
                json!({"a": {"b": "c"}}),
                json!({"a": {"b": "d", "c": null}}),
                json!({"a": {"b": "d"}}),
            ),
            (
                json!({"a": [{"b": "c"}]}),
                json!({"a": [1]}),
                json!({"a": [1]}),
            ),
            (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
            (json!({"a": "b"}), json!(["c"]), json!(["c"])),
            (json!({"a": "foo"}), json!(null), gone),
            (json!({"a": "foo"}), json!("bar"), json!("bar")),
            // The table keeps the null of the original, which no merge could have put there.
            (json!({"e": null}), json!({"a": 1}), json!({"a": 1})),
            (
                json!([1, 2]),
                json!({"a": "b", "c": null}),
                json!({"a": "b"}),
            ),
            (
                json!({}),
                json!({"a": {"bb": {"ccc": null}}}),
                json!({"a": {"bb": {}}}),
            ),
        ] {
            let visitor = organization.visitor().await;
            visitor
                .identify(json!({"metadata": {"t": original}}))
                .await
                .ok();
            let merged = visitor
                .identify(json!({"metadata": {"t": patch}}))
                .await
                .ok();
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
        let service = Service::start(&database);
        let organization = service.organization().await;
        let config = Config {
            cases: 24,
            failure_persistence: None,
            ..Config::default()
        };
        let runtime = Handle::current();
        let run = |patches: Vec<Value>| {
            block_in_place(|| {
                runtime.block_on(async {
                    let visitor = organization.visitor().await;
                    let mut expected = json!({});
                    for patch in patches {
                        let result = visitor.identify(json!({"metadata": patch})).await.ok();
                        expected = merge_patch(expected, &patch);
                        prop_assert_eq!(&result["metadata"], &expected);
                    }
                    prop_assert_eq!(&visitor.identity().await.ok()["metadata"], &expected);
                    Ok(())
                })
            })
        };
        TestRunner::new(config)
            .run(&vec(object(), 1..8), run)
            .unwrap();
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
