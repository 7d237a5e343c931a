"""Texts install Sickbay from files until it is published, and one switch rewrites all of them."""

from __future__ import annotations

import json
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest
from tools.checks import install_lines
from tools.checks.files import ROOT, list_tracked
from tools.checks.install_lines import PUBLISHED, WORDINGS, find_by_name, find_problems, render, write

from sickbay import __version__

BUILT = {wording.format(version=__version__) for wording in (install_lines.WHEEL, install_lines.PLUGIN, install_lines.NPM)}


@cache
def texts() -> dict[str, str]:
    return {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
        for path in install_lines._text_files(list_tracked(ROOT), ROOT)
    }


@pytest.mark.parametrize(
    "line",
    [
        "pipx install sickbay",
        "pip install sickbay==0.2.0",
        "pip install -U 'sickbay[postgres]'",
        "python -m pip install --quiet sickbay",
        "uv tool install sickbay",
        "uvx sickbay serve",
        "uv add --dev pytest-sickbay",
        "pip install pytest-sickbay",
        "npm install --save-dev @sickbay/testing",
        "npm i -D @sickbay/testing",
        "npx @sickbay/testing",
        "yarn add @sickbay/testing",
        '"@sickbay/testing": "^0.2.0"',
        "sickbay>=0.2",
        "pytest-sickbay",
        'pip "sickbay==$VERSION"',
    ],
)
def test_a_line_that_lets_a_package_manager_look_for_the_name_is_found(line: str) -> None:
    assert find_by_name(f"First\n{line}\nlast") != []


@pytest.mark.parametrize(
    "line",
    [
        "pipx install ./sickbay-0.2.0-py3-none-any.whl",
        "pip install './sickbay-0.2.0-py3-none-any.whl[postgres]'",
        "pip install ../../dist/pytest_sickbay-0.2.0-py3-none-any.whl",
        "npm install --save-dev ./sickbay-testing-0.2.0.tgz",
        '"@sickbay/testing": "file:../../dist/sickbay-testing-0.2.0.tgz"',
        "uvx --offline sickbay serve",
        "pip install ./sickbay",
        "git clone <this repository> sickbay && cd sickbay",
        "sickbay serve",
        'import { test } from "@sickbay/testing/playwright";',
        "docker run sickbay:0.2.0",
    ],
)
def test_other_lines_are_not_found(line: str) -> None:
    assert find_by_name(line) == []


def test_no_text_of_the_repository_disagrees_with_the_switch() -> None:
    assert list(find_problems(list_tracked(ROOT), ROOT)) == []


def test_the_switch_rewrites_every_text_and_back() -> None:
    changed = 0
    for name, text in texts().items():
        other = render(text, name, not PUBLISHED)
        changed += other != text
        assert render(other, name, not PUBLISHED) == other, name
        assert render(other, name, PUBLISHED) == text, name
        files = re.findall(
            r"[\w./-]*(?:sickbay-[\d.]+-py3|pytest_sickbay-[\d.]+-py3|sickbay-testing-[\d.]+tgz)", render(text, name, True)
        )
        assert [file for file in files if name.startswith(install_lines.EXAMPLES)] == [], name
    assert changed > 10


def test_each_wording_is_used() -> None:
    for wording in WORDINGS:
        assert any(
            install_lines._wording_pattern(wording.local, dist).search(text)
            for text in texts().values()
            for dist in ("./", "../../dist/")
        )


def test_a_text_from_another_version_gets_the_current_one() -> None:
    old = "pipx install ./sickbay-0.0.1-py3-none-any.whl"
    assert render(old, "README.md", False) == f"pipx install ./sickbay-{__version__}-py3-none-any.whl"


def test_the_switch_writes_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "examples").mkdir()
    files = [tmp_path / "README.md", tmp_path / "examples" / "package.json"]
    files[0].write_text("pip install sickbay\n")
    files[1].write_text('"@sickbay/testing": "0.0.1"\n')
    monkeypatch.setattr(install_lines, "PUBLISHED", False)
    assert len(list(find_problems(files, tmp_path))) == 2
    write(files, tmp_path)
    assert files[0].read_text() == f"pip install ./sickbay-{__version__}-py3-none-any.whl\n"
    assert files[1].read_text() == f'"@sickbay/testing": "file:../../dist/sickbay-testing-{__version__}.tgz"\n'
    assert list(find_problems(files, tmp_path)) == []


def test_every_file_that_an_install_line_names_is_one_that_make_packages_builds() -> None:
    name = re.compile(r"(?:\./|dist/)((?:sickbay|pytest_sickbay|sickbay-testing)-[\w.-]+\.(?:whl|tgz))")
    named = {file for path, text in texts().items() for file in name.findall(render(text, path, False))}
    assert named == BUILT


def test_the_versions_of_the_packages_are_the_same() -> None:
    plugin = tomllib.loads((ROOT / "clients/python/pyproject.toml").read_text(encoding="utf-8"))
    package = json.loads((ROOT / "clients/js/package.json").read_text(encoding="utf-8"))
    assert plugin["project"]["version"] == package["version"] == __version__
