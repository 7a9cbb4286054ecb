use mcp_core::client::Client;
use mcp_core::server::{Proxy, ToolError, Variables};
use mcp_core::testing::TestClient;
use mcp_core::{Args, Context, Json, Server, prompt, resource, template, tool};
use serde_json::json;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Add {
    /// The first number.
    a: i64,
    /// The second number.
    #[serde(default)]
    b: i64,
}

#[derive(serde::Serialize, schemars::JsonSchema)]
struct Sum {
    sum: i64,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Whom {
    name: String,
}

async fn add(context: Context, Args(Add { a, b }): Args<Add>) -> Result<Json<Sum>, ToolError> {
    context.progress(1.0, Some(1.0), Some("adding"));
    let sum = a.checked_add(b).ok_or_else(|| ToolError::new("the sum is too large"))?;
    Ok(Json(Sum { sum }))
}

fn server() -> Result<Server, mcp_core::Error> {
    let greet = async |Args(Whom { name }): Args<Whom>| format!("Please greet {name}.");
    let item = async |Variables(v): Variables| Some(format!("item {}", &v["id"]));
    let server = Server::builder("demo", "1.0.0")
        .tool(tool("add", add).description("Adds two numbers."))
        .resource(resource("demo://greeting", "greeting", async || "hello"))
        .template(template("demo://items/{id}", "an item", item))
        .prompt(prompt("greet", greet).description("Greets."))
        .build()?;
    Ok(server)
}

#[tokio::test]
async fn it_works() {
    let client = TestClient::connect(server().unwrap());
    let added = client.call("add", json!({ "a": 2, "b": 3 })).await;
    assert_eq!(serde_json::to_value(&added).unwrap()["structuredContent"], json!({ "sum": 5 }));
    let failed = client.call("add", json!({ "a": i64::MAX, "b": 1 })).await;
    assert_eq!(failed.content[0].as_text(), Some("the sum is too large"));
    let read = client.request("resources/read", json!({ "uri": "demo://items/7" })).await.unwrap();
    assert_eq!(read["contents"][0]["text"], "item 7");
}

/// The tools of an old server beside new ones: in real life, the old one is a URL or a command line.
async fn beside(old: Server, new: &Server) -> anyhow::Result<Server> {
    let old = Client::connect(old).await?;
    let both = Server::builder("both", "1.0.0").mount("new", new);
    Ok(Proxy::new(old).attach(both).await?.build()?)
}

#[tokio::test]
async fn tools_can_move_one_by_one() {
    let old = Server::builder("old", "1.0.0").tool(tool("multiply", async || "42")).build().unwrap();
    let both = TestClient::connect(beside(old, &server().unwrap()).await.unwrap());
    let listed = both.request("tools/list", json!({})).await.unwrap();
    let names: Vec<_> = listed["tools"].as_array().unwrap().iter().map(|tool| &tool["name"]).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(names.contains(&&json!("multiply")) && names.contains(&&json!("new_add")), "{names:?}");
}
