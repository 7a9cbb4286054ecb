"""Memory behind guardrails, as tools of a server. Run: python guarded_memory.py"""

import os
import sys
import tempfile
from typing import Any

from engify_mcp import Guardrails, Memory, Server, ToolError

memory = Memory(os.environ.get("MEMORY_DIRECTORY") or tempfile.mkdtemp())
guard = Guardrails(packs=["destructive-commands"])
server = Server("guarded-memory", "1.0.0")


def check(tool: str, **arguments: Any) -> None:
    """Raises what the model can read where a rule says no."""
    decision = guard.evaluate(tool=tool, arguments=arguments)
    if decision["effect"] == "block":
        raise ToolError(f"{decision['rule']}: {decision['message']}")


@server.tool
def remember(text: str, tags: list[str] | None = None) -> str:
    """Remembers something for later."""
    check("remember", text=text)
    return memory.store(text, tags=tags)


@server.tool(read_only=True)
def recall(question: str, limit: int = 5) -> list[str]:
    """What is remembered about something."""
    return [hit["record"]["content"] for hit in memory.search(question, limit=limit)]


if __name__ == "__main__":
    server.run(listen=sys.argv[1] if len(sys.argv) > 1 else None)
