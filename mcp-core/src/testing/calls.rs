//! What clients do, in a line each.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{TestClient, fail};
use crate::protocol::{
    CallToolResult, CompleteResult, Completion, CompletionReference, GetPromptResult, Prompt,
    ReadResourceResult, Resource, RpcError, Tool,
};

impl TestClient {
    /// Calls a tool.
    ///
    /// # Panics
    /// The server refuses the call. A tool that fails is no refusal.
    pub async fn call(&self, tool: &str, arguments: Value) -> CallToolResult {
        self.try_call(tool, arguments)
            .await
            .unwrap_or_else(|error| fail(format!("the call of `{tool}` was refused: {error}")))
    }

    /// Calls a tool that the server may refuse to call.
    ///
    /// # Errors
    /// The server refused.
    pub async fn try_call(&self, tool: &str, arguments: Value) -> Result<CallToolResult, RpcError> {
        self.call_raw(tool, arguments).await.map(read_as)
    }

    /// Calls a tool; yields the result as it came.
    ///
    /// # Errors
    /// The server refused.
    pub async fn call_raw(&self, tool: &str, arguments: Value) -> Result<Value, RpcError> {
        self.request("tools/call", json!({ "name": tool, "arguments": arguments })).await
    }

    /// All tools, whatever the pages.
    ///
    /// # Panics
    /// The server refuses.
    pub async fn list_tools(&self) -> Vec<Tool> {
        self.list("tools/list", "tools").await
    }

    /// All resources, whatever the pages.
    ///
    /// # Panics
    /// The server refuses.
    pub async fn list_resources(&self) -> Vec<Resource> {
        self.list("resources/list", "resources").await
    }

    /// All prompts, whatever the pages.
    ///
    /// # Panics
    /// The server refuses.
    pub async fn list_prompts(&self) -> Vec<Prompt> {
        self.list("prompts/list", "prompts").await
    }

    async fn list<T: DeserializeOwned>(&self, method: &str, member: &str) -> Vec<T> {
        let mut all = Vec::new();
        let mut params = json!({});
        loop {
            let mut page = self
                .request(method, params)
                .await
                .unwrap_or_else(|error| fail(format!("`{method}` was refused: {error}")));
            let items = page.get_mut(member).map(Value::take).unwrap_or_default();
            all.extend(read_as::<Vec<T>>(items));
            match page.get("nextCursor") {
                Some(cursor) => params = json!({ "cursor": cursor }),
                None => return all,
            }
        }
    }

    /// Reads a resource.
    ///
    /// # Errors
    /// The server refused.
    pub async fn read(&self, uri: &str) -> Result<ReadResourceResult, RpcError> {
        self.request("resources/read", json!({ "uri": uri })).await.map(read_as)
    }

    /// Renders a prompt.
    ///
    /// # Errors
    /// The server refused.
    pub async fn get_prompt(&self, name: &str, arguments: Value) -> Result<GetPromptResult, RpcError> {
        self.request("prompts/get", json!({ "name": name, "arguments": arguments })).await.map(read_as)
    }

    /// Asks what an argument could become.
    ///
    /// # Errors
    /// The server refused.
    pub async fn complete(
        &self,
        of: CompletionReference,
        argument: &str,
        typed: &str,
    ) -> Result<Completion, RpcError> {
        let params = json!({ "ref": of, "argument": { "name": argument, "value": typed } });
        let result = self.request("completion/complete", params).await?;
        Ok(read_as::<CompleteResult>(result).completion)
    }
}

fn read_as<T: DeserializeOwned>(result: Value) -> T {
    let shown = result.to_string();
    serde_json::from_value(result)
        .unwrap_or_else(|error| fail(format!("the result is not what the method promises: {error}: {shown}")))
}
