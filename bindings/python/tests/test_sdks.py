"""The official SDK's client and FastMCP's before our servers, over standard streams and HTTP."""

from __future__ import annotations

import asyncio
import pathlib
import sys
from typing import Any

import pytest

from engify_mcp import Server

mcp = pytest.importorskip("mcp", reason="`check` installs it")
fastmcp = pytest.importorskip("fastmcp", reason="`check` installs it")

EVERYTHING = str(pathlib.Path(__file__).resolve().parent / "servers" / "everything.py")


def everything_server() -> Server:
    import runpy

    server: Server = runpy.run_path(EVERYTHING)["server"]
    return server


async def fastmcp_story(target: Any) -> None:
    from fastmcp import Client

    async def answer(message: str, kind: Any, params: Any, context: Any) -> Any:
        return {"value": 3}

    steps: list[Any] = []

    async def progress(now: float, total: float | None, message: str | None) -> None:
        steps.append(message)

    async with Client(target, elicitation_handler=answer) as client:
        assert len(await client.list_tools()) == 12
        assert (await client.call_tool("add", {"a": 1})).content[0].text == "3"
        assert (await client.call_tool("echo", {"text": "hi"})).content[0].text == "hi"
        with pytest.raises(Exception, match="the disk is full"):
            await client.call_tool("fail", {"kind": "tool"})
        with pytest.raises(Exception, match="invalid arguments: `a`"):
            await client.call_tool("add", {"a": "x"})
        assert (await client.call_tool("count", {"upto": 3}, progress_handler=progress)).content[0].text == "counted to 3"
        assert (await client.call_tool("book", {})).content[0].text == "booked for 3"
        assert (await client.call_tool("book_async", {})).content[0].text == "booked for 3"
        assert (await client.call_tool("picture", {})).content[0].mime_type == "image/png"
        assert (await client.read_resource("notes://mine"))[0].text == "the note mine"
        prompt = await client.get_prompt("review", {"code": "x", "strict": "true"})
        assert prompt.messages[0].content.text == "Review this strictly: x"
    assert steps == ["step 1", "step 2", "step 3"]


def test_fastmcp_over_http() -> None:
    with everything_server().start() as running:
        asyncio.run(fastmcp_story(running.url))


def test_fastmcp_over_standard_streams() -> None:
    from fastmcp.client.transports import StdioTransport

    asyncio.run(fastmcp_story(StdioTransport(sys.executable, [EVERYTHING])))


async def official_story(target: Any, mode: str) -> None:
    """Tools, failures, progress, questions, resources, prompts; and calls that are given up."""
    from mcp import Client
    import mcp_types as types

    async def answer(_context: Any, params: types.ElicitRequestFormParams) -> types.ElicitResult:
        assert params.requested_schema["properties"]["value"]["type"] == "integer"
        return types.ElicitResult(action="accept", content={"value": 3})

    steps: list[Any] = []

    async def progress(now: float, total: float | None, message: str | None) -> None:
        steps.append((now, total, message))

    async with Client(target, mode=mode, elicitation_callback=answer) as client:
        revision = "2026-07-28" if mode == "auto" else "2025-11-25"
        assert client.protocol_version == revision
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert len(tools) == 12 and tools["add"].annotations and tools["add"].annotations.read_only_hint
        assert tools["add"].input_schema["required"] == ["a"]
        added = await client.call_tool("add", {"a": 1})
        assert not added.is_error and added.content[0].text == "3"
        assert (await client.call_tool("echo", {"text": "hi"})).content[0].text == "hi"
        failed = await client.call_tool("fail", {"kind": "tool"})
        assert failed.is_error and "the disk is full" in failed.content[0].text
        refused = await client.call_tool("add", {"a": "x"})
        assert refused.is_error and "invalid arguments: `a`" in refused.content[0].text
        counted = await client.call_tool("count", {"upto": 3}, progress_callback=progress)
        assert counted.content[0].text == "counted to 3"
        assert steps == [(1, 3, "step 1"), (2, 3, "step 2"), (3, 3, "step 3")]
        for tool in ("book", "book_async"):
            assert (await client.call_tool(tool, {})).content[0].text == "booked for 3", tool
        assert (await client.call_tool("picture", {})).content[0].mime_type == "image/png"
        assert (await client.read_resource("notes://mine")).contents[0].text == "the note mine"
        prompt = await client.get_prompt("review", {"code": "x", "strict": "true"})
        assert prompt.messages[0].content.text == "Review this strictly: x"
        for tool in ("watch", "watch_async"):
            await given_up(client, tool)


async def given_up(client: Any, tool: str) -> None:
    """Cancels a call while it runs: the function learns of it."""

    async def watchers() -> dict[str, int]:
        found: dict[str, int] = (await client.call_tool("watchers", {})).structured_content
        return found

    async def until(name: str, count: int) -> None:
        async with asyncio.timeout(20):
            while (await watchers())[name] < count:
                await asyncio.sleep(0)

    before = await watchers()
    call = asyncio.create_task(client.call_tool(tool, {}))
    await until("watching", before["watching"] + 1)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await until("given_up", before["given_up"] + 1)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_the_official_client_over_http(mode: str) -> None:
    with everything_server().start() as running:
        asyncio.run(official_story(running.url, mode))


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_the_official_client_over_standard_streams(mode: str) -> None:
    from mcp import StdioServerParameters

    asyncio.run(official_story(StdioServerParameters(command=sys.executable, args=[EVERYTHING]), mode))
