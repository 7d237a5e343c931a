"""Whoever looks a code of the population up finds what its display says.

`confirmed_codes.tsv` has each with the kind of source that says the same: VSAC (value sets of the National Library of Medicine,
2022 and 2026), Synthea (its modules), ICD-10-CM (the tabular list of April 2026), CDC (the CVX list of September 2025), the
guides and code systems of HL7, or examples (several public ones that agree). A new code is looked up first, then written there.
Where the shared data have a code too, its names are akin; but they have wrong ones themselves.
"""

from __future__ import annotations

import csv
import datetime
import gzip
import io
import re
import tarfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest

from sickbay import population
from sickbay.population import Version, measures, social_measures
from sickbay.population.codings import UCUM
from sickbay.population.patient_history import Measure

Coding = tuple[str, str]
OTHERWISE = {
    # Short names of laboratories, which share no word with the long ones; and one that synthetic patients have wrong.
    ("http://loinc.org", "13457-7"): "LDLc SerPl Calc-mCnc",
    ("http://loinc.org", "3094-0"): "BUN SerPl-mCnc",
    ("http://loinc.org", "33762-6"): "NT-proBNP",
    ("http://loinc.org", "6690-2"): "WBC Auto (Bld) [#/Vol]",
    ("urn:oid:2.16.840.1.113883.6.238", "2135-2"): "Other",
}
VERSIONS: tuple[Version, ...] = ("r4", "dstu2")
OWN = "http://hospital.sickbay.example/"
"""Root of the hospital's own code systems."""


@cache
def others(shared: Path) -> dict[Coding, set[str]]:
    """What others call each code: synthetic patients, published examples, the package of US Core."""
    found: dict[Coding, set[str]] = {}
    for folder in ("paired/r4", "paired/dstu2", "synthea-r4/bundles", "examples-r4", "examples-stu3", "examples-dstu2"):
        for file in sorted((shared / "data" / folder).glob("*.gz")):
            text = gzip.decompress(file.read_bytes())
            for line in text.splitlines() if "ndjson" in file.name else [text]:
                _note(found, orjson.loads(line))
    with tarfile.open(fileobj=io.BytesIO((shared / "data" / "us-core-6.1.0.tgz").read_bytes())) as package:
        for member in package:
            file_in = package.extractfile(member) if member.name.endswith(".json") else None
            if file_in is not None:
                resource = orjson.loads(file_in.read().removeprefix(b"\xef\xbb\xbf"))
                _note(found, resource)
                for include in resource.get("compose", {}).get("include", []):
                    for one in include.get("concept", []):
                        found.setdefault((include["system"], one["code"]), set()).add(one.get("display", ""))
    return found


def _note(found: dict[Coding, set[str]], node: Any) -> None:
    if isinstance(node, dict):
        system, code = node.get("system"), node.get("code")
        if isinstance(system, str) and isinstance(code, str) and isinstance(node.get("display"), str):
            found.setdefault((system, code), set()).add(node["display"])
    for one in node.values() if isinstance(node, dict) else node:
        if isinstance(one, dict | list):
            _note(found, one)


def told(version: Version) -> Iterator[tuple[str, str, str]]:
    """Every coding with a display in the resources of some patients."""
    found: dict[Coding, set[str]] = {}
    for resource in population.generate(seed=3, patients=25, today=datetime.date(2026, 11, 24), version=version):
        _note(found, orjson.loads(orjson.dumps(resource)))
    return ((*coding, display) for coding, displays in found.items() for display in displays)


def confirmed() -> set[tuple[str, str, str]]:
    with (Path(__file__).parent / "confirmed_codes.tsv").open(encoding="utf-8", newline="") as file:
        lines = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        assert next(lines) == ["system", "code", "display", "source"]
        return {(system, code, display) for system, code, display, _ in lines}


