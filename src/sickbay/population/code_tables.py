"""Reads the tables of codes, drugs and measures in `tables/`.

`codes.tsv` has a row for each coding: the module that has the concept, the concept's name there, its text if that isn't the
display, and the source that confirms code and display. A second row with the same name adds a coding. `drugs.tsv` says how the
drugs are taken, `measures.tsv` has units and reference ranges. The modules `problems`, `procedure_codes`, `drugs` and
`measures` have the names as attributes.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import zip_longest
from pathlib import Path
from typing import cast

from sickbay.population.codings import CVX, ICD10, LOINC, RXNORM, SNOMED, Coding, Concept
from sickbay.population.patient_history import Drug, Kind, Measure

FOLDER = Path(__file__).parent / "tables"
SYSTEMS = {"SNOMED CT": SNOMED, "LOINC": LOINC, "RxNorm": RXNORM, "CVX": CVX, "ICD-10-CM": ICD10}
"""The names of the code systems in `codes.tsv`."""

Row = Mapping[str, str]


def read_rows(name: str) -> list[Row]:
    """Returns the rows of a table. Empty fields at the end of a row may be left out."""
    with (FOLDER / f"{name}.tsv").open(encoding="utf-8") as file:
        head, *lines = file.read().splitlines()
    columns = head.split("\t")
    return [dict(zip_longest(columns, line.split("\t"), fillvalue="")) for line in lines]


@cache
def _read_concepts() -> dict[str, dict[str, Concept]]:
    """Returns the concepts of each module by name."""
    tables: dict[str, dict[str, Concept]] = {}
    for row in read_rows("codes"):
        concepts, name = tables.setdefault(row["table"], {}), row["name"]
        coding = Coding(SYSTEMS[row["system"]], row["code"], row["display"])
        if name in concepts:
            concepts[name] = concepts[name]._replace(codes=(*concepts[name].codes, coding))
        else:
            concepts[name] = Concept((coding,), row["text"] or coding.display)
    return tables


def read_concepts(table: str) -> dict[str, Concept]:
    return _read_concepts()[table]


def read_drugs() -> dict[str, Drug]:
    concepts, routes = read_concepts("drugs"), {route.text: route for route in read_concepts("routes").values()}
    return {
        row["name"]: Drug(
            concepts[row["name"]],
            int(row["dose"]),
            row["form"],
            row["taken"],
            int(row["times"]),
            row["when_needed"] == "yes",
            routes[row["route"] or "by mouth"],
        )
        for row in read_rows("drugs")
    }


def read_measures() -> dict[str, Measure]:
    concepts = read_concepts("measures")
    return {row["name"]: _read_measure(row, concepts[row["name"]]) for row in read_rows("measures")}


def _read_measure(row: Row, concept: Concept) -> Measure:
    """Returns a measure. Its range for men is that for women, unless it has its own."""
    female = _read_range(row, "female")
    return Measure(
        row["key"],
        concept,
        cast(Kind, row["kind"]),
        row["unit"],
        row["ucum"],
        int(row["digits"] or 0),
        float(row["spread"] or 0),
        female,
        _read_range(row, "male") or female,
        row["profile"],
    )


def _read_range(row: Row, sex: str) -> tuple[float | None, float | None] | None:
    low, high = (_read_number(row[f"{sex}_{end}"]) for end in ("low", "high"))
    return None if low is high is None else (low, high)


def _read_number(text: str) -> float | None:
    """Returns an int if the text has no decimal point, because the JSON shows the difference."""
    return (float(text) if "." in text else int(text)) if text else None
