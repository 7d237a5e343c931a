"""What was taken for the laboratory: of each kind one specimen a visit, whatever was measured in it."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import NamedTuple

from sickbay.population import measures
from sickbay.population.life import Concept, Life, snomed

BLOOD = snomed("122555007", "Venous blood specimen", "Venous blood")
URINE = snomed("122575003", "Urine specimen", "Urine")
STOOL = snomed("119339001", "Stool specimen", "Stool")
SWAB = snomed("258500001", "Nasopharyngeal swab")

_OTHERS: Mapping[str, Concept] = {
    measures.ALBUMIN_RATIO.key: URINE,
    measures.NITRITE.key: URINE,
    measures.ESTERASE.key: URINE,
    measures.STOOL.key: STOOL,
    measures.COVID.key: SWAB,
    measures.INFLUENZA.key: SWAB,
}
"""By the key of a measure; what is not named here is measured in blood."""


class Specimen(NamedTuple):
    """at: when it was taken. by: a practitioner's id."""

    number: int
    kind: Concept
    at: datetime.datetime
    by: str | None


def taken(life: Life) -> dict[int, Specimen]:
    """The number of a laboratory's reading -> what it was measured in; a specimen stands at all of its readings."""
    found: dict[tuple[int, Concept], Specimen] = {}
    held: dict[int, Specimen] = {}
    for one in life.readings:
        if one.measure.kind == "laboratory" and one.visit:
            kind = _OTHERS.get(one.measure.key, BLOOD)
            new = Specimen(len(found) + 1, kind, one.at, one.performer)
            held[one.number] = found.setdefault((one.visit, kind), new)
    return held
