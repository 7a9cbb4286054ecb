//! Header values, and the arguments that headers repeat. An input is a header value, a schema and arguments, by lines.
#![no_main]

use http::HeaderValue;
use libfuzzer_sys::fuzz_target;
use mcp_core::protocol::RawJson;
use mcp_core::protocol::header::{
    HeaderProblem, MirroredKind, MirroredParam, decode_value, encode_value, mirrored_params,
};
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let mut lines = text.splitn(3, '\n');
    let [value, schema, arguments] = [(); 3].map(|()| lines.next().unwrap_or_default());
    check_value(&text);
    check_value(value);
    let Ok(schema) = RawJson::from_string(schema.to_owned()) else { return };
    let Ok(params) = mirrored_params(&schema) else { return };
    let arguments: Value = serde_json::from_str(arguments).unwrap_or_default();
    for (index, param) in params.iter().enumerate() {
        assert!(!params[..index].iter().any(|other| other.header == param.header), "a header twice");
        assert_eq!(param.header, param.header.to_ascii_lowercase());
        assert!(http::HeaderName::from_bytes(param.header.as_bytes()).is_ok(), "`{}`", param.header);
        check_param(param, value, &arguments);
    }
});

fn check_value(value: &str) {
    let encoded = encode_value(value);
    assert!(HeaderValue::from_str(&encoded).is_ok(), "a header cannot hold {encoded:?}");
    assert_eq!(decode_value(&encoded).as_deref(), Ok(value));
    if let Ok(decoded) = decode_value(value) {
        assert_eq!(decode_value(&encode_value(&decoded)), Ok(decoded.clone()));
    }
}

fn check_param(param: &MirroredParam, header: &str, arguments: &Value) {
    let value = param.path.iter().try_fold(arguments, |value, key| value.get(key));
    let value = value.filter(|value| !value.is_null());
    // What a client writes is what a server takes, but for integers that not every reader keeps exact.
    if let Some(encoded) = param.encode(arguments) {
        match param.check(Some(&encoded), arguments) {
            Ok(()) => {}
            Err(error) => assert_eq!(error.problem, HeaderProblem::OutOfRange, "{encoded:?} for {value:?}"),
        }
    }
    assert_eq!(param.check(None, arguments).is_ok(), value.is_none(), "no header for {value:?}");
    if param.check(Some(header), arguments).is_ok() {
        let value = value.expect("a header without a value is refused");
        let decoded = decode_value(header).expect("an unreadable header is refused");
        match (param.kind, value) {
            (_, Value::String(text)) => assert_eq!(*text, decoded),
            (_, Value::Bool(truth)) => assert_eq!(truth.to_string(), decoded),
            (MirroredKind::Integer | MirroredKind::String | MirroredKind::Boolean, Value::Number(number)) => {
                assert_eq!(number.as_f64(), decoded.parse().ok(), "{number} and `{decoded}`");
            }
            _ => panic!("a header for {value}"),
        }
    }
}
