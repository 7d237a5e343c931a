"""Runs the checks in tools/checks. --write: update generated files first. --words: print every telltale word with its place."""

from __future__ import annotations

import sys
from pathlib import Path

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
    names,
    patterns,
    references,
    secrets,
    sizes,
    telltale,
    untyped,
    variable_names,
)
from tools.checks.files import ROOT, tracked

CHECKS = (
    hosts,
    secrets,
    references,
    formatting,
    sizes,
    cycles,
    class_names,
    decisions,
    dependencies,
    variable_names,
    names,
    telltale,
    generated,
    patterns,
    admin_types,
    install_lines,
    leftovers,
    defaults,
    untyped,
)


def main() -> int:
    if "--write" in sys.argv:
        generated.write(ROOT)
        admin_types.write(ROOT)
        install_lines.write(tracked(ROOT), ROOT)
    paths = tracked(ROOT)
    faults = [fault for check in CHECKS for fault in check.faults(paths, ROOT)]
    notes = [note for check in CHECKS if hasattr(check, "notes") for note in check.notes(paths, ROOT)]
    if "--words" in sys.argv:
        notes += telltale.count(tuple(paths), ROOT).suspect
    names = ", ".join(check.__name__.rpartition(".")[2].replace("_", " ") for check in CHECKS)
    print("\n".join((*notes, *faults)) + ("" if faults else f"\nin order: {names}"))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
