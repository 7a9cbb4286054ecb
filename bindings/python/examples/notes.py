"""A server with a tool, a resource and a prompt. Run: python notes.py, or python notes.py 127.0.0.1:8080"""

import sys

from engify_mcp import Context, Server, ToolError

server = Server("notes", "1.0.0", instructions="Keeps short notes while it runs.")
notes: dict[str, str] = {}


@server.tool
def write(name: str, text: str) -> str:
    """Writes a note, or replaces it.

    Args:
        name: One word.
        text: What to remember.
    """
    notes[name] = text
    server.resource_updated(f"notes://{name}")
    return f"`{name}` has {len(text)} characters now"


@server.tool(destructive=True)
def remove(name: str, context: Context) -> str:
    """Removes a note after asking the person."""
    if name not in notes:
        raise ToolError(f"there is no note `{name}`; there are: {', '.join(notes) or 'none'}")
    answer = context.elicit(f"Remove `{name}` for good?", bool)
    if not answer.data:
        return "kept"
    del notes[name]
    return "removed"


@server.resource("notes://{name}", mime_type="text/plain")
def note(name: str) -> str | None:
    """A note."""
    return notes.get(name)


@server.prompt
def summarise(style: str = "short") -> str:
    """Asks for a summary of all notes."""
    return f"Give a {style} summary of these notes:\n" + "\n".join(notes.values())


if __name__ == "__main__":
    server.run(listen=sys.argv[1] if len(sys.argv) > 1 else None)
