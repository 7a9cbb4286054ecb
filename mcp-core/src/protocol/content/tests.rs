use super::*;
use crate::protocol::ResourceBody;

fn round(json: &str) -> ContentBlock {
    let block: ContentBlock = serde_json::from_str(json).unwrap();
    assert_eq!(serde_json::to_string(&block).unwrap(), json);
    block
}

#[test]
fn every_type_survives_with_what_it_does_not_know() {
    let text = round(
        r#"{"type":"text","text":"hi","annotations":{"audience":["user"],"priority":0.5,"x":1.0},"_meta":{"a/b":1},"later":{"z": 1, "a": 2}}"#,
    );
    assert_eq!(text.as_text(), Some("hi"));
    round(r#"{"type":"image","data":"AA==","mimeType":"image/png"}"#);
    round(r#"{"type":"audio","data":"AA==","mimeType":"audio/wav"}"#);
    let link =
        round(r#"{"type":"resource_link","uri":"a:b","name":"n","size":12,"icons":[{"src":"data:,"}]}"#);
    assert!(matches!(link, ContentBlock::ResourceLink(Resource { size: Some(12), .. })));
    let resource = round(r#"{"type":"resource","resource":{"uri":"a:b","blob":"AA=="},"annotations":{}}"#);
    let ContentBlock::Resource(EmbeddedResource { resource, .. }) = resource else {
        panic!("not a resource");
    };
    assert_eq!(resource.body, ResourceBody::Blob("AA==".into()));
}

#[test]
fn a_type_of_tomorrow_is_kept() {
    let block = round(r#"{"type":"hologram","depth":1.0}"#);
    assert!(matches!(block, ContentBlock::Other(_)));
}

#[test]
fn what_is_wrong_is_named() {
    let check = |json: &str, expect: &str| {
        let error = serde_json::from_str::<ContentBlock>(json).unwrap_err().to_string();
        assert!(error.contains(expect), "{json}: {error}");
    };
    check(r#"{"text":"x"}"#, "`type` is missing");
    check(r#"{"type":"text"}"#, "`text` is missing");
    check(r#"{"type":"text","text":1}"#, "`text`: invalid type");
    check(r#"{"type":"resource","resource":{"uri":"a:b"}}"#, "`text` is missing");
    check(r#"["text"]"#, "expected a map");
}

#[test]
fn reads_from_a_tree() {
    let tree = serde_json::json!({"type": "text", "text": "x"});
    assert_eq!(serde_json::from_value::<ContentBlock>(tree.clone()).unwrap(), "x".into());
    assert_eq!(ContentBlock::deserialize(&tree).unwrap(), "x".into());
}
