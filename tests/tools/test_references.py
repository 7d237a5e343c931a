"""Names of files and exceptions in documentation and docstrings."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.tools.trees import faults
from tools.checks import references

CODE = "src/sickbay/web/health.py"


@pytest.mark.parametrize("name", ["web/health.py", "sickbay/web/health.py", CODE, "`health.py`"])
def test_a_file_may_be_named_by_the_end_of_its_path(tmp_path: Path, name: str) -> None:
    assert faults(references.find_problems, tmp_path, {CODE: "", "ARCHITECTURE.md": f"See {name}.\n"}) == []


@pytest.mark.parametrize("name", ["web/healthy.py", "site/health.py", "`healthy.py`"])
@pytest.mark.parametrize("file", ["docs/guide.md", "src/sickbay/other.py"])
def test_a_file_that_does_not_exist_is_found(tmp_path: Path, name: str, file: str) -> None:
    text = f"# one\n# See {name}.\n"
    assert faults(references.find_problems, tmp_path, {CODE: "", file: text}) == [
        f"{file}:2: no file is called {name.strip('`')}"
    ]


@pytest.mark.parametrize("text", ["web/{product}/handlers.py", "commands/*.py", "<stage>/rules.py", "app.py"])
def test_patterns_and_names_without_a_folder_are_not_searched(tmp_path: Path, text: str) -> None:
    assert faults(references.find_problems, tmp_path, {CODE: "", "docs/guide.md": text}) == []


def test_the_changelog_and_the_tests_may_name_files_that_are_gone(tmp_path: Path) -> None:
    files = {CODE: "", "CHANGELOG.md": "`gone.py`", "tests/test_app.py": "# web/gone.py\n"}
    assert faults(references.find_problems, tmp_path, files) == []


@pytest.mark.parametrize("known", ["class Refused(Exception): ...", "from a import Refused", "x = a.Refused"])
def test_an_exception_in_a_docstring_is_defined_or_imported(tmp_path: Path, known: str) -> None:
    docstring = 'def f():\n    """Reads. Raises Refused and ValueError."""\n'
    assert faults(references.find_problems, tmp_path, {CODE: f"{known}\n{docstring}"}) == []


@pytest.mark.parametrize("raised", ["Refused", "ValueError and Refused", "ValueError, Refused or KeyError"])
def test_an_exception_that_does_not_exist_is_found(tmp_path: Path, raised: str) -> None:
    docstring = f'def f():\n    """Reads. Raises {raised} if it is empty."""\n'
    message = f"{CODE}: a docstring says that Refused is raised, which doesn't exist"
    assert faults(references.find_problems, tmp_path, {CODE: docstring}) == [message]
