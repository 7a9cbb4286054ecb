"""Signatures of functions: what they take, what they return, what they say of themselves."""

from __future__ import annotations

import sys
import typing
from typing import Any

from ._content import Content
from ._context import AsyncContext, Context
from ._schema import REQUIRED, UNKNOWN, Schemas, converter, from_text, with_default

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

COROUTINE, GENERATOR = 0x80, 0x20 | 0x200
SECTIONS = ("args:", "arguments:", "parameters:")
ENDS = ("returns:", "return:", "raises:", "yields:", "example:", "examples:", "note:", "notes:")


class Plan:
    """How a function is called. The native half reads it."""

    __slots__ = (
        "arguments", "context", "converters", "description", "function", "is_async", "name", "names", "output", "structured",
    )  # fmt: skip

    def __init__(self, function: Callable[..., Any], depth: int) -> None:
        parameters, returns, self.is_async = look(function, depth)
        self.function = function
        self.name: str = getattr(function, "__name__", type(function).__name__)
        self.description, told = documented(function)
        self.context: tuple[str, type] | None = None
        self.arguments: dict[str, tuple[Any, Any, str | None]] = {}
        for name, (hint, default) in parameters.items():
            if hint is Context or hint is AsyncContext:
                self.context = (name, self.checked(hint))
            else:
                self.arguments[name] = (hint, default, told.get(name))
        self.converters: dict[str, Any] = {}
        self.names: tuple[list[str], list[str]] | None = None
        self.structured = is_data(returns)
        self.output = returns

    def checked(self, hint: type) -> type:
        wanted = AsyncContext if self.is_async else Context
        if hint is not wanted:
            kind = "an async" if self.is_async else "a plain"
            raise TypeError(f"`{self.name}`: {kind} function takes `{wanted.__name__}`, not `{hint.__name__}`")
        return hint

    def input_schema(self) -> dict[str, Any]:
        """The schema of the arguments of a tool; sets what converts them."""
        schemas, properties, required = Schemas(), {}, []
        for name, (hint, default, told) in self.arguments.items():
            schema = self.schema(schemas, name, hint)
            if told and "description" not in schema:
                schema["description"] = told
            properties[name] = with_default(schema, default)
            if default is REQUIRED:
                required.append(name)
            convert = None if hint is UNKNOWN else converter(hint)
            if convert is not None:
                self.converters[name] = convert
        whole: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
        if required:
            whole["required"] = required
        return schemas.close(whole)

    def output_schema(self) -> dict[str, Any] | None:
        """The schema of what a tool returns, where that is data."""
        if not self.structured:
            return None
        schemas = Schemas()
        return schemas.close(self.schema(schemas, "return", self.output))

    def prompt_arguments(self) -> list[dict[str, Any]]:
        """The arguments of a prompt; sets what converts them."""
        self.take_text()
        schemas, arguments = Schemas(), []
        for name, (hint, default, told) in self.arguments.items():
            argument: dict[str, Any] = {"name": name, "required": default is REQUIRED}
            description = self.schema(schemas, name, hint).get("description") or told
            if description:
                argument["description"] = description
            arguments.append(argument)
        return arguments

    def take_text(self) -> None:
        """Makes arguments of text: those of prompts and URIs."""
        for name, (hint, _, _) in self.arguments.items():
            convert = None if hint is UNKNOWN else from_text(hint)
            if convert is not None:
                self.converters[name] = convert
        required = [name for name, (_, default, _) in self.arguments.items() if default is REQUIRED]
        self.names = (required, list(self.arguments))

    def schema(self, schemas: Schemas, name: str, hint: Any) -> dict[str, Any]:
        if hint is UNKNOWN:
            return {}
        try:
            return schemas.of(hint)
        except TypeError as problem:
            raise TypeError(f"`{self.name}`, `{name}`: {problem}") from None


def is_data(returns: Any) -> bool:
    """Whether a tool's value is data with a schema, rather than text or content."""
    if returns in (UNKNOWN, None, type(None), str, bytes, Any, object):
        return False
    if isinstance(returns, type) and issubclass(returns, Content):
        return False
    origin = typing.get_origin(returns)
    if origin is typing.Annotated:
        return is_data(typing.get_args(returns)[0])
    inner = typing.get_args(returns)
    if inner and origin is not dict:
        return not any(isinstance(kind, type) and issubclass(kind, (Content, bytes)) for kind in flat(inner))
    return True


