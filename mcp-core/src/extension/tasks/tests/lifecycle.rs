use super::*;

#[tokio::test(start_paused = true)]
async fn a_call_becomes_a_task_with_a_result() {
    let server = server_with(Tasks::new());
    let created = ask(&server, "tools/call", json!({ "name": "slow" })).await.unwrap();
    let mut members: Vec<_> = created.as_object().unwrap().keys().map(String::as_str).collect();
    members.sort_unstable();
    let expect =
        ["_meta", "createdAt", "lastUpdatedAt", "pollIntervalMs", "resultType", "status", "taskId", "ttlMs"];
    assert_eq!(members, expect);
    assert_eq!((&created["ttlMs"], &created["pollIntervalMs"]), (&json!(3_600_000), &json!(1000)));
    let id = created["taskId"].as_str().unwrap();
    assert_eq!(id.len(), 22, "128 bits as base64");

    let working = get(&server, id).await.unwrap();
    assert_eq!((&working["resultType"], &working["status"]), (&json!("complete"), &json!("working")));
    assert!(working.get("result").is_none() && working.get("error").is_none());

    let done = until(&server, id, "completed").await;
    assert_eq!(done["result"], json!({ "content": [{ "type": "text", "text": "done" }] }));
    assert_eq!(done["createdAt"], created["createdAt"]);
    assert!(done["lastUpdatedAt"].as_str() > created["lastUpdatedAt"].as_str());
    assert_eq!(get(&server, id).await.unwrap(), done, "a finished task stays as it is");
}

