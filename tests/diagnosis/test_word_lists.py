"""A list of words in Markdown is read by the names of its items."""

from __future__ import annotations

from pathlib import Path

import pytest

from sickbay.diagnosis.answers import meanings
from sickbay.diagnosis.silence import wording
from sickbay.diagnosis.word_lists import read_items, read_sections


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
