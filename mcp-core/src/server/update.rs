//! Several changes of what a server offers, made at once.

use std::fmt;
use std::sync::Arc;

use super::catalog::Catalog;
use super::state::StateMap;
use super::{BuildError, Change, PromptEntry, ResourceEntry, Server, ToolEntry};

/// What a server offers, while it is changed. Nobody sees it before all of it is done.
pub struct Update {
    catalog: Catalog,
    state: Arc<StateMap>,
    tools: bool,
    resources: bool,
    prompts: bool,
}

impl Update {
    /// Adds a tool, or replaces the one of the same name.
    ///
    /// # Errors
    /// The tool is malformed.
    pub fn add_tool(&mut self, tool: ToolEntry) -> Result<(), BuildError> {
        let tool = tool.finish(&self.state)?;
        self.catalog.tools.insert(tool.definition.name.as_str().into(), Arc::new(tool));
        self.tools = true;
        Ok(())
    }

    /// Removes a tool; returns whether there was one.
    pub fn remove_tool(&mut self, name: &str) -> bool {
        let removed = self.catalog.tools.shift_remove(name).is_some();
        self.tools |= removed;
        removed
    }

    /// Adds a resource, or replaces the one of the same URI.
    ///
    /// # Errors
    /// The resource is malformed.
    pub fn add_resource(&mut self, resource: ResourceEntry) -> Result<(), BuildError> {
        let resource = resource.finish(&self.state)?;
        self.catalog.resources.insert(resource.definition.uri.as_str().into(), Arc::new(resource));
        self.resources = true;
        Ok(())
    }

    /// Removes a resource; returns whether there was one.
    pub fn remove_resource(&mut self, uri: &str) -> bool {
        let removed = self.catalog.resources.shift_remove(uri).is_some();
        self.resources |= removed;
        removed
    }

    /// Adds a prompt, or replaces the one of the same name.
    ///
    /// # Errors
    /// The prompt is malformed.
    pub fn add_prompt(&mut self, prompt: PromptEntry) -> Result<(), BuildError> {
        let prompt = prompt.finish(&self.state)?;
        self.catalog.prompts.insert(prompt.definition.name.as_str().into(), Arc::new(prompt));
        self.prompts = true;
        Ok(())
    }

    /// Removes a prompt; returns whether there was one.
    pub fn remove_prompt(&mut self, name: &str) -> bool {
        let removed = self.catalog.prompts.shift_remove(name).is_some();
        self.prompts |= removed;
        removed
    }
}

impl Server {
    /// Makes several changes at once: clients see all of them or none, and are told once of each kind. Do not change the server in
    /// another way meanwhile.
    ///
    /// # Errors
    /// Those of `change`; nothing is changed then.
    pub fn update(
        &self,
        change: impl FnOnce(&mut Update) -> Result<(), BuildError>,
    ) -> Result<(), BuildError> {
        let guard = self.0.editing.lock();
        let mut update = Update {
            catalog: self.0.catalog.load().edit(),
            state: Arc::clone(&self.0.state),
            tools: false,
            resources: false,
            prompts: false,
        };
        change(&mut update)?;
        let Update { catalog, tools, resources, prompts, .. } = update;
        self.0.catalog.store(Arc::new(catalog));
        drop(guard);
        let told = [(tools, Change::Tools), (resources, Change::Resources), (prompts, Change::Prompts)];
        told.iter().filter(|(changed, _)| *changed).for_each(|(_, change)| self.publish(change));
        Ok(())
    }
}

impl fmt::Debug for Update {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Update")
    }
}

#[cfg(test)]
mod tests {
    use crate::server::{BuildError, Server, resource, tool};

    fn server() -> Server {
        let tools = ["a", "b"].map(|name| tool(name, async || ""));
        let builder =
            tools.into_iter().fold(Server::builder("s", "1.0.0"), crate::server::ServerBuilder::tool);
        builder.build().unwrap()
    }

    fn names(server: &Server) -> Vec<String> {
        server.catalog().tools.keys().map(|name| name.to_string()).collect()
    }

    #[test]
    fn all_changes_are_made_or_none() {
        let server = server();
        server
            .update(|update| {
                assert!(update.remove_tool("a") && !update.remove_tool("nothing"));
                update.add_tool(tool("c", async || ""))?;
                update.add_resource(resource("text://x", "x", async || "x"))
            })
            .unwrap();
        assert_eq!(names(&server), ["b", "c"]);
        assert!(server.catalog().resources.contains_key("text://x"));

        let refused = server.update(|update| {
            update.remove_tool("b");
            update.add_resource(resource("no scheme", "x", async || "x"))
        });
        assert!(matches!(refused, Err(BuildError::Resource { .. })));
        assert_eq!(names(&server), ["b", "c"]);
    }
}
