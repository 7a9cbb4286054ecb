"""Some of everything, over standard streams or on the address that is given."""

import asyncio
import sys
import time

from engify_mcp import AsyncContext, Context, Image, Server, ToolError

sleeping = 0
watching = 0
given_up = 0
server = Server("everything", "1.0.0", instructions="Try things.")


@server.tool(read_only=True)
def add(a: int, b: int = 2) -> int:
    """Adds two numbers."""
    return a + b


@server.tool
async def echo(text: str) -> str:
    """Says it again."""
    await asyncio.sleep(0)
    return text


@server.tool
def fail(kind: str) -> str:
    """Fails."""
    if kind == "tool":
        raise ToolError("the disk is full: delete something")
    raise ValueError("not a good value")


@server.tool
def count(upto: int, context: Context) -> str:
    """Counts, and reports progress."""
    for step in range(upto):
        context.progress(step + 1, upto, f"step {step + 1}")
    return f"counted to {upto}"


@server.tool
def book(context: Context) -> str:
    """Books a table after asking for how many."""
    answer = context.elicit("For how many?", int)
    return f"booked for {answer.data}" if answer.accepted else f"not booked: {answer.action}"


@server.tool
async def book_async(context: AsyncContext) -> str:
    """Books a table after asking for how many."""
    answer = await context.elicit("For how many?", int)
    return f"booked for {answer.data}" if answer.accepted else f"not booked: {answer.action}"


@server.tool
def picture() -> Image:
    """A picture."""
    return Image(b"\x89PNG not really", mime_type="image/png")


@server.tool
def slow(seconds: float) -> str:
    """Takes its time."""
    global sleeping
    sleeping += 1
    time.sleep(seconds)
    sleeping -= 1
    return "done"


@server.tool
def sleepers() -> int:
    """How many take their time now."""
    return sleeping


@server.tool
def watch(context: Context) -> str:
    """Waits until nobody waits for it."""
    global watching, given_up
    watching += 1
    while not context.cancelled:
        time.sleep(0.005)
    given_up += 1
    return "too late"


@server.tool
async def watch_async() -> str:
    """Waits until it is cancelled."""
    global watching, given_up
    watching += 1
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        given_up += 1
        raise
    return "too late"


@server.tool
def watchers() -> dict[str, int]:
    """How many waited, and how many of them were given up."""
    return {"watching": watching, "given_up": given_up}


@server.resource("notes://{name}", mime_type="text/plain")
def note(name: str) -> str:
    """A note."""
    return f"the note {name}"


@server.prompt
def review(code: str, strict: bool = False) -> str:
    """Asks for a review."""
    return f"Review this{' strictly' if strict else ''}: {code}"


if __name__ == "__main__":
    print("this print must not end up among the frames")
    server.run(listen=sys.argv[1] if len(sys.argv) > 1 else None)
