"""Every code of the population has a display that an independent source confirms.

`population/tables/codes.tsv` has the codes of the concepts, each with the source that confirms it, and `confirmed_codes.tsv`
has those that only resources have, such as categories and units. The sources are VSAC (value sets of the National Library of
Medicine, 2022 and 2026), Synthea (its modules), ICD-10-CM (the tabular list of April 2026), CDC (the CVX list of September
2025), the guides and code systems of HL7, or examples (several public ones that agree). Look up a new code before you add it.
If the shared data has a code too, its names have to be similar, except for those that are wrong in the shared data.
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
from sickbay.population import Version, code_tables, drugs, measures, problems, procedure_codes
from sickbay.population.codings import UCUM
from sickbay.population.patient_history import Measure

Coding = tuple[str, str]
ACCEPTED_DIFFERENCES = {
    # Short laboratory names that share no word with the long ones, and one that the synthetic patients have wrong.
    ("http://loinc.org", "13457-7"): "LDLc SerPl Calc-mCnc",
    ("http://loinc.org", "3094-0"): "BUN SerPl-mCnc",
    ("http://loinc.org", "33762-6"): "NT-proBNP",
    ("http://loinc.org", "6690-2"): "WBC Auto (Bld) [#/Vol]",
    ("urn:oid:2.16.840.1.113883.6.238", "2135-2"): "Other",
}
VERSIONS: tuple[Version, ...] = ("r4", "dstu2")
HOSPITAL_ROOT = "http://hospital.sickbay.example/"
"""The root of the hospital's own code systems."""


@cache
def published_displays(shared: Path) -> dict[Coding, set[str]]:
    """Returns the displays of each code in other data: synthetic patients, published examples, the US Core package."""
    displays: dict[Coding, set[str]] = {}
    for folder in ("paired/r4", "paired/dstu2", "synthea-r4/bundles", "examples-r4", "examples-stu3", "examples-dstu2"):
        for file in sorted((shared / "data" / folder).glob("*.gz")):
            text = gzip.decompress(file.read_bytes())
            for line in text.splitlines() if "ndjson" in file.name else [text]:
                _collect(displays, orjson.loads(line))
    with tarfile.open(fileobj=io.BytesIO((shared / "data" / "us-core-6.1.0.tgz").read_bytes())) as package:
        for member in package:
            file_in = package.extractfile(member) if member.name.endswith(".json") else None
            if file_in is not None:
                resource = orjson.loads(file_in.read().removeprefix(b"\xef\xbb\xbf"))
                _collect(displays, resource)
                for include in resource.get("compose", {}).get("include", []):
                    for concept in include.get("concept", []):
                        displays.setdefault((include["system"], concept["code"]), set()).add(concept.get("display", ""))
    return displays


def _collect(displays: dict[Coding, set[str]], node: Any) -> None:
    if isinstance(node, dict):
        system, code = node.get("system"), node.get("code")
        if isinstance(system, str) and isinstance(code, str) and isinstance(node.get("display"), str):
            displays.setdefault((system, code), set()).add(node["display"])
    for child in node.values() if isinstance(node, dict) else node:
        if isinstance(child, dict | list):
            _collect(displays, child)


def generate(version: Version) -> Iterator[tuple[str, str, str]]:
    """Returns every coding with a display in the resources of some patients."""
    displays_of: dict[Coding, set[str]] = {}
    for resource in population.generate(seed=3, patients=25, today=datetime.date(2026, 11, 24), version=version):
        _collect(displays_of, orjson.loads(orjson.dumps(resource)))
    return ((*coding, display) for coding, displays in displays_of.items() for display in displays)


def confirmed_codings() -> set[tuple[str, str, str]]:
    with (Path(__file__).parent / "confirmed_codes.tsv").open(encoding="utf-8", newline="") as file:
        lines = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        assert next(lines) == ["system", "code", "display", "source"]
        elsewhere = {(system, code, display) for system, code, display, _ in lines}
    assert elsewhere.isdisjoint(table_codings())
    return elsewhere | table_codings()


def table_codings() -> set[tuple[str, str, str]]:
    rows = code_tables.read_rows("codes")
    assert [row["name"] for row in rows if not row["source"]] == []
    return {(code_tables.SYSTEMS[row["system"]], row["code"], row["display"]) for row in rows}