#[tokio::test(start_paused = true)]
async fn failures_of_tools_are_results_and_errors_are_failures() {
    let server = server_with(Tasks::new());
    let id = start(&server, "fail").await;
    let done = until(&server, &id, "completed").await;
    assert_eq!(done["result"]["isError"], true);
    assert_eq!(done["result"]["content"][0]["text"], "out of paper");

    let check = async |tool: &str, error: Value| {
        let id = start(&server, tool).await;
        let failed = until(&server, &id, "failed").await;
        assert_eq!(failed["error"], error);
        assert_eq!(failed["statusMessage"], error["message"]);
        assert!(failed.get("result").is_none());
    };
    check("refuse", json!({ "code": -32603, "message": "no paper", "data": { "tray": 2 } })).await;
    check("explode", json!({ "code": -32603, "message": "the handler failed unexpectedly" })).await;
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_task_drops_its_call() {
    let server = server_with(Tasks::new());
    let id = start(&server, "stuck").await;
    tokio::time::sleep(MINUTE).await;
    assert_eq!(server.calls_in_flight(), 1);
    assert_ack(&ask(&server, "tasks/cancel", json!({ "taskId": id })).await.unwrap());
    let cancelled = get(&server, &id).await.unwrap();
    assert_eq!(cancelled["status"], "cancelled");
    tokio::time::sleep(MINUTE).await;
    assert_eq!(server.calls_in_flight(), 0);
    assert_eq!(get(&server, &id).await.unwrap(), cancelled, "the same from the store");
    // Once more changes nothing, and neither does cancelling what is done.
    assert_ack(&ask(&server, "tasks/cancel", json!({ "taskId": id })).await.unwrap());
    let id = start(&server, "slow").await;
    let done = until(&server, &id, "completed").await;
    assert_ack(&ask(&server, "tasks/cancel", json!({ "taskId": id })).await.unwrap());
    assert_eq!(get(&server, &id).await.unwrap(), done);
}

#[tokio::test(start_paused = true)]
async fn questions_are_asked_and_answered_through_the_task() {
    let server = server_with(Tasks::new());
    let id = start(&server, "greet").await;
    let asked = until(&server, &id, "input_required").await;
    assert_eq!(asked["statusMessage"], "asking");
    assert_eq!(asked["inputRequests"]["who"]["method"], "elicitation/create");

    answer(&server, &id, json!({ "never-asked": accept("x") })).await;
    assert_eq!(get(&server, &id).await.unwrap(), asked, "answers to what was not asked are ignored");

    // An answer that does not fit is asked for again, under another name.
    answer(&server, &id, json!({ "who": { "action": "accept", "content": { "name": 5 } } })).await;
    let again = until(&server, &id, "input_required").await;
    assert_eq!(keys(&again), ["who-2"]);
    answer(&server, &id, json!({ "who": accept("late") })).await;
    assert_eq!(keys(&get(&server, &id).await.unwrap()), ["who-2"]);

    answer(&server, &id, json!({ "who-2": accept("Ada") })).await;
    let working = get(&server, &id).await.unwrap();
    assert_eq!(working["status"], "working");
    assert!(working.get("inputRequests").is_none());
    let done = until(&server, &id, "completed").await;
    assert_eq!(done["result"]["content"][0]["text"], "Hello, Ada!");
}

#[tokio::test(start_paused = true)]
async fn answers_may_come_one_by_one() {
    let server = server_with(Tasks::new());
    let id = start(&server, "pair").await;
    let asked = until(&server, &id, "input_required").await;
    assert_eq!(keys(&asked), ["left", "right"]);
    answer(&server, &id, json!({ "right": accept("Bob") })).await;
    let half = get(&server, &id).await.unwrap();
    assert_eq!((&half["status"], keys(&half)), (&json!("input_required"), vec!["left"]));
    answer(&server, &id, json!({ "right": accept("Eve"), "left": accept("Ada") })).await;
    let done = until(&server, &id, "completed").await;
    assert_eq!(done["result"]["content"][0]["text"], "Ada and Bob");
}

#[tokio::test(start_paused = true)]
async fn questions_before_the_task_belong_to_the_call() {
    let server = server_with(Tasks::new());
    let first = ask(&server, "tools/call", json!({ "name": "later" })).await.unwrap();
    assert_eq!(first["resultType"], "input_required");
    assert!(first.get("taskId").is_none());
    let retry = json!({
        "name": "later",
        "inputResponses": { "who": accept("Alice") },
        "requestState": first["requestState"],
    });
    let created = ask(&server, "tools/call", retry).await.unwrap();
    assert_eq!(created["resultType"], "task");
    assert!(created.get("requestState").is_none() && created.get("inputRequests").is_none());
    let done = until(&server, created["taskId"].as_str().unwrap(), "completed").await;
    assert_eq!(done["result"]["content"][0]["text"], "Alice, at last");
}

#[tokio::test(start_paused = true)]
async fn clients_that_do_not_know_tasks_get_none() {
    let server = server_with(Tasks::new());
    let undeclared = |method: &str, mut params: Value| {
        params = declared(params);
        params["_meta"][meta::CLIENT_CAPABILITIES] = json!({});
        handle(&server, request(method, params))
    };
    let plain = undeclared("tools/call", json!({ "name": "slow" })).await.unwrap();
    assert_eq!(plain["resultType"], "complete");
    assert!(plain.get("taskId").is_none());

    let known = start(&server, "slow").await;
    let refused = [
        ("tools/call", json!({ "name": "fail" })),
        ("tools/call", json!({ "name": "later" })),
        ("tasks/get", json!({ "taskId": known })),
        ("tasks/update", json!({ "taskId": known, "inputResponses": {} })),
        ("tasks/cancel", json!({ "taskId": known })),
    ];
    for (method, params) in refused {
        let error = undeclared(method, params).await.unwrap_err();
        assert_eq!(error.code.0, -32021, "{method}");
        let required = json!({ "requiredCapabilities": { "extensions": { ID: {} } } });
        assert_eq!(error.data, Some(required), "{method}");
    }
    assert_eq!(get(&server, &known).await.unwrap()["status"], "working", "nothing was cancelled");
}

#[tokio::test]
async fn what_is_asked_must_make_sense() {
    let server = server_with(Tasks::new());
    let check = async |method: &str, params: Value, code: i32, message: &str| {
        let error = ask(&server, method, params).await.unwrap_err();
        assert_eq!((error.code.0, &*error.message), (code, message));
    };
    check("tasks/get", json!({}), -32602, "`taskId` must be a string").await;
    check("tasks/get", json!({ "taskId": "x" }), -32602, "there is no such task").await;
    check("tasks/cancel", json!({ "taskId": "x" }), -32602, "there is no such task").await;
    let update = json!({ "taskId": "x", "inputResponses": {} });
    check("tasks/update", update, -32602, "there is no such task").await;
    check("tasks/list", json!({}), -32601, "method `tasks/list` is not supported").await;
    check("tasks/result", json!({ "taskId": "x" }), -32601, "method `tasks/result` is not supported").await;
    let error = ask(&server, "tasks/update", json!({ "taskId": "x" })).await.unwrap_err();
    assert_eq!(error.code.0, -32602);
    assert!(error.message.starts_with("`inputResponses`: "), "{error}");
}

#[test]
fn the_extension_is_declared() {
    let server = server_with(Tasks::new());
    let declared = server.capabilities().extensions;
    assert_eq!(declared.keys().collect::<Vec<_>>(), [ID]);
    assert_eq!(declared[ID].get(), "{}");
}
