"""A launch as a file: SVG that is valid XML without script, and Mermaid that nothing in a launch can break."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.laws import examples
from tests.web.exchange_pages import make_refused
from tests.web.exchanges.test_timeline_steps import login
from tests.web.exchanges.test_timeline_views import LAUNCH, NOW, lose, step

from sickbay.web.exchanges.timeline_exports import draw_mermaid, draw_svg
from sickbay.web.exchanges.timeline_steps import Arrow
from sickbay.web.exchanges.timeline_views import TimelineView, timeline_view

SVG = "{http://www.w3.org/2000/svg}"
DRAWN = {f"{SVG}{name}" for name in ("svg", "title", "style", "rect", "line", "path", "circle", "text", "tspan", "g", "a")}
STATEMENT = re.compile(
    r"    (?:title (?:[^;#\n]|#\d+;)+"
    r"|participant (?:app|browser|auth|fhir) as (?:[^;#\n]|#\d+;)+"
    r"|(?:app|browser|auth|fhir)(?:->>|-->>|-x)(?:app|browser|auth|fhir): (?:[^;#\n]|#\d+;)*"
    r"|Note over app,fhir: (?:[^;#\n]|#\d+;)*)"
)
"""A line of Mermaid's grammar (sequenceDiagram.jison). A text ends at `;` or `#`, so both are written as entities."""
STORY = (step("launch", 20, location=LAUNCH), make_refused() | {"arrival": int((NOW - 9) * 1e6)}, login(3, ("consent", 5)))


def view(**more: object) -> TimelineView:
    made = timeline_view("l", STORY, app="My app", hospital="General Hospital", probable=[lose()], now=NOW)
    return replace(made, **more)


def test_the_svg_needs_no_style_sheet_and_runs_nothing() -> None:
    text = draw_svg(view())
    root = ElementTree.fromstring(text.encode())
    assert {element.tag for element in root.iter()} <= DRAWN
    assert "var(" not in text
    assert "display" not in text
    assert not re.search(r"url\(|@import|href=\"(?!/exchanges/)|\son\w+=|style=", text)
    assert len(root.findall(f".//{SVG}g")) == len(view().arrows)
    assert (root.findtext(f"{SVG}style") or "").count("{") > 20


def test_the_links_of_an_svg_work_where_it_is_saved() -> None:
    made = timeline_view("l", STORY, app="A", hospital="H", root="http://localhost:7425")
    hrefs = re.findall(r'href="([^"]+)"', draw_svg(made))
    assert hrefs
    assert all(href.startswith("http://localhost:7425/exchanges/") for href in hrefs)


def test_mermaid_has_a_line_for_each_step() -> None:
    lines = draw_mermaid(view()).splitlines()
    assert lines[0] == "sequenceDiagram"
    assert lines[2] == "    participant app as My app"
    assert "    browser->>app: 1. The EHR launches your app, 302: GET http://localhost:8100/launch?iss=x#38;launch=y" in lines
    assert any(line.startswith("    browser-xauth: 2. ") for line in lines)
    assert len(lines) == 2 + 4 + len(view().arrows)


def test_a_gap_is_a_note() -> None:
    gap = Arrow("app", "fhir", "", "not shown", "412 more requests of this launch", "", "gap")
    assert "    Note over app,fhir: 412 more requests of this launch" in draw_mermaid(view(arrows=(gap,)))


texts = st.one_of(
    st.text(max_size=80), st.sampled_from(["end", "%%{init: {'theme': 'dark'}}%%", "<script>", "a\nb", "x;y#z", "wrap:"])
)


@given(texts, texts, texts)
@settings(max_examples=examples(500))
def test_nothing_in_a_launch_ends_a_statement_or_becomes_markup(name: str, text: str, wire: str) -> None:
    arrow = Arrow("app", "auth", "10:00", "200", text, wire, number=1, fault=text, probably=wire)
    made = view(title=text, names=((name, ""), ("Browser", ""), ("A", ""), ("F", "")), arrows=(arrow,))
    first, *lines = draw_mermaid(made).splitlines()
    assert first == "sequenceDiagram"
    assert len(lines) == 6
    for line in lines:
        assert STATEMENT.fullmatch(line), line
        assert "%%" not in line
        assert "<" not in line
    root = ElementTree.fromstring(draw_svg(made).encode())
    assert {element.tag for element in root.iter()} <= DRAWN
