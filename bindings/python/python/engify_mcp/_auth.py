"""Who may call a server over HTTP."""

from __future__ import annotations

from . import _engify

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


class Auth:
    """Whose tokens (JSON web tokens, `Authorization: Bearer …`) a server accepts, and what they must say.

    Nobody comes in without one; functions find the caller in `context.principal`. A token must be signed by `issuer` (`iss`),
    be for `audience` (`aud`), be in time (`exp`, `nbf`), and have all `scopes` (`scope`, or `scp`). The caller is `orgId` and
    `userId`, or `sub`; `org` is the organisation of those whose token names none, who are refused without it.

    The keys of the issuer are one of: a `secret` that it shares (HS256, from 32 bytes), a `public_key` in PEM (RSA from 2048
    bits, P-256, P-384, Ed25519), the key set at `jwks_url`, or that which its metadata names where nothing is given. Key sets
    are fetched when they are first needed, and followed as keys rotate.

    `resource` is the URL under which clients know the server; without it, the audience if that is a URL.
    """

    def __init__(
        self,
        *,
        issuer: str,
        audience: str,
        secret: str | bytes | None = None,
        public_key: str | None = None,
        jwks_url: str | None = None,
        scopes: Sequence[str] = (),
        org: str | None = None,
        resource: str | None = None,
    ) -> None:
        if isinstance(scopes, str):
            raise TypeError("scopes: give a list of words, as in `scopes=['notes:read']`")
        self._native = _engify.Auth(
            issuer,
            audience,
            secret=secret.encode() if isinstance(secret, str) else secret,
            public_key=public_key,
            jwks_url=jwks_url,
            scopes=list(scopes),
            org=org,
            resource=resource,
        )

    def __repr__(self) -> str:
        return repr(self._native)
