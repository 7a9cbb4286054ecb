"""Clients of any server: a URL, a command line, or a `Server` of this process."""

from __future__ import annotations

from . import _engify
from ._context import _future
from ._errors import ToolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from types import TracebackType
    from typing import Any

    from ._server import Server


class _Info:
    """Something that a server lists; `raw` is all that it says."""

    __slots__ = ("raw",)

    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw = raw

    @property
    def name(self) -> str:
        """The name."""
        name: str = self.raw["name"]
        return name

    @property
    def title(self) -> str | None:
        """The name for people."""
        return self.raw.get("title")

    @property
    def description(self) -> str | None:
        """What it is for."""
        return self.raw.get("description")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"


class ToolInfo(_Info):
    """A tool of a server."""

    __slots__ = ()

    @property
    def input_schema(self) -> dict[str, Any]:
        """The JSON Schema of its arguments."""
        schema: dict[str, Any] = self.raw["inputSchema"]
        return schema

    @property
    def output_schema(self) -> dict[str, Any] | None:
        """The JSON Schema of its data, where it has some."""
        return self.raw.get("outputSchema")

    @property
    def annotations(self) -> dict[str, Any]:
        """Hints on how it behaves."""
        return self.raw.get("annotations") or {}


class ResourceInfo(_Info):
    """A resource of a server, or a template of resources."""

    __slots__ = ()

    @property
    def uri(self) -> str:
        """The URI, or the template of URIs."""
        uri: str = self.raw.get("uri") or self.raw["uriTemplate"]
        return uri

    @property
    def mime_type(self) -> str | None:
        """The media type."""
        return self.raw.get("mimeType")


class PromptInfo(_Info):
    """A prompt of a server."""

    __slots__ = ()

    @property
    def arguments(self) -> list[dict[str, Any]]:
        """What it takes."""
        return self.raw.get("arguments") or []


class ServerDetails:
    """What a server says of itself."""

    __slots__ = ("capabilities", "instructions", "name", "protocol_version", "version")

    def __init__(self, raw: dict[str, Any]) -> None:
        info = raw["info"] or {}
        self.name: str | None = info.get("name")
        self.version: str | None = info.get("version")
        self.protocol_version: str = raw["protocol_version"]
        self.capabilities: dict[str, Any] = raw["capabilities"]
        self.instructions: str | None = raw["instructions"]

    def __repr__(self) -> str:
        return f"ServerDetails({self.name!r}, {self.version!r}, {self.protocol_version!r})"


class CallResult:
    """The result of a tool."""

    __slots__ = ("content", "data", "is_error", "raw")

    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw = raw
        self.content: list[dict[str, Any]] = raw.get("content") or []
        self.is_error: bool = raw.get("isError", False)
        self.data: Any = raw.get("structuredContent")

    @property
    def text(self) -> str:
        """All text of it."""
        return "\n".join(block["text"] for block in self.content if block["type"] == "text")

    def __repr__(self) -> str:
        return f"CallResult({self.text!r})"


def _checked(raw: dict[str, Any]) -> CallResult:
    result = CallResult(raw)
    if result.is_error:
        raise ToolError(result.text or "the tool did not say why it failed", result)
    return result


def _native(target: str | Server, settings: dict[str, Any]) -> _engify.Client:
    native: Any = getattr(target, "_native", target)
    return _engify.Client(native, **settings)


