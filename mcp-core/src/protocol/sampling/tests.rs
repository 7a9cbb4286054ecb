use super::*;

fn round<T: Serialize + serde::de::DeserializeOwned>(json: &str) -> T {
    let value: T = serde_json::from_str(json).unwrap();
    assert_eq!(serde_json::to_string(&value).unwrap(), json);
    value
}

#[test]
fn requests_survive_the_wire() {
    round::<CreateMessage>(
        r#"{"messages":[{"role":"user","content":{"type":"text","text":"hi"}}],"modelPreferences":{"hints":[{"name":"m"}],"costPriority":0.3},"systemPrompt":"s","includeContext":"thisServer","temperature":0.1,"maxTokens":10,"stopSequences":["x"],"metadata":{"z": 1},"tools":[{"name":"t","inputSchema":{"type":"object"}}],"toolChoice":{"mode":"required"}}"#,
    );
    let minimal: CreateMessage = round(r#"{"messages":[],"maxTokens":1}"#);
    assert!(!minimal.needs_tools());
}

#[test]
fn one_block_stands_alone_and_several_are_an_array() {
    let one: SamplingMessage = round(r#"{"role":"user","content":{"type":"text","text":"a"}}"#);
    assert_eq!(one, SamplingMessage::user("a"));
    let two: SamplingMessage = round(
        r#"{"role":"assistant","content":[{"type":"tool_use","id":"1","name":"t","input":{"b": 1}},{"type":"tool_result","toolUseId":"1","content":[{"type":"text","text":"r"}],"structuredContent":null,"isError":true}]}"#,
    );
    assert_eq!(two.content.len(), 2);
    let array_of_one: SamplingMessage =
        serde_json::from_str(r#"{"role":"user","content":[{"type":"text","text":"a"}]}"#).unwrap();
    assert_eq!(array_of_one, one);
    round::<SamplingMessage>(r#"{"role":"user","content":[]}"#);
}

#[test]
fn answers_survive_the_wire() {
    let answer: CreateMessageResult = round(
        r#"{"role":"assistant","content":{"type":"text","text":"a"},"model":"m","stopReason":"endTurn"}"#,
    );
    assert_eq!((answer.text().as_str(), answer.stop_reason), ("a", Some(StopReason::EndTurn)));
    let answer: CreateMessageResult =
        round(r#"{"role":"assistant","content":{"type":"video","v":1.0},"model":"m","stopReason":"tired"}"#);
    assert_eq!(answer.stop_reason, Some(StopReason::Other("tired".into())));
}
