"""A server on the official Python SDK, releases 2.x: `python_v2.py stdio | sse PORT | streamable-http PORT`."""

import sys
from typing import Annotated

import anyio
from mcp.server.mcpserver import Context, Elicit, ElicitationResult, ListRoots, MCPServer, Resolve, Sample
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import Completion, CreateMessageResult, ListRootsResult, SamplingMessage, TextContent
from pydantic import BaseModel

TRANSPORT, PORT = sys.argv[1], int((sys.argv[2:] or ["0"])[0])
server = MCPServer("python-v2", instructions="Be gentle.", log_level="WARNING")
given_up = 0


class Name(BaseModel):
    name: str


class Sum(BaseModel):
    sum: int


def who() -> Elicit[Name]:
    return Elicit("Who are you?", Name)


def model() -> Sample:
    question = SamplingMessage(role="user", content=TextContent(type="text", text="Who?"))
    return Sample([question], max_tokens=10)


def roots() -> ListRoots:
    return ListRoots()


@server.tool()
def echo(message: str) -> str:
    """Says back what it is told."""
    return message


@server.tool()
def add(a: int, b: int) -> Sum:
    """Adds."""
    return Sum(sum=a + b)


@server.tool()
def fail() -> str:
    """Fails."""
    raise ToolError("this tool always fails")


@server.tool()
async def steps(ctx: Context) -> str:
    """Reports progress three times."""
    for done in (1, 2, 3):
        await ctx.report_progress(done, 3, f"step {done}")
    return "done"


@server.tool()
async def slow(ctx: Context) -> str:
    """Reports progress once, and then nothing for half a minute."""
    global given_up
    await ctx.report_progress(1, 2)
    try:
        await anyio.sleep(30)
    except anyio.get_cancelled_exc_class():
        given_up += 1
        raise
    return "awake"


@server.tool()
def cancelled() -> str:
    """How many calls of `slow` were given up."""
    return str(given_up)


@server.tool()
async def say(ctx: Context) -> str:
    """Logs."""
    await ctx.info("said aloud")
    return "said"


@server.tool()
async def think(answer: Annotated[CreateMessageResult, Resolve(model)]) -> str:
    """Asks the model."""
    return answer.content.text


@server.tool()
async def where(answer: Annotated[ListRootsResult, Resolve(roots)]) -> str:
    """Asks for the roots."""
    return " ".join(str(root.uri) for root in answer.roots)


@server.tool()
async def ask(answer: Annotated[ElicitationResult[Name], Resolve(who)]) -> str:
    """Asks the person."""
    return f"{answer.action}: {answer.data.name}"


@server.tool()
async def grow(ctx: Context) -> str:
    """Adds a tool, and says so."""
    server.add_tool(echo, name="grown")
    await ctx.notify_tools_changed()
    if ctx.protocol_version < "2026-07-28":
        await ctx.session.send_tool_list_changed()
    return "grown"


@server.resource("test://greeting", mime_type="text/plain")
def greeting() -> str:
    return "hello from a resource"


@server.resource("test://items/{id}")
def item(id: str) -> str:
    return f"item {id}"


@server.prompt()
def greet(name: str) -> str:
    """Greets."""
    return f"Please greet {name}."


@server.completion()
async def complete(_ref, argument, _context):
    return Completion(values=[name for name in ("Ada", "Alan", "Grace") if name.startswith(argument.value)])


server.run(TRANSPORT, **({} if TRANSPORT == "stdio" else {"port": PORT}))
