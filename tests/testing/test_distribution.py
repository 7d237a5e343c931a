"""The distribution pytest-sickbay: it needs nothing but pytest, and works where Sickbay's own dependencies don't fit."""

from __future__ import annotations

import ast
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.packaging.conftest import TIME
from tests.source_copies import copy_sources
from tools.checks.files import ROOT

import sickbay.testing
from sickbay import __version__
from tools.release import packages

SOURCES = Path(sickbay.testing.__file__).parent
PLUGIN_OF_SICKBAY = "plugin.py"
PARTS = ("clients/python", "src/sickbay/testing", "src/sickbay/py.typed")
"""What a build of the distribution reads."""
NEEDED_BY_PYTEST = ("pytest", "pluggy", "iniconfig", "packaging", "pygments")
OLD_PACKAGES = ("fastapi", "starlette", "uvicorn", "rich", "httpx2")
"""Packages of an app in versions that Sickbay can't use."""
SICKBAY = shlex.join((sys.executable, "-m", "sickbay"))
TEST = """
import starlette

def test_the_fixture_works(sickbay):
    token = sickbay.token(sickbay.app(), "patient/Patient.rs", patient="p-0001")
    assert token["patient"] == "p-0001"
    assert sickbay.storage_state()["cookies"]
    sickbay.clock.advance(60)
    sickbay.assert_sent("token", times=0)
    sickbay.assert_no_refusals()
"""


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    sources = copy_sources(tmp_path_factory.mktemp("plugin-sources"), 0o644, *PARTS)
    return packages.build_plugin(sources, tmp_path_factory.mktemp("plugin-built"), TIME).wheel


@pytest.fixture(scope="session")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment of an app: pytest and pytest-sickbay, no Sickbay, and packages in versions that Sickbay can't use."""
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    installed = Path(sysconfig.get_path("purelib"))
    for name in NEEDED_BY_PYTEST:
        for path in [installed / name, installed / f"_{name}", installed / "py.py", *installed.glob(f"{name}-*.dist-info")]:
            if path.exists() and not (folder / path.name).exists():
                (folder / path.name).symlink_to(path)
    for name in OLD_PACKAGES:
        (folder / f"{name}.py").write_text("class OnlyOldNames: ...\n")
    return folder


