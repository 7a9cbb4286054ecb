"""What tools and prompts may return beside text and data."""

from __future__ import annotations

TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".svg": "image/svg+xml",
    ".wav": "audio/wav",
    ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg",
}
_MAGIC = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}


def encode(data: bytes) -> str:
    from base64 import b64encode

    return b64encode(data).decode("ascii")


def sniff(data: bytes) -> str | None:
    """The media type that bytes say they are."""
    for magic, kind in _MAGIC.items():
        if data.startswith(magic):
            return kind
    return "image/webp" if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else None


def _read(data: bytes | None, path: object, mime_type: str | None) -> tuple[bytes, str | None]:
    if (data is None) == (path is None):
        raise TypeError("give either `data` or `path`")
    if data is not None:
        return data, mime_type
    from os.path import splitext

    with open(path, "rb") as file:  # type: ignore[call-overload]
        return file.read(), mime_type or TYPES.get(splitext(str(path))[1].lower())


class Content:
    """A block of content."""

    __slots__ = ()

    def to_dict(self) -> dict[str, object]:
        """The block as the protocol writes it."""
        raise NotImplementedError


class Text(Content):
    """Text, where a list holds text and other things."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def to_dict(self) -> dict[str, object]:
        return {"type": "text", "text": self.text}


class Image(Content):
    """A picture: bytes, or a file to read them from."""

    __slots__ = ("data", "mime_type")

    def __init__(self, data: bytes | None = None, *, path: object = None, mime_type: str | None = None) -> None:
        self.data, kind = _read(data, path, mime_type)
        self.mime_type = kind or sniff(self.data) or "image/png"

    def to_dict(self) -> dict[str, object]:
        return {"type": "image", "data": encode(self.data), "mimeType": self.mime_type}


class Audio(Content):
    """Sound: bytes, or a file to read them from."""

    __slots__ = ("data", "mime_type")

    def __init__(self, data: bytes | None = None, *, path: object = None, mime_type: str | None = None) -> None:
        self.data, kind = _read(data, path, mime_type)
        self.mime_type = kind or "audio/wav"

    def to_dict(self) -> dict[str, object]:
        return {"type": "audio", "data": encode(self.data), "mimeType": self.mime_type}


class Link(Content):
    """The address of a resource."""

    __slots__ = ("description", "mime_type", "name", "uri")

    def __init__(self, uri: str, name: str, *, description: str | None = None, mime_type: str | None = None) -> None:
        self.uri, self.name, self.description, self.mime_type = uri, name, description, mime_type

    def to_dict(self) -> dict[str, object]:
        link: dict[str, object] = {"type": "resource_link", "uri": self.uri, "name": self.name}
        if self.description is not None:
            link["description"] = self.description
        if self.mime_type is not None:
            link["mimeType"] = self.mime_type
        return link


class Embedded(Content):
    """A resource with its contents. What a resource function returns where it holds several things."""

    __slots__ = ("contents", "mime_type", "uri")

    def __init__(self, uri: str, contents: str | bytes, *, mime_type: str | None = None) -> None:
        self.uri, self.contents, self.mime_type = uri, contents, mime_type

    def resource(self) -> dict[str, object]:
        """The resource within."""
        resource: dict[str, object] = {"uri": self.uri}
        if self.mime_type is not None:
            resource["mimeType"] = self.mime_type
        if isinstance(self.contents, str):
            resource["text"] = self.contents
        else:
            resource["blob"] = encode(self.contents)
        return resource

    def to_dict(self) -> dict[str, object]:
        return {"type": "resource", "resource": self.resource()}


class Message:
    """A message of a prompt."""

    __slots__ = ("content", "role")

    def __init__(self, content: str | Content, role: str = "user") -> None:
        if role not in ("user", "assistant"):
            raise ValueError(f"role: must be 'user' or 'assistant', not {role!r}")
        self.content, self.role = content, role

    def to_dict(self) -> dict[str, object]:
        """The message as the protocol writes it."""
        content = Text(self.content) if isinstance(self.content, str) else self.content
        return {"role": self.role, "content": content.to_dict()}
