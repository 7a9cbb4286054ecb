"""Tools of any MCP server as functions that LangChain, the OpenAI Agents SDK and others wrap.

Both want a callable, a name, a description and a JSON Schema; with them installed:

    StructuredTool.from_function(func=tool.call, name=tool.name, description=tool.description, args_schema=tool.schema)
    FunctionTool(name=tool.name, description=tool.description, params_json_schema=tool.schema, on_invoke_tool=…)
"""

from dataclasses import dataclass
from typing import Any

from engify_mcp import Client, Server


@dataclass
class AgentTool:
    """A tool as agent frameworks see one."""

    client: Client
    name: str
    description: str
    schema: dict[str, Any]

    def call(self, **arguments: Any) -> str:
        """Calls the tool. What it says when it fails is for the model, too."""
        return self.client.call(self.name, arguments, check=False).text


def agent_tools(client: Client) -> list[AgentTool]:
    """All tools of a server."""
    return [AgentTool(client, tool.name, tool.description or "", tool.input_schema) for tool in client.tools()]


if __name__ == "__main__":
    sums = Server("sums", "1.0.0")

    @sums.tool
    def add(a: int, b: int) -> int:
        """Adds two numbers."""
        return a + b

    tools = agent_tools(Client(sums))
    assert tools[0].call(a=1, b=2) == "3"
    assert tools[0].call(a=1).startswith("invalid arguments")
    print(tools[0].name, tools[0].schema)
