"""Functions as resources and prompts."""

from __future__ import annotations

from typing import Literal

import pytest

from engify_mcp import Client, Embedded, Image, Message, NotFoundError, RpcError, Server


def test_resources(server: Server, client: Client) -> None:
    @server.resource("notes://all", mime_type="text/plain", title="All notes")
    def notes() -> str:
        """Every note."""
        return "one, two"

    @server.resource("pictures://logo")
    def logo() -> bytes:
        return b"\x00\xff"

    @server.resource("data://table")
    async def table() -> dict[str, int]:
        return {"a": 1}

    @server.resource("files://both")
    def both() -> list[Embedded]:
        return [Embedded("files://1", "one"), Embedded("files://2", b"two")]

    @server.resource("notes://{name}/{page}")
    def page(name: str, page: int) -> str | None:
        return f"{name}, page {page + 1}" if page else None

    listed = {resource.uri: resource for resource in client.resources()}
    assert listed["notes://all"].description == "Every note." and listed["notes://all"].title == "All notes"
    assert [template.uri for template in client.templates()] == ["notes://{name}/{page}"]
    assert client.read("notes://all") == "one, two"
    assert client.read("pictures://logo") == b"\x00\xff"
    assert client.read("data://table") == '{"a":1}'
    assert client.request("resources/read", {"uri": "files://both"})["contents"][1]["blob"] == "dHdv"
    assert client.read("notes://mine/4") == "mine, page 5"
    with pytest.raises(RpcError, match="no such resource"):
        client.read("notes://mine/0")
    with pytest.raises(RpcError, match="`page`: invalid literal"):
        client.read("notes://mine/x")
    with pytest.raises(RpcError, match="no such resource"):
        client.read("nothing://here")


def test_parameters_fit_the_uri(server: Server) -> None:
    with pytest.raises(TypeError, match="`name` is no variable of it"):

        @server.resource("notes://all")
        def notes(name: str) -> str:
            return name

    with pytest.raises(TypeError, match="it has no parameter `id`"):

        @server.resource("notes://{id}")
        def note() -> str:
            return ""

    with pytest.raises(TypeError, match="needs its URI"):
        server.resource(test_prompts)  # type: ignore[arg-type]


def test_prompts(server: Server, client: Client) -> None:
    @server.prompt(title="Review")
    def review(code: str, strict: bool = False, style: Literal["short", "long"] = "short") -> str:
        """Asks for a review.

        Args:
            code: What to review.
        """
        return f"{code} {strict} {style}"

    @server.prompt
    async def talk() -> list[Message | str]:
        return ["Hello", Message("Hi.", "assistant"), Message(Image(b"\x89PNG"))]

    prompt = client.prompts()[0]
    assert prompt.description == "Asks for a review."
    assert prompt.arguments[0] == {"name": "code", "description": "What to review.", "required": True}
    assert prompt.arguments[1] == {"name": "strict", "required": False}
    message = client.get_prompt("review", {"code": "x", "strict": "true", "style": "long"})[0]
    assert message == {"role": "user", "content": {"type": "text", "text": "x True long"}}
    talked = client.get_prompt("talk")
    assert [message["role"] for message in talked] == ["user", "assistant", "user"]
    for arguments, problem in [
        ({}, "`code` is missing"),
        ({"code": "x", "cdoe": "y"}, "`cdoe` is unknown"),
        ({"code": "x", "style": "odd"}, "`style`: must be one of"),
    ]:
        with pytest.raises(RpcError, match=problem) as caught:
            client.get_prompt("review", arguments)
        assert caught.value.code == -32602
    with pytest.raises(ValueError, match="role: must be"):
        Message("x", "system")


def test_exceptions_are_what_python_calls_them() -> None:
    assert issubclass(NotFoundError, LookupError)
