"""A running server under attack: /healthz responds quickly, and memory and write-ahead log stay small."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import os
import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from bench import writing
from bench.load import get, post
from tests.abuse.exhausting import Wire, admin, endure, many, repeating, token

from sickbay.testing.server import Live, serving

pytestmark = pytest.mark.prove

SECONDS = float(os.environ.get("SICKBAY_EXHAUSTION_SECONDS", "15"))
R4 = "/general/r4"
PATIENTS = [f"p-{number:04}" for number in range(1, 20)]


class Target(NamedTuple):
    live: Live
    data: Path
    token: str


Attack = Callable[[Target], Callable[[], Awaitable[Any]]]


@pytest.fixture(scope="module", params=[1, 2], ids=["one-worker", "two-workers"])
def target(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, new_workers: None) -> Iterator[Target]:
    data = tmp_path_factory.mktemp("data")
    with serving("--data", str(data), "--patients", "20", "--workers", str(request.param)) as live:
        own = token(live)
        asyncio.run(_fill(live, own))
        yield Target(live, data, own)


async def _fill(live: Live, own: str) -> None:
    """Creates 200 documents of 100 KB."""
    wire = await Wire.to(live)
    for number in range(200):
        content = {"contentType": "text/plain", "data": base64.b64encode(os.urandom(75_000)).decode()}
        resource = {
            "resourceType": "DocumentReference",
            "status": "current",
            "content": [{"attachment": content}],
            "subject": {"reference": f"Patient/{PATIENTS[number % 5]}"},
        }
        answer = await wire.ask(post(f"{R4}/DocumentReference", own, json.dumps(resource).encode()))
        assert answer.startswith(b"HTTP/1.1 201"), answer[:300]
    wire.close()


def batch_of_searches(target: Target) -> Callable[[], Awaitable[Any]]:
    entries = [{"request": {"method": "GET", "url": f"DocumentReference?_count=1000&_id:not=x{n}"}} for n in range(300)]
    body = json.dumps({"resourceType": "Bundle", "type": "batch", "entry": entries}).encode()
    return many(target.live, lambda: itertools.repeat(post(R4, target.token, body)), 4)


def large_pages(target: Target) -> Callable[[], Awaitable[Any]]:
    return many(target.live, lambda: itertools.repeat(get(f"{R4}/DocumentReference?_count=1000", target.token)), 32)


def never_reading(target: Target) -> Callable[[], Awaitable[Any]]:
    request = get(f"{R4}/DocumentReference?_count=1000", target.token)

    async def attack() -> None:
        connections = []
        while True:
            with suppress(OSError):
                wire = await Wire.to(target.live)
                wire.writer.transport.pause_reading()  # type: ignore[attr-defined]
                wire.writer.write(request)
                connections.append(wire)
            await asyncio.sleep(0.01)

    return attack


def idle_connections(target: Target) -> Callable[[], Awaitable[Any]]:
    async def attack() -> None:
        connections = []
        while True:
            with suppress(OSError):
                connections.append(await Wire.to(target.live))
            if len(connections) > 3000:
                connections.pop(0).close()
            await asyncio.sleep(0)

    return attack


def slow_heads(target: Target) -> Callable[[], Awaitable[Any]]:
    return _dripping(target, b"GET /general/r4/metadata HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")


def slow_bodies(target: Target) -> Callable[[], Awaitable[Any]]:
    head = b"POST /doctor HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: 900000\r\n\r\n"
    return _dripping(target, head + b"x" * 60_000)


def _dripping(target: Target, first: bytes) -> Callable[[], Awaitable[Any]]:
    async def drip() -> None:
        while True:
            with suppress(OSError):
                wire = await Wire.to(target.live)
                wire.writer.write(first)
                while not wire.reader.at_eof():
                    wire.writer.write(b"x")
                    await wire.writer.drain()
                    await asyncio.sleep(1)
                wire.close()
            await asyncio.sleep(0.5)

    async def attack() -> None:
        await asyncio.gather(*(drip() for _ in range(1500)))

    return attack


def bodies(target: Target) -> Callable[[], Awaitable[Any]]:
    """Batches of the maximum size. Some of them never end."""
    head = f"POST {R4} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {target.token}\r\n"
    head += "Content-Type: application/fhir+json\r\nContent-Length: 15900000\r\n\r\n"

    async def send_unfinished() -> None:
        while True:
            with suppress(OSError):
                wire = await Wire.to(target.live)
                wire.writer.write(head.encode() + b" " * 15_000_000)
                with suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(wire.reader.read(), 20)
                wire.close()
            await asyncio.sleep(0.2)

    resource = {"resourceType": "Basic", "code": {"text": "x" * 200}}
    entry = {"resource": resource, "request": {"method": "POST", "url": "Nothing"}}
    whole = json.dumps({"resourceType": "Bundle", "type": "batch", "entry": [entry] * 4900}).encode()

    async def attack() -> None:
        ending = (repeating(target.live, itertools.repeat(post(R4, target.token, whole))) for _ in range(4))
        await asyncio.gather(*(send_unfinished() for _ in range(20)), *ending)

    return attack


def pipeline(target: Target) -> Callable[[], Awaitable[Any]]:
    many_at_once = get(f"{R4}/Patient/p-0001", target.token) * 1000

    async def attack() -> None:
        while True:
            with suppress(OSError):
                wire = await Wire.to(target.live)
                wire.writer.write(many_at_once)
                await wire.reader.read(10_000)
                wire.close()
            await asyncio.sleep(0.001)

    return attack


def expensive_searches(target: Target) -> Callable[[], Awaitable[Any]]:
    paths = (
        "Observation?subject:Patient.general-practitioner:Practitioner.name:contains=a&_count=1000",
        "Patient?_has:Observation:patient:_has:Provenance:target:agent:missing=true",
        "Observation?_text=a&_count=1000",
        "Patient?_content=the",
        "Patient/$everything",
        "Patient/p-0001/$everything",
        "Observation?code:text=e&_sort=-code",
        "Encounter?_revinclude=*&_include=*&_count=1000",
        "_history?_count=1000",
        "Observation/$lastn?max=1000&patient=p-0001",
        "Observation?_count=1000&_format=xml",
        "Observation?value-quantity=gt1&_total=accurate&_sort=value-quantity",
    )

    def requests() -> Iterator[bytes]:
        rng = random.Random()
        while True:
            yield get(f"{R4}/{rng.choice(paths)}".replace(" ", "%20"), target.token)

    return many(target.live, requests, 48)


def sign_ins(target: Target) -> Callable[[], Awaitable[Any]]:
    """Requests that need password hashes, and client assertions that are refused."""
    with admin(target.live) as create:
        key = {"kty": "RSA", "e": "AQAB", "n": "x" * 342, "alg": "RS384", "kid": "a"}
        app = create(
            "/apps",
            {"name": "Keys", "type": "system", "client": "asymmetric", "scope": "system/*.rs", "jwks": {"keys": [key]}},
        )
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    form = f"grant_type=client_credentials&client_id={app['client_id']}&client_assertion_type={kind}&client_assertion=a.b.c"

    def requests() -> Iterator[bytes]:
        rng = random.Random()
        while True:
            user = {"username": f"u{rng.random()}", "password": "p", "fhirUser": "Practitioner/none"}
            yield post("/admin/users", None, json.dumps(user).encode(), "application/json")
            yield post("/general/oauth/token", None, form.encode(), "application/x-www-form-urlencoded")

    return many(target.live, requests, 64)


def mixed_load(target: Target) -> Callable[[], Awaitable[Any]]:
    creates = writing.creates(R4, target.token, PATIENTS, 2000)

    def requests() -> Iterator[bytes]:
        rng = random.Random()
        while True:
            patient = rng.choice(PATIENTS)
            yield get(f"{R4}/Observation?patient={patient}&_count=50&_lastUpdated=gt20{rng.randint(10, 20)}", target.token)
            yield get(f"{R4}/Patient/{patient}", target.token)
            yield rng.choice(creates)
            yield get(f"{R4}/Patient/{patient}", f"wrong{rng.random()}")

    return many(target.live, requests, 32)


@pytest.mark.parametrize(
    "attack",
    [
        batch_of_searches,
        large_pages,
        never_reading,
        idle_connections,
        slow_heads,
        slow_bodies,
        bodies,
        pipeline,
        expensive_searches,
        sign_ins,
        mixed_load,
    ],
)
def test_the_server_stays_responsive_and_small(target: Target, attack: Attack) -> None:
    harm = endure(target.live, target.data, attack(target), SECONDS)
    print(f"{attack.__name__}: {harm.text()}")
    assert harm.bearable(), harm.text()
