"""The token endpoint beside the flow, as load: backend services by key and by secret, refresh, introspection."""

from __future__ import annotations

import json
import time
import uuid
from base64 import b64encode
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import orjson

from bench import process
from bench.load import CONNECTIONS, Connection, Rate, request_id
from sickbay.protocol import jose

FORM = "application/x-www-form-urlencoded"
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
FASTEST = 3_000
"""Assertions that are made for a second of load; each is good once."""


def form(path: str, fields: dict[str, str], basic: tuple[str, str] | None = None, more: str = "") -> bytes:
    """The bytes of a POST request of a form. basic: client_id and secret, in the Authorization header."""
    body = urlencode(fields)
    proof = f"Authorization: Basic {b64encode(':'.join(basic).encode()).decode()}\r\n" if basic else ""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {FORM}\r\nContent-Length: {len(body)}\r\n"
    return f"{head}{proof}{more}\r\n{body}".encode()


def es384() -> str:
    """A new private key, as JSON."""
    from joserfc.jwk import ECKey

    key = ECKey.generate_key("P-384", {"use": "sig", "alg": "ES384"}, auto_kid=True)
    return json.dumps(key.as_dict(private=True))


def assertions(address: str, client_id: str, key: str, seconds: float) -> list[str]:
    """Enough for so many seconds, none twice. address: of the token endpoint, the audience."""
    now = int(time.time())
    claims = {"iss": client_id, "sub": client_id, "aud": address, "iat": now, "exp": now + 270}
    return [jose.sign({**claims, "jti": str(uuid.uuid4())}, key, "ES384") for _ in range(int(FASTEST * seconds))]


def by_key(path: str, sent: list[str], scope: str = "") -> Iterator[bytes]:
    """One request for each assertion."""
    asked = {"grant_type": "client_credentials", "client_assertion_type": JWT_BEARER}
    asked |= {"scope": scope} if scope else {}
    return (form(path, {**asked, "client_assertion": one}, more=request_id()) for one in sent)


def refreshes(port: int, pid: int, path: str, client_id: str, first: list[dict[str, Any]], seconds: float) -> Rate:
    """Each connection uses a family of its own, and always its newest refresh token. first: token responses."""
    connections, held = [Connection(port) for _ in range(CONNECTIONS)], [one["refresh_token"] for one in first]
    try:
        before, begin, count = process.cpu(pid), time.perf_counter(), 0
        while time.perf_counter() < begin + seconds:
            held = _rotated(connections, path, client_id, held)
            count += len(connections)
        return Rate(count, time.perf_counter() - begin, process.cpu(pid) - before, 0.0)
    finally:
        for connection in connections:
            connection.close()


def _rotated(connections: list[Connection], path: str, client_id: str, held: list[str]) -> list[str]:
    for connection, text in zip(connections, held, strict=True):
        fields = {"grant_type": "refresh_token", "refresh_token": text, "client_id": client_id}
        connection.send(form(path, fields, more=request_id()))
    answers = [connection.read() for connection in connections]
    bad = next((one for one in answers if one.status != 200), None)
    if bad is not None:
        raise RuntimeError(f"refresh: {bad.status} {bad.body[:500]!r}")
    return [orjson.loads(one.body)["refresh_token"] for one in answers]
