use super::*;
use crate::transport::memory::{MemoryChannel, connect};

struct Client(MemoryChannel);

impl Client {
    async fn send(&mut self, id: u32, method: &str, params: Value) {
        let frame = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        self.0.tx.send(frame.to_string().into()).await.unwrap();
    }

    async fn next(&mut self) -> Value {
        serde_json::from_slice(&self.0.rx.recv().await.unwrap()).unwrap()
    }

    async fn call(&mut self, id: u32, method: &str, params: Value) -> Value {
        self.send(id, method, declared(params)).await;
        loop {
            let frame = self.next().await;
            if frame["id"] == id {
                return frame["result"].clone();
            }
        }
    }

    /// Listens for tasks; returns those that the server agreed to tell about.
    async fn listen(&mut self, ids: &[&str]) -> Value {
        let params = declared(json!({ "notifications": { "taskIds": ids } }));
        self.send(900, "subscriptions/listen", params).await;
        let acknowledged = self.next().await;
        assert_eq!(acknowledged["method"], "notifications/subscriptions/acknowledged");
        acknowledged["params"]["notifications"].clone()
    }

    /// The next thing told about a task.
    async fn told(&mut self) -> Value {
        let frame = self.next().await;
        assert_eq!(frame["method"], "notifications/tasks", "{frame}");
        assert_eq!(frame["params"]["_meta"][meta::SUBSCRIPTION_ID], 900);
        frame["params"].clone()
    }
}

#[tokio::test(start_paused = true)]
async fn every_change_is_told_in_order() {
    let server = server_with(Tasks::new());
    let mut client = Client(connect(server.clone()));
    let created = client.call(1, "tools/call", json!({ "name": "greet" })).await;
    let id = created["taskId"].as_str().unwrap();
    assert_eq!(client.listen(&[id]).await, json!({ "taskIds": [id] }));

    // How things stand now comes first, so that nothing before is missed.
    let mut told = client.told().await;
    while told["status"] == "working" {
        told = client.told().await;
    }
    assert_eq!((&told["status"], keys(&told)), (&json!("input_required"), vec!["who"]));
    let seen = get(&server, id).await.unwrap();
    for (member, value) in told.as_object().unwrap().iter().filter(|(name, _)| *name != "_meta") {
        assert_eq!(&seen[member], value, "the same as `tasks/get` says");
    }

    client
        .send(
            2,
            "tasks/update",
            declared(json!({ "taskId": id, "inputResponses": { "who": accept("Ada") } })),
        )
        .await;
    let told = loop {
        let frame = client.next().await;
        if frame["id"].is_null() {
            break frame["params"].clone();
        }
        assert_ack(&frame["result"]);
    };
    assert_eq!(told["status"], "working");
    let mut rest = Vec::new();
    while rest.last() != Some(&json!("completed")) {
        let frame = client.next().await;
        // No progress, no log: the handler sent both.
        if frame["id"].is_null() {
            assert_eq!(frame["method"], "notifications/tasks", "{frame}");
            rest.push(frame["params"]["status"].clone());
        }
    }
    assert!(rest[..rest.len() - 1].iter().all(|status| status == "working"), "{rest:?}");
}

#[tokio::test(start_paused = true)]
async fn each_end_is_told() {
    let server = server_with(Tasks::new().ttl(5 * MINUTE));
    for (tool, status) in
        [("slow", "completed"), ("refuse", "failed"), ("stuck", "cancelled"), ("stuck", "failed")]
    {
        let mut client = Client(connect(server.clone()));
        let id = start(&server, tool).await;
        client.listen(&[&id]).await;
        let mut told = client.told().await;
        if status == "cancelled" {
            ask(&server, "tasks/cancel", json!({ "taskId": id })).await.unwrap();
        }
        while told["status"] == "working" {
            told = client.told().await;
        }
        assert_eq!((&told["taskId"], &told["status"]), (&json!(id), &json!(status)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_that_is_over_is_told_at_once() {
    let server = server_with(Tasks::new());
    let id = start(&server, "fail").await;
    until(&server, &id, "completed").await;
    let mut client = Client(connect(server));
    client.listen(&[&id]).await;
    let told = client.told().await;
    assert_eq!((&told["status"], &told["result"]["isError"]), (&json!("completed"), &json!(true)));
}

#[tokio::test(start_paused = true)]
async fn nobody_listens_for_what_is_not_theirs() {
    let server = server_with(Tasks::new());
    let theirs = start_as(Some("ada"), &server, "slow").await;
    let mine = start(&server, "slow").await;
    let mut client = Client(connect(server.clone()));
    assert_eq!(client.listen(&[&theirs, "never-was", &mine]).await, json!({ "taskIds": [mine] }));
    assert_eq!(client.told().await["taskId"], json!(mine));
    ask_as(Some("ada"), &server, "tasks/cancel", json!({ "taskId": theirs })).await.unwrap();
    ask(&server, "tasks/cancel", json!({ "taskId": mine })).await.unwrap();
    let told = client.told().await;
    assert_eq!((&told["taskId"], &told["status"]), (&json!(mine), &json!("cancelled")));
}

#[tokio::test(start_paused = true)]
async fn listening_needs_the_capability() {
    let server = server_with(Tasks::new());
    let mut client = Client(connect(server));
    let mut params = declared(json!({ "notifications": { "taskIds": ["x"] } }));
    params["_meta"][meta::CLIENT_CAPABILITIES] = json!({});
    client.send(1, "subscriptions/listen", params).await;
    let refused = client.next().await;
    assert_eq!(refused["error"]["code"], -32021);
    assert_eq!(refused["error"]["data"], json!({ "requiredCapabilities": { "extensions": { ID: {} } } }));
    let malformed = declared(json!({ "notifications": { "taskIds": "x" } }));
    client.send(2, "subscriptions/listen", malformed).await;
    assert_eq!(client.next().await["error"]["code"], -32602);
    let many = vec!["x"; 1001];
    client.send(3, "subscriptions/listen", declared(json!({ "notifications": { "taskIds": many } }))).await;
    assert_eq!(client.next().await["error"]["code"], -32602);
}
