"""`make bench`: measure, print, and write docs/benchmarks.md. `--quick`: short, and nothing is written."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from bench import loading, postgres, report, scenes, starting


def main() -> None:
    """Everything in one run, on this machine, one worker."""
    seconds = 1.0 if "--quick" in sys.argv else 5.0
    with tempfile.TemporaryDirectory(prefix="sickbay-bench-") as folder:
        begun = starting.measure(Path(folder) / "small")
        served = scenes.measure(Path(folder) / "large", seconds)
        loaded = loading.measure(Path(folder) / "large", Path(folder) / "loaded")
    text = report.text(begun, served, loaded, postgres.measure(seconds))
    print(text)
    if "--quick" not in sys.argv:
        report.PAGE.write_text(text, encoding="utf-8")


main()
