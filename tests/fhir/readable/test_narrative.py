"""Narratives as plain text."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from sickbay.fhir.readable.narrative import NARRATIVE_CHARACTERS, read_narrative


def test_paragraphs_rows_and_items_are_lines_and_cells_are_separated() -> None:
    div = "<div><p>A &amp; B</p><table><tr><td>1</td><td>2</td></tr><tr><th>3</th></tr></table><ul><li>x<br/>y</li></ul></div>"
    assert read_narrative(div) == "A & B\n1 · 2\n3\nx\ny"


def test_what_a_script_contains_becomes_text_and_attributes_are_gone() -> None:
    assert read_narrative("<div><script>alert(1)</script><img src='x' onerror='alert(2)'/> end</div>") == "alert(1) end"
    assert read_narrative("Glucose is <b>high</b>.<p class='x'>Next") == "Glucose is high.\nNext"


@given(st.text(alphabet="<>&;/apdivtr \n'\"=", max_size=200))
@example("<<>>")
def test_no_element_stays(div: str) -> None:
    lines = read_narrative(div.replace("&", "")).split("\n")
    assert not any("<" in line and ">" in line[line.index("<") :] for line in lines)


def test_only_the_beginning_of_a_huge_narrative_is_read() -> None:
    text = read_narrative("<p>word</p>" * NARRATIVE_CHARACTERS)
    assert len(text) < NARRATIVE_CHARACTERS
    assert text.endswith("…")