def flat(hints: tuple[Any, ...]) -> list[Any]:
    return [found for hint in hints for found in (hint, *flat(typing.get_args(hint)))]


def look(function: Any, depth: int) -> tuple[dict[str, tuple[Any, Any]], Any, bool]:
    """Parameters with types and defaults, the type that is returned, and whether the function is async."""
    if not callable(function):
        raise TypeError(f"a tool, resource or prompt is a function, not `{type(function).__name__}`")
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    if code is None or hasattr(function, "__wrapped__"):
        return look_closely(function, depth + 1)
    flags = code.co_flags
    if flags & GENERATOR:
        raise TypeError(f"`{function.__name__}` is a generator: return a list, and report progress by the context")
    count = code.co_argcount + code.co_kwonlyargcount
    names = code.co_varnames[:count]
    if flags & 0x0C or code.co_posonlyargcount:
        raise TypeError(f"`{function.__name__}`: parameters need names: no `*args`, no `**kwargs`, no `/`")
    defaults = dict(function.__kwdefaults__ or {})
    given = function.__defaults__ or ()
    defaults.update(zip(names[code.co_argcount - len(given) : code.co_argcount], given))
    if getattr(function, "__self__", None) is not None:
        names = names[1:]
    hints = hints_of(function, depth + 1)
    parameters = {name: (hints.get(name, UNKNOWN), defaults.get(name, REQUIRED)) for name in names}
    return parameters, hints.get("return", UNKNOWN), bool(flags & COROUTINE)


def look_closely(function: Any, depth: int) -> tuple[dict[str, tuple[Any, Any]], Any, bool]:
    """The same for what is not just a function."""
    import inspect

    called = function if inspect.isroutine(function) else getattr(function, "__call__", function)
    hints = hints_of(inspect.unwrap(getattr(function, "func", called)), depth + 1)
    parameters = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise TypeError(f"`{name}`: parameters need names: no `*args`, no `**kwargs`, no `/`")
        default = REQUIRED if parameter.default is parameter.empty else parameter.default
        parameters[name] = (hints.get(name, UNKNOWN), default)
    is_async = inspect.iscoroutinefunction(inspect.unwrap(called)) or inspect.iscoroutinefunction(called)
    return parameters, hints.get("return", UNKNOWN), is_async


def hints_of(function: Any, depth: int) -> dict[str, Any]:
    """Annotations, those that are text too. Such may name what is local where the function stands."""
    try:
        return typing.get_type_hints(function, include_extras=True)
    except NameError:
        frame = sys._getframe(depth)
        try:
            return typing.get_type_hints(function, localns=dict(frame.f_locals), include_extras=True)
        except NameError as problem:
            raise TypeError(f"`{function.__name__}`: {problem}: its annotations cannot be read") from None


def documented(function: Any) -> tuple[str | None, dict[str, str]]:
    """What the docstring says of the function, and of its arguments (in Google's style)."""
    text = getattr(function, "__doc__", None)
    if not text or not hasattr(function, "__code__") and not hasattr(function, "__func__"):
        return None, {}
    lines = clean(text)
    start = next((at for at, line in enumerate(lines) if line.strip().lower() in SECTIONS), len(lines))
    end = next((at for at, line in enumerate(lines) if line.strip().lower() in ENDS), len(lines))
    told: dict[str, str] = {}
    current = None
    for line in lines[start + 1 : end if end > start else len(lines)]:
        name, colon, rest = line.strip().partition(":")
        name = name.split("(")[0].strip()
        if colon and name.isidentifier() and (current is None or indent(line) <= current[1]):
            current = (name, indent(line))
            told[name] = rest.strip()
        elif current and line.strip():
            told[current[0]] += " " + line.strip()
    return "\n".join(lines[: min(start, end)]).strip() or None, told


def indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def clean(text: str) -> list[str]:
    """The lines of a docstring without the indentation of the code."""
    lines = text.expandtabs().splitlines()
    margin = min((indent(line) for line in lines[1:] if line.strip()), default=0)
    return [lines[0].strip(), *(line[margin:].rstrip() for line in lines[1:])]
