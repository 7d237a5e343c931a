"""Builds everything that a release consists of in dist/, and verifies it. Publishes nothing: docs/releasing.md says how."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from sickbay import __version__
from tools.release import checksums, image, notes, npm, packages, podman, sbom, verify

ROOT = Path(__file__).parents[2]
DIST = ROOT / "dist"


def main() -> None:
    """--no-image: leave out the container image."""
    commit = packages.commit(ROOT)
    text = notes.extract_notes((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), __version__)
    shutil.rmtree(DIST, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="sickbay-release-") as temporary:
        folder = Path(temporary)
        sources = packages.export(ROOT, folder / "sources")
        built = _build_packages(sources, folder, commit.time)
        testing = [*_build_plugin(sources, folder, commit.time), _pack_npm(sources, folder)]
        _say("installing it into an empty environment")
        environment = verify.make_environment(folder / "environment", sources / "requirements" / "runtime.txt")
        bill = sbom.write(sources, environment, __version__, commit.time, DIST / f"sickbay-{__version__}.cdx.json")
        verify.install(environment, built.wheel)
        verify.use(environment, folder / "work")
        archive = [] if "--no-image" in sys.argv else _build_image(sources, commit)
    (DIST / "release-notes.md").write_text(text, encoding="utf-8")
    checksums.write(DIST, [*built, *testing, bill, *archive])
    print("\n".join(f"{file.stat().st_size:>12,}  dist/{file.name}" for file in sorted(DIST.iterdir())))
    if not notes.is_dated((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), __version__):
        _say(f"CHANGELOG.md has no date for {__version__} yet; add it before you tag and publish")


def _build_packages(sources: Path, folder: Path, time: int) -> packages.Packages:
    """Builds the packages twice, and keeps those of the first time in dist/."""
    _say("building the wheel and the source distribution, twice")
    first, second = (packages.build(sources, folder / name, time) for name in ("first", "second"))
    DIST.mkdir()
    return packages.Packages(*_keep_identical(first, second))


def _build_plugin(sources: Path, folder: Path, time: int) -> list[Path]:
    """Builds pytest-sickbay twice, and keeps it in dist/."""
    _say("building pytest-sickbay, twice")
    first, second = (packages.build_plugin(sources, folder / f"plugin-{name}", time) for name in ("first", "second"))
    return _keep_identical(first, second)


def _pack_npm(sources: Path, folder: Path) -> Path:
    """Packs @sickbay/testing twice, and keeps it in dist/."""
    if shutil.which("npm") is None:
        sys.exit("npm is missing, which packs @sickbay/testing (Debian: nodejs, npm).")
    _say("packing @sickbay/testing, twice")
    first, second = (npm.pack(sources, ROOT / "node_modules", folder / f"npm-{name}") for name in ("first", "second"))
    (kept,) = _keep_identical((first,), (second,))
    return kept


def _keep_identical(first: Iterable[Path], second: Iterable[Path]) -> list[Path]:
    """Copies the files of the first build to dist/. Exits if those of the second one differ."""
    pairs = list(zip(first, second, strict=True))
    for earlier, later in pairs:
        if earlier.read_bytes() != later.read_bytes():
            sys.exit(f"Two builds of {earlier.name} differ.")
    return [Path(shutil.copy(earlier, DIST)) for earlier, _ in pairs]


def _build_image(sources: Path, commit: packages.Commit) -> list[Path]:
    """The archive of the image. Nothing if it can't be built here, or only on a base image that isn't for publishing."""
    if not podman.is_available():
        _say("podman is missing, so no image is built (Debian: podman, runc, netavark, nftables)")
        return []
    _say("building the image")
    is_real, name = image.has_base(), f"sickbay:{__version__}"
    image.build(sources, name, revision=commit.revision, epoch=commit.time)
    image.verify(name)
    archive = DIST / f"sickbay-{__version__}-image.tar.gz"
    size = image.save(name, archive)
    _say(f"the compressed image has {size:,} bytes (limit: {image.LARGEST:,})")
    if size > image.LARGEST:
        sys.exit("The image is too large.")
    if is_real:
        return [archive]
    archive.unlink()
    _say("the image works, but its base is a stand-in, so it isn't part of dist/")
    return []


def _say(text: str) -> None:
    print(f"release: {text}", file=sys.stderr)


if __name__ == "__main__":
    main()
