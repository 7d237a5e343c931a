"""Apps that send random writes over HTTP until the server dies, and record which ones were confirmed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import httpx2

JSON = "application/fhir+json"
Key: TypeAlias = tuple[str, str]
GONE = ""


@dataclass
class Ledger:
    """The sent and confirmed writes.

    answered: the marks of a resource's confirmed versions, GONE for a deletion. asked: the marks sent after them. whole:
    confirmed transactions; halves: those sent. once: confirmed conditional creates; tried: those sent.
    """

    answered: dict[Key, list[str]] = field(default_factory=dict)
    asked: dict[Key, str] = field(default_factory=dict)
    whole: set[str] = field(default_factory=set)
    halves: set[str] = field(default_factory=set)
    once: set[str] = field(default_factory=set)
    tried: set[str] = field(default_factory=set)

    def count(self) -> int:
        return sum(map(len, self.answered.values())) + len(self.whole) + len(self.once)

    def faults(self, stored: dict[Key, list[bytes]]) -> list[str]:
        """Differences between the stored data and the confirmed writes. stored: the bodies of every resource's versions."""
        result = []
        for key, marks in self.answered.items():
            current = [_mark(body) for body in stored.get(key, [])]
            if current not in (marks, [*marks, self.asked.get(key)]):
                result.append(f"{key}: answered {marks}, there is {current}")
        marks = [_mark(body) for bodies in stored.values() for body in bodies]
        for name, most, sure in ((self.halves, 3, self.whole), (self.tried, 1, self.once)):
            result += [f"{mark}: {marks.count(mark)}" for mark in name if marks.count(mark) not in (0, most)]
            result += [f"{mark}: lost" for mark in sure if mark not in marks]
        return result


def observation(mark: str, **more: Any) -> dict[str, Any]:
    code = {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]}
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": code,
        "subject": {"reference": f"Patient/{len(mark)}"},
        "identifier": [{"system": "urn:mark", "value": mark}],
        "effectiveDateTime": "2025-03-04",
        "valueQuantity": {"value": 80, "unit": "/min"},
        **more,
    }


def _mark(body: bytes) -> str:
    """The mark in the body of a version, without parsing it."""
    return body.partition(b'"urn:mark","value":"')[2].partition(b'"')[0].decode() if body else GONE


class App:
    """Sends one random write after another. name: unique for each app."""

    def __init__(self, http: httpx2.AsyncClient, ledger: Ledger, name: str) -> None:
        self.http, self.ledger, self.name = http, ledger, name
        self.dice, self.number = random.Random(name), 0
        self.own: list[Key] = []

    async def write_until_it_dies(self) -> None:
        kinds: tuple[Callable[[], Awaitable[None]], ...] = (
            self.create,
            self.update,
            self.update,
            self.delete,
            self.transact,
            self.create_once,
        )
        try:
            while True:
                await self.dice.choice(kinds if self.own else (self.create,))()
        except httpx2.TransportError:
            return

    async def create(self) -> None:
        mark = self._next("c")
        answer = await self._send("POST", "/Observation", observation(mark))
        key = "Observation", str(answer.json()["id"])
        self.ledger.answered[key] = [mark]
        self.own.append(key)

    async def update(self) -> None:
        key, mark = self.dice.choice(self.own), self._next("u")
        self.ledger.asked[key] = mark
        await self._send("PUT", "/Observation/" + key[1], observation(mark, id=key[1]))
        self._note_answer(key)

    async def delete(self) -> None:
        key = self.own.pop(self.dice.randrange(len(self.own)))
        self.ledger.asked[key] = GONE
        await self._send("DELETE", "/Observation/" + key[1], None)
        self._note_answer(key)

    async def transact(self) -> None:
        """Send a transaction: a new resource, a second new one that refers to it, and a new version of an existing one."""
        key, mark, place = self.dice.choice(self.own), self._next("t"), "urn:uuid:0d5a2c1e-6a0f-4c56-9b3a-1f0000000000"
        self.ledger.asked[key] = mark
        self.ledger.halves.add(mark)
        requests = [
            (place, "POST", "Observation", observation(mark)),
            (None, "POST", "Observation", observation(mark, hasMember=[{"reference": place}])),
            (None, "PUT", f"Observation/{key[1]}", observation(mark, id=key[1])),
        ]
        entries = [
            {"resource": request, "request": {"method": method, "url": url}, **({"fullUrl": at} if at else {})}
            for at, method, url, request in requests
        ]
        await self._send("POST", "", {"resourceType": "Bundle", "type": "transaction", "entry": entries})
        self.ledger.whole.add(mark)
        self._note_answer(key)

    async def create_once(self) -> None:
        """Send three identical conditional creates at once; only one resource may be created."""
        mark = self._next("o")
        self.ledger.tried.add(mark)
        only = {"If-None-Exist": f"identifier=urn:mark|{mark}"}
        tries = [self._send("POST", "/Observation", observation(mark), **only) for _ in range(3)]
        done = await asyncio.gather(*tries, return_exceptions=True)
        if any(isinstance(response, httpx2.Response) for response in done):
            self.ledger.once.add(mark)
        for response in done:
            if isinstance(response, BaseException):
                raise response

    def _next(self, kind: str) -> str:
        self.number += 1
        return f"{kind}-{self.name}-{self.number}"

    def _note_answer(self, key: Key) -> None:
        self.ledger.answered[key].append(self.ledger.asked.pop(key))

    async def _send(self, method: str, path: str, body: Any, **headers: str) -> httpx2.Response:
        more = {} if body is None else {"json": body}
        answer = await self.http.request(method, path, headers={"Content-Type": JSON, **headers}, **more)
        assert answer.status_code in (200, 201, 204), answer.text
        return answer
