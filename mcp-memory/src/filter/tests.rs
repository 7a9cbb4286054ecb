//! What passes, and what is refused.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::Filter;
use crate::{Id, Record, State};

fn record() -> Record {
    let metadata = json!({
        "status": "open", "n": 3, "price": 2.5, "big": 9_007_199_254_740_993_u64, "flag": true, "nothing": null, "a.b": "dot",
        "nested": { "list": ["x", "y", 7], "deep": { "er": "z" } },
    });
    Record {
        id: Id([7; 16]),
        author: "ann".into(),
        content: "We chose PostgreSQL for billing".into(),
        kind: "decision".into(),
        tags: vec!["db".into(), "team:billing".into()],
        metadata: metadata.as_object().unwrap().clone(),
        session: Some("s-1".into()),
        sequence: Some(4),
        speaker: None,
        source: Some("docs/adr/1.md".into()),
        agent: None,
        run: Some("r".into()),
        importance: Some(0.1),
        created: 1_767_225_600_000,
        updated: 1_767_225_600_000,
        valid_from: None,
        valid_to: None,
        expires: None,
        version: 1,
        state: State::Live,
    }
}

#[test]
fn conditions_hold_where_they_should() {
    let passes = |json: &Value| Filter::parse(json).unwrap().matches(&record());
    for (json, expect) in [
        (json!({}), true),
        (json!({ "all": [] }), true),
        (json!({ "any": [] }), false),
        (json!({ "not": { "any": [] } }), true),
        (json!({ "NOT": [{ "type": "note" }, { "type": "fact" }] }), true),
        (json!({ "NOT": [{ "type": "note" }, { "type": "decision" }] }), false),
        (json!({ "type": "decision", "author": "ann" }), true),
        (json!({ "type": "decision", "author": "bob" }), false),
        (
            json!({ "OR": [{ "type": "x" }, { "AND": [{ "tags": "db" }, { "run": { "in": ["q", "r"] } }] }] }),
            true,
        ),
        // A list has what is in it.
        (json!({ "tags": "db" }), true),
        (json!({ "tags": { "ne": "db" } }), false),
        (json!({ "tags": { "any": ["x", "db"] } }), true),
        (json!({ "tags": { "all": ["db", "team:billing"] } }), true),
        (json!({ "tags": { "all": ["db", "x"] } }), false),
        (json!({ "tags": { "none": ["x", "y"] } }), true),
        (json!({ "tags": { "prefix": "team:" } }), true),
        (json!({ "tags": { "contains": "team" } }), false),
        (json!({ "metadata.nested.list": "y" }), true),
        (json!({ "metadata.nested.list": { "gt": 6 } }), true),
        // What is missing is equal to nothing.
        (json!({ "agent": "x" }), false),
        (json!({ "agent": { "ne": "x" } }), true),
        (json!({ "agent": { "nin": ["x"] } }), true),
        (json!({ "agent": { "exists": false } }), true),
        (json!({ "agent": "*" }), false),
        (json!({ "run": "*" }), true),
        (json!({ "valid_to": { "lt": "2099-01-01" } }), false),
        (json!({ "metadata.gone": { "exists": true } }), false),
        (json!({ "metadata.nothing": { "exists": true } }), true),
        (json!({ "metadata.nothing": null }), true),
        // Names with dots, and ways into objects.
        (json!({ "metadata.a\\.b": "dot" }), true),
        (json!({ "metadata.a.b": "dot" }), false),
        (json!({ "metadata.nested.deep.er": "z" }), true),
        (json!({ "metadata.status.x": "z" }), false),
        // Numbers are numbers.
        (json!({ "metadata.n": 3.0 }), true),
        (json!({ "metadata.n": "3" }), false),
        (json!({ "metadata.n": { "gte": 3, "lt": 3.5 } }), true),
        (json!({ "metadata.price": { "lte": 2.5 } }), true),
        (json!({ "metadata.big": 9_007_199_254_740_992_u64 }), false),
        (json!({ "metadata.big": { "gt": 9_007_199_254_740_992_u64 } }), true),
        (json!({ "metadata.status": { "gt": 1 } }), false),
        (json!({ "metadata.flag": true }), true),
        (json!({ "importance": 0.1 }), true),
        (json!({ "importance": { "gt": 0.1 } }), false),
        // Texts.
        (json!({ "content": { "contains": "postgres" } }), false),
        (json!({ "content": { "icontains": "POSTGRES" } }), true),
        (json!({ "source": { "prefix": "docs/" } }), true),
        (json!({ "metadata.status": { "gte": "open", "lt": "opex" } }), true),
        (json!({ "id": "07070707-0707-0707-0707-070707070707" }), true),
        // Times.
        (json!({ "created": "2026-01-01" }), true),
        (json!({ "created": { "gte": "2026-01-01T01:00:00+01:00", "lt": 1_767_225_600_001_i64 } }), true),
        (json!({ "created": { "gt": "2026-01-01T00:00:00Z" } }), false),
        (json!({ "created": { "within": "january 2026" } }), true),
        (json!({ "created": { "within": "2025" } }), false),
        (json!({ "not": { "created": { "within": "since 2027" } } }), true),
        (json!({ "created": { "within": { "from": "2026-01-01", "to": "2026-01-02" } } }), true),
        (json!({ "created": { "within": { "to": "2026-01-01" } } }), false),
    ] {
        assert_eq!(passes(&json), expect, "{json}");
    }
}

