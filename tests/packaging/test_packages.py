"""The wheel and the source distribution contain everything that they need, and have the same bytes each time."""

from __future__ import annotations

import re
import tarfile
import time
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest
from tests.packaging.conftest import TIME
from tests.source_copies import copy_sources
from tools.checks.files import ROOT, list_tracked
from tools.release.packages import Packages

from sickbay import __version__
from sickbay.diagnosis import case
from sickbay.doctor import compiled, pages
from tools.release import packages

LARGEST = 3_500_000
"""Bytes of the wheel."""


@pytest.fixture(scope="module")
def metadata(installed: Path) -> Message:
    return Parser().parsestr((installed / f"sickbay-{__version__}.dist-info" / "METADATA").read_text(encoding="utf-8"))


def names_below(folder: str) -> set[str]:
    return {path.relative_to(ROOT).as_posix() for path in list_tracked(ROOT) if path.is_relative_to(ROOT / folder)}


def starters() -> set[str]:
    """The files of the starter apps: of the examples with a manifest, without their READMEs and tests."""
    manifests = [path for path in list_tracked(ROOT) if path.name == "starter.toml"]
    left_out = ("README.md", "tests", "with-mistakes", "playwright.config.js")
    found = {name for path in manifests for name in names_below(path.parent.relative_to(ROOT).as_posix())}
    return {f"src/sickbay/starters/{name.removeprefix('examples/')}" for name in found if not {*name.split("/")} & {*left_out}}


def test_the_wheel_contains_every_file_of_the_package_and_the_documentation(built: Packages) -> None:
    with zipfile.ZipFile(built.wheel) as wheel:
        names = {f"src/{name}" for name in wheel.namelist() if ".dist-info/" not in name}
    rules = {name for name in names_below("src/sickbay/diagnosis/rules") if name.endswith(".md")}
    sources = names_below("src/sickbay/doctor/knowledge") | names_below("src/sickbay/diagnosis/cases") | rules
    data = {f"src/sickbay/{name}" for name in ("doctor/compiled.msgpack", "doctor/topics.msgpack")}
    packed = {f"src/sickbay/{name}.json" for name in ("diagnosis/cases", "diagnosis/rules", "web/docs/pages")}
    assert names == names_below("src/sickbay") - sources | packed | data | starters()


def test_an_installed_sickbay_has_the_pages_of_the_documentation(installed: Path) -> None:
    packed = pages.PAGES._replace(packed=installed / "sickbay" / "web" / "docs" / "pages.json")
    names = {name.removeprefix("docs/") for name in names_below("docs") - names_below("docs/pictures")}
    assert {*packed.list_files("")} == names
    assert all(packed.read_text(name) == (ROOT / "docs" / name).read_text(encoding="utf-8") for name in names)


def test_the_compiled_knowledge_belongs_to_its_sources(built: Packages) -> None:
    with zipfile.ZipFile(built.wheel) as wheel:
        hashed = wheel.read("sickbay/doctor/compiled.msgpack")[: compiled.HASH_BYTES]
    assert hashed == compiled.hash_sources(compiled.list_files())


def test_an_installed_sickbay_reads_the_same_cases_as_a_clone(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    of_the_clone = {id: case.load(path) for id, path in case.list_paths().items()}
    packed = case.CASES._replace(packed=installed / "sickbay" / "diagnosis" / "cases.json")
    monkeypatch.setattr(case, "CASES", packed)
    monkeypatch.setattr(case, "list_paths", case.list_paths.__wrapped__)  # the cached ones are those of the clone
    assert {id: case.load(path) for id, path in case.list_paths().items()} == of_the_clone


def test_the_wheel_is_small(built: Packages) -> None:
    assert built.wheel.stat().st_size < LARGEST


def test_the_wheel_installs_on_every_platform(built: Packages) -> None:
    assert built.wheel.name == f"sickbay-{__version__}-py3-none-any.whl"


def test_the_source_distribution_contains_what_building_and_testing_need(built: Packages) -> None:
    with tarfile.open(built.sdist) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    assert names_below("tests") | names_below("src") | names_below("deploy") | names_below("examples") <= names
    assert {"pyproject.toml", "Makefile", "Containerfile", "compose.yaml", "CHANGELOG.md", "LICENSE", "NOTICE"} <= names


def test_a_wheel_from_the_tree_equals_one_from_the_source_distribution(sources: Path, built: Packages, tmp_path: Path) -> None:
    assert packages.build_wheel(sources, tmp_path, TIME).read_bytes() == built.wheel.read_bytes()


def test_two_builds_give_the_same_bytes(built: Packages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another folder, other permissions, another time zone and later files."""
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    again = packages.build(copy_sources(tmp_path / "other", 0o600), tmp_path / "again", TIME)
    assert again.wheel.read_bytes() == built.wheel.read_bytes()
    assert again.sdist.read_bytes() == built.sdist.read_bytes()


def test_another_commit_time_gives_other_bytes(sources: Path, built: Packages, tmp_path: Path) -> None:
    later = packages.build_wheel(sources, tmp_path, TIME + 86_400)
    assert later.read_bytes() != built.wheel.read_bytes()
    with zipfile.ZipFile(later) as wheel:
        assert {info.date_time for info in wheel.infolist()} == {time.gmtime(TIME + 86_400)[:6]}


def test_the_version_is_the_newest_one_of_the_changelog(metadata: Message) -> None:
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
    assert newest is not None
    assert metadata["Version"] == __version__ == newest[1]


def test_the_extras_are_those_that_the_documents_name(metadata: Message) -> None:
    assert set(metadata.get_all("Provides-Extra", [])) == {"postgres", "exam", "otel"}
    of_postgres = [line for line in metadata.get_all("Requires-Dist", []) if 'extra == "postgres"' in line]
    assert [re.split(r"\W", line)[0] for line in of_postgres] == ["asyncpg", "greenlet"]


def test_the_metadata_name_the_license_and_its_files(metadata: Message) -> None:
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata.get_all("License-File") == ["LICENSE", "NOTICE"]
    assert metadata["Requires-Python"] == ">=3.11"


def test_the_wheel_installs_the_command(installed: Path) -> None:
    entry_points = (installed / f"sickbay-{__version__}.dist-info" / "entry_points.txt").read_text(encoding="utf-8")
    assert "[console_scripts]\nsickbay=sickbay.__main__:main\n" in entry_points.replace(" = ", "=")
