"""Observation/$lastn: the most recent observations for each code (R4, Observation, operation lastn)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from sickbay.fhir import lossless_json

NO_CODE = ("", "")


class StoredObservation(Protocol):
    @property
    def body(self) -> bytes: ...


class Newest:
    """Collects observations, newest first. Two have the same code if they share a coding or, without codings, the text."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.kept: list[Any] = []
        self._groups: dict[tuple[str, str], int] = {}
        self._counts: list[int] = []

    def take(self, observations: Iterable[StoredObservation]) -> None:
        for observation in observations:
            group = self._group_of_codes(_codes_of_concept(lossless_json.loads(observation.body).get("code")))
            if self._counts[group] < self.most:
                self._counts[group] += 1
                self.kept.append(observation)

    def _group_of_codes(self, codes: list[tuple[str, str]]) -> int:
        known = next((self._groups[code] for code in codes if code in self._groups), None)
        if known is None:
            known = len(self._counts)
            self._counts.append(0)
        for code in codes:
            self._groups.setdefault(code, known)
        return known


def _codes_of_concept(concept: Any) -> list[tuple[str, str]]:
    if not isinstance(concept, dict):
        return [NO_CODE]
    codings = [coding for coding in concept.get("coding", ()) if isinstance(coding, dict) and coding.get("code")]
    pairs = [(str(coding.get("system", "")), str(coding["code"])) for coding in codings]
    return pairs or [("", f"text {str(concept.get('text', '')).casefold()}")]
