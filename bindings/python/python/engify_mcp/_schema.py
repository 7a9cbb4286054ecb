"""JSON Schemas of Python's types, and what makes Python's types of JSON's."""

from __future__ import annotations

import sys
import types
import typing
from collections import abc
from typing import Any

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

PLAIN: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    None: {"type": "null"},
    type(None): {"type": "null"},
    list: {"type": "array"},
    tuple: {"type": "array"},
    set: {"type": "array", "uniqueItems": True},
    frozenset: {"type": "array", "uniqueItems": True},
    dict: {"type": "object"},
    Any: {},
    object: {},
}
# By module and name, so that nothing is imported for types that nobody uses.
KNOWN: dict[tuple[str, str], dict[str, Any]] = {
    ("datetime", "datetime"): {"type": "string", "format": "date-time"},
    ("datetime", "date"): {"type": "string", "format": "date"},
    ("datetime", "time"): {"type": "string", "format": "time"},
    ("datetime", "timedelta"): {"type": "number", "description": "seconds"},
    ("uuid", "UUID"): {"type": "string", "format": "uuid"},
    ("decimal", "Decimal"): {"type": "string", "pattern": r"^-?\d+(\.\d+)?$"},
    ("builtins", "bytes"): {"type": "string", "contentEncoding": "base64"},
}
BOUNDS = {
    "ge": "minimum",
    "gt": "exclusiveMinimum",
    "le": "maximum",
    "lt": "exclusiveMaximum",
    "multiple_of": "multipleOf",
    "pattern": "pattern",
}
SEQUENCES = (abc.Sequence, abc.Iterable, abc.Collection, abc.MutableSequence)
SETS = (set, frozenset, abc.Set, abc.MutableSet)
MAPPINGS = (dict, abc.Mapping, abc.MutableMapping)