def run(site: Path, folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs pytest with the packages of `site` only: -S leaves out those of this interpreter."""
    command = [sys.executable, "-S", "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("SICKBAY_", "PYTEST_"))}
    return subprocess.run(
        command,
        cwd=folder,
        env=inherited | {"PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1"} | environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def imported_modules(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." if node.level else str(node.module).partition(".")[0]


@pytest.mark.parametrize("path", sorted(SOURCES.glob("*.py")), ids=lambda path: path.stem)
def test_a_module_imports_only_the_standard_library_pytest_and_its_own_package(path: Path) -> None:
    others = set(imported_modules(path)) - sys.stdlib_module_names - {".", "pytest"}
    assert others == set()


def test_the_wheel_has_the_same_modules_as_sickbay_but_for_the_plugin_that_steps_aside(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        modules = {name.rpartition("/")[2]: archive.read(name) for name in archive.namelist() if name.endswith(".py")}
    assert modules == {path.name: path.read_bytes() for path in SOURCES.glob("*.py") if path.name != PLUGIN_OF_SICKBAY}


def test_the_plugin_has_sickbays_version_and_licence_and_depends_only_on_pytest() -> None:
    folder = ROOT / "clients" / "python"
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == __version__
    assert [line.partition(">")[0] for line in project["dependencies"]] == ["pytest"]
    assert (folder / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


def test_a_build_leaves_nothing_in_the_repository_and_gives_the_same_bytes_from_the_source_distribution(tmp_path: Path) -> None:
    sources = copy_sources(tmp_path / "sources", 0o644, *PARTS)
    before = {*sources.rglob("*")}
    built = packages.build_plugin(sources, tmp_path / "first", TIME)
    assert [path for path in sorted(sources.rglob("*")) if path not in before and "__pycache__" not in path.parts] == []
    unpacked = packages.unpack(built.sdist, tmp_path / "unpacked")
    assert packages.build_plugin_wheel(unpacked, tmp_path, TIME).read_bytes() == built.wheel.read_bytes()


def test_it_works_with_a_sickbay_of_another_environment_whatever_the_inherited_settings_are(site: Path, tmp_path: Path) -> None:
    (tmp_path / "test_app.py").write_text(TEST)
    settings = {
        "SICKBAY_PORT": "none",
        "SICKBAY_HTTPS": "true",
        "SICKBAY_DATA": "/nowhere",
        "SICKBAY_CONFIG": "/nowhere.toml",
        "SICKBAY_BASE_URL": "https://ehr.example.org",
        "SICKBAY_WORKERS": "0",
        "SICKBAY_REQUIRE_ADMIN_TOKEN": "true",
    }
    done = run(site, tmp_path, "-o", "sickbay_options=--patients 2", SICKBAY_COMMAND=SICKBAY, **settings)
    assert "1 passed" in done.stdout, done.stdout


def test_a_sickbay_on_the_path_is_found(site: Path, tmp_path: Path) -> None:
    (tmp_path / "test_app.py").write_text(TEST)
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "sickbay").write_text(f'#!/bin/sh\nexec {SICKBAY} "$@"\n')
    (programs / "sickbay").chmod(0o755)
    done = run(site, tmp_path, "-o", "sickbay_options=--patients 2", PATH=f"{programs}:/usr/bin:/bin")
    assert "1 passed" in done.stdout, done.stdout


def test_without_sickbay_each_test_fails_with_a_sentence_that_says_what_to_do(site: Path, tmp_path: Path) -> None:
    (tmp_path / "test_app.py").write_text(TEST)
    done = run(site, tmp_path, PATH=str(tmp_path))
    assert "Sickbay isn't installed in this environment" in done.stdout
    assert "--sickbay-command" in done.stdout
    assert "Traceback" not in done.stdout
    assert "1 error" in done.stdout


def test_if_both_are_installed_the_plugin_of_pytest_sickbay_is_used(site: Path, tmp_path: Path) -> None:
    (tmp_path / "test_app.py").write_text(
        "def test_whose_it_is(sickbay):\n    assert type(sickbay).__module__ == 'pytest_sickbay.sandbox_client'\n"
    )
    both = tmp_path / "both"
    both.mkdir()
    for path in site.glob("pytest_sickbay*"):
        (both / path.name).symlink_to(path)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "sickbay_options=--patients 2"]
    environment = os.environ | {"PYTHONPATH": str(both)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_no_sickbay_disables_the_plugin_of_either_distribution(site: Path, tmp_path: Path) -> None:
    (tmp_path / "test_app.py").write_text("def test_uses_it(sickbay): ...\n")
    done = run(site, tmp_path, "-p", "no:sickbay")
    assert "fixture 'sickbay' not found" in done.stdout


@pytest.mark.prove
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "versions", [("fastapi==0.115.*", "uvicorn==0.46.*", "rich==14.*"), ("starlette==0.52.*", "rich==14.*")]
)
def test_it_works_next_to_real_packages_that_conflict_with_those_of_sickbay(
    versions: tuple[str, ...], wheel: Path, tmp_path: Path
) -> None:
    """Needs the package index."""
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", str(wheel), "httpx", *versions], check=True, timeout=300)
    shutil.copy(wheel, tmp_path)
    (tmp_path / "test_app.py").write_text(TEST)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SICKBAY_", "PYTHON"))}
    done = subprocess.run(
        [python, "-m", "pytest", "-q", "--sickbay-command", SICKBAY],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 passed" in done.stdout, done.stdout
