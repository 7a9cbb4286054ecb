//! Tools from an OpenAPI document: schemas, requests on the wire, answers.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use mcp_core::Server;
use mcp_core::client::OpenApi;
use mcp_core::protocol::CallToolResult;
use mcp_core::testing::TestClient;
use parking_lot::Mutex;
use serde_json::{Value, json};

/// A request as the API saw it.
#[derive(Debug, Clone)]
struct Seen {
    line: String,
    headers: HashMap<String, String>,
    body: String,
}

/// An API that answers by path and query, and remembers what it was asked.
struct Scripted {
    url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

type Answers = fn(&str) -> Response<Full<Bytes>>;

fn json_answer(status: u16, body: Value) -> Response<Full<Bytes>> {
    let body = Full::new(Bytes::from(body.to_string()));
    Response::builder()
        .status(status)
        .header("content-type", "application/json; charset=utf-8")
        .body(body)
        .unwrap()
}

async fn scripted(answers: Answers) -> Scripted {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
    let log = Arc::clone(&seen);
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let log = Arc::clone(&log);
            let service = hyper::service::service_fn(move |request: Request<Incoming>| {
                let log = Arc::clone(&log);
                async move {
                    let target = request.uri().to_string();
                    let text = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
                        (name.to_string(), value.to_str().unwrap().to_owned())
                    };
                    let headers = request.headers().iter().map(text).collect();
                    let line = format!("{} {target}", request.method());
                    let body = request.into_body().collect().await.unwrap().to_bytes();
                    log.lock().push(Seen { line, headers, body: String::from_utf8(body.to_vec()).unwrap() });
                    Ok::<_, Infallible>(answers(&target))
                }
            });
            tokio::spawn(
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), service),
            );
        }
    });
    Scripted { url, seen }
}

impl Scripted {
    fn last(&self) -> Seen {
        self.seen.lock().last().cloned().unwrap()
    }
}

fn serving(api: OpenApi) -> TestClient {
    let server = Server::builder("api", "1.0.0");
    let server = api.tools().unwrap().into_iter().fold(server, |server, tool| server.tool(tool));
    TestClient::connect(server.build().unwrap())
}

fn said(result: &CallToolResult) -> (bool, &str) {
    (result.is_error, result.content[0].as_text().unwrap())
}

const ECHO: Answers = |_| json_answer(200, json!({ "ok": true }));

fn pets() -> Value {
    json!({
        "openapi": "3.0.3",
        "info": { "title": "Pets", "version": "1" },
        "servers": [{ "url": "https://{host}/v1", "variables": { "host": { "default": "pets.example.com" } } }],
        "paths": {
            "/pets/{id}": {
                "parameters": [{ "$ref": "#/components/parameters/id" }],
                "get": {
                    "operationId": "get pet",
                    "tags": ["read"],
                    "summary": "One pet",
                    "description": "Looks a pet up.",
                    "parameters": [
                        { "name": "id", "in": "query", "schema": { "type": "string" } },
                        { "name": "X-Trace", "in": "header", "schema": { "type": "array", "items": { "type": "string" } } },
                        { "name": "session", "in": "cookie", "schema": { "type": "string" } },
                        { "name": "Authorization", "in": "header", "schema": { "type": "string" } },
                        { "name": "filter", "in": "query", "style": "deepObject", "schema": { "type": "object" } }
                    ],
                    "responses": { "200": { "description": "It", "content": { "application/json": {
                        "schema": { "$ref": "#/components/schemas/Pet" } } } } }
                },
                "delete": { "responses": {} }
            },
            "/pets": {
                "post": {
                    "operationId": "add",
                    "tags": ["write"],
                    "requestBody": { "required": true, "content": { "application/json": {
                        "schema": { "$ref": "#/components/schemas/Pet" } } } },
                    "responses": {}
                },
                "put": {
                    "operationId": "form",
                    "requestBody": { "required": true, "content": { "application/x-www-form-urlencoded": {
                        "schema": { "type": "object" } } } },
                    "responses": {}
                },
                "patch": {
                    "operationId": "upload",
                    "requestBody": { "required": true, "content": { "multipart/form-data": {} } },
                    "responses": {}
                },
                "get": { "operationId": "list", "tags": ["read"], "responses": {} }
            }
        },
        "components": {
            "parameters": { "id": { "name": "id", "in": "path", "required": true, "schema": { "type": "string" } } },
            "schemas": { "Pet": {
                "type": "object",
                "required": ["name", "serial"],
                "properties": {
                    "name": { "type": "string", "nullable": true, "x-mcp-header": "Name" },
                    "serial": { "type": "integer", "readOnly": true },
                    "age": { "type": "number", "minimum": 0, "exclusiveMinimum": true, "example": 3 },
                    "friend": { "nullable": true, "allOf": [{ "$ref": "#/components/schemas/Pet" }] }
                }
            } }
        }
    })
}

