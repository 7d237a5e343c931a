"""A file of rules has their words, and the Python file of that name has their functions."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_type_hints

import pytest
from tests.laws import for_each

from sickbay.diagnosis import rule_file
from sickbay.diagnosis.answers import meanings
from sickbay.diagnosis.rule import Functions, Rule, Spec, fill_rule
from sickbay.diagnosis.rule_file import find_refusal, read_functions, read_items, read_rules, read_sections, read_texts
from sickbay.diagnosis.rules import FILES
from sickbay.diagnosis.silence import wording
from sickbay.kernel.packed_folder import PackedFolder

FUNCTION_FIELDS = set(get_type_hints(Functions))
CONSTANT_FIELDS = set(Rule.__struct_fields__) - {"id", "stage"} - (FUNCTION_FIELDS - {"severity"})
TEXT = """# Rules about `scope`

## scope-missing
explains: scope-empty
at: token access
root: yes
spec: [RFC 6749, 3.3 (Scope)](https://www.rfc-editor.org/rfc/rfc6749#section-3.3)

`scope` is
missing

-

Send `{expected}`: all of it.
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(rule_file, "_RULES", PackedFolder(tmp_path, tmp_path / "rules.json"))
    (tmp_path / "authorize").mkdir()
    return tmp_path


def test_a_rule_is_read_from_its_section(folder: Path) -> None:
    (folder / "authorize" / "scope.md").write_text(TEXT, encoding="utf-8")
    (text,) = read_texts("authorize.scope")
    assert text.id == "scope-missing"
    assert text.fields == {
        "explains": "scope-empty",
        "at": ("token", "access"),
        "root": True,
        "spec": Spec("RFC 6749, 3.3 (Scope)", "https://www.rfc-editor.org/rfc/rfc6749#section-3.3"),
        "title": "`scope` is missing",
        "why": "",
        "fix": "Send `{expected}`: all of it.",
    }


@pytest.mark.parametrize("change", [("root: yes", "roof: yes"), ("-\n\n", ""), ("Send", "Send\n\nnow")])
def test_a_field_that_no_rule_has_and_a_wrong_number_of_paragraphs_are_errors(folder: Path, change: tuple[str, str]) -> None:
    (folder / "authorize" / "scope.md").write_text(TEXT.replace(*change).replace("scope-empty", "-"), encoding="utf-8")
    with pytest.raises((TypeError, ValueError)):
        list(read_rules("authorize.scope"))


LISTS = """
{expected} by reason, given:
- none: nothing
- exact: `{received}`, as it
is
- otherwise: something else
"""


@for_each(
    "facts, fix",
    [
        ({"reason": "none"}, "Send `nothing`: all of it."),
        ({"reason": "no such reason", "given": "scope:exact", "received": "a"}, "Send ``a`, as it is`: all of it."),
        ({"reason": "none", "expected": "b"}, "Send `b`: all of it."),
        ({}, "Send `something else`: all of it."),
    ],
)
def test_a_list_has_the_texts_of_a_slot_that_is_no_fact(
    facts: dict[str, str], fix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rule_file, "_RULES", PackedFolder(tmp_path, tmp_path / "rules.json"))
    (tmp_path / "scope.md").write_text(TEXT.replace("scope-empty", "-") + LISTS, encoding="utf-8")
    ((_, fields),) = ((text.id, text.fields) for text in read_texts("scope"))
    assert fill_rule(Rule(id="scope-missing", **{**fields, "explains": None}), facts, refused=False).fix == fix


@pytest.mark.parametrize("place", FILES)
def test_each_list_is_for_a_slot_of_its_rule(place: str) -> None:
    slots = [(text, "{" + slot) for text in read_texts(place) for slot in text.fields.get("words", ())]
    assert [
        (text.id, slot) for text, slot in slots if slot not in text.fields["title"] + text.fields["why"] + text.fields["fix"]
    ] == []


@pytest.mark.parametrize("place", FILES)
def test_functions_belong_to_rules_of_the_file_and_constants_are_no_functions(place: str) -> None:
    texts = {text.id: text.fields for text in read_texts(place)}
    functions = read_functions(place)
    assert functions.keys() <= texts.keys()
    assert {name for own in functions.values() for name in own} <= FUNCTION_FIELDS
    assert all(callable(function) for own in functions.values() for function in own.values())
    assert {name for own in texts.values() for name in own} <= CONSTANT_FIELDS
    assert [id for id, own in functions.items() if own.keys() & texts[id].keys()] == []


def test_a_python_file_of_rules_has_functions_for_words() -> None:
    folder = Path(rule_file.__file__).with_name("rules")
    files = [path for path in folder.rglob("*.py") if path.name != "__init__.py"]
    assert [path.name for path in files if not path.with_suffix(".md").is_file()] == []
    assert [path.name for path in files if not re.search("^FUNCTIONS", path.read_text(encoding="utf-8"), re.M)] == []


@pytest.mark.parametrize(
    ("explains", "refusal"), [(None, "scope-missing"), ("state-missing", "state-missing"), ("-", None)], ids=str
)
def test_a_rule_explains_the_refusal_with_its_id_unless_it_says_otherwise(explains: str | None, refusal: str | None) -> None:
    assert find_refusal("scope-missing", explains) == refusal
    assert find_refusal("no-refusal", None) is None


def test_an_item_may_go_on_in_the_next_line_and_its_text_may_have_a_colon() -> None:
    assert read_items("- a: first: text\n- b c: second\ntext\n") == {"a": "first: text", "b c": "second text"}


def test_an_item_without_a_name_is_an_error() -> None:
    with pytest.raises(ValueError, match="update sequence"):
        read_items("- text")


def test_text_before_the_first_heading_and_the_first_item_is_a_comment(tmp_path: Path) -> None:
    page = tmp_path / "words.md"
    page.write_text("# Words\n\nFor tests.\n\n## one\n\nOnly one.\n\n- a: b\n\n## two\n", encoding="utf-8")
    assert read_sections(page) == {"one": {"a": "b"}, "two": {}}


@pytest.mark.parametrize("module", [meanings, wording])
def test_each_page_of_words_has_a_list_below_each_heading(module: object) -> None:
    assert all(read_sections(Path(str(module.__file__)).with_suffix(".md")).values())  # type: ignore[attr-defined]
