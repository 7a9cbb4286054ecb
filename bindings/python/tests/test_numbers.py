"""JSON to Python and back: nothing changes on the way, and no integer loses a digit."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engify_mcp import AsyncClient, Client, Context, Guardrails, McpError, Server, ToolError

BIG = 2**64
KEYS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=-(10**60), max_value=10**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
    | st.text("0123456789", min_size=15, max_size=40)
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)
PROPERTY = settings(max_examples=300, deadline=None)


def same(one: Any, other: Any) -> bool:
    """Equal, and of the same types: `1`, `1.0` and `True` are three values."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float):
        return one == other and math.copysign(1, one) == math.copysign(1, other)
    return bool(one == other)


@pytest.fixture(scope="module")
def mirror():  # type: ignore[no-untyped-def]
    """A client of tools that give back what they get, and say how it looked to them."""
    server = Server("mirror", "1.0.0")

    @server.tool
    def echo(value: Any) -> dict[str, Any]:
        return {"value": value}

    @server.tool
    def shown(value: Any) -> str:
        return json.dumps(value, ensure_ascii=False)

    @server.tool
    def number(n: int, more: list[int] | None = None, default: int = 2**70) -> dict[str, Any]:
        assert type(n) is int and type(default) is int
        return {"n": n, "next": n + 1, "more": more, "default": default}

    with Client(server) as client:
        yield client


@PROPERTY
@given(value=VALUES)
def test_what_goes_in_comes_out(mirror: Client, value: Any) -> None:
    assert same(mirror.call("echo", {"value": value}).data, {"value": value})


@PROPERTY
@given(value=VALUES)
def test_functions_see_what_json_says(mirror: Client, value: Any) -> None:
    seen = mirror.call("shown", {"value": value}).text
    assert same(json.loads(seen), value)


@PROPERTY
@given(n=st.integers() | st.integers(-(10**100), 10**100))
def test_integers_keep_their_digits(mirror: Client, n: int) -> None:
    data = mirror.call("number", {"n": n, "more": [n, -n]}).data
    assert data == {"n": n, "next": n + 1, "more": [n, -n], "default": 2**70}
    assert all(type(data[name]) is int for name in ("n", "next", "default"))


def test_the_edges_of_64_bits(mirror: Client) -> None:
    for edge in (2**53, 2**63, 2**64, 10**18, 10**19, 10**300):
        for n in (edge - 1, edge, edge + 1, -edge - 1, -edge, -edge + 1):
            assert mirror.call("number", {"n": n}).data["next"] == n + 1, n


def test_over_the_wire_digits_stay_too(mirror: Client) -> None:
    server = Server("wire", "1.0.0")

    @server.tool
    def twice(n: int) -> dict[str, int]:
        return {"twice": 2 * n}

    with server.start() as running, Client(running.url) as client:
        assert client.call("twice", {"n": BIG + 1}).data == {"twice": 2 * BIG + 2}
        assert f'{2 * BIG + 2}' in client.call("twice", {"n": BIG + 1}).text


def test_floats_are_no_integers_of_digits_that_nobody_knows(mirror: Client) -> None:
    assert mirror.call("number", {"n": 3.0}).data["n"] == 3
    for call, name in ((lambda: mirror.call("number", {"n": 1e30}), "n"),):
        with pytest.raises(ToolError, match=rf"invalid arguments: `{name}`: 1e\+30 is a float"):
            call()


def test_where_a_tree_stands_between_long_integers_are_refused_by_name() -> None:
    server = Server("logs", "1.0.0")

    @server.tool
    def log(context: Context) -> str:
        context.info({"rows": [{"id": BIG}]})
        return "said"

    with pytest.raises(ToolError, match=r"data: `rows\[0\]\.id`: an integer of more than 64 bits: give it as text"):
        Client(server).call("log")
    guard = Guardrails(packs=["mass-delete"])
    assert guard.evaluate(tool="x", arguments={"n": BIG - 1})["effect"] == "allow"
    with pytest.raises(ValueError, match=r"event: `arguments\.n`: an integer of more than 64 bits"):
        guard.evaluate(tool="x", arguments={"n": BIG})


def test_what_json_has_no_number_for_is_told(mirror: Client) -> None:
    with pytest.raises(ValueError, match=r"`value\.x\[1\]`: JSON has no number `NaN`"):
        mirror.call("echo", {"value": {"x": [1.0, math.nan]}})
    with pytest.raises(ValueError, match="JSON has no number `inf`"):
        mirror.call("echo", {"value": math.inf})
    # Python itself refuses to read or write so many digits.
    with pytest.raises(ValueError, match=r"`value`: Exceeds the limit"):
        mirror.call("echo", {"value": 10**5000})


def test_numbers_that_come_as_text_of_json_keep_their_kind() -> None:
    """Frames of other clients: as they write numbers, not as ours would."""
    server = Server("raw", "1.0.0")

    @server.tool
    def shown(value: Any) -> str:
        return repr(value)

    with server.start() as running:
        for text, wanted in (
            ("18446744073709551616", "18446744073709551616"),
            ("-9223372036854775809", "-9223372036854775809"),
            ("1e3", "1000.0"),
            ("0.1", "0.1"),
            ('"18446744073709551616"', "'18446744073709551616'"),
            ('[1,18446744073709551616.5,{"\\u0061":184467440737095516160}]', "[1, 1.8446744073709552e+19, {'a': 184467440737095516160}]"),
        ):
            assert told(running.url, text) == wanted


def told(url: str, value: str) -> str:
    """Calls a tool by a frame that is written by hand."""
    import urllib.request

    frame = (
        '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"shown","arguments":{"value":' + value + "},"
        '"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"t",'
        '"version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}}}'
    )
    headers = {
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": "2026-07-28",
        "Mcp-Method": "tools/call",
        "Mcp-Name": "shown",
    }
    request = urllib.request.Request(url, frame.encode(), headers)
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=20) as answer:
        text: str = json.load(answer)["result"]["content"][0]["text"]
    return text


def test_questions_and_answers_keep_to_64_bits() -> None:
    """Answers of people pass through a tree: long integers are refused, never rounded."""
    import asyncio

    server = Server("asks", "1.0.0")

    @server.tool
    def how_many(context: Context) -> str:
        return str(context.elicit("How many?", int).data)

    with Client(server, elicit=lambda message, schema: {"value": BIG - 1}) as client:
        assert client.call("how_many").text == str(BIG - 1)

    async def ask() -> None:
        async with AsyncClient(server, elicit=lambda message, schema: {"value": BIG}) as client:
            await client.call("how_many")

    with pytest.raises(McpError, match=r"`content\.value`: an integer of more than 64 bits"):
        asyncio.run(ask())