@cache
def written() -> frozenset[tuple[str, str, str]]:
    """Every coding and every unit that there can be, with its display: of any version, and of what a life may be told with."""
    found = set(population.codes())
    measured = [*vars(measures).values(), *vars(social_measures).values()]
    found.update((UCUM, each.ucum, each.unit) for each in measured if isinstance(each, Measure) and each.ucum)
    for version in ("r4", "dstu2", "stu3", "r4b", "r5"):
        made = population.generate(seed=1, patients=100, today=datetime.date(2026, 11, 24), version=version)
        for resource in made:
            found.update(codings(resource))
    return frozenset(one for one in found if not one[0].startswith(OWN))


def codings(node: Any) -> Iterator[tuple[str, str, str]]:
    if isinstance(node, dict):
        system, code = node.get("system"), node.get("code")
        if isinstance(system, str) and isinstance(code, str):
            yield system, code, node.get("display", node.get("unit", ""))
    for one in node.values() if isinstance(node, dict) else node:
        if isinstance(one, dict | list):
            yield from codings(one)


def akin(one: str, other: str) -> bool:
    """Two of their words begin alike: Pregnancy and Pregnant, Spirometry and Spirometry (procedure)."""
    words = [{word[:5] for word in re.findall(r"\w{3,}", text.casefold())} for text in (one, other)]
    return bool(words[0] & words[1]) or one.casefold() == other.casefold()


@pytest.mark.parametrize("version", VERSIONS)
def test_a_code_that_others_use_too_means_what_they_mean(version: Version, shared: Path) -> None:
    known = others(shared)
    compared = [
        (system, code, display, called)
        for system, code, display in {*population.codes(), *told(version)}
        for called in known.get((system, code), set()) - {"", code, OTHERWISE.get((system, code), "")}
    ]
    assert len(compared) > 150
    assert [one for one in compared if not akin(*one[2:])] == []


def test_every_code_was_looked_up_and_says_what_its_display_says() -> None:
    assert sorted(written() - confirmed()) == []


def test_what_was_looked_up_and_is_written_no_more_is_struck_from_the_list() -> None:
    assert sorted(confirmed() - written()) == []


def test_words_that_have_nothing_in_common_are_not_akin() -> None:
    assert not akin("apixaban 5 MG Oral Tablet", "warfarin sodium 5 MG")
    assert not akin("Influenza", "Migraine")
    assert akin("MMR", "mmr")


def test_nothing_has_two_codes_in_one_system() -> None:
    codes: dict[tuple[str, str], set[str]] = {}
    for system, code, display in population.codes():
        codes.setdefault((system, display.casefold()), set()).add(code)
    assert {key: found for key, found in codes.items() if len(found) > 1} == {}


def test_codes_have_the_form_of_their_system() -> None:
    """With check digits where there are any: LOINC's by Luhn, SNOMED's by Verhoeff."""
    for system, code, _ in {*population.codes(), *told("r4")}:
        if system == "http://loinc.org" and not code.startswith(("LA", "LP")):
            number, _, digit = code.partition("-")
            assert _luhn(number) == int(digit), code
        elif system == "http://snomed.info/sct":
            assert _verhoeff(code), code
        elif system.endswith("rxnorm"):
            assert re.fullmatch(r"\d{4,7}", code), code
        elif system.endswith("sid/cvx"):
            assert re.fullmatch(r"\d{2,3}", code), code
        elif system.endswith("icd-10-cm"):
            assert re.fullmatch(r"[A-Z]\d[0-9A-Z](\.[0-9A-Z]{1,4})?", code), code


def _luhn(number: str) -> int:
    doubled = [int(one) * (2 - at % 2) for at, one in enumerate(reversed(number))]
    return -sum(one // 10 + one % 10 for one in doubled) % 10


_TIMES = tuple(
    tuple(map(int, row))
    for row in (
        "0123456789",
        "1234067895",
        "2340178956",
        "3401289567",
        "4012395678",
        "5987604321",
        "6598710432",
        "7659821043",
        "8765932104",
        "9876543210",
    )
)
_MOVED = tuple(
    tuple(map(int, row))
    for row in ("0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415", "7046913258")
)


def _verhoeff(code: str) -> bool:
    held = 0
    for at, one in enumerate(reversed(code)):
        held = _TIMES[held][_MOVED[at % 8][int(one)]]
    return held == 0
