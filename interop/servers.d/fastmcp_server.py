"""A server on FastMCP: `fastmcp_server.py stdio | sse PORT | streamable-http PORT`. Lists come in pages of three."""

import sys
from typing import Any

import anyio
from fastmcp import Context, FastMCP
from fastmcp.resources import TextResource
from mcp_types import ElicitRequest, ElicitRequestFormParams, InputRequiredResult

TRANSPORT, PORT = sys.argv[1], int((sys.argv[2:] or ["0"])[0])
server = FastMCP("fastmcp", instructions="Be gentle.", list_page_size=3)
given_up = 0
FORM = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}


@server.tool
def echo(message: str) -> str:
    """Says back what it is told."""
    return message


@server.tool
def add(a: int, b: int) -> dict[str, int]:
    """Adds."""
    return {"sum": a + b}


@server.tool
def fail() -> str:
    """Fails."""
    raise ValueError("this tool always fails")


@server.tool
async def steps(ctx: Context) -> str:
    """Reports progress three times."""
    for done in (1, 2, 3):
        await ctx.report_progress(done, 3)
    return "done"


@server.tool
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


@server.tool
def cancelled() -> str:
    """How many calls of `slow` were given up."""
    return str(given_up)


@server.tool
async def say(ctx: Context) -> str:
    """Logs."""
    await ctx.info("said aloud")
    return "said"


@server.tool
async def ask(ctx: Context) -> Any:
    """Asks the person, as each era does it."""
    if not ctx._is_modern_protocol():
        answer = await ctx.elicit("Who are you?", str)
        return f"{answer.action}: {answer.data}"
    if ctx.input_responses:
        answer = ctx.input_responses["who"]
        return f"{answer.action}: {answer.content['name']}"
    form = ElicitRequestFormParams(message="Who are you?", requested_schema=FORM)
    return InputRequiredResult(input_requests={"who": ElicitRequest(params=form)})


@server.resource("test://greeting", mime_type="text/plain")
def greeting() -> str:
    return "hello from a resource"


for name in ("one", "two", "three", "four"):
    server.add_resource(TextResource(uri=f"test://{name}", name=name, text=name))


@server.resource("test://items/{id}")
def item(id: str) -> str:
    return f"item {id}"


@server.prompt
def greet(name: str) -> str:
    """Greets."""
    return f"Please greet {name}."


options = {} if TRANSPORT == "stdio" else {"host": "127.0.0.1", "port": PORT}
server.run(TRANSPORT, show_banner=False, **options)
