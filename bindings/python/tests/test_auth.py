"""Who calls: tokens over HTTP, and what functions learn of the caller."""

from __future__ import annotations

import asyncio
import json
import pathlib
import time
import urllib.error
import urllib.request
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from tokens import AUDIENCE, ISSUER, SECRET, Issuer, token

from engify_mcp import AccessError, AsyncContext, Auth, Client, Context, Memory, RpcError, Server, ToolError, TransportError


def known(**others: Any) -> Auth:
    given: dict[str, Any] = {"issuer": ISSUER, "audience": AUDIENCE, "secret": SECRET, "scopes": ["notes:use"], **others}
    return Auth(**given)


def notes(auth: Auth | None) -> Server:
    server = Server("notes", "1.0.0", auth=auth)

    @server.tool
    def who(context: Context) -> dict[str, Any]:
        return dict(context.principal or {})

    @server.tool
    async def who_async(context: AsyncContext) -> str:
        return context.principal["user"] if context.principal else "nobody"

    @server.resource("notes://mine")
    def mine(context: Context) -> str:
        return f"of {context.principal['user'] if context.principal else 'nobody'}"

    return server


def get(url: str, authorization: str | None = None) -> tuple[int, dict[str, str], bytes]:
    """An answer that may be an error."""
    request = urllib.request.Request(url, headers={"Authorization": authorization} if authorization else {})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=20) as answer:
            return answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, {name.lower(): value for name, value in error.headers.items()}, error.read()


def test_two_callers_are_told_apart() -> None:
    ann = token("ann", role="editor", plan="pro", scope="notes:use notes:write")
    with notes(known()).start() as running:
        with Client(running.url, token=ann) as one, Client(running.url, token=token("bob", org="other")) as two:
            for _ in range(2):
                assert one.call("who").data == {
                    "issuer": ISSUER,
                    "org": "acme",
                    "user": "ann",
                    "role": "editor",
                    "plan": "pro",
                    "scopes": ["notes:use", "notes:write"],
                }
                assert (two.call("who").data["org"], two.call("who").data["user"]) == ("other", "bob")
            assert (one.call("who_async").text, two.call("who_async").text) == ("ann", "bob")
            assert (one.read("notes://mine"), two.read("notes://mine")) == ("of ann", "of bob")


def test_the_official_client_brings_a_token() -> None:
    """Sessions of older revisions belong to their caller, too."""
    import httpx2
    from mcp import Client as Official
    from mcp.client.streamable_http import streamable_http_client

    async def ask(url: str, user: str, mode: str) -> str:
        async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {token(user)}"}, trust_env=False) as http:
            async with Official(streamable_http_client(url, http_client=http), mode=mode) as client:
                return (await client.call_tool("who_async", {})).content[0].text

    async def main(url: str) -> None:
        for mode in ("auto", "legacy"):
            assert await asyncio.gather(ask(url, "ann", mode), ask(url, "bob", mode)) == ["ann", "bob"]

    with notes(known()).start() as running:
        asyncio.run(main(running.url))


@pytest.mark.parametrize(
    ("bad", "status", "says"),
    [
        (None, 401, "Bearer scope="),
        ("nonsense", 401, 'error="invalid_token"'),
        (token("ann", secret=SECRET + "x"), 401, "signature is wrong"),
        (token("ann", aud="https://other.example.com"), 401, "for another audience"),
        (token("ann", iss="https://evil.example.com"), 401, "from another issuer"),
        (token("ann", exp=int(time.time()) - 60), 401, "expired"),
        (token("ann", exp=None), 401, "no `exp`"),
        (token("ann", orgId=None), 401, "no claim `orgId`"),
        (token("ann", scope="notes:read"), 403, 'error="insufficient_scope"'),
    ],
)
def test_others_do_not_come_in(bad: str | None, status: int, says: str) -> None:
    with notes(known()).start() as running:
        got, headers, _ = get(running.url, f"Bearer {bad}" if bad else None)
        assert got == status and says in headers["www-authenticate"].replace("'", "`"), headers["www-authenticate"]
        with pytest.raises((TransportError, RpcError), match=str(status)):
            Client(running.url, token=bad).call("who")


def test_what_clients_need_to_get_a_token_is_open_to_all() -> None:
    with notes(known()).start() as running:
        base = running.url.removesuffix("/mcp")
        assert get(f"{base}/health")[0] == 200
        status, _, body = get(f"{base}/.well-known/oauth-protected-resource/mcp")
        document = json.loads(body)
        assert status == 200 and document["resource"] == AUDIENCE
        assert document["authorization_servers"] == [ISSUER] and document["scopes_supported"] == ["notes:use"]
    # An audience that is no URL: the address is the identifier.
    with notes(known(audience="notes")).start() as running:
        base = running.url.removesuffix("/mcp")
        assert json.loads(get(f"{base}/.well-known/oauth-protected-resource")[2])["resource"] == running.url
        with Client(running.url, token=token("ann", aud="notes")) as client:
            assert client.call("who").data["user"] == "ann"


