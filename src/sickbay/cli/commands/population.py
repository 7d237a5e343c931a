"""`sickbay population`: the synthetic patients as files, without a server."""

from __future__ import annotations

import datetime
from itertools import chain
from typing import Any, Literal

import orjson

from sickbay.cli.argument_types import Count, DayOrNone
from sickbay.cli.folder import drafts, made
from sickbay.cli.output import note_counts, wrong
from sickbay.cli.paths import Place
from sickbay.population import generate, schedule


def population(
    *,
    patients: Count = 50,
    seed: Count = 1,
    messiness: float = 0.0,
    today: DayOrNone = None,
    fhir: Literal["r4", "dstu2", "stu3", "r4b", "r5"] = "r4",
    out: Place,
) -> None:
    """Write the synthetic patients, one file of NDJSON for each resource type.

    The same seed and day give the same bytes; no person in it is real.

    Parameters
    ----------
    patients
        How many.
    seed
        Which: the same seed gives the same people.
    messiness
        How badly the records are written, from 0 (clean) to 1: no units, no codes, twice, in error, odd names and dates.
    today
        The day around which appointments are made, such as 2026-03-31. Default: the real day.
    fhir
        The version to write.
    out
        The folder to write into; made where it is not there.
    """
    if not 0 <= messiness <= 1:
        wrong("--messiness must be from 0 to 1.")
    counts: dict[str, int] = {}
    made(out)
    with drafts(out) as files:
        day = today or datetime.date.today()
        asked: Any = {"seed": seed, "patients": patients, "today": day, "version": fhir, "messiness": messiness}
        for resource in chain(generate(**asked), schedule(**asked)):
            kind = resource["resourceType"]
            files.file(f"{kind}.ndjson").write(orjson.dumps(resource) + b"\n")
            counts[kind] = counts.get(kind, 0) + 1
    note_counts(out, counts, "nothing, since there is nobody.")
