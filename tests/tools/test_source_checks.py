"""The checks of tools/checks that read Python, each with a file that passes and one that fails."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType, ModuleType

import pytest
from tests.tools.trees import faults
from tools.checks import (
    class_names,
    cycles,
    decisions,
    defaults,
    dependencies,
    formatting,
    hosts,
    leftovers,
    maps,
    names,
    sizes,
    stages,
    untyped,
    variable_names,
)
from tools.checks.files import ROOT

A, B, C = (f"src/sickbay/{name}.py" for name in "abc")
FORWARD = {A: "from sickbay.b import B\n", B: "from sickbay import c\n"}


@pytest.mark.parametrize(
    "back",
    [
        "import sickbay.a\n",
        "from sickbay import a\n",
        "from sickbay.a import x\n",
        "from . import a\n",
        "from .a import x\n",
        "if TYPE_CHECKING:\n    from sickbay.a import x\n",
        "def f():\n    from sickbay.a import x\n",
    ],
)
def test_a_cycle_is_found_however_it_is_imported(tmp_path: Path, back: str) -> None:
    assert faults(cycles.find_problems, tmp_path, FORWARD | {C: back}) == ["import cycle: sickbay.a, sickbay.b, sickbay.c"]


def test_a_cycle_through_the_packages_around_a_file_is_found(tmp_path: Path) -> None:
    files = {
        "src/sickbay/__init__.py": "",
        "src/sickbay/a/__init__.py": "from sickbay.a import first\n",
        "src/sickbay/a/first.py": "from sickbay.b import third\n",
        "src/sickbay/a/second.py": "",
        "src/sickbay/b/__init__.py": "",
        "src/sickbay/b/third.py": "from sickbay.a import second\n",
    }
    assert faults(cycles.find_problems, tmp_path, files) == ["import cycle: sickbay.a, sickbay.a.first, sickbay.b.third"]
    assert faults(cycles.find_problems, tmp_path / "other", files | {"src/sickbay/a/__init__.py": ""}) == []


def test_imports_in_one_direction_are_not_a_cycle(tmp_path: Path) -> None:
    assert faults(cycles.find_problems, tmp_path, FORWARD | {C: "import json\n", "src/sickbay/__init__.py": ""}) == []


def test_a_class_name_is_defined_once_in_src(tmp_path: Path) -> None:
    files = {A: "class Code: ...\nclass _Own: ...\n", B: "class _Own: ...\n", "tests/t.py": "class Code: ...\n"}
    assert faults(class_names.find_problems, tmp_path, files) == []
    twice = files | {B: "class Code: ...\n"}
    message = "class Code is defined 2 times: src/sickbay/a.py:1, src/sickbay/b.py:1; rename all but one"
    assert faults(class_names.find_problems, tmp_path / "twice", twice) == [message]


@pytest.mark.parametrize("comment", ["# fmt: " + "skip", "#fmt:" + "off", "x = 1  # fmt: " + "skip"])
def test_the_formatter_is_never_switched_off(tmp_path: Path, comment: str) -> None:
    assert len(faults(formatting.find_problems, tmp_path, {A: f"{comment}\n"})) == 1
    assert faults(formatting.find_problems, tmp_path, {A: f"x = '{comment}'  # formatted\n"}) == []


def test_uses_and_bindings_of_a_vague_name_are_counted(tmp_path: Path) -> None:
    text = "def f(one):\n    return [one for one in one.one]\n"
    listed = {"tools/checks/ceilings.toml": "variables_called_one = 4\n"}
    assert faults(variable_names.find_problems, tmp_path, {A: text} | listed) == []
    assert len(faults(variable_names.find_problems, tmp_path / "more", {A: text, B: "one = 1\n"} | listed)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "decision.intended_context = 1",
        "decision.context.given = 1",
        "loaded.context.answer = 1",
        "a, decision.b = 1, 2",
        "x[0].context.c += 1",
    ],
)
def test_setting_an_attribute_of_a_decision_is_a_fault(tmp_path: Path, text: str) -> None:
    assert len(faults(decisions.find_problems, tmp_path, {A: text + "\n"})) == 1


@pytest.mark.parametrize("text", ["self.decision = 1", "decision = 1", "context.flags = 1", "self.known: int = 1"])
def test_an_object_may_keep_a_decision(tmp_path: Path, text: str) -> None:
    assert faults(decisions.find_problems, tmp_path, {A: text + "\n"}) == []


if sys.version_info >= (3, 12):  # Python 3.11 refuses the class itself

    def test_a_default_that_python_3_11_refuses_is_a_fault() -> None:
        @dataclass
        class Options:
            names: Mapping[str, str] = MappingProxyType({})
            part: slice = slice(1)
            count: int = 1
            more: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

        module = ModuleType(Options.__module__)
        module.Options = Options  # type: ignore[attr-defined]
        assert [fault.partition(":")[0].rpartition(".")[2] for fault in defaults.find_refused(module)] == ["names", "part"]


@pytest.mark.parametrize("text", ["MOST = 5", "_LONG: int = 5", "A, MANY = 1, 2"])
def test_a_constant_without_its_meaning_and_unit_is_a_fault(tmp_path: Path, text: str) -> None:
    assert len(faults(names.find_problems, tmp_path, {A: f"{text}\n"})) == 1
    assert (
        faults(names.find_problems, tmp_path / "b", {A: "MAXIMUM_ROWS = 5\nMOST_ROWS = 1\ndef read():\n    MOST = 1\n"}) == []
    )


@pytest.mark.parametrize("name", ["granted", "_listed", "held_by", "made", "wrong", "_plain", "signed_in", "refused_again"])
def test_a_function_named_by_a_participle_or_an_adjective_is_refused(tmp_path: Path, name: str) -> None:
    text = f"class C:\n    async def {name}(self): ...\n"
    more, place = faults(names.find_problems, tmp_path, {A: text})
    assert more == "functions in src/sickbay named by participles: 1, more than 0; name what they do"
    assert place == f"{A}:2: {name}"


@pytest.mark.parametrize(
    "name", ["list_granted", "is_listed", "granted_scopes", "known_types", "feed", "need", "read", "__call__"]
)
def test_a_verb_a_question_or_a_noun_may_name_a_function(tmp_path: Path, name: str) -> None:
    assert faults(names.find_problems, tmp_path, {A: f"def {name}(): ...\n"}) == []


def test_a_noun_is_refused_as_the_name_of_a_public_function_of_src(tmp_path: Path) -> None:
    text = "async def row(): ...\ndef read(): ...\ndef import_(): ...\ndef _row(): ...\nclass C:\n    def row(self): ...\n"
    assert faults(names.find_problems, tmp_path, {A: text}) == [f"{A}:1: row doesn't say what the function does"]
    allowed = {"tests/a.py": text, "src/sickbay/cli/commands/row.py": text}
    assert faults(names.find_problems, tmp_path / "allowed", allowed) == []


@pytest.mark.parametrize("decorator", ["property", "functools.cached_property", "pytest.fixture(scope='module')"])
def test_a_value_may_be_named_by_a_participle(tmp_path: Path, decorator: str) -> None:
    assert faults(names.find_problems, tmp_path, {A: f"@{decorator}\ndef granted(self): ...\n"}) == []


def test_participles_are_refused_above_their_ceiling(tmp_path: Path) -> None:
    ceilings = {"tools/checks/ceilings.toml": "functions_named_by_participles_in_tests = 1\n"}
    text = "def stored(): ...\n"
    assert faults(names.find_problems, tmp_path, {"tests/a.py": text} | ceilings) == []
    assert len(faults(names.find_problems, tmp_path / "more", {"tests/a.py": text * 2} | ceilings)) == 3


def test_no_module_is_exempt_from_mypy(tmp_path: Path) -> None:
    table = '[[tool.mypy.overrides]]\nmodule = ["yaml"]\nignore_missing_imports = true\n'
    assert faults(untyped.find_problems, tmp_path, {"pyproject.toml": table}) == []
    table += '[[tool.mypy.overrides]]\nignore_errors = true\nmodule = ["tests.a"]\n'
    assert len(faults(untyped.find_problems, tmp_path, {"pyproject.toml": table})) == 1


def test_a_key_made_from_id_is_a_fault(tmp_path: Path) -> None:
    assert len(faults(decisions.find_problems, tmp_path, {A: "cache[id(headers)] = 1\nx = (id(a), 2)\n"})) == 2
    assert faults(decisions.find_problems, tmp_path / "good", {A: "cache[headers.id] = self.id(a)\n"}) == []


def test_files_and_functions_have_a_maximum_size(tmp_path: Path) -> None:
    lines = "def f():\n" + "    x = 1\n" * 59
    assert faults(sizes.find_problems, tmp_path, {A: lines}) == []
    assert len(faults(sizes.find_problems, tmp_path, {B: lines + "    x = 1\n"})) == 1
    assert faults(sizes.find_problems, tmp_path / "file", {A: "x = 1\n" * 400}) == []
    assert len(faults(sizes.find_problems, tmp_path / "file", {C: "x = 1\n" * 401})) == 1


LISTED = "backend", "authorize", "login", "token", "pkce", "refresh", "access", "search", "browser"


@pytest.mark.parametrize(
    "source",
    [
        f"{LISTED}",
        f"{{{str(LISTED)[1:-1]}}}",
        f"{dict.fromkeys(LISTED, 1)}",
        f"Literal[{LISTED}]",
        f"'{' '.join(LISTED)}'.split()",
    ],
)
def test_a_second_list_of_stages_is_a_fault(tmp_path: Path, source: str) -> None:
    assert len(faults(stages.find_problems, tmp_path, {A: f"x = 1\ny = {source}\n"})) == 1
    assert faults(stages.find_problems, tmp_path / "the_list", {stages.LIST: f"y = {source}\n"}) == []
    assert faults(stages.find_problems, tmp_path / "fewer", {A: f"y = {source.replace('browser', 'tab')}\n"}) == []


def test_a_list_in_a_lower_layer_may_have_only_names_of_stages(tmp_path: Path) -> None:
    (below,) = stages.BELOW
    assert faults(stages.find_problems, tmp_path, {below: f"y = {LISTED}\n"}) == []
    (reported,) = faults(stages.find_problems, tmp_path / "other", {below: f"y = {(*LISTED, 'stroll')}\n"})
    assert reported == f"{below}:1: stroll is no stage of {stages.LIST}"


def test_an_empty_file_is_a_fault(tmp_path: Path) -> None:
    assert faults(leftovers.find_problems, tmp_path, {"src/a.py": ""}) == ["src/a.py: is empty; delete it"]
    assert faults(leftovers.find_problems, tmp_path, {"src/a.py": "x = 1\n", "src/py.typed": ""}) == []


@pytest.mark.parametrize("name", ["toksql.py", "notes.txt", "toksql/pages.html", ".env"])
def test_an_unknown_file_in_the_root_folder_is_a_fault(tmp_path: Path, name: str) -> None:
    reported = faults(leftovers.find_problems, tmp_path, {name: "x", "README.md": "x", f"src/{name}": "x"})
    unknown = Path(name).parts[0]
    assert reported == [f"{unknown}: isn't expected in the root folder; move it, or add it to tools/checks/leftovers.py"]


def test_the_host_of_a_registry_is_a_fault(tmp_path: Path) -> None:
    assert len(faults(hosts.find_problems, tmp_path, {"a.txt": "https://files." + "npmjs" + ".org/x"})) == 1
    assert faults(hosts.find_problems, tmp_path, {"a.txt": "npm, pip"}) == []


PROJECT = '[project]\ndependencies = ["orjson>=3", "joserfc"]\n[project.optional-dependencies]\npostgres = ["asyncpg>=0.30"]\n'
USING = {"pyproject.toml": PROJECT, A: "import json, orjson\nfrom joserfc import jwt\nimport asyncpg\nimport sickbay.b\n"}


def test_every_dependency_is_imported_and_every_import_declared(tmp_path: Path) -> None:
    assert faults(dependencies.find_problems, tmp_path, USING) == []


def test_a_dependency_without_an_import_and_an_import_without_a_dependency_are_found(tmp_path: Path) -> None:
    unused = USING | {"pyproject.toml": PROJECT.replace('"joserfc"', '"joserfc", "apsw"')}
    assert faults(dependencies.find_problems, tmp_path, unused) == [
        "pyproject.toml: apsw is a dependency, and no file of src imports it"
    ]
    undeclared = USING | {B: "from markupsafe import escape\n"}
    reported = faults(dependencies.find_problems, tmp_path / "b", undeclared)
    assert reported == ["pyproject.toml: src imports markupsafe, which is not a dependency"]


def test_distributions_that_share_a_namespace_package_are_told_apart(tmp_path: Path) -> None:
    declared = USING | {"pyproject.toml": PROJECT.replace('"joserfc"', '"joserfc", "opentelemetry-sdk"')}
    imports = "from opentelemetry.sdk.trace import TracerProvider\n"
    assert faults(dependencies.find_problems, tmp_path, declared | {B: imports}) == []
    reported = faults(
        dependencies.find_problems, tmp_path / "b", declared | {B: imports + "import opentelemetry.proto.trace.v1.trace_pb2\n"}
    )
    assert reported == ["pyproject.toml: src imports opentelemetry-proto, which is not a dependency"]


def test_the_dependencies_of_sickbay_are_those_that_it_imports() -> None:
    assert [*dependencies.find_problems([*(ROOT / "src").rglob("*.py")], ROOT)] == []


def test_a_docstring_that_lists_modules_lists_all_of_them_and_no_others(tmp_path: Path) -> None:
    package = {f"src/p/{name}.py": "" for name in "abc"} | {"src/p/d/__init__.py": ""}
    text = '"""A package.\n\na     one\nb, c  two and three\nd     a folder\n"""\n'
    assert faults(maps.find_problems, tmp_path, package | {"src/p/__init__.py": text}) == []
    wrong = text.replace("b, c", "b, x")
    assert faults(maps.find_problems, tmp_path, package | {"src/p/__init__.py": wrong}) == [
        "src/p/__init__.py: lists no c",
        "src/p/__init__.py: lists x, which isn't there",
    ]


def test_a_docstring_of_sentences_lists_nothing(tmp_path: Path) -> None:
    assert faults(maps.find_problems, tmp_path, {"src/p/__init__.py": '"""A package.\n\na  one\n"""\n', "src/p/b.py": ""}) == []
