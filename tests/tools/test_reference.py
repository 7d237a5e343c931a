"""docs/reference and the list of rules are complete: they are read as they were committed, and compared with the code."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tools.checks import generated
from tools.reference import checks, options, schema, settings

from sickbay import dialects
from sickbay.authorization.policy import SETTINGS, find_problems
from sickbay.cli.command_line import COMMANDS
from sickbay.cli.commands.apps import Fields
from sickbay.cli.config_file import OPTIONS, TRUSTED
from sickbay.diagnosis import case
from sickbay.diagnosis.catalogue import RULES
from sickbay.diagnosis.kinds import KINDS
from sickbay.doctor import rule_docs
from sickbay.web.admin.openapi import OPERATIONS

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
ARGUMENTS = {"app_context", "as"}
"""Names of arguments, which have no option, so a file can't set them."""


def read(name: str) -> str:
    return (REFERENCE / name).read_text(encoding="utf-8")


def first_cells(name: str) -> set[str]:
    """The code in the first column of the tables of a page."""
    return set(re.findall(r"^\| `([^`]+)`", read(name), re.M))


def test_the_committed_pages_are_those_that_the_code_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["sickbay"])  # cyclopts adds the running program to the usage of subcommands
    assert [*generated.find_problems([], ROOT)] == []


def test_every_command_is_in_the_reference() -> None:
    text = read("commands.md")
    assert all(f"## sickbay {name}\n" in text for name in (*COMMANDS, "apps"))
    assert set(re.findall(r"^### sickbay apps (\w+)$", text, re.M)) >= {"add", "list", "show", "edit", "enable", "remove"}


def test_every_key_of_sickbay_toml_is_in_the_reference_and_in_the_schema() -> None:
    keys = set(OPTIONS) - ARGUMENTS
    assert first_cells("settings.md") == keys
    assert set(json.loads(read("sickbay-toml.schema.json"))["properties"]) == keys | {"policy", "tenants"}
    assert {field.name for field in fields(Fields)} <= keys


def test_every_key_has_a_description_and_a_mark_if_the_current_folder_cannot_set_it() -> None:
    assert [name for name, listed in options.list_options().items() if not all(option.help for option in listed)] == []
    marked = set(re.findall(r"^\| `(\w+)`\*", read("settings.md"), re.M))
    assert marked == set(TRUSTED) & set(options.list_options())


def test_every_policy_is_in_the_reference_and_in_the_schema() -> None:
    assert first_cells("policies.md") == set(SETTINGS)
    assert set(schema.make_document()["$defs"]["policy"]["properties"]) == set(SETTINGS)


def test_every_admin_endpoint_is_in_the_reference() -> None:
    headings = set(re.findall(r"^## ([A-Z]+ /\S+)$", read("admin.md"), re.M))
    assert headings == {f"{operation.method.upper()} {operation.path}" for operation in OPERATIONS}


def test_every_dialect_is_in_the_reference() -> None:
    assert re.findall(r"^## (\w+)$", read("dialects.md"), re.M) == [*dialects.list_names()]


def test_the_list_of_rules_has_every_rule_and_leads_to_its_case() -> None:
    folder = ROOT / "docs" / "rules"
    links = dict(re.findall(r"^- \[`([\w-]+)`\]\((\S+)\): ", (folder / "README.md").read_text(encoding="utf-8"), re.M))
    assert [*links] == [rule.id for rule in sorted(RULES, key=lambda rule: [*rule_docs.group_by_stage()].index(rule.stage))]
    assert {(folder / link).resolve() for link in links.values()} == {
        case.CASES.folder / path for path in case.list_paths().values()
    }


def test_the_list_of_rules_is_the_only_page_about_them_in_the_repository() -> None:
    assert [path.name for path in (ROOT / "docs" / "rules").iterdir()] == ["README.md"]


def test_every_series_of_a_running_server_is_in_the_reference(live: dict[str, Any]) -> None:
    text = httpx2.get(f"{live['base']}/metrics", trust_env=False, timeout=30).text
    served = {name for name in re.findall(r"^# TYPE (sickbay_\w+)", text, re.M) if not name.endswith("_created")}
    assert served == first_cells("metrics.md")


@pytest.mark.parametrize("name", SETTINGS)
def test_a_value_of_another_type_than_the_schema_says_is_refused(name: str) -> None:
    allowed = schema.setting_schema(SETTINGS[name])
    wrong: dict[str, Any] = {"integer": -1, "boolean": "yes", "array": ["no such value"], "string": 5}
    assert find_problems({name: wrong.get(allowed.get("type", ""), "no such value")})


def test_the_schema_names_the_types_that_the_command_line_checks() -> None:
    properties = json.loads(read("sickbay-toml.schema.json"))["properties"]
    assert properties["port"] == {"description": "The port. 0 chooses a free one.", "type": "integer", "default": 7425}
    assert properties["allowed_host"]["items"] == {"type": "string"}
    assert properties["open_sign_in"]["enum"] == ["keyboard", "everyone"]
    assert properties["messiness"]["type"] == "number"


def test_the_example_of_the_readme_has_only_keys_of_the_schema() -> None:
    example = re.search(r"^    port = 7425\n(?:    .*\n)+", (ROOT / "README.md").read_text(encoding="utf-8"), re.M)
    assert example
    given = tomllib.loads(re.sub(r"^    ", "", example[0], flags=re.M))
    properties = schema.make_document()["properties"]
    assert given.keys() <= properties.keys()
    assert given["tenants"].keys() <= properties["tenants"]["properties"].keys()


@pytest.mark.parametrize(
    ("allowed", "words"),
    [
        ({"enum": ["a", 2]}, "`a`, `2`"),
        ({"type": "array", "items": {"type": "string"}}, "list of text"),
        ({"type": "boolean"}, "`true`, `false`"),
        ({"type": "integer"}, "whole number"),
    ],
)
def test_a_schema_is_described_in_words(allowed: dict[str, Any], words: str) -> None:
    assert settings.describe(allowed) == words


def test_every_check_of_a_request_is_in_the_column_of_its_stage() -> None:
    """Each case has a request. Those of the app state have their own column."""
    columns = {head: {check.name for check in listed} for head, listed in checks.list_columns().items()}
    missing = set()
    for path in case.list_paths().values():
        refused = case.load(path).refused
        kind = KINDS[refused["kind"]]
        heads = [head for head in columns if head.split()[0] in (kind.stage.name, "app_state")]
        ran = {check.name for check in kind.checks(kind.request(refused))}
        missing |= ran - set().union(*(columns[head] for head in heads))
    assert missing == set()


def test_the_checks_of_a_stage_have_its_letter_on_the_page() -> None:
    rows = [line.strip("| ").split(" | ") for line in read("checks.md").splitlines() if line.startswith("| `")]
    letters = {name.strip("`"): {cell.strip() for cell in cells} & {*checks.LETTERS} for name, *cells in rows}
    assert letters["state_is_sent"] == {"A"}
    assert letters["scopes_are_well_formed"] == {"R", "A", "K"}
    assert letters["client_is_registered"] == {*"ACFKIV"}
