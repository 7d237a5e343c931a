"""`sickbay population`: writes the synthetic patients to files, without a server."""

from __future__ import annotations

import datetime
from itertools import chain
from typing import Any, Literal

import orjson

from sickbay.cli.argument_types import Count, DayOrNone, Share
from sickbay.cli.folder import create, open_drafts
from sickbay.cli.output import note_counts
from sickbay.cli.paths import Place
from sickbay.cli.progress import count_with_bar
from sickbay.population import generate, schedule


def population(
    *,
    patients: Count = 50,
    seed: Count = 1,
    messiness: Share = 0.0,
    today: DayOrNone = None,
    fhir: Literal["r4", "dstu2", "stu3", "r4b", "r5"] = "r4",
    out: Place,
) -> None:
    """Write the synthetic patients to files.

    Parameters
    ----------
    patients
        Number of patients.
    seed
        Selects the patients: the same seed gives the same people.
    messiness
        Errors in the records, from 0 (none) to 1: missing units and codes, duplicates, entries in error, odd names and dates.
    today
        The day of the appointments, such as 2026-03-31. Default: today.
    fhir
        The FHIR version.
    out
        The folder for the files; created if it doesn't exist.
    """
    counts: dict[str, int] = {}
    create(out)
    day = today or datetime.date.today()
    options: Any = {"seed": seed, "patients": patients, "today": day, "version": fhir, "messiness": messiness}
    with count_with_bar("Writing patients", patients) as update, open_drafts(out) as files:
        for resource in chain(generate(**options), schedule(**options)):
            kind = resource["resourceType"]
            files.file(f"{kind}.ndjson").write(orjson.dumps(resource) + b"\n")
            counts[kind] = counts.get(kind, 0) + 1
            if kind == "Patient":
                update(counts[kind])
    note_counts(out, counts, "no files, because there are no patients.")
