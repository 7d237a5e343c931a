"""Builds the packages of this working tree in dist/: the wheels of Sickbay and pytest-sickbay, and @sickbay/testing for npm."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tools.checks.files import ROOT

from tools.release import checksums, npm, packages

DIST = ROOT / "dist"
MODULES = ROOT / "node_modules"


def main() -> None:
    DIST.mkdir(exist_ok=True)
    built = [*python_packages(ROOT, DIST), *npm_package()]
    checksums.write(DIST, built)
    print("\n".join(f"dist/{file.name}" for file in built))


def python_packages(sources: Path, out: Path) -> list[Path]:
    """Builds both wheels."""
    with tempfile.TemporaryDirectory(prefix="sickbay-packages-") as temporary:
        folder, time = Path(temporary), int((sources / "pyproject.toml").stat().st_mtime)
        wheels = (packages.build(sources, folder / "a", time).wheel, packages.build_plugin(sources, folder / "b", time).wheel)
        return [Path(shutil.copy(wheel, out)) for wheel in wheels]


def npm_package() -> list[Path]:
    """The package for npm; none if Node isn't installed."""
    if shutil.which("npm") is None or not MODULES.is_dir():
        print("packages: npm is missing, so @sickbay/testing isn't packed", file=sys.stderr)
        return []
    return [npm.pack(ROOT, MODULES, DIST)]


if __name__ == "__main__":
    main()
