"""Runs the checks in tools/checks, or those that are named: tools/check.py sizes names. All take about a minute.

--write: update generated files first. --words: print every telltale word with its place.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

sys.path.insert(0, str(Path(__file__).parents[1]))

from tools.checks import (
    admin_types,
    class_names,
    cycles,
    decisions,
    defaults,
    dependencies,
    formatting,
    generated,
    hosts,
    install_lines,
    leftovers,
    maps,
    names,
    patches,
    patterns,
    references,
    secrets,
    sizes,
    stages,
    telltale,
    untyped,
    variable_names,
    walks,
)
from tools.checks.files import ROOT, list_tracked

CHECKS = (
    hosts,
    secrets,
    references,
    formatting,
    sizes,
    cycles,
    class_names,
    stages,
    decisions,
    dependencies,
    variable_names,
    names,
    telltale,
    generated,
    patches,
    patterns,
    admin_types,
    install_lines,
    leftovers,
    maps,
    defaults,
    untyped,
    walks,
)


def _name_of_check(check: ModuleType) -> str:
    return check.__name__.rpartition(".")[2]


def _select_checks(names: list[str]) -> tuple[ModuleType, ...]:
    """The checks of these names, or all if none is named. Raises SystemExit if a name is unknown."""
    if unknown := sorted(set(names) - {_name_of_check(check) for check in CHECKS}):
        sys.exit(f"There is no check {', '.join(unknown)}. Checks: {', '.join(_name_of_check(check) for check in CHECKS)}")
    return tuple(check for check in CHECKS if not names or _name_of_check(check) in names)


def main() -> int:
    checks = _select_checks([argument for argument in sys.argv[1:] if not argument.startswith("--")])
    if "--write" in sys.argv:
        generated.write(ROOT)
        admin_types.write(ROOT)
        install_lines.write(list_tracked(ROOT), ROOT)
    paths = list_tracked(ROOT)
    faults = [fault for check in checks for fault in check.find_problems(paths, ROOT)]
    notes = [note for check in checks if hasattr(check, "list_notes") for note in check.list_notes(paths, ROOT)]
    if "--words" in sys.argv:
        notes += telltale.count(tuple(paths), ROOT).suspect
    names = ", ".join(_name_of_check(check).replace("_", " ") for check in checks)
    print("\n".join((*notes, *faults)) + ("" if faults else f"\nin order: {names}"))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
