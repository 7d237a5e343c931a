"""The starter apps that `sickbay new` copies: their files, their names, and what is never written."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path, PurePosixPath

import pytest

from sickbay.cli import starters
from sickbay.cli.output import CommandError
from sickbay.cli.starters import CHECKOUT, CopiedApp
from sickbay.web.html_response import TEMPLATES

NAMES = ["node-backend-service", "plain-javascript", "python-fastapi-authlib", "react-fhirclient"]
PLACE = CopiedApp("growth-chart", "http://localhost:9999", 8123)


def copy(name: str) -> dict[str, str]:
    return {str(path): text for path, text in starters.read_files(name, starters.load(name), PLACE).items()}


def test_the_starters_are_the_examples_with_a_manifest() -> None:
    assert starters.list_names() == NAMES


def test_the_form_that_registers_an_app_names_a_starter() -> None:
    source = (TEMPLATES / "portal" / "register.html.j2").read_text(encoding="utf-8")
    assert set(re.findall(r"--template ([\w-]+)", source)) <= set(NAMES)
    assert "sickbay new" in source


@pytest.mark.parametrize("name", NAMES)
def test_a_copy_has_the_names_and_addresses_of_the_new_app_everywhere(name: str) -> None:
    starter, files = starters.load(name), copy(name)
    for path, text in files.items():
        assert "7425" not in text, path
        assert "8100" not in text, path
        assert starter.client_id not in text, path
    assert any("growth-chart" in text or "9999" in text for path, text in files.items() if path != "README.md")
    assert "starter.toml" not in files
    assert not any(path.startswith(("starter/", "tests/", "with-mistakes/")) for path in files)
    assert sum(map(len, files.values())) < 20_000


@pytest.mark.parametrize("name", NAMES)
def test_a_copy_installs_nothing_of_sickbay_and_only_pinned_versions(name: str) -> None:
    files = copy(name)
    assert "@sickbay" not in "".join(files.values())
    package = json.loads(files.get("package.json", "{}"))
    versions = [*package.get("dependencies", {}).values(), *package.get("devDependencies", {}).values()]
    versions += [line.partition("==")[2] for line in files.get("requirements.txt", "").splitlines()]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in versions)


def test_the_copy_of_the_react_app_has_the_versions_of_the_example() -> None:
    example = json.loads((CHECKOUT / "react-fhirclient" / "package.json").read_text())
    made = json.loads(copy("react-fhirclient")["package.json"])
    for kind in ("dependencies", "devDependencies"):
        assert made[kind].items() <= example[kind].items()


def test_the_readme_has_the_commands_that_are_printed() -> None:
    starter = starters.load("react-fhirclient")
    commands = starters.next_commands(starter, PLACE, "my apps/growth-chart")
    assert commands == [
        "cd 'my apps/growth-chart' && npm install --no-fund --no-audit",
        "npm run dev",
        "sickbay launch growth-chart --patient p-0001 --open",
    ]
    readme = starters.format_readme(starter, PLACE)
    assert "    npm install --no-fund --no-audit\n    npm run dev\n" in readme
    assert len(starters.next_commands(starters.load("node-backend-service"), PLACE, "a")) == 2


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("raect", "react-fhirclient"),
        ("fastapi", "python-fastapi-authlib"),
        ("Plain-Javascript", "plain-javascript"),
        ("plain-javscript", "plain-javascript"),
        ("node", "node-backend-service"),
        ("", "node-backend-service"),
    ],
)
def test_a_wrong_template_gets_the_nearest(name: str, near: str) -> None:
    with pytest.raises(CommandError, match=f"There is no template {name}. Did you mean {near}\\?") as error:
        starters.load(name)
    assert error.value.code == 2


def test_a_template_that_is_like_no_other_gets_all_of_them() -> None:
    with pytest.raises(CommandError, match=r"There is no template cobol\. The templates are:") as error:
        starters.load("cobol")
    assert all(name in str(error.value) for name in NAMES)
    with pytest.raises(CommandError, match="Choose a template with --template:"):
        starters.load(None)


def test_no_file_is_ever_written_over(tmp_path: Path) -> None:
    files = {PurePosixPath("src/a.js"): "new", PurePosixPath("b"): "new"}
    starters.write(files, tmp_path / "fresh")
    assert (tmp_path / "fresh/src/a.js").read_text() == "new"
    (tmp_path / "empty").mkdir()
    starters.write(files, tmp_path / "empty")
    (tmp_path / "file").write_text("old")
    (tmp_path / "used").mkdir()
    (tmp_path / "used/other").write_text("old")
    for place in ("file", "used", "fresh"):
        with pytest.raises(CommandError, match="Nothing was written"):
            starters.write(files, tmp_path / place)
    assert [path.name for path in (tmp_path / "used").iterdir()] == ["other"]
    starters.write_secret(tmp_path / "secret", "a")
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        starters.write_secret(tmp_path / "secret", "b")


def test_a_port_that_is_in_use_is_not_chosen() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CommandError, match=f"Port {port} is in use"):
            starters.choose_port(port)
    assert starters.choose_port(port) == port
    assert starters.choose_port(None) >= starters.PORT


def test_a_missing_program_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="This template needs npm, which"):
        starters.require_programs(("npm",), str(tmp_path))
    starters.require_programs((), str(tmp_path))
