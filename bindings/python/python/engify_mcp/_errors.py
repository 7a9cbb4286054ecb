"""Exceptions. All are an `McpError`; where Python has a class for the same thing, they are one of it too."""

from __future__ import annotations


class McpError(Exception):
    """Something of this package failed."""

    code: int | None = None
    """The code of JSON-RPC, where the other side gave one."""
    data: object = None
    """Details for a program."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message)


class RpcError(McpError):
    """An error of the protocol: the other side refused a request. Raised in a tool, it goes to the client as it is, and
    no model reads it."""

    code: int = -32603

    def __init__(self, message: str = "", code: int = -32603, data: object = None) -> None:
        super().__init__(message)
        self.code = code
        self.data = data


class ToolError(McpError):
    """A tool failed. Raised in a tool, the model reads the message and can try otherwise."""

    def __init__(self, message: str = "", result: object = None) -> None:
        super().__init__(message)
        self.result = result
        """The whole result, where a client raised this."""


class TransportError(McpError, ConnectionError):
    """The way to the server broke, or there is none."""


class RequestTimeout(McpError, TimeoutError):
    """Nothing came from the server in time."""


class EngineError(McpError):
    """Memory, guardrails or patterns cannot do what was asked."""


class MemoryStoreError(EngineError):
    """A memory cannot be opened, read or changed; or what was asked of it makes no sense."""


class RuleError(EngineError, ValueError):
    """Rules cannot be used: the message says where, and what may have been meant."""


class PatternError(EngineError):
    """The catalogue or what was learned cannot be used."""


class NotFoundError(EngineError, LookupError):
    """There is no such thing, or the caller may not see it."""


class AccessError(EngineError, PermissionError):
    """The caller may not do this."""


class CallEnded(BaseException):
    """Ends a function for whose call nobody waits any more, as `asyncio.CancelledError` does. Do not catch it."""