def test_keys_of_a_url_are_followed_as_they_change() -> None:
    issuer = Issuer()
    with issuer.serve() as url, notes(known(secret=None, jwks_url=url)).start() as running:
        assert issuer.asked == 0, "nobody has called yet"
        with Client(running.url, token=issuer.token("ann")) as client:
            assert client.call("who").data["user"] == "ann"
        with Client(running.url, token=issuer.token("bob")) as client:
            assert client.call("who").data["user"] == "bob"
        assert issuer.asked == 1
        # One who signs with what is public: a key is never taken for a secret.
        status, headers, _ = get(running.url, f"Bearer {issuer.forged('ann')}")
        assert status == 401 and "a key that its issuer does not publish" in headers["www-authenticate"]


def test_a_public_key_does(tmp_path: pathlib.Path) -> None:
    issuer = Issuer()
    form = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    pem = issuer.key.public_key().public_bytes(*form).decode()
    with notes(known(secret=None, public_key=pem)).start() as running:
        with Client(running.url, token=issuer.token("ann")) as client:
            assert client.call("who").data["user"] == "ann"
        other = Issuer()
        assert get(running.url, f"Bearer {other.token('ann')}")[0] == 401


def test_callers_without_an_organisation_get_that_of_the_server() -> None:
    with notes(known(org="acme")).start() as running, Client(running.url, token=token("ann", orgId=None)) as client:
        assert client.call("who").data["org"] == "acme"


def test_standard_streams_and_memory_need_no_token() -> None:
    with Client(notes(known())) as client:
        assert client.call("who").data == {}


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"secret": "short"}, "secret: the secret has 5 bytes; at least 32 are needed"),
        ({"secret": None, "public_key": "x"}, "public_key: the text holds no public key in PEM"),
        ({"secret": None, "jwks_url": "http://auth.example.com/jwks"}, "jwks_url: `http://auth.example.com/jwks` has neither https"),
        ({"secret": None, "jwks_url": "nowhere"}, "jwks_url: `nowhere` is no URL"),
        ({"secret": None, "issuer": "me"}, "issuer: `me` is no URL: .*; or give `secret`"),
        ({"jwks_url": "https://auth.example.com/jwks"}, "give one of `secret`, `public_key` and `jwks_url`"),
        ({"issuer": ""}, "issuer: it is empty"),
        ({"audience": ""}, "audience: it is empty"),
        ({"scopes": ["a b"]}, "scopes: `a b` is none"),
        ({"resource": "ftp://x"}, "resource: `ftp://x` is not the identifier of a resource"),
    ],
)
def test_what_would_not_do_later_is_told_at_once(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        known(**settings)


def test_secrets_are_not_shown() -> None:
    assert SECRET not in repr(known()) and ISSUER in repr(known())
    with pytest.raises(TypeError, match="scopes: give a list"):
        known(scopes="notes:use")
    with pytest.raises(TypeError, match="auth: a `Auth` is needed, not a `str`"):
        Server("x", auth="secret")  # type: ignore[arg-type]


def test_with_credentials_an_open_address_needs_only_tls_in_front() -> None:
    with pytest.raises(OSError, match="serve it with TLS"):
        notes(known()).run(listen="0.0.0.0:0")


def test_a_memory_of_each_caller(tmp_path: pathlib.Path) -> None:
    memory = Memory(tmp_path / "memory", embed=False)
    server = Server("memories", "1.0.0", auth=known())

    @server.tool
    def remember(text: str, context: Context, scope: str = "private") -> str:
        return memory.of_principal(context.principal).store(text, scope=scope)

    @server.tool
    def recall(query: str, context: Context) -> list[str]:
        return [hit["record"]["content"] for hit in memory.of_principal(context.principal).search(query)]

    with server.start() as running:
        ann = Client(running.url, token=token("ann", scope="notes:use memory:org workspace:billing"))
        bob = Client(running.url, token=token("bob"))
        eve = Client(running.url, token=token("eve", org="other"))
        ann.call("remember", {"text": "the private plan of ann"})
        ann.call("remember", {"text": "the plan of the organisation", "scope": "org"})
        ann.call("remember", {"text": "the plan of billing", "scope": "workspace:billing"})
        assert sorted(ann.call("recall", {"query": "plan"}).data) == [
            "the plan of billing",
            "the plan of the organisation",
            "the private plan of ann",
        ]
        assert bob.call("recall", {"query": "plan"}).data == ["the plan of the organisation"]
        assert eve.call("recall", {"query": "plan"}).data == []
        with pytest.raises(ToolError, match="AccessError"):
            bob.call("remember", {"text": "x", "scope": "org"})
        for client in (ann, bob, eve):
            client.close()
    with pytest.raises(AccessError, match="nobody says who calls"):
        memory.of_principal(None)
    with pytest.raises(ValueError, match="principal: it has no `org`"):
        memory.of_principal({})
