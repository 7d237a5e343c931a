"""Markdown becomes HTML that the strict content security policy allows, with the anchors that GitHub makes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.web.docs.markdown import RenderedPage, make_slug, render


def render_text(text: str) -> RenderedPage:
    return render(text, lambda link: link)


@given(st.text())
def test_no_text_becomes_an_element_that_markdown_does_not_have(text: str) -> None:
    html = render_text(text + "<script>alert(1)</script>").html
    assert "<script" not in html
    assert " style=" not in render_text(f"|a|\n|:-:|\n|{text}|").html.replace(text, "")


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("In CI", "in-ci"),
        ("What can't be told from the keyboard", "what-cant-be-told-from-the-keyboard"),
        ("GET /admin/apps/{app}", "get-adminappsapp"),
        ("`aud` is missing", "aud-is-missing"),
    ],
)
def test_a_heading_has_the_anchor_that_github_gives_it(heading: str, anchor: str) -> None:
    assert render_text(f"## {heading}").anchors == {anchor}


def test_repeated_headings_have_different_anchors() -> None:
    assert render_text("## Limits\n\n## Limits\n").headings == (("limits", "Limits"), ("limits-1", "Limits"))


def test_the_title_is_the_heading_of_level_1_without_markup() -> None:
    assert render_text("# The `doctor`\n\n## Use").title == "The doctor"


def test_aligned_columns_have_no_inline_style() -> None:
    assert "style" not in render_text("| a |\n|:-:|\n| b |").html


def test_a_link_without_a_page_is_text() -> None:
    html = render("[code](../src/a.py) and [page](b.md)", lambda link: "b.html" if link == "b.md" else None).html
    assert 'href="b.html"' in html
    assert "src/a.py" not in html
    assert ">code</a>" in html


@given(st.text())
def test_an_anchor_contains_no_space_and_no_quote(text: str) -> None:
    assert not set(make_slug(text)) & set(' "<>&#')
