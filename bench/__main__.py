"""`make bench`: measure, print, and write docs/benchmarks.md.

--quick: short, and nothing is written. --large: the slope up to 100,000 patients. --slope, --scenes: only the slope, or only
the tables of scenes; nothing is written. --against PATH: compares this checkout with another one, nothing is written.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from bench import alternate, journaling, loading, postgres, report, scenes, slope, starting

KNOWN = {"--quick", "--large", "--slope", "--scenes"}


def main(asked: set[str]) -> None:
    """Measures everything in one run, on this machine, with one worker."""
    if asked - KNOWN:
        sys.exit(f"unknown: {' '.join(sorted(asked - KNOWN))}; there are {', '.join(sorted(KNOWN))}")
    seconds = 1.0 if "--quick" in asked else 5.0
    with tempfile.TemporaryDirectory(prefix="sickbay-bench-") as folder:
        if "--slope" in asked:
            print("\n".join(report.slopes(_slopes(Path(folder), asked))))
            return
        if "--scenes" in asked:
            served = scenes.measure(Path(folder) / "large", seconds)
            print("\n".join(report.scenes(served, journaling.measure(Path(folder) / "journal", 2 * seconds))))
            return
        begun = starting.measure(Path(folder) / "small")
        served = scenes.measure(Path(folder) / "large", seconds)
        loaded = loading.measure(Path(folder) / "large", Path(folder) / "loaded")
        kept = journaling.measure(Path(folder) / "journal", 2 * seconds)
        text = report.text(begun, served, kept, loaded, postgres.measure(seconds), _slopes(Path(folder), asked))
    print(text)
    if "--quick" not in asked:
        report.PAGE.write_text(text, encoding="utf-8")


def _slopes(folder: Path, asked: set[str]) -> list[slope.Slope]:
    sizes = (200, 2000) if "--quick" in asked else (slope.SMALL, 100_000 if "--large" in asked else slope.LARGE)
    return slope.measure(folder / "slope", 0.2 if "--quick" in asked else 1.0, sizes)


def against(other: str, *more: str) -> None:
    """Compares with the checkout in this folder."""
    if set(more) - {"--quick"} or not (Path(other) / "src" / "sickbay").is_dir():
        sys.exit(f"usage: --against PATH [--quick]; PATH is another checkout of Sickbay, which {other} is not")
    with tempfile.TemporaryDirectory(prefix="sickbay-bench-") as folder:
        print(alternate.text(alternate.measure(Path(folder), Path(other), 0.3 if more else 1.0)))


if sys.argv[1:2] == ["--against"]:
    against(*(sys.argv[2:] or [""]))
else:
    main(set(sys.argv[1:]))