#[test]
fn schemas_stand_alone_in_the_dialect_of_tools() {
    let tools = OpenApi::parse(&pets().to_string()).unwrap().tools().unwrap();
    let names: Vec<_> = tools.iter().map(mcp_core::server::ToolEntry::name).collect();
    assert_eq!(
        names,
        ["get_pet", "delete_pets_id", "add", "form", "list"],
        "what cannot be written is left out"
    );
    let get = tools[0].definition();
    assert_eq!(
        (get.title.as_deref(), get.description.as_deref()),
        (Some("One pet"), Some("Looks a pet up."))
    );
    insta::assert_snapshot!(get.input_schema, @r#"{"type":"object","properties":{"id_path":{"type":"string"},"id_query":{"type":"string"},"X-Trace":{"type":"array","items":{"type":"string"}},"session":{"type":"string"},"filter":{"type":"object"}},"additionalProperties":false,"required":["id_path"]}"#);
    insta::assert_snapshot!(get.output_schema.as_ref().unwrap(), @r##"{"$ref":"#/$defs/Pet","type":"object","$defs":{"Pet":{"type":"object","required":["name","serial"],"properties":{"name":{"type":["string","null"]},"serial":{"type":"integer","readOnly":true},"age":{"type":"number","examples":[3],"exclusiveMinimum":0},"friend":{"anyOf":[{"allOf":[{"$ref":"#/$defs/Pet"}]},{"type":"null"}]}}}}}"##);
    insta::assert_snapshot!(tools[2].definition().input_schema, @r##"{"type":"object","properties":{"body":{"$ref":"#/$defs/Pet"}},"additionalProperties":false,"required":["body"],"$defs":{"Pet":{"type":"object","required":["name"],"properties":{"name":{"type":["string","null"]},"age":{"type":"number","examples":[3],"exclusiveMinimum":0},"friend":{"anyOf":[{"allOf":[{"$ref":"#/$defs/Pet"}]},{"type":"null"}]}}}}}"##);
    for tool in &tools {
        let schema = tool.definition().input_schema.to_value().unwrap();
        assert!(jsonschema::draft202012::new(&schema).is_ok(), "{schema}");
    }
    let hints = |at: usize| {
        let hints = tools[at].definition().annotations.clone().unwrap();
        (hints.read_only_hint, hints.destructive_hint, hints.idempotent_hint)
    };
    assert_eq!(hints(0), (Some(true), None, Some(true)));
    assert_eq!(hints(1), (Some(false), Some(true), Some(true)));
    assert_eq!(hints(2), (Some(false), Some(false), Some(false)));
}

#[test]
fn operations_are_chosen_by_tag_identifier_or_path() {
    let names = |choose: fn(OpenApi) -> OpenApi| {
        let tools = choose(OpenApi::parse(&pets().to_string()).unwrap()).tools().unwrap();
        tools.iter().map(|tool| tool.name().to_owned()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names(|api| api.include(["read"])), "get_pet list");
    assert_eq!(names(|api| api.include(["write", "DELETE /pets/{id}"])), "delete_pets_id add");
    assert_eq!(names(|api| api.include(["read"]).exclude(["list"])), "get_pet");
    assert_eq!(names(|api| api.exclude(["read", "write"])), "delete_pets_id form");
}

#[tokio::test]
async fn arguments_arrive_where_they_belong_and_nowhere_else() {
    let api = scripted(ECHO).await;
    let document = OpenApi::parse(&pets().to_string()).unwrap().base_url(&api.url).unwrap();
    let client =
        serving(document.basic("ann", "secret").unwrap().query("key", "a b").without_output_schemas());
    let arguments = json!({
        "id_path": "a/../b?c#d", "id_query": "x&y", "X-Trace": ["1", "2"], "session": "s;t",
        "filter": { "kind": "cat", "not": null },
    });
    let result = client.call("get_pet", arguments).await;
    assert_eq!(result.structured_content.as_ref().unwrap().get(), r#"{"ok":true}"#);
    assert_eq!(said(&result), (false, r#"{"ok":true}"#));
    let seen = api.last();
    assert_eq!(seen.line, "GET /v1/pets/a%2F..%2Fb%3Fc%23d?id=x%26y&filter%5Bkind%5D=cat&key=a%20b");
    assert_eq!((&*seen.headers["x-trace"], &*seen.headers["cookie"]), ("1,2", "session=s%3Bt"));
    assert_eq!(seen.headers["authorization"], "Basic YW5uOnNlY3JldA==");

    client.call("add", json!({ "body": { "name": "Rex" } })).await;
    let seen = api.last();
    assert_eq!((&*seen.line, &*seen.body), ("POST /v1/pets?key=a%20b", r#"{"name":"Rex"}"#));
    assert_eq!(seen.headers["content-type"], "application/json");
    client.call("form", json!({ "body": { "a b": "c&d", "e": [1, 2], "f": null } })).await;
    let seen = api.last();
    assert_eq!(
        (&*seen.body, &*seen.headers["content-type"]),
        ("a+b=c%26d&e=1&e=2", "application/x-www-form-urlencoded")
    );

    let asked = api.seen.lock().len();
    for (arguments, problem) in [
        (json!({ "id_path": ".." }), "`id_path` must not be empty, `.` or `..`"),
        (json!({ "id_path": "" }), "`id_path` must not be empty, `.` or `..`"),
        (json!({ "id_path": "x", "X-Trace": ["a\r\nevil: 1"] }), "`X-Trace` cannot be sent as a header"),
    ] {
        assert_eq!(
            said(&client.call("get_pet", arguments).await),
            (true, &*format!("invalid arguments: {problem}"))
        );
    }
    for arguments in [json!({}), json!({ "id_path": "x", "other": 1 })] {
        assert!(said(&client.call("get_pet", arguments).await).1.starts_with("invalid arguments: "));
    }
    assert_eq!(api.seen.lock().len(), asked, "nothing was sent");
}

#[tokio::test]
async fn answers_become_results() {
    let api = scripted(|target| match target.rsplit('/').next().unwrap() {
        "missing" => json_answer(404, json!({ "error": "no such pet" })),
        "list" => json_answer(200, json!([1, 2])),
        "none" => Response::builder().status(204).body(Full::default()).unwrap(),
        "text" => Response::builder().header("content-type", "text/plain").body(Full::from("plain")).unwrap(),
        "image" => Response::builder().header("content-type", "image/png").body(Full::from("\u{1}")).unwrap(),
        "binary" => Response::builder()
            .header("content-type", "application/zip")
            .body(Full::from(Bytes::from_static(&[0xff, 0xfe])))
            .unwrap(),
        "away" => Response::builder()
            .status(302)
            .header("location", "http://127.0.0.2/")
            .body(Full::default())
            .unwrap(),
        "large" => Response::builder().body(Full::from("x".repeat(2000))).unwrap(),
        other => json_answer(500, json!(other)),
    })
    .await;
    let document =
        OpenApi::parse(&pets().to_string()).unwrap().base_url(&api.url).unwrap().max_response(1000);
    let client = serving(document.include(["GET /pets/{id}", "DELETE /pets/{id}"]).without_output_schemas());
    let call = async |id: &str| client.call("get_pet", json!({ "id_path": id })).await;
    assert_eq!(
        said(&call("missing").await),
        (true, r#"the API answered 404 Not Found: {"error":"no such pet"}"#)
    );
    let list = call("list").await;
    assert_eq!((said(&list), list.structured_content.is_none()), ((false, "[1,2]"), true));
    assert_eq!(said(&call("none").await), (false, "204 No Content"));
    assert_eq!(said(&call("text").await), (false, "plain"));
    let image = serde_json::to_value(&call("image").await.content[0]).unwrap();
    assert_eq!(image, json!({ "type": "image", "data": "AQ==", "mimeType": "image/png" }));
    assert!(said(&call("binary").await).1.contains("2 bytes of `application/zip`"));
    assert!(said(&call("away").await).1.starts_with("the API answered 302 Found, which is not followed"));
    assert_eq!(said(&call("large").await), (true, "the API's answer has more than 1000 bytes; ask for less"));

    // A promise that the API does not keep is a failure, and so is an API that is not there.
    let strict = serving(OpenApi::parse(&pets().to_string()).unwrap().base_url(&api.url).unwrap());
    assert!(said(&strict.call("get_pet", json!({ "id_path": "list" })).await).0);
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let gone = OpenApi::parse(&pets().to_string()).unwrap().base_url(&format!("http://{nobody}")).unwrap();
    assert_eq!(said(&serving(gone).call("list", json!({})).await), (true, "the API cannot be reached"));
}

#[tokio::test]
async fn an_api_that_keeps_silent_is_not_waited_for() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let document = OpenApi::parse(&pets().to_string()).unwrap().base_url(&url).unwrap();
    let client = serving(document.timeout(Duration::from_millis(50)));
    assert_eq!(said(&client.call("list", json!({})).await), (true, "the API did not answer within 50ms"));
}

#[tokio::test]
async fn pages_are_put_together() {
    let api = scripted(|target| {
        let with_link = |body: Value, link: &str| {
            let mut answer = json_answer(200, body);
            answer.headers_mut().insert("link", link.parse().unwrap());
            answer
        };
        match target {
            "/v1/pets" => {
                with_link(json!([1, 2]), r#"</v1/pets?p=0>; rel="prev", </v1/pets?p=2>; rel="next""#)
            }
            "/v1/pets?p=2" => with_link(json!([3]), r#"<?p=3>; rel=next"#),
            "/v1/pets?p=3" => with_link(json!([4]), r#"<http://127.0.0.2/steal>; rel="next""#),
            "/v1/items" => json_answer(200, json!({ "items": ["a"], "meta": { "next": "c/2" } })),
            "/v1/items?cursor=c%2F2" => json_answer(200, json!({ "items": ["b"], "meta": { "next": null } })),
            other => json_answer(404, json!(other)),
        }
    })
    .await;
    let document =
        || OpenApi::parse(&pets().to_string()).unwrap().base_url(&api.url).unwrap().include(["list"]);
    let client = serving(document().follow_links(10));
    assert_eq!(said(&client.call("list", json!({})).await), (false, "[1,2,3,4]"));
    assert_eq!(api.seen.lock().len(), 3, "another origin is not asked");
    let client = serving(document().follow_links(2));
    assert_eq!(said(&client.call("list", json!({})).await), (false, "[1,2,3]"));
    let client = serving(document());
    assert_eq!(said(&client.call("list", json!({})).await), (false, "[1,2]"));

    let items = json!({ "openapi": "3.1.0", "paths": { "/items": { "get": { "operationId": "items" } } } });
    let items = OpenApi::parse(&items.to_string()).unwrap().base_url(&api.url).unwrap();
    let client = serving(items.follow_cursor(5, "cursor", "/meta/next"));
    let result = client.call("items", json!({})).await;
    assert_eq!(said(&result), (false, r#"{"items":["a","b"],"meta":{"next":"c/2"}}"#));
}

#[test]
fn what_is_wrong_with_a_document_is_said() {
    let with =
        |paths: Value| json!({ "openapi": "3.1.0", "servers": [{ "url": "http://h" }], "paths": paths });
    let get = |operation: Value| with(json!({ "/a": { "get": operation } }));
    let parameter = |parameter: Value| get(json!({ "parameters": [parameter] }));
    for (document, problem) in [
        (json!({ "swagger": "2.0" }), "the document is not OpenAPI 3.0 or 3.1: it says `2.0`"),
        (json!({}), "the document is not OpenAPI 3.0 or 3.1: it has no member `openapi`"),
        (
            json!({ "openapi": "3.1.0", "paths": {} }),
            "the address of the API, `/`, cannot be used: it is not a whole URL; name one with `base_url`",
        ),
        (with(json!([])), "`paths`: it is not an object"),
        (with(json!({ "/a": { "get": 1 } })), "`paths./a.get`: it is not an object"),
        (with(json!({ "/{x}": { "get": {} } })), "`GET /{x}`: `{x}` has no parameter in `path`"),
        (parameter(json!({ "in": "query" })), "`GET /a`: a parameter has no member `name` that is text"),
        (parameter(json!({ "name": "q", "in": "body" })), "`GET /a`: `q`: `in` is `body`"),
        (parameter(json!({ "name": "q", "in": "path" })), "`GET /a`: the path has no `{q}`"),
        (
            parameter(json!({ "name": "q", "in": "header", "style": "form" })),
            "`GET /a`: `q`: the style `form` is none for `header`",
        ),
        (parameter(json!({ "$ref": "#/nowhere" })), "`GET /a`: `$ref` names `#/nowhere`, which is not there"),
        (
            parameter(json!({ "$ref": "#/paths/~1a/get/parameters/0" })),
            "`GET /a`: its references lead in a circle",
        ),
        (
            parameter(json!({ "name": "q", "in": "query", "schema": { "$ref": "https://evil/x.json#/a" } })),
            "`GET /a` refers to `https://evil/x.json#/a`, which is not in the document: put it there, it is not fetched",
        ),
        (
            parameter(json!({ "name": "q", "in": "query", "schema": 5 })),
            "`GET /a`: a schema is neither an object nor a boolean",
        ),
        (get(json!({ "requestBody": {} })), "`GET /a`: `requestBody` has no object `content`"),
    ] {
        let outcome = OpenApi::parse(&document.to_string()).and_then(OpenApi::tools);
        assert_eq!(outcome.unwrap_err().to_string(), problem, "{document}");
    }
    let parse = |text: &str| OpenApi::parse(text).unwrap_err().to_string();
    assert!(parse("openapi: 3.1.0").starts_with("the document is not JSON"));
    assert!(parse(&"[".repeat(100_000)).contains("recursion limit"));
    let secret = OpenApi::parse(&get(json!({})).to_string()).unwrap().base_url("http://u:secret@h/?k=secret");
    assert!(!secret.unwrap_err().to_string().contains("secret"));
}

#[test]
fn hostile_documents_cost_little() {
    let start = Instant::now();
    let with = |paths: Value, schemas: Value| {
        let document = json!({ "openapi": "3.1.0", "servers": [{ "url": "http://h" }], "paths": paths,
            "components": { "schemas": schemas } });
        OpenApi::parse(&document.to_string()).unwrap()
    };
    // Thousands of operations: an error that says what to do, and a choice among them works.
    let many: serde_json::Map<_, _> =
        (0..10_000).map(|n| (format!("/p/{n}"), json!({ "get": {} }))).collect();
    let error = with(many.clone().into(), json!({})).tools().unwrap_err().to_string();
    assert_eq!(
        error,
        "the document has more than 2000 operations to make tools of; name those that matter with `include`"
    );
    assert_eq!(with(many.into(), json!({})).include(["GET /p/9999"]).tools().unwrap().len(), 1);

    // Schemas that refer to each other, to themselves, and to everything.
    let all: Vec<_> = (0..200).map(|n| json!({ "$ref": format!("#/components/schemas/S{n}") })).collect();
    let schemas: serde_json::Map<_, _> =
        (0..200).map(|n| (format!("S{n}"), json!({ "type": "object", "allOf": all }))).collect();
    let body = |name: &str| {
        let schema = json!({ "$ref": format!("#/components/schemas/{name}") });
        json!({ "/a": { "post": { "requestBody": { "content": { "application/json": { "schema": schema } } } } } })
    };
    let tools = with(body("S0"), schemas.into()).tools().unwrap();
    let schema = tools[0].definition().input_schema.to_value().unwrap();
    assert_eq!(schema["$defs"].as_object().unwrap().len(), 200);
    let bare = with(body("S"), json!({ "S": { "$ref": "#/components/schemas/S" } })).tools();
    assert_eq!(bare.unwrap().len(), 1, "what is a circle is the reader's to see");

    // One that is larger than any model would read.
    let wide: serde_json::Map<_, _> = (0..60_000).map(|n| (format!("p{n}"), json!({}))).collect();
    let error = with(body("S"), json!({ "S": { "properties": wide } })).tools().unwrap_err().to_string();
    assert_eq!(error, "`POST /a`: its schema has more than 50000 values; leave the operation out");
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}
