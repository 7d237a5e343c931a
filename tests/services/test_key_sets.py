"""Key sets are cached as long as their servers allow, at most 15 minutes, and failing servers aren't called too often."""

from __future__ import annotations

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.services.fixed_effects import FixedEffects

from sickbay.kernel.outbound import Fetched
from sickbay.services import key_sets as module
from sickbay.services.key_sets import KeySet, KeySets, read_lifetime

URL = "https://app.example.org/jwks.json"


def document(*kids: str, **headers: str) -> Fetched:
    lower_case_headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return Fetched(200, lower_case_headers, json.dumps({"keys": [{"kid": kid} for kid in kids]}).encode())


def fetch_all(effects: FixedEffects, *steps: tuple[float, str]) -> list[KeySet]:
    """Gets the key set at these seconds for these kids, on one worker."""

    async def run_steps() -> list[KeySet]:
        sets, start = KeySets(), effects.at
        key_sets = []
        for second, kid in steps:
            effects.at = start + second
            key_sets.append(await sets.get(effects, URL, kid, loopback=False))
        return key_sets

    return asyncio.run(run_steps())


@pytest.mark.parametrize(
    ("cache_control", "seconds"),
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
def test_the_lifetime_follows_cache_control(cache_control: str, seconds: int) -> None:
    assert read_lifetime(document(cache_control=cache_control)) == seconds


def test_the_age_of_a_response_shortens_its_lifetime() -> None:
    assert read_lifetime(document(cache_control="max-age=300", age="100")) == 200
    assert read_lifetime(document(cache_control="max-age=300", age="400")) == 0


@pytest.mark.parametrize(
    ("cache_control", "steps", "fetches"),
    [
        ("max-age=300", [(0, "a"), (299, "a")], 1),
        ("max-age=300", [(0, "a"), (301, "a")], 2),
        ("no-store", [(0, "a"), (0, "a")], 2),
        ("max-age=900", [(0, "a"), (1, "b"), (2, "b"), (5, "c")], 2),
        ("max-age=900", [(0, "a"), (1, "b"), (6, "b")], 3),
        ("max-age=900", [(0, "a"), (-100_000, "a")], 2),
    ],
)
def test_a_key_set_is_fetched_only_when_necessary(cache_control: str, steps: list[tuple[float, str]], fetches: int) -> None:
    effects = FixedEffects(documents={URL: document("a", cache_control=cache_control)})
    fetch_all(effects, *steps)
    assert len(effects.fetched) == fetches


@pytest.mark.parametrize(
    ("response", "fault"),
    [
        (
            Fetched(200, {"content-encoding": "gzip"}, b"\x1f\x8b\x08\x00"),
            "its response is encoded with gzip, which the request doesn't accept",
        ),
        (None, "nothing is there"),
        (Fetched(404), "status 404"),
        (Fetched(302, {"location": "http://169.254.169.254/"}), "status 302"),
        (Fetched(200, {}, b"<html>"), "isn't valid JSON"),
        (Fetched(200, {}, b"[" * 100_000), "isn't valid JSON: it is nested too deep"),
        (Fetched(200, {}, '{"keys": []}'.encode("utf-16")), "isn't valid JSON: it isn't UTF-8"),
        (Fetched(200, {}, b'\xef\xbb\xbf{"keys": []}'), "isn't valid JSON: it begins with a byte order mark"),
        (Fetched(200, {}, b'{"keys": [{"kid": "a", "kid": "b"}]}'), "the member 'kid' twice"),
        (Fetched(200, {}, b"[]"), "isn't an object with keys"),
        (Fetched(200, {}, b'{"keys": 1}'), "isn't an object with keys"),
    ],
)
def test_an_invalid_key_set_is_reported_and_fetched_again_soon(response: Fetched | None, fault: str) -> None:
    effects = FixedEffects(documents={URL: response} if response else {})
    key_sets = fetch_all(effects, (0, "a"), (4, "a"), (6, "a"))
    assert all(key_set.document is None and fault in str(key_set.fault) for key_set in key_sets)
    assert len(effects.fetched) == 2


def test_the_keys_of_a_server_on_this_machine_are_never_old() -> None:
    """A developer replaces a key and tries it at once. An old set would be explained as a key that isn't published."""
    url, effects = "http://localhost:8080/jwks.json", FixedEffects()

    async def rotate() -> list[KeySet]:
        sets, read = KeySets(), []
        for kid in ("a", "b", "a"):
            effects.documents[url] = document(kid, cache_control="max-age=900")
            read.append(await sets.get(effects, url, "a", loopback=True))
        return read

    assert [key_set.document for key_set in asyncio.run(rotate())] == [{"keys": [{"kid": kid}]} for kid in ("a", "b", "a")]


def play(
    monkeypatch: pytest.MonkeyPatch, steps: list[tuple[float, bool]], url: str = "http://localhost:8080/jwks"
) -> list[float]:
    """The seconds of the fetches if each assertion comes so long after the response to the one before, and is accepted or not.

    Each request gets the keys that were there when it arrived, or newer ones.
    """
    effects, start = FixedEffects(documents={url: document(cache_control="no-store")}), FixedEffects().at
    fetches: list[float] = []

    async def pass_time(seconds: float) -> None:
        effects.at += seconds

    async def send_assertions() -> None:
        sets = KeySets()
        for number, (gap, accepted) in enumerate(steps):
            effects.at += gap
            effects.documents[url] = document(str(number), cache_control="no-store")
            known = await sets.get(effects, url, str(number), loopback=True)
            assert known.document == {"keys": [{"kid": str(number)}]}
            fetches.append(effects.at - start)
            if not accepted:
                sets.doubt(url, loopback=True)
        assert len(effects.fetched) == len(steps)

    with monkeypatch.context() as changed:
        changed.setattr(module.asyncio, "sleep", pass_time)  # type: ignore[attr-defined]
        asyncio.run(send_assertions())
    return fetches


@given(st.lists(st.tuples(st.floats(0, 2), st.booleans()), max_size=8), st.sampled_from(("http://localhost:8080/jwks", URL)))
def test_a_stranger_causes_one_fetch_a_second_and_no_accepted_assertion_waits(
    steps: list[tuple[float, bool]], url: str
) -> None:
    """Also for an address elsewhere whose set may not be cached. A key that was just replaced is found."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        fetches = play(monkeypatch, steps, url)
    for number in range(1, len(steps)):
        gap, accepted_before = steps[number][0], steps[number - 1][1]
        expected = gap if accepted_before else max(gap, 1)
        assert fetches[number] - fetches[number - 1] == pytest.approx(expected, abs=1e-3)


def test_those_who_wait_share_one_fetch(monkeypatch: pytest.MonkeyPatch) -> None:
    url, effects, sleeps = "http://localhost:8080/jwks.json", FixedEffects(), []
    effects.documents[url] = document("a")
    wait = asyncio.sleep

    async def note(seconds: float) -> None:
        sleeps.append(seconds)
        await wait(0)

    async def flood() -> None:
        sets = KeySets()
        await sets.get(effects, url, "a", loopback=True)
        sets.doubt(url, loopback=True)
        effects.at += 0.25
        effects.documents[url] = document("b")
        known = await asyncio.gather(*(sets.get(effects, url, kid, loopback=True) for kid in "ab" * 10))
        assert {str(key_set.document) for key_set in known} == {"{'keys': [{'kid': 'b'}]}"}

    monkeypatch.setattr(module.asyncio, "sleep", note)  # type: ignore[attr-defined]
    asyncio.run(flood())
    assert (len(effects.fetched), sleeps) == (2, [0, 0.75])


def test_concurrent_requests_share_one_fetch() -> None:
    effects = FixedEffects(documents={URL: document("a", cache_control="no-store")})

    async def together() -> None:
        sets = KeySets()
        await asyncio.gather(*(sets.get(effects, URL, "a", loopback=False) for _ in range(20)))

    asyncio.run(together())
    assert len(effects.fetched) == 1
