//! The examples of the specification, and what must never happen.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn parameter(place: Place, style: Style, explode: bool) -> Parameter {
    let (name, argument) = ("color".to_owned(), "color".to_owned());
    Parameter { name, argument, place, style, explode, reserved: false, required: true }
}

#[test]
fn values_in_paths_are_those_of_the_specification() {
    let values = [json!("blue"), json!(["blue", "black"]), json!({ "R": 100, "G": 200 })];
    for (style, explode, expect) in [
        (Style::Simple, false, ["blue", "blue,black", "R,100,G,200"]),
        (Style::Simple, true, ["blue", "blue,black", "R=100,G=200"]),
        (Style::Label, false, [".blue", ".blue,black", ".R,100,G,200"]),
        (Style::Label, true, [".blue", ".blue.black", ".R=100.G=200"]),
        (Style::Matrix, false, [";color=blue", ";color=blue,black", ";color=R,100,G,200"]),
        (Style::Matrix, true, [";color=blue", ";color=blue;color=black", ";R=100;G=200"]),
    ] {
        let parameter = parameter(Place::Path, style, explode);
        assert_eq!(values.each_ref().map(|value| parameter.in_path(value)), expect, "{style:?} {explode}");
    }
}

#[test]
fn values_in_queries_are_those_of_the_specification() {
    let values = [json!("blue"), json!(["blue", "black"]), json!({ "R": 100, "G": 200 })];
    for (style, explode, expect) in [
        (Style::Form, false, ["color=blue", "color=blue,black", "color=R,100,G,200"]),
        (Style::Form, true, ["color=blue", "color=blue&color=black", "R=100&G=200"]),
        (Style::Space, false, ["color=blue", "color=blue%20black", "color=R%20100%20G%20200"]),
        (Style::Pipe, false, ["color=blue", "color=blue%7Cblack", "color=R%7C100%7CG%7C200"]),
        (Style::Deep, true, ["color=blue", "color=blue&color=black", "color%5BR%5D=100&color%5BG%5D=200"]),
    ] {
        let parameter = parameter(Place::Query, style, explode);
        let query = |value| {
            let pairs = parameter.pairs(value).into_iter().map(|(name, value)| format!("{name}={value}"));
            pairs.collect::<Vec<_>>().join("&")
        };
        assert_eq!(values.each_ref().map(query), expect, "{style:?} {explode}");
    }
    let deeper =
        parameter(Place::Query, Style::Deep, true).pairs(&json!({ "a": { "b": [1, "x y"] }, "c": null }));
    let name = "color%5Ba%5D%5Bb%5D".to_owned();
    assert_eq!(deeper, [(name.clone(), "1".to_owned()), (name, "x%20y".to_owned())]);
}

#[test]
fn reserved_characters_stay_only_where_they_do_no_harm() {
    let mut parameter = parameter(Place::Query, Style::Form, true);
    parameter.reserved = true;
    assert_eq!(parameter.pairs(&json!("a/b:c&d=e#f+g"))[0].1, "a/b:c%26d%3De%23f%2Bg");
}

proptest! {
    #[test]
    fn a_value_never_leaves_its_place(value in any::<String>(), other in any::<String>(), explode: bool) {
        let values = [json!(value), json!([value, other]), json!({ (other.clone()): value })];
        for style in [Style::Simple, Style::Label, Style::Matrix, Style::Json] {
            for value in &values {
                let piece = parameter(Place::Path, style, explode).in_path(value);
                prop_assert!(piece.bytes().all(|b| b.is_ascii_graphic() && !b"/?#\\<>\"{}|^`".contains(&b)), "{piece}");
            }
        }
        for style in [Style::Form, Style::Space, Style::Pipe, Style::Deep, Style::Json] {
            for value in &values {
                for (name, value) in parameter(Place::Query, style, explode).pairs(value) {
                    let both = name + &value;
                    prop_assert!(!both.contains(['&', '#', '=', '+', ' ', ';', '/']), "{}", both);
                }
            }
        }
    }

    #[test]
    fn what_was_encoded_is_what_arrives(value in any::<String>()) {
        let url = format!("http://h/?a={}", encode(&value));
        let url: url::Url = url.parse().unwrap();
        prop_assert_eq!(&url.query_pairs().next().unwrap().1, &value);
    }
}