class Schemas:
    """Makes schemas. Types that contain themselves are collected, to be referred to."""

    def __init__(self) -> None:
        self.definitions: dict[str, Any] = {}
        self.open: list[Any] = []
        self.recursive: set[str] = set()

    def close(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The whole schema, with all that it refers to."""
        return {**schema, "$defs": self.definitions} if self.definitions else schema

    def of(self, hint: Any) -> dict[str, Any]:
        """The schema of a type."""
        try:
            if hint in PLAIN:
                return dict(PLAIN[hint])
        except TypeError:
            pass  # not hashable, as `Annotated` with a dict
        origin, arguments = typing.get_origin(hint), typing.get_args(hint)
        if origin is typing.Annotated:
            return annotated(self.of(arguments[0]), arguments[1:])
        if origin is typing.Literal:
            return literal([plain_value(value) for value in arguments])
        if origin is typing.Union or origin is types.UnionType:
            return {"anyOf": [self.of(argument) for argument in arguments]}
        if origin in (typing.Required, typing.NotRequired) if sys.version_info >= (3, 11) else False:
            return self.of(arguments[0])
        if origin is not None:
            return self.generic(hint, origin, arguments)
        if hasattr(hint, "__supertype__"):  # NewType
            return self.of(hint.__supertype__)
        if isinstance(hint, typing.TypeVar):
            return self.of(hint.__bound__) if hint.__bound__ else {}
        if isinstance(hint, type):
            return self.of_class(hint)
        raise unknown(hint)

    def generic(self, hint: Any, origin: Any, arguments: tuple[Any, ...]) -> dict[str, Any]:
        if origin is list or origin in SEQUENCES:
            return {"type": "array", "items": self.of(arguments[0])}
        if origin in SETS:
            return {"type": "array", "items": self.of(arguments[0]), "uniqueItems": True}
        if origin is tuple:
            if len(arguments) == 2 and arguments[1] is Ellipsis:
                return {"type": "array", "items": self.of(arguments[0])}
            count = len(arguments)
            items = [self.of(argument) for argument in arguments]
            return {"type": "array", "prefixItems": items, "minItems": count, "maxItems": count}
        if origin in MAPPINGS:
            if arguments[0] is not str:
                raise TypeError(f"`{show(hint)}`: keys of JSON are text, so a mapping is a `dict[str, …]`")
            return {"type": "object", "additionalProperties": self.of(arguments[1])}
        if isinstance(origin, type):
            return self.of_class(origin)
        raise unknown(hint)

    def of_class(self, kind: type) -> dict[str, Any]:
        known = KNOWN.get((kind.__module__, kind.__name__))
        if known is not None:
            return dict(known)
        if hasattr(kind, "model_json_schema"):
            schema = kind.model_json_schema(ref_template="#/$defs/{model}")
            self.definitions.update(schema.pop("$defs", {}))
            return typing.cast("dict[str, Any]", schema)
        if is_enum(kind):
            return literal([plain_value(member.value) for member in typing.cast("Any", kind)])
        if issubclass(kind, pure_path()):
            return {"type": "string", "format": "path"}
        if hasattr(kind, "__dataclass_fields__") or typing.is_typeddict(kind):
            return self.named(kind)
        for base in (bool, str, int, float):
            if issubclass(kind, base):
                return dict(PLAIN[base])
        raise unknown(kind)

    def named(self, kind: type) -> dict[str, Any]:
        """A dataclass or `TypedDict`: written where it stands, unless it contains itself."""
        name = kind.__name__
        reference = {"$ref": f"#/$defs/{name}"}
        if kind in self.open:
            self.recursive.add(name)
            return reference
        self.open.append(kind)
        properties, required = {}, []
        for field, (hint, default) in members(kind).items():
            properties[field] = with_default(self.of(hint), default)
            if default is REQUIRED:
                required.append(field)
        self.open.pop()
        schema: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
        if required:
            schema["required"] = required
        if name not in self.recursive:
            return schema
        self.definitions[name] = schema
        return reference


EXACT = 2**53
"""Floats up to here are exact where they are integers."""
REQUIRED = object()
UNKNOWN = object()


def members(kind: Any) -> dict[str, tuple[Any, Any]]:
    """Fields of a dataclass or `TypedDict`: type and default."""
    try:
        hints = typing.get_type_hints(kind, include_extras=True)
    except NameError as problem:
        raise TypeError(f"`{show(kind)}`: {problem}: its annotations cannot be read") from None
    if typing.is_typeddict(kind):
        return {name: (hint, REQUIRED if name in kind.__required_keys__ else UNKNOWN) for name, hint in hints.items()}
    from dataclasses import MISSING, fields

    found = {}
    for field in fields(kind):
        if field.init:
            default = field.default if field.default is not MISSING else UNKNOWN
            if default is UNKNOWN and field.default_factory is MISSING:
                default = REQUIRED
            found[field.name] = (hints[field.name], default)
    return found


def with_default(schema: dict[str, Any], default: Any) -> dict[str, Any]:
    """The schema with a default, where JSON can say it."""
    if default is REQUIRED or default is UNKNOWN:
        return schema
    try:
        return {**schema, "default": plain_value(default)}
    except TypeError:
        return schema


def plain_value(value: Any) -> Any:
    """The value as JSON has it."""
    if is_enum(type(value)):
        return plain_value(value.value)
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    if isinstance(value, (list, tuple)):
        return [plain_value(item) for item in value]
    if isinstance(value, dict):
        return {key: plain_value(item) for key, item in value.items()}
    from ._plain import plain

    return plain_value(plain(value))


def literal(values: list[Any]) -> dict[str, Any]:
    kinds = {type(value) for value in values}
    schema: dict[str, Any] = {"enum": values}
    if len(kinds) == 1 and kinds <= set(PLAIN):
        schema = {**PLAIN[kinds.pop()], **schema}
    return schema


def annotated(schema: dict[str, Any], notes: tuple[Any, ...]) -> dict[str, Any]:
    """Adds what `Annotated` says: text describes; a dict is merged; bounds are those of annotated-types and Pydantic."""
    for note in notes:
        if isinstance(note, str):
            schema = {**schema, "description": note}
        elif isinstance(note, dict):
            schema = {**schema, **note}
        else:
            description = getattr(note, "description", None)
            if isinstance(description, str):
                schema = {**schema, "description": description}
            schema = bounded(schema, note)
            schema = annotated(schema, tuple(getattr(note, "metadata", None) or ()))
    return schema


def bounded(schema: dict[str, Any], note: Any) -> dict[str, Any]:
    found = {word: getattr(note, name, None) for name, word in BOUNDS.items()}
    for name, ending in (("min_length", "min"), ("max_length", "max")):
        length = getattr(note, name, None)
        if length is not None:
            found[ending + ("Items" if schema.get("type") == "array" else "Length")] = length
    return {**schema, **{word: bound for word, bound in found.items() if bound is not None}}


def is_enum(kind: Any) -> bool:
    enum = sys.modules.get("enum")
    return enum is not None and isinstance(kind, type) and issubclass(kind, enum.Enum)


def pure_path() -> Any:
    module = sys.modules.get("pathlib")
    return module.PurePath if module else ()


def show(hint: Any) -> str:
    return getattr(hint, "__qualname__", None) or str(hint)


def unknown(hint: Any) -> TypeError:
    return TypeError(
        f"no JSON Schema for `{show(hint)}`: use a dataclass, a `TypedDict`, a Pydantic model, an enum or a plain type"
    )


def whole(value: Any) -> int:
    """An integer, with all its digits: `1.0` is one to JSON Schema, and so is `1e30`, whose digits nobody knows."""
    if isinstance(value, float) and not -EXACT <= value <= EXACT:
        raise ValueError(f"{value!r} is a float, whose last digits are lost: write the integer with all of them")
    return int(value)


def converter(hint: Any) -> Callable[[Any], Any] | None:
    """What makes a value of a type of its JSON; `None` where there is nothing to do."""
    if hint is int:
        return whole
    if hint is float:
        return typing.cast("Callable[[Any], Any]", hint)
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated or (sys.version_info >= (3, 11) and origin in (typing.Required, typing.NotRequired)):
        return converter(arguments[0])
    if origin is typing.Union or origin is types.UnionType:
        return of_union([argument for argument in arguments if argument is not type(None)])
    if origin is list or origin in SEQUENCES or origin in SETS or origin is tuple:
        return of_items(origin, arguments)
    if origin in MAPPINGS and len(arguments) == 2:
        inner = converter(arguments[1])
        return inner and (lambda value: {key: inner(item) for key, item in value.items()})
    if hint in SETS or hint is tuple:
        return typing.cast("Callable[[Any], Any]", hint)
    if hasattr(hint, "__supertype__"):
        return converter(hint.__supertype__)
    kind = origin if isinstance(origin, type) else hint
    return of_class(kind) if isinstance(kind, type) else None


def of_union(members_of: list[Any]) -> Callable[[Any], Any] | None:
    converters = [(member, converter(member)) for member in members_of]
    if len(converters) == 1:
        only = converters[0][1]
        return only and (lambda value: None if value is None else only(value))
    plain = tuple(member for member in members_of if member in (str, int, float, bool, list, dict))
    converters = [(member, convert) for member, convert in converters if member not in plain]
    if all(convert is None for _, convert in converters):
        return None

    def convert_any(value: Any) -> Any:
        if value is None:
            return None
        problems = []
        for member, convert in converters:
            try:
                return convert(value) if convert else value
            except Exception as problem:  # whatever the type says of a value that is not its own
                problems.append(f"{show(member)}: {problem}")
        if isinstance(value, plain):
            return value
        raise ValueError("; ".join(problems))

    return convert_any


def of_items(origin: Any, arguments: tuple[Any, ...]) -> Callable[[Any], Any] | None:
    if origin is tuple and not (len(arguments) == 2 and arguments[1] is Ellipsis):
        converters = [converter(argument) or (lambda item: item) for argument in arguments]
        return lambda value: tuple(convert(item) for convert, item in zip(converters, value))
    inner = converter(arguments[0])
    build = origin if origin in (tuple, set, frozenset) else set if origin in SETS else list
    if inner is None:
        return None if build is list else build
    return lambda value: build(inner(item) for item in value)


def of_class(kind: Any) -> Callable[[Any], Any] | None:
    if hasattr(kind, "model_validate"):
        return typing.cast("Callable[[Any], Any]", kind.model_validate)
    if (kind.__module__, kind.__name__) in KNOWN:
        return of_known(kind)
    if is_enum(kind) or issubclass(kind, pure_path()):
        return typing.cast("Callable[[Any], Any]", kind)
    if hasattr(kind, "__dataclass_fields__") or typing.is_typeddict(kind):
        return of_members(kind)
    if issubclass(kind, (str, int, float)) and kind not in PLAIN:
        return typing.cast("Callable[[Any], Any]", kind)
    return None


def of_known(kind: Any) -> Callable[[Any], Any]:
    name = kind.__name__
    if name in ("datetime", "time"):
        # Until 3.11 Python did not know the letter for UTC.
        return lambda value: kind.fromisoformat(value[:-1] + "+00:00" if value.endswith(("Z", "z")) else value)
    if name == "date":
        return typing.cast("Callable[[Any], Any]", kind.fromisoformat)
    if name == "timedelta":
        return lambda value: kind(seconds=value)
    if name == "bytes":
        from base64 import b64decode

        return lambda value: b64decode(value, validate=True)
    return typing.cast("Callable[[Any], Any]", kind)


def of_members(kind: Any) -> Callable[[Any], Any] | None:
    """Converters of the fields are made at the first value: a type may contain itself."""
    converters: dict[str, Any] | None = None

    def build(value: Any) -> Any:
        nonlocal converters
        if converters is None:
            converters = {name: converter(hint) for name, (hint, _) in members(kind).items()}
        if not isinstance(value, dict):
            raise TypeError(f"must be an object with {', '.join(converters)}")
        fields = {}
        for name, item in value.items():
            convert = converters.get(name)
            fields[name] = convert(item) if convert else item
        return kind(**fields)

    return build


def from_text(hint: Any) -> Callable[[Any], Any] | None:
    """The same for arguments that are text on the wire: of prompts, and of URIs."""
    bare = typing.get_args(hint)[0] if typing.get_origin(hint) is typing.Annotated else hint
    options = [option for option in typing.get_args(bare) if option is not type(None)]
    if bare is str or bare is Any or (options and str in options):
        return None
    if len(options) == 1 and typing.get_origin(bare) in (typing.Union, types.UnionType):
        return from_text(options[0])
    if bare is int or bare is float:
        return typing.cast("Callable[[Any], Any]", bare)
    if typing.get_origin(bare) is typing.Literal and all(isinstance(option, str) for option in options):
        return lambda value: value if value in options else fail(f"must be one of {options}, not {value!r}")
    convert = converter(bare)
    if Schemas().of(bare).get("type") == "string":
        return convert
    from json import loads

    return lambda value: convert(loads(value)) if convert else loads(value)


def fail(message: str) -> Any:
    raise ValueError(message)


def form(schema: Any) -> tuple[dict[str, Any], Callable[[Any], Any]]:
    """The schema of a form, and what reads its answer."""
    if schema is None:
        return {"type": "object", "properties": {}}, lambda _: None
    if isinstance(schema, dict):
        return schema, lambda content: content
    schemas = Schemas()
    shape = schemas.of(schema)
    convert = converter(schema) or (lambda value: value)
    if shape.get("type") == "object" and "properties" in shape:
        shape.pop("additionalProperties", None)
        return schemas.close(shape), convert
    wrapped = {"type": "object", "properties": {"value": shape}, "required": ["value"]}
    return wrapped, lambda content: convert(content["value"])
