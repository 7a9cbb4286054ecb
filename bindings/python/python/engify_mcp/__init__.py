"""Model Context Protocol servers and clients whose wire runs in Rust, and engines for memory, guardrails and patterns.

    from engify_mcp import Server

    server = Server("sums", "1.0.0")

    @server.tool
    def add(a: int, b: int) -> int:
        "Adds two numbers."
        return a + b

    server.run()

Names are loaded when they are first used: a server that never connects to another pays nothing for the client.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._auth import Auth
    from ._client import AsyncClient, CallResult, Client, PromptInfo, ResourceInfo, ServerDetails, ToolInfo
    from ._content import Audio, Content, Embedded, Image, Link, Message, Text
    from ._context import AsyncContext, Context, Elicitation
    from ._engines import Guardrails, Memory, Patterns
    from ._errors import (
        AccessError,
        CallEnded,
        EngineError,
        McpError,
        MemoryStoreError,
        NotFoundError,
        PatternError,
        RequestTimeout,
        RpcError,
        RuleError,
        ToolError,
        TransportError,
    )
    from ._server import Server

__version__ = "0.1.0"

_PLACES = {
    "_auth": "Auth",
    "_client": "AsyncClient CallResult Client PromptInfo ResourceInfo ServerDetails ToolInfo",
    "_content": "Audio Content Embedded Image Link Message Text",
    "_context": "AsyncContext Context Elicitation",
    "_engines": "Guardrails Memory Patterns",
    "_errors": "AccessError CallEnded EngineError McpError MemoryStoreError NotFoundError PatternError RequestTimeout "
    "RpcError RuleError ToolError TransportError",
    "_server": "Server",
}
_HOMES = {name: module for module, names in _PLACES.items() for name in names.split()}

__all__ = [
    "AccessError",
    "AsyncClient",
    "AsyncContext",
    "Audio",
    "Auth",
    "CallEnded",
    "CallResult",
    "Client",
    "Content",
    "Context",
    "Elicitation",
    "Embedded",
    "EngineError",
    "Guardrails",
    "Image",
    "Link",
    "McpError",
    "Memory",
    "MemoryStoreError",
    "Message",
    "NotFoundError",
    "PatternError",
    "Patterns",
    "PromptInfo",
    "RequestTimeout",
    "ResourceInfo",
    "RpcError",
    "RuleError",
    "Server",
    "ServerDetails",
    "Text",
    "ToolError",
    "ToolInfo",
    "TransportError",
]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'engify_mcp' has no attribute {name!r}")
    value = getattr(__import__(f"engify_mcp.{home}", fromlist=[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
