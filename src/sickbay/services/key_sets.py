"""Key sets of apps, fetched from the addresses they registered (SMART 2.2, 5.2.2.1): kept as long as they allow."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from sickbay.kernel.effects import Effects
from sickbay.kernel.outbound import Fetched, Unreachable
from sickbay.protocol import unicode

LONGEST = 900
"""Seconds that a set is kept at most, whatever its server allows."""
UNSAID = 60
"""Seconds that it is kept where its server says nothing."""
FAILED = 5
"""Seconds before an address that gave no keys is asked again."""
AGAIN = 60
"""Seconds between two questions for a key that was not in the set."""
MANY = 1000
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age=\"?(\d{1,9})")


class KeySet(NamedTuple):
    """document: the JSON object, None where there is none; fault: then why, in words."""

    document: dict[str, Any] | None
    fault: str | None = None


@dataclass(slots=True)
class _Kept:
    found: KeySet
    until: float
    asked_again: float | None = None


class KeySets:
    """By address, and by whether this machine may be asked. Many who ask at once are answered by one fetch."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, bool], _Kept] = {}
        self._running: dict[tuple[str, bool], asyncio.Task[KeySet]] = {}

    async def get(self, effects: Effects, url: str, kid: object, *, loopback: bool) -> KeySet:
        """The set of this address; fetched anew where it is too old, or has not this key."""
        place, now = (url, loopback), effects.now()
        kept = self._kept.get(place)
        if kept is not None and now < kept.until and now > kept.until - LONGEST - 1:
            if kept.found.document is None or _has(kept.found.document, kid) or not _may_ask(kept, now):
                return kept.found
            asked_again: float | None = now
        else:
            asked_again = kept.asked_again if kept else None
        task = self._running.get(place)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._fetch(effects, url, loopback, asked_again))
            self._running[place] = task
        return await asyncio.shield(task)

    async def _fetch(self, effects: Effects, url: str, loopback: bool, asked_again: float | None) -> KeySet:
        try:
            found, seconds = await _read(effects, url, loopback)
            if len(self._kept) >= MANY:
                del self._kept[next(iter(self._kept))]
            self._kept[url, loopback] = _Kept(found, effects.now() + seconds, asked_again)
            return found
        finally:
            self._running.pop((url, loopback), None)


def _has(document: Mapping[str, Any], kid: object) -> bool:
    keys = document.get("keys")
    return isinstance(keys, list) and any(isinstance(one, dict) and one.get("kid") == kid for one in keys)


def _may_ask(kept: _Kept, now: float) -> bool:
    return kept.asked_again is None or abs(now - kept.asked_again) >= AGAIN


async def _read(effects: Effects, url: str, loopback: bool) -> tuple[KeySet, float]:
    """What is there, and for how many seconds it is good."""
    try:
        answer = await effects.fetch(url, loopback=loopback)
    except Unreachable as fault:
        return KeySet(None, str(fault)), FAILED
    if answer.status != 200:
        return KeySet(None, f"it answered with status {answer.status}"), FAILED
    try:
        document = unicode.loads(answer.body)
    except (ValueError, RecursionError):
        return KeySet(None, "what it answered is no JSON"), FAILED
    if not isinstance(document, dict) or not isinstance(document.get("keys"), list):
        return KeySet(None, "its JSON is no object with keys"), FAILED
    return KeySet(document), lifetime(answer)


def lifetime(answer: Fetched) -> int:
    """Seconds, by Cache-Control and Age (RFC 9111 4.2)."""
    said = answer.headers.get("cache-control", "").lower()
    if "no-store" in said or "no-cache" in said:
        return 0
    match = _MAX_AGE.search(said)
    if match is None:
        return UNSAID
    age = answer.headers.get("age", "")
    return max(0, min(LONGEST, int(match[1]) - (int(age) if age.isdecimal() and len(age) < 10 else 0)))
