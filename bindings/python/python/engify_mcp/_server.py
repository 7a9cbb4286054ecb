"""Servers."""

from __future__ import annotations

import re
from typing import Any, TypeVar, overload

from . import _engify
from ._signature import Plan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ._auth import Auth
    from ._engines import Guardrails

F = TypeVar("F", bound="Callable[..., Any]")
_VARIABLE = re.compile(r"[A-Za-z0-9_.]+")


class Server:
    """A server whose tools, resources and prompts are functions with type hints.

    Plain functions run on threads, async functions on one asyncio loop; the protocol runs in Rust beside both.
    """

    def __init__(
        self,
        name: str,
        version: str = "0.0.0",
        *,
        instructions: str | None = None,
        title: str | None = None,
        description: str | None = None,
        website: str | None = None,
        guardrails: Guardrails | None = None,
        auth: Auth | None = None,
    ) -> None:
        """`guardrails` stand before all that it offers: what they refuse never reaches a function. `auth` says who may call
        over HTTP; who uses standard input and output has started the server."""
        self._native = _engify.Server(
            name,
            version,
            instructions,
            title,
            description,
            website,
            _native(guardrails, "Guardrails", "guardrails"),
            _native(auth, "Auth", "auth"),
        )

    @property
    def name(self) -> str:
        """The name."""
        return self._native.name

    @property
    def version(self) -> str:
        """The version."""
        return self._native.version

    @overload
    def tool(self, function: F, /) -> F: ...
    @overload
    def tool(
        self,
        function: None = None,
        /,
        *,
        name: str | None = None,
        title: str | None = None,
        description: str | None = None,
        read_only: bool | None = None,
        destructive: bool | None = None,
        idempotent: bool | None = None,
        open_world: bool | None = None,
        timeout: float | None = None,
        tags: Sequence[str] = (),
        output_schema: dict[str, Any] | None = None,
    ) -> Callable[[F], F]: ...
    def tool(
        self,
        function: Any = None,
        /,
        *,
        name: str | None = None,
        title: str | None = None,
        description: str | None = None,
        read_only: bool | None = None,
        destructive: bool | None = None,
        idempotent: bool | None = None,
        open_world: bool | None = None,
        timeout: float | None = None,
        tags: Sequence[str] = (),
        output_schema: dict[str, Any] | None = None,
    ) -> Any:
        """Offers a function as a tool. Type hints become the schema of its arguments, the docstring its description.

        `read_only`, `destructive`, `idempotent` and `open_world` tell clients how it behaves; `timeout` is in seconds.
        """

        def add(function: F, depth: int = 2) -> F:
            plan = Plan(function, depth + 1)
            details = {
                "name": name or plan.name,
                "title": title,
                "description": description or plan.description,
                "input_schema": plan.input_schema(),
                "output_schema": output_schema or plan.output_schema(),
                "read_only": read_only,
                "destructive": destructive,
                "idempotent": idempotent,
                "open_world": open_world,
                "timeout": timeout,
                "tags": list(tags),
            }
            self._native.add_tool(plan, _said(details))
            return function

        return add if function is None else add(function, 3)

    def resource(
        self,
        uri: str,
        /,
        *,
        name: str | None = None,
        title: str | None = None,
        description: str | None = None,
        mime_type: str | None = None,
        tags: Sequence[str] = (),
    ) -> Callable[[F], F]:
        """Offers what a function returns as a resource. Variables of the URI (`notes://{id}`) are its parameters."""
        if not isinstance(uri, str):
            raise TypeError('a resource needs its URI: `@server.resource("notes://all")`')

        def add(function: F) -> F:
            plan = Plan(function, 3)
            _check_variables(uri, plan)
            plan.take_text()
            details = {
                "name": name or plan.name,
                "title": title,
                "description": description or plan.description,
                "uri": uri,
                "mime_type": mime_type,
                "tags": list(tags),
            }
            self._native.add_resource(plan, _said(details))
            return function

        return add

    @overload
    def prompt(self, function: F, /) -> F: ...
    @overload
    def prompt(
        self,
        function: None = None,
        /,
        *,
        name: str | None = None,
        title: str | None = None,
        description: str | None = None,
        tags: Sequence[str] = (),
    ) -> Callable[[F], F]: ...
    def prompt(
        self,
        function: Any = None,
        /,
        *,
        name: str | None = None,
        title: str | None = None,
        description: str | None = None,
        tags: Sequence[str] = (),
    ) -> Any:
        """Offers a function as a prompt. It returns text, `Message`s, or a list of them."""

        def add(function: F, depth: int = 2) -> F:
            plan = Plan(function, depth + 1)
            details = {
                "name": name or plan.name,
                "title": title,
                "description": description or plan.description,
                "arguments": plan.prompt_arguments(),
                "tags": list(tags),
            }
            self._native.add_prompt(plan, _said(details))
            return function

        return add if function is None else add(function, 3)

    def remove_tool(self, name: str) -> bool:
        """Removes a tool, and tells clients; returns whether there was one."""
        return self._native.remove_tool(name)

    def resource_updated(self, uri: str) -> None:
        """Tells clients that listen that a resource holds something new."""
        self._native.resource_updated(uri)

    def pending(self) -> list[dict[str, Any]]:
        """The calls that wait for somebody to approve them, oldest first: `digest`, `tool`, `rule`, `message` and `until`, in
        milliseconds since 1970. Clients that can ask their person do so at once, and wait for nobody here."""
        calls: list[dict[str, Any]] = self._native.pending()
        return calls

    def approve(self, digest: str) -> None:
        """Approves a call that waits: once, with the same arguments and by the same caller."""
        self._native.approve(digest)

    def run(
        self,
        listen: str | None = None,
        *,
        path: str = "/mcp",
        allow_hosts: Sequence[str] = (),
        allow_origins: Sequence[str] = (),
        insecure: bool = False,
    ) -> None:
        """Serves on standard input and output until the input ends, or over HTTP on `listen` ("127.0.0.1:8080") until
        Ctrl-C or SIGTERM.

        An address that other machines reach is refused without TLS and credentials in front of it, unless `insecure` says
        that this is meant.
        """
        if listen is None:
            self._native.run_stdio()
        else:
            self._native.run_http(listen, _options(path, allow_hosts, allow_origins, insecure))

    def start(
        self,
        listen: str = "127.0.0.1:0",
        *,
        path: str = "/mcp",
        allow_hosts: Sequence[str] = (),
        allow_origins: Sequence[str] = (),
        insecure: bool = False,
    ) -> _engify.Running:
        """Serves over HTTP in the background: `with server.start() as running: … running.url …`."""
        return self._native.start_http(listen, _options(path, allow_hosts, allow_origins, insecure))


def _options(path: str, hosts: Sequence[str], origins: Sequence[str], insecure: bool) -> dict[str, object]:
    return {"path": path, "allow_hosts": list(hosts), "allow_origins": list(origins), "insecure": insecure}


def _native(given: Any, kind: str, name: str) -> Any:
    """The native half of what was given."""
    if given is None:
        return None
    if type(given).__name__ != kind or not hasattr(given, "_native"):
        raise TypeError(f"{name}: a `{kind}` is needed, not a `{type(given).__name__}`")
    return given._native


def _said(details: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in details.items() if value is not None}


def _check_variables(uri: str, plan: Plan) -> None:
    variables = {name for part in re.findall(r"\{([^}]*)\}", uri) for name in _VARIABLE.findall(part)}
    parameters = set(plan.arguments)
    if variables == parameters:
        return
    unknown, missing = sorted(parameters - variables), sorted(variables - parameters)
    problem = f"`{unknown[0]}` is no variable of it" if unknown else f"it has no parameter `{missing[0]}`"
    raise TypeError(f"`{plan.name}` does not fit `{uri}`: {problem}")