def _answering(handler: Callable[[str, dict[str, Any]], Any]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Makes a handler of questions one that the native half calls."""

    def answer(question: dict[str, Any]) -> dict[str, Any]:
        given = handler(question["message"], question.get("schema") or {"url": question.get("url")})
        if given is None:
            return {"action": "decline"}
        return {"action": "accept", "content": given} if isinstance(given, dict) else {"action": "accept", "content": {}}

    return answer


def _modelling(handler: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def answer(request: dict[str, Any]) -> dict[str, Any]:
        given = handler(request)
        if isinstance(given, str):
            return {"role": "assistant", "model": "unknown", "content": {"type": "text", "text": given}}
        result: dict[str, Any] = given
        return result

    return answer


class Client:
    """A client of one server. Connects at its first request; many threads may use it at once.

    `elicit(message, schema)` answers forms for the person: a dict, or `None` to decline. `sample(request)` asks a model: its
    text. `log(message)` takes what the server logs.
    """

    def __init__(
        self,
        target: str | Server,
        *,
        timeout: float | None = None,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        elicit: Callable[[str, dict[str, Any]], Any] | None = None,
        sample: Callable[[dict[str, Any]], Any] | None = None,
        log: Callable[[dict[str, Any]], object] | None = None,
        log_level: str = "info",
    ) -> None:
        settings = {
            "timeout": timeout,
            "token": token,
            "headers": dict(headers) if headers else None,
            "elicit": elicit and _answering(elicit),
            "sample": sample and _modelling(sample),
            "log": log,
            "log_level": log_level,
        }
        self._native = _native(target, settings)

    def __enter__(self) -> Client:
        self._native.server()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._native.close()

    @property
    def server(self) -> ServerDetails:
        """What the server says of itself."""
        return ServerDetails(self._native.server())

    def tools(self) -> list[ToolInfo]:
        """All tools."""
        return [ToolInfo(raw) for raw in self._native.list("tools")]

    def resources(self) -> list[ResourceInfo]:
        """All resources."""
        return [ResourceInfo(raw) for raw in self._native.list("resources")]

    def templates(self) -> list[ResourceInfo]:
        """All templates of resources."""
        return [ResourceInfo(raw) for raw in self._native.list("templates")]

    def prompts(self) -> list[PromptInfo]:
        """All prompts."""
        return [PromptInfo(raw) for raw in self._native.list("prompts")]

    def call(
        self,
        tool: str,
        arguments: Mapping[str, Any] | None = None,
        /,
        *,
        progress: Callable[[dict[str, Any]], object] | None = None,
        timeout: float | None = None,
        check: bool = True,
    ) -> CallResult:
        """Calls a tool. Raises `ToolError` where it fails, unless `check` is false."""
        raw = self._native.call(tool, arguments or {}, progress, timeout)
        return _checked(raw) if check else CallResult(raw)

    def read(self, uri: str) -> str | bytes:
        """Reads a resource: text, or bytes."""
        return _first(self._native.read(uri))

    def get_prompt(self, name: str, arguments: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
        """Renders a prompt: its messages."""
        messages: list[dict[str, Any]] = self._native.prompt(name, dict(arguments or {}))["messages"]
        return messages

    def request(self, method: str, params: Mapping[str, Any] | None = None) -> Any:
        """Sends any request, an extension's for instance: its result as it came."""
        return self._native.request(method, params or {})

    def ping(self) -> None:
        """Checks that the server answers."""
        self._native.ping()

    def close(self) -> None:
        """Ends the connection. The next request connects again."""
        self._native.close()


class AsyncClient:
    """A client of one server for asyncio. See `Client`; handlers may be async functions."""

    def __init__(
        self,
        target: str | Server,
        *,
        timeout: float | None = None,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        elicit: Callable[[str, dict[str, Any]], Any] | None = None,
        sample: Callable[[dict[str, Any]], Any] | None = None,
        log: Callable[[dict[str, Any]], object] | None = None,
        log_level: str = "info",
    ) -> None:
        self._loop: Any = None
        settings = {
            "timeout": timeout,
            "token": token,
            "headers": dict(headers) if headers else None,
            "elicit": elicit and _answering(self._here(elicit)),
            "sample": sample and _modelling(self._here(sample)),
            "log": log,
            "log_level": log_level,
        }
        self._native = _native(target, settings)

    def _here(self, handler: Callable[..., Any]) -> Callable[..., Any]:
        """Runs a handler that is async on the loop of whoever uses the client."""

        def call(*arguments: Any) -> Any:
            import asyncio

            given = handler(*arguments)
            if asyncio.iscoroutine(given):
                return asyncio.run_coroutine_threadsafe(given, self._loop).result()
            return given

        return call

    def _ask(self, request: Callable[..., Any], *arguments: Any) -> Awaitable[Any]:
        import asyncio

        self._loop = asyncio.get_running_loop()
        future, settle = _future()
        pending = request(*arguments, callback=settle)

        def done(ended: Any) -> None:
            if ended.cancelled():
                pending.cancel()

        future.add_done_callback(done)  # type: ignore[attr-defined]
        return future

    async def __aenter__(self) -> AsyncClient:
        await self._ask(self._native.server)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._ask(self._native.close)

    async def server(self) -> ServerDetails:
        """What the server says of itself."""
        return ServerDetails(await self._ask(self._native.server))

    async def tools(self) -> list[ToolInfo]:
        """All tools."""
        return [ToolInfo(raw) for raw in await self._ask(self._native.list, "tools")]

    async def resources(self) -> list[ResourceInfo]:
        """All resources."""
        return [ResourceInfo(raw) for raw in await self._ask(self._native.list, "resources")]

    async def templates(self) -> list[ResourceInfo]:
        """All templates of resources."""
        return [ResourceInfo(raw) for raw in await self._ask(self._native.list, "templates")]

    async def prompts(self) -> list[PromptInfo]:
        """All prompts."""
        return [PromptInfo(raw) for raw in await self._ask(self._native.list, "prompts")]

    async def call(
        self,
        tool: str,
        arguments: Mapping[str, Any] | None = None,
        /,
        *,
        progress: Callable[[dict[str, Any]], object] | None = None,
        timeout: float | None = None,
        check: bool = True,
    ) -> CallResult:
        """Calls a tool. Raises `ToolError` where it fails, unless `check` is false. To cancel it tells the server."""
        raw = await self._ask(self._native.call, tool, arguments or {}, progress, timeout)
        return _checked(raw) if check else CallResult(raw)

    async def read(self, uri: str) -> str | bytes:
        """Reads a resource: text, or bytes."""
        return _first(await self._ask(self._native.read, uri))

    async def get_prompt(self, name: str, arguments: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
        """Renders a prompt: its messages."""
        answer = await self._ask(self._native.prompt, name, dict(arguments or {}))
        messages: list[dict[str, Any]] = answer["messages"]
        return messages

    async def request(self, method: str, params: Mapping[str, Any] | None = None) -> Any:
        """Sends any request, an extension's for instance: its result as it came."""
        return await self._ask(self._native.request, method, params or {})

    async def ping(self) -> None:
        """Checks that the server answers."""
        await self._ask(self._native.ping)

    async def close(self) -> None:
        """Ends the connection. The next request connects again."""
        await self._ask(self._native.close)


def _first(result: dict[str, Any]) -> str | bytes:
    contents = result["contents"]
    if len(contents) == 1 and "blob" in contents[0]:
        from base64 import b64decode

        return b64decode(contents[0]["blob"])
    return "\n".join(block.get("text", "") for block in contents)
