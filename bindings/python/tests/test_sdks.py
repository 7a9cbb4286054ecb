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
        assert len(await client.list_tools()) == 9
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
