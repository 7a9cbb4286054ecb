use proptest::prelude::*;

use super::*;

fn accepts(input: &[u8]) -> bool {
    Scanner::new(input, MAX_DEPTH).and_then(|mut s| s.value().and_then(|_| s.end())).is_ok()
}

#[test]
fn agrees_with_serde_json_on_hand_picked_cases() {
    let cases: &[&str] = &[
        "",
        " ",
        "null",
        "nul",
        "true",
        "tru",
        "false",
        "0",
        "-0",
        "01",
        "-",
        "1.",
        "1.5",
        "1e",
        "1e5",
        "1E+5",
        "1e-",
        ".5",
        "+1",
        "\"\"",
        "\"a",
        "\"\\",
        "\"\\n\"",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u12aF\"",
        "\"\u{1}\"",
        "\"é\"",
        "[]",
        "[",
        "]",
        "[1,]",
        "[,1]",
        "[1 2]",
        "[1,2]",
        "{}",
        "{",
        "}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1}",
        "{\"a\":1,}",
        "{a:1}",
        "{\"a\":1 \"b\":2}",
        "[{}]",
        "[{},[]]",
        "{\"a\":[1,{\"b\":null}],\"c\":\"d\"}",
        "1 2",
        "[1]]",
        "{\"a\":1}}",
        "[[[[[[]]]]]]",
        "[}",
        "{]",
        " { \"a\" : [ 1 , 2 ] } ",
        "\"\\/\"",
        "NaN",
        "[1}",
        "{\"a\":1]",
    ];
    for case in cases {
        let oracle = serde_json::from_str::<Box<serde_json::value::RawValue>>(case).is_ok();
        assert_eq!(accepts(case.as_bytes()), oracle, "{case:?}");
    }
}

#[test]
fn bounds_nesting() {
    let nested = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
    let scan = |text: &str| Scanner::new(text.as_bytes(), 10).unwrap().value();
    assert!(scan(&nested(10)).is_ok());
    assert_eq!(scan(&nested(11)), Err(Fault::Depth));
    assert_eq!(scan(&nested(10_000)), Err(Fault::Depth));
}

#[test]
fn refuses_bytes_that_are_not_utf8() {
    assert_eq!(Scanner::new(b"\"a\xff\"", 10).err(), Some(Fault::Utf8(2)));
}

#[test]
fn finds_members_beyond_those_remembered_and_with_escaped_names() {
    let body: String = (0..30).map(|i| format!("\"k{i}\":{i},")).collect();
    let text = format!("{{{body}\"na\\u006de\":\"x\"}}");
    let mut members = Members::default();
    let bytes = text.as_bytes();
    let mut scanner = Scanner::new(bytes, 10).unwrap();
    let whole = scanner
        .object::<Fault>(|s, key| {
            let value = s.value()?;
            members.push(bytes, key, value).unwrap();
            Ok(())
        })
        .unwrap();
    members.set_whole(whole);
    assert_eq!(members.get(bytes, "k3").unwrap().text(bytes), "3");
    assert_eq!(members.get(bytes, "k29").unwrap().text(bytes), "29");
    assert_eq!(members.get(bytes, "name").unwrap().text(bytes), "\"x\"");
    assert!(members.get(bytes, "absent").is_none());
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_filter("finite", |f| f.is_finite()).prop_map(Into::into),
        ".*".prop_map(Into::into),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Into::into),
            prop::collection::btree_map(".*", inner, 0..8)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn accepts_all_json(value in json(), pretty: bool) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        prop_assert!(accepts(text.as_bytes()));
    }

    #[test]
    fn agrees_with_serde_json_on_damaged_json(value in json(), at: prop::sample::Index, byte in 0x20u8..0x7f, cut: bool) {
        let mut text = serde_json::to_string(&value).unwrap().into_bytes();
        let at = at.index(text.len());
        if cut { text.truncate(at) } else { text[at] = byte }
        if let Ok(text) = std::str::from_utf8(&text) {
            let oracle = serde_json::from_str::<Box<serde_json::value::RawValue>>(text).is_ok();
            prop_assert_eq!(accepts(text.as_bytes()), oracle, "{}", text);
        }
    }

    #[test]
    fn unescapes_like_serde_json(text in ".*") {
        let quoted = serde_json::to_string(&text).unwrap();
        let inner = &quoted[1..quoted.len() - 1];
        prop_assert_eq!(unescape(inner).into_owned(), text.clone());
        let escaped: String = text.encode_utf16().map(|u| format!("\\u{u:04x}")).collect();
        prop_assert_eq!(unescape(&escaped).into_owned(), text);
    }
}
