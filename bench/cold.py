"""Traffic that doesn't repeat: ids, parameters, tokens and apps vary, and no two requests have the same headers.

An address comes again only after all others of its kind were sent, which is long after any cache has forgotten it.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias
from urllib.parse import quote

import httpx2

from bench import tokens
from bench.load import get, request_id

IDS = 40_000
"""Observations that are read."""
CATEGORIES = ("vital-signs", "laboratory")
COUNTS = range(50, 60)
"""Sizes of pages: one size would repeat too soon among 300 patients."""
Find: TypeAlias = Callable[[str], dict[str, Any]]
"""Gets a FHIR address below the base, or a whole one."""


def gets(addresses: Sequence[str], bearers: Sequence[str]) -> Iterator[bytes]:
    """GET requests without end; each time through the addresses they have other tokens."""
    for turn in itertools.count():
        for number, address in enumerate(addresses, turn):
            yield get(address, bearers[number % len(bearers)], more=request_id())


def own(addresses: Sequence[tuple[str, str]]) -> Iterator[bytes]:
    """The same of addresses that only one token each may ask for."""
    for address, bearer in itertools.cycle(addresses):
        yield get(address, bearer, more=request_id())


def forms(path: str, fields: Sequence[dict[str, str]], apps: Sequence[tuple[str, str]]) -> Iterator[bytes]:
    """POST requests without end of these forms, by apps that authenticate by their secret."""
    for turn in itertools.count():
        for number, sent in enumerate(fields, turn):
            yield tokens.form(path, sent, apps[number % len(apps)], more=request_id())


def renewed(requests: Sequence[bytes]) -> Iterator[bytes]:
    """These requests, again and again, each time with another header."""
    for one in itertools.cycle(requests):
        head, _, rest = one.partition(b"\r\n")
        yield b"%s\r\n%s%s" % (head, request_id().encode(), rest)


def observations(find: Find, dice: random.Random) -> list[str]:
    """Addresses of single ones, shuffled."""
    found: list[str] = []
    place: str | None = "/Observation?_elements=id&_count=1000"
    while place and len(found) < IDS:
        bundle = find(place)
        found += [f"/Observation/{one['resource']['id']}" for one in bundle["entry"]]
        place = next((link["url"] for link in bundle["link"] if link["relation"] == "next"), None)
    dice.shuffle(found)
    return found


def pages(patients: Sequence[str], dice: random.Random) -> list[tuple[str, str]]:
    """(patient, address of a page of 50 to 59 of his observations), shuffled."""
    found = [
        (patient, f"/Observation?patient={patient}&category={category}&_count={count}")
        for patient, category, count in itertools.product(patients, CATEGORIES, COUNTS)
    ]
    dice.shuffle(found)
    return found


def names(find: Find, dice: random.Random) -> list[str]:
    """Searches by the beginning of a name that somebody has, two letters or more."""
    bundle = find("/Patient?_elements=name&_count=1000")
    said = {
        part
        for entry in bundle["entry"]
        for name in entry["resource"].get("name", ())
        for part in (name.get("family", ""), *name.get("given", ()))
    }
    beginnings = sorted({name[:length] for name in said for length in range(2, len(name) + 1)})
    found = [f"/Patient?name={quote(one)}&_count={count}" for one, count in itertools.product(beginnings, COUNTS)]
    dice.shuffle(found)
    return found


def finder(http: httpx2.Client, base: str, token: str) -> Find:
    """Reads FHIR with this token."""

    def find(address: str) -> dict[str, Any]:
        place = address if address.startswith("http") else base + address
        answer = http.get(place, headers={"Authorization": f"Bearer {token}"})
        return dict(answer.raise_for_status().json())

    return find
