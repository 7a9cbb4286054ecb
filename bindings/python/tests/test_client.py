"""Clients of servers that are not ours to change."""

from __future__ import annotations

import asyncio

import pytest

from engify_mcp import AsyncClient, Client, McpError, RpcError, Server, ToolError, TransportError


@pytest.fixture
def sums() -> Server:
    server = Server("sums", "2.0.0", instructions="Add things.", title="Sums")

    @server.tool
    def add(a: int, b: int) -> int:
        """Adds."""
        return a + b

    @server.resource("sums://last")
    def last() -> str:
        return "5"

    @server.prompt
    def ask(what: str) -> str:
        return f"What is {what}?"

    return server


def test_everything_a_client_does(sums: Server) -> None:
    with sums.start() as running, Client(running.url, token="secret", headers={"X-Trace": "1"}) as client:
        details = client.server
        assert (details.name, details.version, details.protocol_version) == ("sums", "2.0.0", "2026-07-28")
        assert details.instructions == "Add things." and "tools" in details.capabilities
        assert [tool.name for tool in client.tools()] == ["add"]
        assert client.call("add", {"a": 2, "b": 3}).data == 5
        assert client.read("sums://last") == "5"
        assert client.get_prompt("ask", {"what": "1 + 1"})[0]["content"]["text"] == "What is 1 + 1?"
        assert [resource.uri for resource in client.resources()] == ["sums://last"]
        client.ping()
        with pytest.raises(RpcError, match="unknown tool `sub`"):
            client.call("sub")
        with pytest.raises(ToolError) as caught:
            client.call("add", {"a": 1})
        assert caught.value.result.is_error  # type: ignore[attr-defined]
    # Closed, and the server gone.
    with pytest.raises(TransportError) as broken:
        client.ping()
    assert isinstance(broken.value, ConnectionError) and isinstance(broken.value, McpError)


def test_the_same_for_asyncio(sums: Server) -> None:
    async def main(url: str) -> None:
        async with AsyncClient(url) as client:
            assert (await client.server()).name == "sums"
            assert [tool.name for tool in await client.tools()] == ["add"]
            assert (await client.call("add", {"a": 2, "b": 3})).data == 5
            assert await client.read("sums://last") == "5"
            assert (await client.get_prompt("ask", {"what": "x"}))[0]["role"] == "user"
            assert (await client.resources())[0].uri == "sums://last"
            assert await client.templates() == [] and (await client.prompts())[0].name == "ask"
            assert (await client.request("tools/list"))["tools"]
            await client.ping()
            with pytest.raises(RpcError):
                await client.call("sub")

    with sums.start() as running:
        asyncio.run(main(running.url))


def test_wrong_targets_are_told() -> None:
    with pytest.raises(McpError, match="is not a target"):
        Client("")
    with pytest.raises(FileNotFoundError, match="no such program"):
        Client("/no/such/program --stdio").ping()
    with pytest.raises(TransportError, match="127.0.0.1:1"):
        Client("http://127.0.0.1:1/mcp").ping()
    with pytest.raises(TypeError):
        Client(5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="headers: `a b`"):
        Client("http://127.0.0.1:1", headers={"a b": "c"})
    with pytest.raises(ValueError, match="timeout: "):
        Client("http://127.0.0.1:1", timeout=-1)
