"""Runs the benchmarks (`make bench`), prints the results and writes docs/benchmarks.md.

--quick: a short run that writes nothing. --large: measure the slope up to 100,000 patients. --slope, --scenes: only the slope,
or only the tables of scenes; writes nothing. --against PATH: compare this checkout with another one; writes nothing.
--instructions [SCENE…] [--against PATH]: count instructions instead of measuring time; writes nothing.
--resets [--against PATH]: only resets after writes; writes nothing.
--listening: only what the live list of exchanges adds; writes nothing.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests import run_folder

from bench import alternate, instructions, journaling, listening, loading, postgres, report, resetting, scenes, slope, starting

OPTIONS = {"--quick", "--large", "--slope", "--scenes"}


def main(options: set[str]) -> None:
    """Measure everything in one run, on this machine, with one worker."""
    if options - OPTIONS:
        sys.exit(f"unknown option: {' '.join(sorted(options - OPTIONS))}. Options: {', '.join(sorted(OPTIONS))}")
    seconds = 1.0 if "--quick" in options else 5.0
    with tempfile.TemporaryDirectory(prefix="sickbay-bench-") as folder:
        if "--slope" in options:
            print("\n".join(report.slopes(_measure_slopes(Path(folder), options))))
            return
        if "--scenes" in options:
            served = scenes.measure(Path(folder) / "large", seconds)
            listened = listening.measure(Path(folder) / "listening", seconds)
            print("\n".join(report.scenes(served, journaling.measure(Path(folder) / "journal", 2 * seconds), listened)))
            return
        startup = starting.measure(Path(folder) / "small")
        served = scenes.measure(Path(folder) / "large", seconds)
        loaded = loading.measure(Path(folder) / "large", Path(folder) / "loaded")
        journal = journaling.measure(Path(folder) / "journal", 2 * seconds)
        listened = listening.measure(Path(folder) / "listening", seconds)
        undone = resetting.text(resetting.measure(Path(folder) / "resets"), resetting.suite())
        text = report.text(
            startup,
            served,
            journal,
            listened,
            loaded,
            undone,
            postgres.measure(seconds),
            _measure_slopes(Path(folder), options),
        )
    print(text)
    if "--quick" not in options:
        report.PAGE.write_text(text, encoding="utf-8")


def _measure_slopes(folder: Path, options: set[str]) -> list[slope.Slope]:
    sizes = (200, 2000) if "--quick" in options else (slope.SMALL, 100_000 if "--large" in options else slope.LARGE)
    return slope.measure(folder / "slope", 0.2 if "--quick" in options else 1.0, sizes)


def against(other: str, *more: str) -> None:
    """Compare with the checkout in another folder."""
    if set(more) - {"--quick"} or not (Path(other) / "src" / "sickbay").is_dir():
        sys.exit(f"usage: --against PATH [--quick]. PATH must be another checkout of Sickbay; {other} isn't one.")
    with tempfile.TemporaryDirectory(prefix="sickbay-bench-") as folder:
        print(alternate.text(alternate.measure(Path(folder), Path(other), 0.3 if more else 1.0)))


def count(*arguments: str) -> None:
    """Count the instructions of all scenes or of the named ones, and compare them with those of another checkout."""
    wanted, _, rest = _split_option(arguments, "--against")
    unknown = [name for name in wanted if name not in instructions.names()]
    if unknown or len(rest) > 1:
        sys.exit(f"usage: --instructions [SCENE…] [--against PATH]. Scenes: {', '.join(instructions.names())}")
    if not instructions.available():
        sys.exit("valgrind is missing (Debian: valgrind). `tools/system valgrind` installs it.")
    checkouts = [instructions.CHECKOUT, *(_folder_of_checkout(path) for path in rest)]
    with tempfile.TemporaryDirectory(prefix="sickbay-bench-") as folder:
        print(instructions.text(dict(instructions.measure(Path(folder), wanted or instructions.names(), checkouts))))


def resets(*arguments: str) -> None:
    """Measure resets after writes, and compare them with those of another checkout."""
    unknown, _, rest = _split_option(arguments, "--against")
    if unknown or len(rest) > 1:
        sys.exit("usage: --resets [--against PATH]")
    others = [_folder_of_checkout(path) for path in rest]
    with tempfile.TemporaryDirectory(prefix="sickbay-bench-") as folder:
        measured = [resetting.measure(Path(folder) / str(number), other) for number, other in enumerate([None, *others])]
    print("\n".join(resetting.text(measured[0], resetting.suite(), *measured[1:])))


def listen() -> None:
    """Measure what the live list of exchanges adds to a read."""
    with tempfile.TemporaryDirectory(prefix="sickbay-bench-") as folder:
        print(listening.text(listening.measure(Path(folder), 3.0)))


def _split_option(arguments: tuple[str, ...], option: str) -> tuple[tuple[str, ...], bool, tuple[str, ...]]:
    at = arguments.index(option) if option in arguments else len(arguments)
    return arguments[:at], at < len(arguments), arguments[at + 1 :]


def _folder_of_checkout(path: str) -> Path:
    """Return the folder of another checkout. Exits if it isn't one."""
    if not (Path(path) / "src" / "sickbay").is_dir():
        sys.exit(f"PATH must be another checkout of Sickbay; {path} isn't one.")
    return Path(path).resolve()


run_folder.begin()
if sys.argv[1:2] == ["--against"]:
    against(*(sys.argv[2:] or [""]))
elif sys.argv[1:2] == ["--instructions"]:
    count(*sys.argv[2:])
elif sys.argv[1:] == ["--listening"]:
    listen()
elif sys.argv[1:2] == ["--resets"]:
    resets(*sys.argv[2:])
else:
    main(set(sys.argv[1:]))
