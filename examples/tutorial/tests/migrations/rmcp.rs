use mcp_core::server::ToolError;
use mcp_core::service::Principal;
use mcp_core::testing::TestClient;
use mcp_core::{Args, Context, Server, tools};
use serde_json::json;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Echo {
    message: String,
}

struct Greeter;

#[tools]
impl Greeter {
    /// Sends the message back.
    #[tool(read_only)]
    async fn echo(&self, Args(echo): Args<Echo>) -> String {
        echo.message
    }

    /// Counts to three, and says so.
    #[tool]
    async fn count(&self, context: Context, who: Option<Principal>) -> Result<String, ToolError> {
        for step in 1..=3 {
            context.progress(f64::from(step), Some(3.0), None);
        }
        let user = who.map_or_else(|| "nobody in particular".to_owned(), |who| who.user.to_string());
        Ok(format!("counted for {user}"))
    }
}

#[tokio::test]
async fn it_works() -> anyhow::Result<()> {
    let server = Server::builder("greeter", "1.0.0").tools(Greeter).build()?;
    let client = TestClient::connect(server);
    let echoed = client.call("echo", json!({ "message": "hello" })).await;
    assert_eq!(echoed.content[0].as_text(), Some("hello"));
    let counted = client.call("count", json!({})).await;
    assert_eq!(counted.content[0].as_text(), Some("counted for nobody in particular"));
    Ok(())
}
