"""What a function can know about its call, and do while it runs."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from typing import Any

    from ._engify import Call


class Elicitation:
    """What a person did with a question: `action` is "accept", "decline" or "cancel"; `data` is the answer that was
    accepted."""

    __slots__ = ("action", "data")

    def __init__(self, action: str, data: Any = None) -> None:
        self.action, self.data = action, data

    @property
    def accepted(self) -> bool:
        """Whether there is an answer."""
        return self.action == "accept"

    def __repr__(self) -> str:
        return f"Elicitation(action={self.action!r}, data={self.data!r})"


class _Base:
    __slots__ = ("_asked", "_call")

    def __init__(self, call: Call) -> None:
        self._call = call
        self._asked = 0

    def progress(self, progress: float, total: float | None = None, message: str | None = None) -> None:
        """Reports progress to a client that asked for it. Values must grow from call to call."""
        self._call.progress(progress, total, message)

    def log(self, level: str, data: object, logger: str | None = None) -> None:
        """Sends a message to a client that wants messages of this level. For operators, use `logging`."""
        self._call.log(level, data, logger)

    def debug(self, data: object) -> None:
        """Sends details."""
        self._call.log("debug", data)

    def info(self, data: object) -> None:
        """Sends what goes on."""
        self._call.log("info", data)

    def warning(self, data: object) -> None:
        """Sends what may become a problem."""
        self._call.log("warning", data)

    def error(self, data: object) -> None:
        """Sends a problem."""
        self._call.log("error", data)

    def can(self, kind: str) -> bool:
        """Whether the client can be asked: "form", "url", "sample", "roots"."""
        return self._call.can(kind)

    @property
    def cancelled(self) -> bool:
        """Whether nobody waits for the call any more. Async functions are cancelled anyway."""
        return self._call.cancelled

    @property
    def principal(self) -> Mapping[str, Any] | None:
        """Who calls (`org`, `user`, `role`, `scopes`), where authentication says so."""
        return self._call.principal

    @property
    def client(self) -> Mapping[str, Any] | None:
        """Name and version of the client, as it says; not verified."""
        return self._call.client

    @property
    def headers(self) -> Mapping[str, str]:
        """The HTTP headers by their names in lower case; none over standard input."""
        return self._call.headers

    @property
    def request_id(self) -> str | None:
        """The identifier of the request."""
        return self._call.request_id

    def _key(self, key: str | None) -> str:
        # The same question has the same key when the function runs again.
        self._asked += 1
        return key or f"question-{self._asked}"


class Context(_Base):
    """The context of a call of a plain function: a parameter annotated with this class gets it.

    Questions to the client wait for their answers. With clients of 2026-07-28 the function is *ended* at a question without an
    answer, and *runs again* from its start when there is one: do what must not happen twice after the questions.
    """

    __slots__ = ()

    def elicit(self, message: str, schema: Any = None, *, key: str | None = None) -> Elicitation:
        """Asks the person at the client to fill in a form: a dataclass or `TypedDict` of strings, numbers, booleans and
        enums, a type of these (the answer is one value), a JSON Schema, or nothing (yes or no)."""
        from ._schema import form

        shape, read = form(schema)
        answer = self._call.ask(self._key(key), "form", {"message": message, "schema": shape})
        return _elicited(answer, read)

    def elicit_url(self, message: str, url: str, *, key: str | None = None) -> str:
        """Sends the person to an address, for what must not pass through the client. Returns what they did: "accept",
        "decline" or "cancel"."""
        answer = self._call.ask(self._key(key), "url", {"message": message, "url": url})
        action: str = answer["action"]
        return action

    def sample(self, prompt: str, *, max_tokens: int = 1024, system_prompt: str | None = None, key: str | None = None) -> str:
        """Asks the client's model. Deprecated by the protocol: call a model's own interface where you can."""
        return _sampled(self._call.ask(self._key(key), "sample", _sampling(prompt, max_tokens, system_prompt)))

    def roots(self, *, key: str | None = None) -> list[str]:
        """The directories that the client works in, as URIs. Deprecated by the protocol: take them as arguments."""
        return _roots(self._call.ask(self._key(key), "roots", {}))


class AsyncContext(_Base):
    """The context of a call of an async function: as `Context`, with questions to be awaited."""

    __slots__ = ()

    async def elicit(self, message: str, schema: Any = None, *, key: str | None = None) -> Elicitation:
        """Asks the person at the client to fill in a form. See `Context.elicit`."""
        from ._schema import form

        shape, read = form(schema)
        return _elicited(await self._ask("form", {"message": message, "schema": shape}, key), read)

    async def elicit_url(self, message: str, url: str, *, key: str | None = None) -> str:
        """Sends the person to an address. See `Context.elicit_url`."""
        answer = await self._ask("url", {"message": message, "url": url}, key)
        action: str = answer["action"]
        return action

    async def sample(
        self, prompt: str, *, max_tokens: int = 1024, system_prompt: str | None = None, key: str | None = None
    ) -> str:
        """Asks the client's model. See `Context.sample`."""
        return _sampled(await self._ask("sample", _sampling(prompt, max_tokens, system_prompt), key))

    async def roots(self, *, key: str | None = None) -> list[str]:
        """The directories that the client works in, as URIs. See `Context.roots`."""
        return _roots(await self._ask("roots", {}, key))

    def _ask(self, kind: str, payload: dict[str, Any], key: str | None) -> Awaitable[Any]:
        future, settle = _future()
        self._call.ask_later(self._key(key), kind, payload, settle)
        return future


def _future() -> tuple[Awaitable[Any], Callable[[Any, BaseException | None], None]]:
    """A future of the running loop, and what settles it from any thread."""
    import asyncio

    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()

    def set_now(value: Any, error: BaseException | None) -> None:
        if future.done():
            return
        if error is None:
            future.set_result(value)
        else:
            future.set_exception(error)

    def settle(value: Any, error: BaseException | None) -> None:
        try:
            loop.call_soon_threadsafe(set_now, value, error)
        except RuntimeError:
            # The loop is closed: nobody waits any more.
            pass

    return future, settle


def _elicited(answer: Mapping[str, Any], read: Callable[[Any], Any]) -> Elicitation:
    action = answer["action"]
    return Elicitation(action, read(answer.get("content") or {}) if action == "accept" else None)


def _sampling(prompt: str, max_tokens: int, system_prompt: str | None) -> dict[str, Any]:
    request: dict[str, Any] = {
        "messages": [{"role": "user", "content": {"type": "text", "text": prompt}}],
        "maxTokens": max_tokens,
    }
    if system_prompt is not None:
        request["systemPrompt"] = system_prompt
    return request


def _sampled(answer: Mapping[str, Any]) -> str:
    content = answer["content"]
    blocks = content if isinstance(content, list) else [content]
    return "".join(block.get("text", "") for block in blocks)


def _roots(answer: Mapping[str, Any]) -> list[str]:
    return [root["uri"] for root in answer["roots"]]
