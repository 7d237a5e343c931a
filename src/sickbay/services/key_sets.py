"""Fetches the key sets of apps from their registered `jwks_uri` (SMART 2.2, 5.2.2.1) and caches them as they allow."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import urlsplit

from msgspec import Struct, structs

from sickbay.authorization.administration import is_loopback
from sickbay.kernel.effects import Effects
from sickbay.kernel.memory import ResetScope
from sickbay.kernel.outbound import Fetched, Unreachable
from sickbay.protocol import unicode

MAXIMUM_CACHE_SECONDS = 900
"""Maximum seconds that a set is cached, whatever its server allows."""
UNSAID = 60
"""Number of seconds that a set is cached if its server sends no max-age."""
FAILED = 5
"""Seconds before an address that returned no keys is fetched again."""
AGAIN = 5
"""Seconds between two fetches for a key that wasn't in the set."""
PAUSE = 1_000_000
"""Microseconds between two fetches of an address if an assertion was refused with the keys of the first one. Anyone can send
such assertions. Requests wait and share the second fetch: an older set wouldn't have a key that was just replaced."""
MAXIMUM_ENCODING = 40
"""Characters of a Content-Encoding that are quoted."""
MAXIMUM_CACHED_SETS = 1000
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age=\"?(\d{1,9})")


class KeySet(NamedTuple):
    """document: the JSON object; None if there is none. fault: why there is none, in words."""

    document: dict[str, Any] | None
    fault: str | None = None


class _CachedKeySet(Struct, frozen=True):
    """fetched_at: microseconds, as in `Effects.arrival`. is_doubted: an assertion was refused with these keys."""

    key_set: KeySet
    until: float
    fetched_at: int
    refetched_at: float | None = None
    is_doubted: bool = False


_Key: TypeAlias = tuple[str, bool]
"""The address, and whether loopback is allowed."""


class _KnownSets(NamedTuple):
    """running: the fetches that aren't finished."""

    cached: dict[_Key, _CachedKeySet]
    running: dict[_Key, asyncio.Task[KeySet]]


class KeySets:
    """The cache, by address and by whether loopback is allowed. Concurrent requests share one fetch."""

    def __init__(self) -> None:
        self._known = _KnownSets({}, {})

    async def get(self, effects: Effects, url: str, kid: object, *, loopback: bool) -> KeySet:
        """The set at this address. Fetches it again if it has expired, doesn't contain this key, or is on this machine."""
        key, now = (url, loopback), effects.now()
        known = self._known
        cached = known.cached.get(key)
        if (
            cached is not None
            and not _is_on_this_machine(url)
            and now < cached.until
            and now > cached.until - MAXIMUM_CACHE_SECONDS - 1
        ):
            if cached.key_set.document is None or _has_key(cached.key_set.document, kid) or not _may_fetch_again(cached, now):
                return cached.key_set
            refetched_at: float | None = now
        else:
            refetched_at = cached.refetched_at if cached else None
        task = known.running.get(key)
        if task is None:
            task = asyncio.get_running_loop().create_task(_fetch_key_set(known, effects, key, refetched_at))
            known.running[key] = task
        return await asyncio.shield(task)

    def doubt(self, url: str, *, loopback: bool) -> None:
        """Delays the next fetch of this address, since an assertion was refused with the keys of the last one.

        A fetch from this machine that isn't allowed sends nothing, so it needs no delay.
        """
        key, cached = (url, loopback), self._known.cached
        if key in cached and (loopback or not _is_on_this_machine(url)):
            cached[key] = structs.replace(cached[key], is_doubted=True)

    def forget(self, reset: ResetScope) -> None:
        """Forgets all sets, so that they are fetched again. The result of a running fetch is forgotten too."""
        self._known = _KnownSets({}, {})


async def _fetch_key_set(known: _KnownSets, effects: Effects, key: _Key, refetched_at: float | None) -> KeySet:
    url, loopback = key
    try:
        await asyncio.sleep(_microseconds_to_wait(known.cached.get(key), effects.arrival()) / 1_000_000)
        fetched_at = effects.arrival()
        key_set, seconds = await _read_key_set(effects, url, loopback)
        if len(known.cached) >= MAXIMUM_CACHED_SETS:
            del known.cached[next(iter(known.cached))]
        known.cached[key] = _CachedKeySet(key_set, effects.now() + seconds, fetched_at, refetched_at)
        return key_set
    finally:
        known.running.pop(key, None)


def _microseconds_to_wait(last: _CachedKeySet | None, now: int) -> int:
    """At most PAUSE, also if the clock of the machine was set back."""
    return max(0, min(PAUSE, last.fetched_at + PAUSE - now)) if last is not None and last.is_doubted else 0


def _is_on_this_machine(url: str) -> bool:
    """Whether a developer runs the server of the address: then its keys can change between any two requests."""
    return is_loopback(urlsplit(url).hostname or "")


def _has_key(document: Mapping[str, Any], kid: object) -> bool:
    keys = document.get("keys")
    return isinstance(keys, list) and any(isinstance(key, dict) and key.get("kid") == kid for key in keys)


def _may_fetch_again(cached: _CachedKeySet, now: float) -> bool:
    return cached.refetched_at is None or abs(now - cached.refetched_at) >= AGAIN


async def _read_key_set(effects: Effects, url: str, loopback: bool) -> tuple[KeySet, float]:
    """The set, and for how many seconds it may be cached."""
    try:
        response = await effects.fetch(url, loopback=loopback)
    except Unreachable as error:
        return KeySet(None, str(error)), FAILED
    if response.status != 200:
        return KeySet(None, f"it answered with status {response.status}"), FAILED
    try:
        document = unicode.loads(response.body, unique=True)
    except ValueError as error:
        return KeySet(None, _describe_invalid(response, error)), FAILED
    if not isinstance(document, dict) or not isinstance(document.get("keys"), list):
        return KeySet(None, "its JSON isn't an object with keys"), FAILED
    return KeySet(document), read_lifetime(response)


def _describe_invalid(response: Fetched, error: ValueError) -> str:
    encoding = response.headers.get("content-encoding", "identity")[:MAXIMUM_ENCODING]
    if encoding.lower() != "identity":
        return f"its response is encoded with {encoding}, which the request doesn't accept"
    return f"its response isn't valid JSON: {error}"


def read_lifetime(response: Fetched) -> int:
    """Seconds that a response may be cached, by Cache-Control and Age (RFC 9111 4.2)."""
    cache_control = response.headers.get("cache-control", "").lower()
    if "no-store" in cache_control or "no-cache" in cache_control:
        return 0
    match = _MAX_AGE.search(cache_control)
    if match is None:
        return UNSAID
    age = response.headers.get("age", "")
    return max(0, min(MAXIMUM_CACHE_SECONDS, int(match[1]) - (int(age) if age.isdecimal() and len(age) < 10 else 0)))