@cache
def possible_codings() -> frozenset[tuple[str, str, str]]:
    """Returns every possible coding and unit with its display: those in any version, and in any history."""
    codings_found = set(population.list_codes())
    values = vars(measures).values()
    codings_found.update((UCUM, value.ucum, value.unit) for value in values if isinstance(value, Measure) and value.ucum)
    for version in ("r4", "dstu2", "stu3", "r4b", "r5"):
        resources = population.generate(seed=1, patients=100, today=datetime.date(2026, 11, 24), version=version)
        for resource in resources:
            codings_found.update(codings(resource))
    return frozenset(coding for coding in codings_found if not coding[0].startswith(HOSPITAL_ROOT))


def codings(node: Any) -> Iterator[tuple[str, str, str]]:
    if isinstance(node, dict):
        system, code = node.get("system"), node.get("code")
        if isinstance(system, str) and isinstance(code, str):
            yield system, code, str(node.get("display", node.get("unit", "")))
    for child in node.values() if isinstance(node, dict) else node:
        if isinstance(child, dict | list):
            yield from codings(child)


def similar(first: str, second: str) -> bool:
    """Returns whether two of their words begin alike: Pregnancy and Pregnant, Spirometry and Spirometry (procedure)."""
    words = [{word[:5] for word in re.findall(r"\w{3,}", text.casefold())} for text in (first, second)]
    return bool(words[0] & words[1]) or first.casefold() == second.casefold()


@pytest.mark.parametrize("version", VERSIONS)
def test_a_code_has_a_similar_display_in_published_data(version: Version, shared: Path) -> None:
    published = published_displays(shared)
    compared = [
        (system, code, display, other_display)
        for system, code, display in {*population.list_codes(), *generate(version)}
        for other_display in published.get((system, code), set()) - {"", code, ACCEPTED_DIFFERENCES.get((system, code), "")}
    ]
    assert len(compared) > 150
    assert [row for row in compared if not similar(*row[2:])] == []


def test_every_code_is_confirmed() -> None:
    assert sorted(possible_codings() - confirmed_codings()) == []


def test_every_confirmed_code_is_used() -> None:
    assert sorted(confirmed_codings() - possible_codings()) == []


MODULES = {"problems": problems, "procedure_codes": procedure_codes, "drugs": drugs, "measures": measures}
ATTRIBUTE = re.compile(rf"\b({'|'.join(MODULES)})\.([A-Z][A-Z0-9_]*)\b")


def used_names() -> set[tuple[str, str]]:
    """Returns module and name of each concept, drug and measure that the sources use, except those used within `drugs` and
    `measures`, whose groups are read when they are imported.
    """
    folder = Path(population.__file__).parent
    texts = [path.read_text() for path in folder.rglob("*.py")]
    return {(match[1], match[2]) for text in texts for match in ATTRIBUTE.finditer(text)}


def test_every_name_that_the_sources_use_is_in_the_tables() -> None:
    assert len(used_names()) > 200
    assert [f"{module}.{name}" for module, name in used_names() if not hasattr(MODULES[module], name)] == []


@pytest.mark.parametrize("table", ["drugs", "measures"])
def test_every_drug_and_measure_has_one_row_and_a_code(table: str) -> None:
    names = [row["name"] for row in code_tables.read_rows(table)]
    assert len(names) == len(set(names))
    assert set(names) <= code_tables.read_concepts(table).keys()


def test_displays_without_a_common_word_are_not_similar() -> None:
    assert not similar("apixaban 5 MG Oral Tablet", "warfarin sodium 5 MG")
    assert not similar("Influenza", "Migraine")
    assert similar("MMR", "mmr")


def test_a_display_has_one_code_in_each_system() -> None:
    codes: dict[tuple[str, str], set[str]] = {}
    for system, code, display in population.list_codes():
        codes.setdefault((system, display.casefold()), set()).add(code)
    assert {key: values for key, values in codes.items() if len(values) > 1} == {}


def test_codes_have_the_format_of_their_system() -> None:
    """Includes check digits: LOINC uses Luhn, SNOMED CT uses Verhoeff."""
    for system, code, _ in {*population.list_codes(), *generate("r4")}:
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
    doubled = [int(digit) * (2 - index % 2) for index, digit in enumerate(reversed(number))]
    return -sum(value // 10 + value % 10 for value in doubled) % 10


_MULTIPLICATION = tuple(
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
_PERMUTATION = tuple(
    tuple(map(int, row))
    for row in ("0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415", "7046913258")
)


def _verhoeff(code: str) -> bool:
    checksum = 0
    for index, digit in enumerate(reversed(code)):
        checksum = _MULTIPLICATION[checksum][_PERMUTATION[index % 8][int(digit)]]
    return checksum == 0
