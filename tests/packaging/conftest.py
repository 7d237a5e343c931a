"""The packages, built once from the files that git tracks or would add."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest
from tests.conftest import skip_or_fail
from tests.once import once
from tests.source_copies import link_sources
from tools.release.packages import Packages

from sickbay import __version__
from tools.release import image, packages, podman

TIME = 1_700_000_000


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return link_sources(tmp_path_factory)


@pytest.fixture(scope="session")
def built(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Packages:
    folder = once(tmp_path_factory, "packages", lambda folder: packages.build(sources, folder, TIME))
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return Packages(wheel, sdist)


@pytest.fixture(scope="session")
def installed(built: Packages, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's content in a folder, as an installer would put it into site-packages."""

    def unpack(folder: Path) -> None:
        with zipfile.ZipFile(built.wheel) as wheel:
            wheel.extractall(folder)

    return once(tmp_path_factory, "site-packages", unpack)


@pytest.fixture
def isolated(installed: Path, tmp_path: Path) -> dict[str, str]:
    """An environment in which Python finds the wheel instead of the repository."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SICKBAY_", "XDG_"))}
    return kept | {"PYTHONPATH": str(installed), "HOME": str(tmp_path / "home")}


@pytest.fixture(scope="session")
def built_image(sources: Path) -> str:
    """The name of the image, built as docs/container.md says. It stays, so that the next build is faster."""
    if not podman.is_available():
        skip_or_fail("podman", "no podman on the PATH")
    image.has_base()
    name = f"sickbay:{__version__}"
    image.build(sources, name, revision="test", epoch=TIME)
    return name
