"""The whole code flow as load: authorize, the code out of the redirect, token with PKCE; another challenge each time."""

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

from bench import process
from bench.load import CONNECTIONS, Answer, Connection, Rate, request_id

FORM = "application/x-www-form-urlencoded"


class Flow(NamedTuple):
    """authorize, token: paths. cookie: of a user who signed in and has consented."""

    authorize: str
    token: str
    client_id: str
    redirect_uri: str
    scope: str
    aud: str
    cookie: str = ""


def challenges(count: int) -> list[tuple[str, str]]:
    """Verifiers with their S256 challenges, made before the clock runs."""
    verifiers = [secrets.token_urlsafe(48) for _ in range(count)]
    digests = [hashlib.sha256(one.encode()).digest() for one in verifiers]
    return [
        (one, base64.urlsafe_b64encode(digest).rstrip(b"=").decode()) for one, digest in zip(verifiers, digests, strict=True)
    ]


def run(port: int, pid: int, flows: Sequence[Flow], seconds: float) -> Rate:
    """Rate.count counts whole flows, of two requests each. Each connection has one of these flows."""
    connections = [Connection(port) for _ in range(CONNECTIONS)]
    pairs = challenges(CONNECTIONS)
    try:
        _round(connections, flows, pairs)
        before, begin, count = process.cpu(pid), time.perf_counter(), 0
        while time.perf_counter() < begin + seconds:
            _round(connections, flows, pairs)
            count += len(connections)
        return Rate(count, time.perf_counter() - begin, process.cpu(pid) - before, 0.0)
    finally:
        for connection in connections:
            connection.close()


def tokens(port: int, flow: Flow) -> list[dict[str, Any]]:
    """The token responses of one round of flows."""
    connections = [Connection(port) for _ in range(CONNECTIONS)]
    try:
        return [orjson.loads(body) for body in _round(connections, [flow], challenges(CONNECTIONS))]
    finally:
        for connection in connections:
            connection.close()


def _round(connections: list[Connection], flows: Sequence[Flow], pairs: list[tuple[str, str]]) -> list[bytes]:
    ours = list(zip(connections, itertools.cycle(flows), pairs, strict=False))
    for connection, flow, (_, sent) in ours:
        connection.send(_authorize(flow, sent))
    codes = [code(connection.read()) for connection in connections]
    for (connection, flow, (verifier, _)), got in zip(ours, codes, strict=True):
        connection.send(_token(flow, got, verifier))
    answers = [connection.read() for connection in connections]
    for answer in answers:
        if answer.status != 200 or b"access_token" not in answer.body:
            raise RuntimeError(f"token: {answer.status} {answer.body[:500]!r}")
    return [answer.body for answer in answers]


def code(answer: Answer) -> str:
    """Out of the redirect. Raises RuntimeError where there is none."""
    lines = answer.head.split(b"\r\n")
    place = next((line.partition(b":")[2].strip().decode() for line in lines if line.lower().startswith(b"location:")), "")
    found = parse_qs(urlsplit(place).query).get("code")
    if not found:
        raise RuntimeError(f"authorize: {answer.status} {place} {answer.body[:300]!r}")
    return found[0]


def address(flow: Flow, challenge: str) -> str:
    """Path and query of one authorization request; its state is new each time."""
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


def _authorize(flow: Flow, sent: str) -> bytes:
    cookie = f"Cookie: {flow.cookie}\r\n" if flow.cookie else ""
    head = f"GET {address(flow, sent)} HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n{cookie}{request_id()}\r\n"
    return head.encode()


def _token(flow: Flow, got: str, verifier: str) -> bytes:
    body = urlencode(
        {
            "grant_type": "authorization_code",
            "code": got,
            "redirect_uri": flow.redirect_uri,
            "client_id": flow.client_id,
            "code_verifier": verifier,
        }
    )
    head = f"POST {flow.token} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {FORM}\r\nContent-Length: {len(body)}\r\n"
    return f"{head}{request_id()}\r\n{body}".encode()
