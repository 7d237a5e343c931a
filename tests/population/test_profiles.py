"""What R4 resources claim in `meta.profile`, against US Core 6.1 itself."""

from __future__ import annotations

import json
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.population.test_generate import everything

Constraint = tuple[str, dict[str, Any]]


def differentials(archive: Path) -> dict[str, list[Constraint]]:
    """Profile url to its differential's elements, by id."""
    found = {}
    with tarfile.open(archive) as packed:
        for name in packed.getnames():
            if re.fullmatch(r"package/StructureDefinition-[^/]*\.json", name):
                file = packed.extractfile(name)
                profile = json.load(file) if file else {}
                found[profile["url"]] = [(each["id"], each) for each in profile["differential"]["element"]]
    return found


def contains(value: Any, pattern: Any) -> bool:
    """FHIR's pattern: everything in it is in the value; a list's members in any order."""
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(k in value and contains(value[k], part) for k, part in pattern.items())
    if isinstance(pattern, list):
        return isinstance(value, list) and all(any(contains(each, part) for each in value) for part in pattern)
    return bool(value == pattern)


def at(value: Any, steps: list[str]) -> Iterator[Any]:
    """The values on a path; a choice element under any of its names."""
    if isinstance(value, list):
        for each in value:
            yield from at(each, steps)
    elif not steps:
        yield value
    elif isinstance(value, dict):
        name = steps[0].partition(":")[0]
        base = name.removesuffix("[x]")
        for key, inside in value.items():
            if key == name or (name != base and key.startswith(base)):
                yield from at(inside, steps[1:])


def faults(resource: dict[str, Any], profile: list[Constraint]) -> Iterator[str]:
    for id, element in profile:
        steps = id.split(".")[1:]
        pattern = next((v for k, v in element.items() if k.startswith(("pattern", "fixed"))), None)
        sliced = ":" in id
        if steps and element.get("min", 0) > 0 and not sliced:
            for parent in at(resource, steps[:-1]):
                if not list(at(parent, steps[-1:])):
                    yield f"{id}: missing"
        if pattern is None:
            continue
        found = [contains(value, pattern) for value in at(resource, steps)]
        if sliced and "Observation.component:" in id and not resource.get("component"):
            continue
        wanted = any(found) if sliced else all(found)
        if not wanted and (not sliced or element.get("min", 0) > 0):
            yield f"{id}: {pattern}"


def test_every_claimed_profile_is_met(shared: Path) -> None:
    profiles = differentials(shared / "data" / "us-core-6.1.0.tgz")
    claimed = [(url, each) for each in everything("r4") for url in each.get("meta", {}).get("profile", ())]
    assert len({url for url, _ in claimed}) > 15
    found = {f"{url}: {fault}" for url, each in claimed for fault in faults(each, profiles[url])}
    assert not found


def test_a_wrong_claim_would_be_caught(shared: Path) -> None:
    profiles = differentials(shared / "data" / "us-core-6.1.0.tgz")
    core = "http://hl7.org/fhir/us/core/StructureDefinition/"
    assert "Patient.identifier: missing" in set(faults({"name": [{"family": "A"}]}, profiles[core + "us-core-patient"]))
    pulse = {"code": {"coding": [{"system": "http://loinc.org", "code": "8310-5"}]}, "valueQuantity": {"value": 1}}
    told = " ".join(faults(pulse, profiles[core + "us-core-heart-rate"]))
    assert "Observation.code: " in told
    assert "unit: missing" in told
