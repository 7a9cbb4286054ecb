//! What passes, and what is refused.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::Filter;
use crate::time::TimeContext;
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
            "filter.all[1].type.like: is no operator of `type`: use `eq`, `ne`, `in`, `nin`, `gt`, `gte`, `lt`, `lte`, `contains`, \
             `icontains`, `prefix`, `exists`",
        ),
        (json!({ "type": 1 }), "filter.type: must be a text"),
        (
            json!({ "type": ["a"] }),
            "filter.type: a list needs an operator: `{\"in\": […]}` or `{\"any\": […]}`",
        ),
        (json!({ "type": { "in": ["a", 1] } }), "filter.type.in[1]: must be a text"),
        (
            json!({ "type": {} }),
            "filter.type: needs an operator: use `eq`, `ne`, `in`, `nin`, `gt`, `gte`, `lt`, `lte`, `contains`, `icontains`, \
             `prefix`, `exists`",
        ),
        (
            json!({ "created": { "gt": "last wek" } }),
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
            "filter.type.within: is no operator of `type`: use `eq`, `ne`, `in`, `nin`, `gt`, `gte`, `lt`, `lte`, `contains`, \
             `icontains`, `prefix`, `exists`",
        ),
        (
            json!({ "created": { "contains": "x" } }),
            "filter.created.contains: is no operator of `created`: use `eq`, `ne`, `in`, `nin`, `gt`, `gte`, `lt`, `lte`, `after`, \
             `before`, `within`, `exists`",
        ),
        (
            json!({ "all": [{ "type": "x" }, { "created": { "after": "5/6/2025" } }] }),
            "filter.all[1].created.after: `5/6/2025` may be two days: write `2025-06-05` or `2025-05-06`",
        ),
        (
            json!({ "created": { "after": "since May" } }),
            "filter.created.after: has no end: name a day, or use `within`",
        ),
        (
            json!({ "created": { "before": "until May" } }),
            "filter.created.before: has no beginning: name a day, or use `within`",
        ),
        (
            json!({ "content": "x" }),
            "filter.content: needs an operator: `{\"contains\": …}` or `{\"icontains\": …}`",
        ),
        (
            json!({ "content": { "prefix": "x" } }),
            "filter.content.prefix: is no operator of `content`: use `contains`, `icontains`, `exists`",
        ),
        (
            json!({ "created": i64::MAX }),
            "filter.created: must be a time: `2026-01-31`, `2026-01-31T12:00:00Z`, or milliseconds since 1970",
        ),
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
    let words = "all any not AND OR NOT id type tags content importance created expires metadata.n metadata.a\\.b metadata. eq ne gt \
        gte lt lte in nin none contains icontains prefix exists after before within from to * x today 2026-01-01 2026-01-01T00:00:00Z";
    let word = prop::sample::select(words.split_whitespace().chain([""]).collect::<Vec<_>>());
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

