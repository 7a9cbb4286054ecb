"""Functions as tools: arguments, results, failures."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import logging
import uuid
from typing import Annotated, Any, Literal, Optional, TypedDict, Union

import pytest

from engify_mcp import Audio, Client, Content, Embedded, Image, Link, RpcError, Server, Text, ToolError


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclasses.dataclass
class Point:
    x: int
    y: int = 0


@dataclasses.dataclass
class Tree:
    name: str
    children: list[Tree] = dataclasses.field(default_factory=list)


class Options(TypedDict, total=False):
    depth: int
    since: datetime.date


def schema_of(server: Server, function: Any) -> dict[str, Any]:
    server.tool(function)
    return Client(server).tools()[0].input_schema


def test_types_become_a_schema(server: Server) -> None:
    def everything(
        text: str,
        whole: int,
        ratio: float,
        flag: bool,
        maybe: Optional[str],
        either: Union[int, str],
        choice: Literal["a", "b"],
        colour: Colour,
        names: list[str],
        table: dict[str, int],
        pair: tuple[int, str],
        point: Point,
        options: Options,
        told: Annotated[str, "what it is for"],
        anything: Any,
        when: datetime.datetime,
        number: int = 3,
    ) -> None: ...

    schema = schema_of(server, everything)
    properties = schema["properties"]
    assert properties["text"] == {"type": "string"}
    assert properties["whole"] == {"type": "integer"}
    assert properties["ratio"] == {"type": "number"}
    assert properties["flag"] == {"type": "boolean"}
    assert properties["maybe"] == {"anyOf": [{"type": "string"}, {"type": "null"}]}
    assert properties["either"] == {"anyOf": [{"type": "integer"}, {"type": "string"}]}
    assert properties["choice"] == {"type": "string", "enum": ["a", "b"]}
    assert properties["colour"] == {"type": "string", "enum": ["red", "blue"]}
    assert properties["names"] == {"type": "array", "items": {"type": "string"}}
    assert properties["table"] == {"type": "object", "additionalProperties": {"type": "integer"}}
    assert properties["pair"]["prefixItems"] == [{"type": "integer"}, {"type": "string"}]
    assert properties["point"] == {
        "type": "object",
        "properties": {"x": {"type": "integer"}, "y": {"type": "integer", "default": 0}},
        "additionalProperties": False,
        "required": ["x"],
    }
    assert "required" not in properties["options"]
    assert properties["told"] == {"type": "string", "description": "what it is for"}
    assert properties["anything"] == {}
    assert properties["when"] == {"type": "string", "format": "date-time"}
    assert properties["number"] == {"type": "integer", "default": 3}
    assert "number" not in schema["required"] and "told" in schema["required"]


def test_a_type_may_contain_itself(server: Server, client: Client) -> None:
    @server.tool
    def names(tree: Tree) -> list[str]:
        return [tree.name, *(name for child in tree.children for name in names(child))]

    tree = {"name": "a", "children": [{"name": "b", "children": []}]}
    assert client.call("names", {"tree": tree}).data == ["a", "b"]
    assert "Tree" in client.tools()[0].input_schema["$defs"]


def test_the_docstring_describes(server: Server, client: Client) -> None:
    @server.tool(title="Search", read_only=True, tags=["find"])
    def find(query: str, limit: int = 5) -> str:
        """Finds things.

        In more words.

        Args:
            query: What to look for,
                in words.
            limit (int): How many at most.

        Returns:
            What was found.
        """
        return query * limit

    tool = client.tools()[0]
    assert (tool.name, tool.title) == ("find", "Search")
    assert tool.description == "Finds things.\n\nIn more words."
    assert tool.input_schema["properties"]["query"]["description"] == "What to look for, in words."
    assert tool.input_schema["properties"]["limit"]["description"] == "How many at most."
    assert tool.annotations == {"readOnlyHint": True}


def test_arguments_have_their_types(server: Server, client: Client) -> None:
    seen: dict[str, Any] = {}

    @server.tool
    def look(
        ratio: float,
        whole: int,
        colour: Colour,
        point: Point,
        points: list[Point],
        when: datetime.datetime,
        id: uuid.UUID,
        raw: bytes,
        group: set[int],
        maybe: Optional[Point] = None,
        either: Union[Point, str] = "none",
        options: Options | None = None,
    ) -> None:
        seen.update(locals())

    client.call(
        "look",
        {
            "ratio": 3,
            "whole": 4.0,
            "colour": "blue",
            "point": {"x": 1},
            "points": [{"x": 1, "y": 2}],
            "when": "2026-11-26T10:00:00Z",
            "id": "12345678-1234-5678-1234-567812345678",
            "raw": "aGk=",
            "group": [1, 2],
            "maybe": {"x": 5},
            "either": "text",
            "options": {"since": "2026-01-02"},
        },
    )
    assert isinstance(seen["ratio"], float) and isinstance(seen["whole"], int)
    assert seen["colour"] is Colour.BLUE
    assert seen["point"] == Point(1, 0) and seen["points"] == [Point(1, 2)] and seen["maybe"] == Point(5)
    assert seen["when"] == datetime.datetime(2026, 11, 26, 10, tzinfo=datetime.timezone.utc)
    assert seen["id"] == uuid.UUID("12345678-1234-5678-1234-567812345678")
    assert seen["raw"] == b"hi" and seen["group"] == {1, 2} and seen["either"] == "text"
    assert seen["options"] == {"since": datetime.date(2026, 1, 2)}


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({}, "`a` is a required property|\"a\" is a required property"),
        ({"a": "x"}, "`a`"),
        ({"a": 1, "c": 1}, "'c'"),
        ({"a": 1, "when": "x"}, "`when`"),
        ({"a": True}, "`a`"),
    ],
)
def test_wrong_arguments_are_named(server: Server, client: Client, arguments: Any, named: str) -> None:
    @server.tool
    def add(a: int, b: int = 0, when: datetime.date = datetime.date(2026, 1, 1)) -> int:
        return a + b

    with pytest.raises(ToolError, match=f"invalid arguments: .*({named})"):
        client.call("add", arguments)


def test_what_is_returned(server: Server, client: Client) -> None:
    @server.tool
    def text() -> str:
        return "hello"

    @server.tool
    def number() -> int:
        return 5

    @server.tool
    def nothing() -> None: ...

    @server.tool
    def table() -> dict[str, int]:
        return {"a": 1}

    @server.tool
    def point() -> Point:
        return Point(1, 2)

    @server.tool
    def loose():  # type: ignore[no-untyped-def]
        return {"when": datetime.date(2026, 1, 2), "colour": Colour.RED, "set": {1}, 1: 2.5}

    result = client.call("text")
    assert (result.text, result.data) == ("hello", None)
    assert (client.call("number").text, client.call("number").data) == ("5", 5)
    assert client.call("nothing").content == []
    assert (client.call("table").text, client.call("table").data) == ('{"a":1}', {"a": 1})
    assert client.call("point").data == {"x": 1, "y": 2}
    assert client.call("loose").data == {"when": "2026-01-02", "colour": "red", "set": [1], "1": 2.5}
    outputs = {tool.name: tool.output_schema for tool in client.tools()}
    assert outputs["text"] is None and outputs["nothing"] is None and outputs["loose"] is None
    assert outputs["number"] == {"type": "integer"}
    assert outputs["point"]["properties"]["y"] == {"type": "integer", "default": 0}  # type: ignore[index]


def test_content(server: Server, client: Client) -> None:
    @server.tool
    def image() -> Image:
        return Image(b"\x89PNG.", mime_type="image/png")

    @server.tool
    def raw() -> bytes:
        return b"\xff\xd8\xff..."

    @server.tool
    def several() -> list[Content]:
        link = Link("notes://1", "one", description="the first")
        return [Text("see"), link, Audio(b"RIFF"), Embedded("notes://2", "two", mime_type="text/plain")]

    @server.tool
    def mixed():  # type: ignore[no-untyped-def]
        return ["a picture:", Image(b"GIF89a"), {"a": 1}]

    assert client.call("image").content == [{"type": "image", "data": "iVBORy4=", "mimeType": "image/png"}]
    assert client.call("raw").content[0]["mimeType"] == "image/jpeg"
    kinds = [block["type"] for block in client.call("several").content]
    assert kinds == ["text", "resource_link", "audio", "resource"]
    blocks = client.call("mixed").content
    assert [block.get("text") for block in blocks] == ["a picture:", None, '{"a": 1}']
    assert blocks[1]["mimeType"] == "image/gif"


def test_failures(server: Server, client: Client, caplog: pytest.LogCaptureFixture) -> None:
    @server.tool
    def meant() -> str:
        raise ToolError("the disk is full")

    @server.tool
    def unmeant() -> str:
        return {}["key"]  # type: ignore[no-any-return, index]

    @server.tool
    async def unmeant_async() -> str:
        raise ValueError("no good")

    @server.tool
    def protocol() -> str:
        raise RpcError("not for you", -31008, {"why": "plan"})

    @server.tool
    def unwritable():  # type: ignore[no-untyped-def]
        return {"a": float("nan")}

    with pytest.raises(ToolError, match="^the disk is full$"):
        client.call("meant")
    assert not caplog.records
    with caplog.at_level(logging.ERROR), pytest.raises(ToolError, match="^KeyError: 'key'$"):
        client.call("unmeant")
    assert "unmeant" in caplog.text and "Traceback" in caplog.text
    with pytest.raises(ToolError, match="ValueError: no good"):
        client.call("unmeant_async")
    with pytest.raises(RpcError, match="not for you") as caught:
        client.call("protocol")
    assert (caught.value.code, caught.value.data) == (-31008, {"why": "plan"})
    with pytest.raises(ToolError, match="JSON has no number"):
        client.call("unwritable")
    result = client.call("meant", check=False)
    assert result.is_error and result.text == "the disk is full"


def test_what_cannot_be_a_tool_is_refused_where_it_stands(server: Server) -> None:
    from engify_mcp import AsyncContext, Context

    class Strange: ...

    def unknown(thing: Strange) -> None: ...
    def many(*things: int) -> None: ...
    def generator():  # type: ignore[no-untyped-def]
        yield 1

    async def wrong_context(context: Context) -> None: ...
    def other_context(context: AsyncContext) -> None: ...
    def fine() -> None: ...

    for function, problem in [
        (unknown, "`unknown`, `thing`: no JSON Schema for `.*Strange`"),
        (many, r"no `\*args`"),
        (generator, "generator"),
        (wrong_context, "async function takes `AsyncContext`"),
        (other_context, "plain function takes `Context`"),
        (5, "is a function, not `int`"),
    ]:
        with pytest.raises(TypeError, match=problem):
            server.tool(function)  # type: ignore[call-overload]
    server.tool(fine)
    with pytest.raises(ValueError, match="there is a tool `fine` already"):
        server.tool(fine)


def test_methods_and_objects_are_tools_too(server: Server, client: Client) -> None:
    class Counter:
        total = 0

        def count(self, by: int = 1) -> int:
            self.total += by
            return self.total

        def __call__(self, text: str) -> str:
            return text.upper()

    counter = Counter()
    server.tool(counter.count)
    server.tool(name="shout")(counter)
    assert client.call("count", {"by": 2}).data == 2
    assert client.call("shout", {"text": "hi"}).text == "HI"


def test_tools_come_and_go_while_it_runs(server: Server, client: Client) -> None:
    assert client.tools() == []

    @server.tool
    def late() -> str:
        return "here"

    assert client.call("late").text == "here"
    assert server.remove_tool("late") and not server.remove_tool("late")
    with pytest.raises(RpcError, match="unknown tool"):
        client.call("late")


def test_pydantic_models_are_welcome(server: Server, client: Client) -> None:
    pydantic = pytest.importorskip("pydantic")

    class Model(pydantic.BaseModel):  # type: ignore[name-defined, misc]
        name: str
        age: int = pydantic.Field(default=3, ge=0, description="in years")

    @server.tool
    def older(person: Model, by: Annotated[int, pydantic.Field(gt=0, description="years")] = 1) -> Model:
        return Model(name=person.name, age=person.age + by)

    assert client.call("older", {"person": {"name": "Ann"}}).data == {"name": "Ann", "age": 4}
    assert client.tools()[0].input_schema["properties"]["by"] == {
        "type": "integer", "description": "years", "exclusiveMinimum": 0, "default": 1,
    }  # fmt: skip
    with pytest.raises(ToolError, match="person.age"):
        client.call("older", {"person": {"name": "Ann", "age": -1}})