#[test]
fn mistakes_are_named_with_their_place() {
    for (json, expect) in [
        (json!(1), "filter: must be an object such as `{\"type\": \"decision\"}`"),
        (json!({ "all": {} }), "filter.all: must be a list of conditions"),
        (
            json!({ "all": [{ "type": "x" }, { "type": { "like": "x" } }] }),
            "filter.all[1].type.like: is no operator: use `eq`, `ne`, `in`, `nin`, `any`, `all`, `none`, `gt`, `gte`, `lt`, `lte`, \
             `contains`, `icontains`, `prefix`, `within`, `exists`",
        ),
        (json!({ "type": 1 }), "filter.type: must be a text"),
        (
            json!({ "type": ["a"] }),
            "filter.type: a list needs an operator: `{\"in\": […]}` or `{\"any\": […]}`",
        ),
        (json!({ "type": { "in": ["a", 1] } }), "filter.type.in[1]: must be a text"),
        (
            json!({ "type": {} }),
            "filter.type: needs an operator: `eq`, `ne`, `in`, `nin`, `any`, `all`, `none`, `gt`, `gte`, `lt`, `lte`, `contains`, `icontains`, `prefix`, `within`, `exists`",
        ),
        (
            json!({ "created": { "gt": "last week" } }),
            "filter.created.gt: must be a time: `2026-01-31`, `2026-01-31T12:00:00Z`, or milliseconds since 1970",
        ),
        (
            json!({ "created": { "within": "soonish" } }),
            "filter.created.within: `soonish` is not a time: try `last week`, `3 days ago`, `May 2025`, `2025-05-01` or `between Monday and today`",
        ),
        (
            json!({ "created": { "within": { "since": 1 } } }),
            "filter.created.within.since: is neither `from` nor `to`",
        ),
        (
            json!({ "type": { "within": "today" } }),
            "filter.type.within: is for times: `created`, `updated`, `valid_from`, `valid_to`, `expires`",
        ),
        (json!({ "created": { "contains": "x" } }), "filter.created.contains: is for texts and lists"),
        (
            json!({ "metadata.x": { "gt": true } }),
            "filter.metadata.x.gt: must be a number, a text or a time: nothing else is more or less",
        ),
        (json!({ "metadata.x": { "exists": 1 } }), "filter.metadata.x.exists: must be true or false"),
        (
            json!({ "metadata.": 1 }),
            "filter.metadata.: has an empty name in it: write `metadata.a.b`, and `\\.` for a dot",
        ),
    ] {
        assert_eq!(Filter::parse(&json).unwrap_err().to_string(), expect, "{json}");
    }
    let unknown = Filter::parse(&json!({ "org": "acme" })).unwrap_err().to_string();
    assert!(unknown.starts_with("filter.org: is no field: use `id`, `type`, `tags`"), "{unknown}");
    let deep = (0..40).fold(json!({}), |inner, _| json!({ "not": inner }));
    assert!(Filter::parse(&deep).unwrap_err().to_string().ends_with("is nested deeper than 32"));
    let wide = json!({ "all": vec![json!({ "type": "x" }); 300] });
    assert!(Filter::parse(&wide).unwrap_err().to_string().contains("more than 256 conditions"));
}

fn arbitrary() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(vec![
        "all",
        "any",
        "not",
        "type",
        "tags",
        "created",
        "metadata.n",
        "eq",
        "gt",
        "in",
        "exists",
        "x",
        "",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((word.clone(), inner), 0..5).prop_map(|members| members
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect()),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_is_given_is_read_or_refused(json in arbitrary()) {
        match Filter::parse(&json) {
            Ok(filter) => {
                let twice = json!({ "not": { "not": json } });
                prop_assert_eq!(filter.matches(&record()), Filter::parse(&twice).unwrap().matches(&record()));
            }
            Err(error) => prop_assert!(error.path.starts_with("filter"), "{error}"),
        }
    }
}