#[test]
fn days_and_phrases_are_spans_and_are_told() {
    let berlin = TimeContext::new("2026-03-18T15:30:00+01:00[Europe/Berlin]".parse().unwrap());
    let read = |json: &Value| Filter::parse_at(json, &berlin).unwrap();
    let at = |time: &str| Record {
        created: time.parse::<jiff::Timestamp>().unwrap().as_millisecond(),
        ..record()
    };
    for (json, inside, outside) in [
        (json!("2026-03-17"), "2026-03-16T23:00:00Z", "2026-03-17T23:00:00Z"),
        (json!({ "gt": "2026-03-17" }), "2026-03-17T23:00:00Z", "2026-03-17T22:59:59Z"),
        (json!({ "after": "yesterday" }), "2026-03-17T23:00:00Z", "2026-03-17T22:59:59Z"),
        (json!({ "gte": "2026-03-17" }), "2026-03-16T23:00:00Z", "2026-03-16T22:59:59Z"),
        (json!({ "lt": "last week" }), "2026-03-08T22:59:59Z", "2026-03-08T23:00:00Z"),
        (json!({ "before": "last week" }), "2026-03-08T22:59:59Z", "2026-03-08T23:00:00Z"),
        (json!({ "lte": "last week" }), "2026-03-15T22:59:59Z", "2026-03-15T23:00:00Z"),
        (json!({ "ne": "yesterday" }), "2026-03-17T23:00:00Z", "2026-03-17T12:00:00Z"),
        (json!({ "in": ["yesterday", "2026-03-10"] }), "2026-03-10T12:00:00Z", "2026-03-11T12:00:00Z"),
        (json!({ "nin": ["yesterday", "2026-03-10"] }), "2026-03-11T12:00:00Z", "2026-03-10T12:00:00Z"),
        (json!({ "within": "before May 2025" }), "2025-04-01T00:00:00Z", "2025-05-01T00:00:00Z"),
        (
            json!({ "within": { "from": "last week", "to": "today" } }),
            "2026-03-17T22:59:59Z",
            "2026-03-17T23:00:00Z",
        ),
        // Instants, and numbers of seconds and of milliseconds.
        (json!({ "after": "2026-03-17T00:00:00+01:00" }), "2026-03-16T23:00:00.001Z", "2026-03-16T23:00:00Z"),
        (json!({ "lte": 1_767_225_600 }), "2026-01-01T00:00:00Z", "2026-01-01T00:00:00.001Z"),
        (json!({ "lte": 1_767_225_600_000_i64 }), "2026-01-01T00:00:00Z", "2026-01-01T00:00:00.001Z"),
        (json!(1_767_225_600.5), "2026-01-01T00:00:00.500Z", "2026-01-01T00:00:00Z"),
        (json!(-1), "1969-12-31T23:59:59Z", "1969-12-31T23:59:59.999Z"),
    ] {
        let filter = read(&json!({ "created": json }));
        assert!(filter.matches(&at(inside)), "{json} at {inside}");
        assert!(!filter.matches(&at(outside)), "{json} at {outside}");
        let again = Filter::parse(&filter.to_json()).unwrap();
        assert_eq!(again.to_json(), filter.to_json());
    }
    let filter =
        read(&json!({ "any": [{ "created": { "after": "last week" } }, { "updated": "2026-03-17" }] }));
    let told: Vec<String> =
        filter.ranges().iter().map(|range| format!("{}: {range}", range.phrase)).collect();
    assert_eq!(
        told,
        [
            "last week: 2026-03-09T00:00:00+01:00 to 2026-03-16T00:00:00+01:00",
            "2026-03-17: 2026-03-17T00:00:00+01:00 to 2026-03-18T00:00:00+01:00"
        ]
    );
    assert_eq!(
        filter.to_json(),
        json!({ "any": [
            { "created": { "gte": "2026-03-15T23:00:00Z" } },
            { "all": [{ "updated": { "gte": "2026-03-16T23:00:00Z" } }, { "updated": { "lt": "2026-03-17T23:00:00Z" } }] },
        ] })
    );
}

#[test]
fn conditions_that_come_to_nothing_are_everything() {
    for json in [
        json!({}),
        json!({ "all": [{}, { "all": [] }] }),
        json!({ "any": [{ "type": "x" }, {}] }),
        json!({ "not": { "any": [] } }),
        json!({ "not": { "type": { "in": [] } } }),
        json!({ "tags": { "all": [] } }),
        json!({ "any": [{ "type": "x" }, { "not": { "type": "x" } }] }),
        json!({ "created": { "nin": [] } }),
    ] {
        assert!(Filter::parse(&json).unwrap().is_everything(), "{json}");
    }
    for json in [json!({ "any": [] }), json!({ "type": { "in": [] } }), json!({ "id": "*" })] {
        assert!(!Filter::parse(&json).unwrap().is_everything(), "{json}");
    }
    let many = json!({ "all": vec![json!({ "created": { "within": "today" } }); 257] });
    assert!(Filter::parse(&many).unwrap_err().to_string().contains("more than 256 conditions"));
}
