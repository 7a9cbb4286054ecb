"""What the native half asks about objects that it does not know."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

from ._content import Content, Embedded, Image, Message, Text, encode, sniff


def plain(value: object) -> object:
    """The same as something that JSON has. Only modules that are loaded already are looked at: no object can be of others."""
    dump = getattr(value, "model_dump", None)
    if dump is not None and not isinstance(value, type):
        return dump(mode="json")
    fields = getattr(value, "__dataclass_fields__", None)
    if fields is not None and not isinstance(value, type):
        return {name: getattr(value, name) for name in fields}
    if isinstance(value, (set, frozenset)):
        return list(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return encode(bytes(value))
    modules = sys.modules
    enum = modules.get("enum")
    if enum is not None and isinstance(value, enum.Enum):
        return value.value
    datetime = modules.get("datetime")
    if datetime is not None:
        if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
            return value.isoformat()
        if isinstance(value, datetime.timedelta):
            return value.total_seconds()
    for module, name in (("uuid", "UUID"), ("pathlib", "PurePath"), ("decimal", "Decimal")):
        kind = getattr(modules.get(module), name, None)
        if kind is not None and isinstance(value, kind):
            return str(value)
    from collections.abc import Iterable, Mapping

    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Iterable):
        return list(value)
    raise TypeError(
        f"`{type(value).__name__}` cannot be written as JSON: return a dict, a dataclass, a Pydantic model, or text"
    )


def content(value: object) -> object:
    """The blocks of content that a tool returned; `None` where it is data."""
    if isinstance(value, Content):
        return [value.to_dict()]
    if isinstance(value, (bytes, bytearray)):
        data = bytes(value)
        if sniff(data):
            return [Image(data).to_dict()]
        return [Embedded("data:application/octet-stream", data, mime_type="application/octet-stream").to_dict()]
    if isinstance(value, (list, tuple)) and any(isinstance(item, (Content, bytes)) for item in value):
        return [block for item in value for block in _blocks(item)]
    return None


def _blocks(item: object) -> list[object]:
    if isinstance(item, str):
        return [Text(item).to_dict()]
    blocks = content(item)
    if isinstance(blocks, list):
        return blocks
    from json import dumps

    return [Text(dumps(item, default=plain, ensure_ascii=False)).to_dict()]


def messages(value: object) -> object:
    """The messages that a prompt returned."""
    items = value if isinstance(value, (list, tuple)) else [value]
    told = []
    for item in items:
        if isinstance(item, (str, Content)):
            item = Message(item)
        if isinstance(item, Message):
            told.append(item.to_dict())
        elif isinstance(item, dict):
            text = item.get("content")
            told.append({**item, "content": {"type": "text", "text": text}} if isinstance(text, str) else item)
        else:
            raise TypeError(f"a prompt returns text, `Message`s or a list of them, not `{type(item).__name__}`")
    return told


def contents(value: object) -> object:
    """The contents that a resource returned; `None` where it is data."""
    items = value if isinstance(value, (list, tuple)) else [value]
    embedded = [item for item in items if isinstance(item, Embedded)]
    if embedded and len(embedded) == len(items):
        return [item.resource() for item in embedded]
    if isinstance(value, Image):
        return [{"uri": "", "mimeType": value.mime_type, "blob": encode(value.data)}]
    return None


def report(error: BaseException, trace: TracebackType | None) -> None:
    """Tells whoever runs the server where a failure came from. The client only reads its message."""
    import logging

    logging.getLogger("engify_mcp").error("a function of the server failed", exc_info=(type(error), error, trace))
