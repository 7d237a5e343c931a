"""Generates load on the token endpoint without the code flow: backend services by key and by secret, refresh, introspection."""

from __future__ import annotations

import json
import time
import uuid
from base64 import b64encode
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import orjson

from bench.load import CONNECTIONS, Connection, Rate, Target, request_id
from sickbay.protocol import jose

FORM = "application/x-www-form-urlencoded"
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
FASTEST = 3_000
"""Assertions created per second of load. Each can be used only once."""


def form(path: str, fields: dict[str, str], basic: tuple[str, str] | None = None, more: str = "") -> bytes:
    """Return the bytes of a POST request with a form. basic: client_id and secret for the Authorization header."""
    body = urlencode(fields)
    proof = f"Authorization: Basic {b64encode(':'.join(basic).encode()).decode()}\r\n" if basic else ""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {FORM}\r\nContent-Length: {len(body)}\r\n"
    return f"{head}{proof}{more}\r\n{body}".encode()


def es384() -> str:
    """Return a new private key as JSON."""
    from joserfc.jwk import ECKey

    key = ECKey.generate_key("P-384", {"use": "sig", "alg": "ES384"}, auto_kid=True)
    return json.dumps(key.as_dict(private=True))


def assertions(address: str, client_id: str, key: str, target: Target) -> list[str]:
    """Return enough different assertions for a measurement. address: of the token endpoint, used as the audience."""
    now = int(time.time())
    claims = {"iss": client_id, "sub": client_id, "aud": address, "iat": now, "exp": now + 270}
    count = (target.rounds + 1) * CONNECTIONS if target.rounds else int(FASTEST * target.seconds * 1.5)
    return [jose.sign({**claims, "jti": str(uuid.uuid4())}, key, "ES384") for _ in range(count)]


def by_key(path: str, sent: list[str], scope: str = "") -> Iterator[bytes]:
    """Return one request for each assertion."""
    fields = {"grant_type": "client_credentials", "client_assertion_type": JWT_BEARER}
    fields |= {"scope": scope} if scope else {}
    return (form(path, {**fields, "client_assertion": assertion}, more=request_id()) for assertion in sent)


def refreshes(target: Target, path: str, client_id: str, first: list[dict[str, Any]]) -> Rate:
    """Refresh on each connection with its own token family, always with its newest token. first: token responses."""
    connections, refresh_tokens = target.connect(), [response["refresh_token"] for response in first]
    try:
        before, begin, count = target.begin(), time.perf_counter(), 0
        for _ in target.turns():
            refresh_tokens = _rotate_refresh_tokens(connections, path, client_id, refresh_tokens)
            count += len(connections)
        return Rate(count, time.perf_counter() - begin, target.used() - before, 0.0)
    finally:
        for connection in connections:
            connection.close()


def _rotate_refresh_tokens(connections: list[Connection], path: str, client_id: str, refresh_tokens: list[str]) -> list[str]:
    for connection, text in zip(connections, refresh_tokens, strict=True):
        fields = {"grant_type": "refresh_token", "refresh_token": text, "client_id": client_id}
        connection.send(form(path, fields, more=request_id()))
    answers = [connection.read() for connection in connections]
    failure = next((response for response in answers if response.status != 200), None)
    if failure is not None:
        raise RuntimeError(f"refresh: {failure.status} {failure.body[:500]!r}")
    return [orjson.loads(response.body)["refresh_token"] for response in answers]
