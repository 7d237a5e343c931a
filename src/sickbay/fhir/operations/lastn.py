"""Observation/$lastn: of each code the newest, as many as are asked for (R4, Observation, operation lastn)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from sickbay.fhir import lossless_json

NO_CODE = ("", "")


class StoredObservation(Protocol):
    @property
    def body(self) -> bytes: ...


class Newest:
    """Takes observations newest first. Those with any coding alike count as one code; without codings, by their text."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.kept: list[Any] = []
        self._groups: dict[tuple[str, str], int] = {}
        self._counts: list[int] = []

    def take(self, observations: Iterable[StoredObservation]) -> None:
        for one in observations:
            group = self._group(_codes(lossless_json.loads(one.body).get("code")))
            if self._counts[group] < self.most:
                self._counts[group] += 1
                self.kept.append(one)

    def _group(self, codes: list[tuple[str, str]]) -> int:
        known = next((self._groups[one] for one in codes if one in self._groups), None)
        if known is None:
            known = len(self._counts)
            self._counts.append(0)
        for one in codes:
            self._groups.setdefault(one, known)
        return known


def _codes(concept: Any) -> list[tuple[str, str]]:
    if not isinstance(concept, dict):
        return [NO_CODE]
    codings = [one for one in concept.get("coding", ()) if isinstance(one, dict) and one.get("code")]
    found = [(str(one.get("system", "")), str(one["code"])) for one in codings]
    return found or [("", f"text {str(concept.get('text', '')).casefold()}")]
