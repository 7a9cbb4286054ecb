//! temp
use super::ProtocolVersion;
use serde_json::Value;
pub fn downgrade_result(_v: ProtocolVersion, _m: &str, mut r: Value) -> Value {
    if let Some(o) = r.as_object_mut() {
        o.remove("resultType");
        o.remove("ttlMs");
        o.remove("cacheScope");
        o.remove("_meta");
    }
    r
}
pub fn downgrade_error(_v: ProtocolVersion, _m: &str, code: i32, _d: Option<&Value>) -> i32 {
    code
}
pub fn downgrade_notification(_v: ProtocolVersion, _m: &str, p: Value) -> Value {
    p
}
pub fn downgrade_input_request(_v: ProtocolVersion, _m: &str, p: Value) -> Value {
    p
}
pub fn upgrade_input_response(_m: &str, p: Value) -> Value {
    p
}
