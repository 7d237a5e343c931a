"""Runs the whole code flow as load: authorize, the code from the redirect, and a token request with PKCE, with a new challenge
each time.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import secrets
import time
from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlencode, urlsplit

import orjson

from bench.load import Answer, Connection, Rate, Target, request_id

FORM = "application/x-www-form-urlencoded"


class Flow(NamedTuple):
    """authorize, token: paths. cookie: session of a user who signed in and has consented."""

    authorize: str
    token: str
    client_id: str
    redirect_uri: str
    scope: str
    aud: str
    cookie: str = ""


def challenges(count: int) -> list[tuple[str, str]]:
    """Return verifiers with their S256 challenges."""
    verifiers = [secrets.token_urlsafe(48) for _ in range(count)]
    digests = [hashlib.sha256(verifier.encode()).digest() for verifier in verifiers]
    return [
        (verifier, base64.urlsafe_b64encode(digest).rstrip(b"=").decode())
        for verifier, digest in zip(verifiers, digests, strict=True)
    ]


def run(target: Target, flows: Sequence[Flow]) -> Rate:
    """Run flows. Rate.requests is the number of flows, each of two requests. Each connection uses one of these flows."""
    connections = target.connect()
    try:
        _run_round(connections, flows)
        before, begin, count = target.begin(), time.perf_counter(), 0
        for _ in target.turns():
            _run_round(connections, flows)
            count += len(connections)
        return Rate(count, time.perf_counter() - begin, target.used() - before, 0.0)
    finally:
        for connection in connections:
            connection.close()


def tokens(target: Target, flow: Flow) -> list[dict[str, Any]]:
    """Return the token responses of one round of flows."""
    connections = target.connect()
    try:
        return [orjson.loads(body) for body in _run_round(connections, [flow])]
    finally:
        for connection in connections:
            connection.close()


def _run_round(connections: list[Connection], flows: Sequence[Flow]) -> list[bytes]:
    """Run one flow on each connection, with a new challenge: one that repeats is named in its exchange."""
    runs = list(zip(connections, itertools.cycle(flows), challenges(len(connections)), strict=False))
    for connection, flow, (_, challenge) in runs:
        connection.send(authorize(flow, challenge))
    codes = [code(connection.read()) for connection in connections]
    for (connection, flow, (verifier, _)), received_code in zip(runs, codes, strict=True):
        connection.send(_token_request(flow, received_code, verifier))
    answers = [connection.read() for connection in connections]
    for answer in answers:
        if answer.status != 200 or b"access_token" not in answer.body:
            raise RuntimeError(f"token: {answer.status} {answer.body[:500]!r}")
    return [answer.body for answer in answers]


def code(answer: Answer) -> str:
    """Return the code from the redirect. Raises RuntimeError if there is none."""
    lines = answer.head.split(b"\r\n")
    location = next((line.partition(b":")[2].strip().decode() for line in lines if line.lower().startswith(b"location:")), "")
    codes = parse_qs(urlsplit(location).query).get("code")
    if not codes:
        raise RuntimeError(f"authorize: {answer.status} {location} {answer.body[:300]!r}")
    return codes[0]


def address(flow: Flow, challenge: str) -> str:
    """Return the path and query of one authorization request with a new state."""
    query = urlencode(
        {
            "response_type": "code",
            "client_id": flow.client_id,
            "redirect_uri": flow.redirect_uri,
            "scope": flow.scope,
            "aud": flow.aud,
            "state": secrets.token_urlsafe(16),
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
    )
    return f"{flow.authorize}?{query}"


def authorize(flow: Flow, challenge: str) -> bytes:
    """Return the bytes of one authorization request."""
    cookie = f"Cookie: {flow.cookie}\r\n" if flow.cookie else ""
    head = f"GET {address(flow, challenge)} HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n{cookie}{request_id()}\r\n"
    return head.encode()


def _token_request(flow: Flow, received_code: str, verifier: str) -> bytes:
    body = urlencode(
        {
            "grant_type": "authorization_code",
            "code": received_code,
            "redirect_uri": flow.redirect_uri,
            "client_id": flow.client_id,
            "code_verifier": verifier,
        }
    )
    head = f"POST {flow.token} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {FORM}\r\nContent-Length: {len(body)}\r\n"
    return f"{head}{request_id()}\r\n{body}".encode()
