"""Traffic that doesn't repeat: ids, parameters, tokens and apps vary, and no two requests have the same headers.

A URL repeats only after all others of its kind were requested, long after any cache has dropped it.
"""

from __future__ import annotations

import itertools
import random
import secrets
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias
from urllib.parse import quote

import httpx2

from bench import tokens
from bench.load import get, request_id

IDS = 40_000
"""Number of observations that are read."""
CATEGORIES = ("vital-signs", "laboratory")
COUNTS = range(50, 60)
"""Page sizes. A single size would repeat too soon with 300 patients."""
Find: TypeAlias = Callable[[str], dict[str, Any]]
"""Gets a FHIR URL, absolute or relative to the base."""


def gets(addresses: Sequence[str], bearers: Sequence[str]) -> Iterator[bytes]:
    """Yield GET requests endlessly. Each pass over the addresses pairs them with different tokens."""
    for turn in itertools.count():
        for number, address in enumerate(addresses, turn):
            yield get(address, bearers[number % len(bearers)], more=request_id())


def own(addresses: Sequence[tuple[str, str]]) -> Iterator[bytes]:
    """Yield the same for addresses that only one token each may request."""
    for address, bearer in itertools.cycle(addresses):
        yield get(address, bearer, more=request_id())


def strangers(path: str, patients: Sequence[str]) -> Iterator[bytes]:
    """Yield reads of patients endlessly, each with a token that doesn't exist."""
    for patient in itertools.cycle(patients):
        yield get(f"{path}/Patient/{patient}", secrets.token_urlsafe(32), more=request_id())


def forms(path: str, fields: Sequence[dict[str, str]], apps: Sequence[tuple[str, str]]) -> Iterator[bytes]:
    """Yield POST requests with these forms endlessly, sent by apps that authenticate with a secret."""
    for turn in itertools.count():
        for number, form_fields in enumerate(fields, turn):
            yield tokens.form(path, form_fields, apps[number % len(apps)], more=request_id())


def renewed(requests: Sequence[bytes]) -> Iterator[bytes]:
    """Yield these requests endlessly, each time with a new header."""
    for request in itertools.cycle(requests):
        head, _, remainder = request.partition(b"\r\n")
        yield b"%s\r\n%s%s" % (head, request_id().encode(), remainder)


def observations(find: Find, dice: random.Random) -> list[str]:
    """Return URLs of single Observations, shuffled."""
    urls: list[str] = []
    next_url: str | None = "/Observation?_elements=id&_count=1000"
    while next_url and len(urls) < IDS:
        bundle = find(next_url)
        urls += [f"/Observation/{entry['resource']['id']}" for entry in bundle["entry"]]
        next_url = next((link["url"] for link in bundle["link"] if link["relation"] == "next"), None)
    dice.shuffle(urls)
    return urls


def pages(patients: Sequence[str], dice: random.Random) -> list[tuple[str, str]]:
    """Return (patient, URL of a page of 50 to 59 of the patient's observations), shuffled."""
    result = [
        (patient, f"/Observation?patient={patient}&category={category}&_count={count}")
        for patient, category, count in itertools.product(patients, CATEGORIES, COUNTS)
    ]
    dice.shuffle(result)
    return result


def names(find: Find, dice: random.Random) -> list[str]:
    """Return searches by prefixes of patients' names, with two letters or more, shuffled."""
    bundle = find("/Patient?_elements=name&_count=1000")
    name_parts = {
        part
        for entry in bundle["entry"]
        for name in entry["resource"].get("name", ())
        for part in (name.get("family", ""), *name.get("given", ()))
    }
    beginnings = sorted({name[:length] for name in name_parts for length in range(2, len(name) + 1)})
    urls = [f"/Patient?name={quote(prefix)}&_count={count}" for prefix, count in itertools.product(beginnings, COUNTS)]
    dice.shuffle(urls)
    return urls


def finder(http: httpx2.Client, base: str, token: str) -> Find:
    """Return a function that reads FHIR with this token."""

    def find(address: str) -> dict[str, Any]:
        url = address if address.startswith("http") else base + address
        answer = http.get(url, headers={"Authorization": f"Bearer {token}"})
        return dict(answer.raise_for_status().json())

    return find
