"""A server on the official Python SDK, releases 1.x: `python_v1.py stdio | sse PORT | streamable-http PORT`."""

# Not with annotations as text: the early releases find no `Context` in them.
import sys

import anyio
from mcp.server.fastmcp import Context, FastMCP
from mcp.types import SamplingMessage, TextContent
from pydantic import BaseModel

TRANSPORT, PORT = sys.argv[1], int((sys.argv[2:] or ["0"])[0])
server = FastMCP("python-v1", instructions="Be gentle.", host="127.0.0.1", port=PORT, log_level="WARNING")
given_up = 0


class Name(BaseModel):
    name: str


@server.tool()
def echo(message: str) -> str:
    """Says back what it is told."""
    return message


@server.tool()
def add(a: int, b: int) -> int:
    """Adds."""
    return a + b


@server.tool()
def fail() -> str:
    """Fails."""
    raise ValueError("this tool always fails")


@server.tool()
async def steps(ctx: Context) -> str:
    """Reports progress three times."""
    for done in (1, 2, 3):
        await ctx.report_progress(done, 3)
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
async def think(ctx: Context) -> str:
    """Asks the model."""
    question = SamplingMessage(role="user", content=TextContent(type="text", text="Who?"))
    return (await ctx.session.create_message([question], max_tokens=10)).content.text


@server.tool()
async def where(ctx: Context) -> str:
    """Asks for the roots."""
    return " ".join(str(root.uri) for root in (await ctx.session.list_roots()).roots)


@server.tool()
async def ask(ctx: Context) -> str:
    """Asks the person."""
    answer = await ctx.elicit("Who are you?", Name)
    return f"{answer.action}: {answer.data.name}"


@server.tool()
async def grow(ctx: Context) -> str:
    """Adds a tool, and says so."""
    server.add_tool(echo, name="grown")
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


# Releases before 1.9 have no decorator for it.
if hasattr(server, "completion"):
    from mcp.types import Completion

    @server.completion()
    async def complete(_ref, argument, _context):
        return Completion(values=[name for name in ("Ada", "Alan", "Grace") if name.startswith(argument.value)])


server.run(TRANSPORT)
