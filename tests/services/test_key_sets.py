"""Key sets are kept as long as their servers allow, never longer than a quarter of an hour, and never asked for in vain."""

from __future__ import annotations

import asyncio
import json

import pytest

from sickbay.kernel.effects import FixedEffects
from sickbay.kernel.outbound import Fetched
from sickbay.services.key_sets import KeySet, KeySets, lifetime

URL = "https://app.example.org/jwks.json"


def document(*kids: str, **headers: str) -> Fetched:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Fetched(200, named, json.dumps({"keys": [{"kid": kid} for kid in kids]}).encode())


def asked(effects: FixedEffects, *steps: tuple[float, str]) -> list[KeySet]:
    """At these seconds, for these keys, of one worker."""

    async def all_of_them() -> list[KeySet]:
        sets, start = KeySets(), effects.at
        found = []
        for second, kid in steps:
            effects.at = start + second
            found.append(await sets.get(effects, URL, kid, loopback=False))
        return found

    return asyncio.run(all_of_them())


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("max-age=300", 300),
        ("public, max-age=86400", 900),
        ("max-age=0", 0),
        ("no-store", 0),
        ("no-cache, max-age=60", 0),
        ("s-maxage=5", 60),
        ("", 60),
    ],
)
def test_cache_control_is_followed(said: str, seconds: int) -> None:
    assert lifetime(document(cache_control=said)) == seconds


def test_what_was_old_on_arrival_is_kept_less_long() -> None:
    assert lifetime(document(cache_control="max-age=300", age="100")) == 200
    assert lifetime(document(cache_control="max-age=300", age="400")) == 0


@pytest.mark.parametrize(
    ("said", "steps", "fetches"),
    [
        ("max-age=300", [(0, "a"), (299, "a")], 1),
        ("max-age=300", [(0, "a"), (301, "a")], 2),
        ("no-store", [(0, "a"), (0, "a")], 2),
        ("max-age=900", [(0, "a"), (1, "b"), (2, "b"), (60, "c")], 2),
        ("max-age=900", [(0, "a"), (1, "b"), (62, "b")], 3),
        ("max-age=900", [(0, "a"), (-100_000, "a")], 2),
    ],
)
def test_it_is_fetched_when_it_must_be_and_no_more(said: str, steps: list[tuple[float, str]], fetches: int) -> None:
    effects = FixedEffects(documents={URL: document("a", cache_control=said)})
    asked(effects, *steps)
    assert len(effects.fetched) == fetches


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (None, "nothing is there"),
        (Fetched(404), "status 404"),
        (Fetched(302, {"location": "http://169.254.169.254/"}), "status 302"),
        (Fetched(200, {}, b"<html>"), "isn't JSON"),
        (Fetched(200, {}, b"[" * 100_000), "isn't JSON"),
        (Fetched(200, {}, b"[]"), "isn't an object with keys"),
        (Fetched(200, {}, b'{"keys": 1}'), "isn't an object with keys"),
    ],
)
def test_what_is_no_key_set_is_said_and_asked_for_again_soon(answer: Fetched | None, fault: str) -> None:
    effects = FixedEffects(documents={URL: answer} if answer else {})
    found = asked(effects, (0, "a"), (4, "a"), (6, "a"))
    assert all(one.document is None and fault in str(one.fault) for one in found)
    assert len(effects.fetched) == 2


def test_many_at_once_are_one_fetch() -> None:
    effects = FixedEffects(documents={URL: document("a", cache_control="no-store")})

    async def together() -> None:
        sets = KeySets()
        await asyncio.gather(*(sets.get(effects, URL, "a", loopback=False) for _ in range(20)))

    asyncio.run(together())
    assert len(effects.fetched) == 1
