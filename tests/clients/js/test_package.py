"""The npm package @sickbay/testing: what it contains, and its types."""

from __future__ import annotations

import json
import re
import shutil
import tarfile
from pathlib import Path

import pytest
from tests.clients.js.conftest import EXAMPLE, PACKAGE, Run
from tests.conftest import ROOT
from tools.checks import admin_types
from tools.checks.install_lines import PUBLISHED, render


def test_the_package_contains_only_what_its_users_need(tarball: Path) -> None:
    with tarfile.open(tarball) as packed:
        names = {name.removeprefix("package/") for name in packed.getnames()}
    assert {name for name in names if not name.startswith("dist/")} == {"package.json", "README.md", "LICENSE"}
    sources = {path.stem for path in (PACKAGE / "src").glob("*.ts")}
    assert {name for name in names if name.startswith("dist/")} == {
        f"dist/{source}{suffix}" for source in sources for suffix in (".js", ".d.ts")
    }


def test_the_package_has_no_dependency_that_is_installed_with_it(tarball: Path) -> None:
    package = json.loads((PACKAGE / "package.json").read_text())
    assert "dependencies" not in package
    assert set(package["peerDependencies"]) == set(package["peerDependenciesMeta"])
    assert all(meta == {"optional": True} for meta in package["peerDependenciesMeta"].values())


def test_the_package_has_the_version_of_the_newest_release_notes() -> None:
    newest = re.search(r"^## (\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest
    assert json.loads((PACKAGE / "package.json").read_text())["version"] == newest[1]


def test_every_entry_point_is_in_the_package(tarball: Path) -> None:
    exports = json.loads((PACKAGE / "package.json").read_text())["exports"]
    paths = [path for entry in exports.values() if isinstance(entry, dict) for path in entry.values()]
    with tarfile.open(tarball) as packed:
        assert {f"package/{path.removeprefix('./')}" for path in paths} <= set(packed.getnames())


def test_the_types_of_admin_are_those_of_the_openapi_document() -> None:
    assert list(admin_types.find_problems([], ROOT)) == []


def test_the_types_accept_the_documented_calls_and_no_others(project: Path, run: Run) -> None:
    checked = [Path(shutil.copy(Path(__file__).parent / name, project / name)) for name in ("types.ts", "globals.d.ts")]
    blocks = re.findall(r"```js\n(.*?)```", (PACKAGE / "README.md").read_text(), re.DOTALL)
    assert len(blocks) == 11
    for number, block in enumerate(blocks):
        checked.append(project / f"block-{number}.js")
        checked[-1].write_text(f"{block}export {{}};\n")
    options = (
        "--strict",
        "--noEmit",
        "--skipLibCheck",
        "--target",
        "es2022",
        "--module",
        "nodenext",
        "--types",
        "node",
        "--noImplicitAny",
        "false",
    )
    run("tsc", "--ignoreConfig", "--allowJs", "--checkJs", *options, *checked)


@pytest.mark.parametrize("kind", ["dependencies", "devDependencies"])
def test_the_example_uses_the_versions_that_the_tests_install(kind: str) -> None:
    installed = json.loads((ROOT / "package.json").read_text())["devDependencies"]
    ours = json.loads((PACKAGE / "package.json").read_text())
    published = f'"{ours["name"]}": "{ours["version"]}"'
    expected = installed | json.loads(f"{{{render(published, 'examples/react-fhirclient/package.json', PUBLISHED)}}}")
    needed = json.loads((EXAMPLE / "package.json").read_text())[kind]
    assert needed == {name: expected[name] for name in needed}
