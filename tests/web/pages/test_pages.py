"""Rules for every page: no inline style or script, a CSRF token in every form, one heading, a title, nothing external."""

from __future__ import annotations

import re
from functools import cache
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from msgspec.structs import replace
from tests.laws import for_each
from tests.web.pages_of import pages

from sickbay.web import html_response

PAGES = pages()
FRAGMENTS = ("requests", "exchange_list", "timeline_body", "class_list")
SCRIPTED = {"data-probe", "data-none", "data-live-pause"}
"""Attributes of elements that only a script shows: it says what it found, or offers what it does."""
VOID = {"meta", "link", "input", "br", "hr", "img", "wbr", "source"}


class Page(HTMLParser):
    """The elements of a page in order, with their attributes, and the text of headings and title."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.unclosed: list[str] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.unclosed.append(tag)

    def handle_data(self, data: str) -> None:
        for tag in self.open:
            self.texts.setdefault(tag, []).append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@cache
def html_of(case: str) -> str:
    template, view, frame = PAGES[case]
    return html_response.render(template, view, frame)


@cache
def page_of(case: str) -> Page:
    return Page(html_of(case))


@for_each("case", PAGES)
def test_a_strict_content_security_policy_breaks_nothing(case: str) -> None:
    page = page_of(case)
    assert not [attributes for _, attributes in page.elements if "style" in attributes]
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    assert "style" not in {tag for tag, _ in page.elements}
    assert all(script.get("src") for script in page.all("script"))


@for_each("case", PAGES)
def test_a_page_can_be_read_and_its_forms_sent_without_javascript(case: str) -> None:
    """Only what a script itself does is hidden, and every form has a button or one field, which Enter sends."""
    html = html_of(case)
    page = Page(html)
    hidden = [attributes for _, attributes in page.elements if "hidden" in attributes]
    assert all(SCRIPTED & {*attributes} or attributes.get("role") == "alert" for attributes in hidden)
    for form in re.findall(r"<form\b.*?</form>", html, flags=re.S):
        fields = re.findall(r'<(?:input(?![^>]*type="hidden")|select|textarea)\b', form)
        assert re.search(r'<button(?![^>]*type="button")', form) or len(fields) == 1


@for_each("case", PAGES)
def test_without_javascript_no_button_does_nothing(case: str) -> None:
    """A button sends its form, or a script shows it: it is `hidden`, or of a class that the style sheets hide until then."""
    html = html_of(case)
    outside = re.findall(r"<button\b[^>]*>", re.sub(r"<form\b.*?</form>", "", html, flags=re.S))
    for button in outside + re.findall(r'<button\b[^>]*type="button"[^>]*>', html):
        assert re.search(r' hidden[ >]|class="(?:copy|[^"]*\bscripted\b)|role="tab"', button), button


@for_each("case", [case for case in PAGES if not case.startswith(("docs-search", "explorer"))])
def test_no_page_shows_the_backticks_of_a_text_of_ours(case: str) -> None:
    """`with_code` makes code elements of them. A searched word and a resource may contain some."""
    shown = re.sub(r"<(textarea|pre|code|title)\b.*?</\1>|<[^>]*>", "", html_of(case), flags=re.S)
    assert "`" not in shown


@for_each("case", PAGES)
def test_every_tag_is_closed_where_it_should_be(case: str) -> None:
    page = page_of(case)
    assert page.unclosed == []
    assert page.open == []


@for_each("case", PAGES)
def test_no_page_loads_anything_external(case: str) -> None:
    page = page_of(case)
    fetched = [a.get("src") for tag in ("script", "img") for a in page.all(tag)] + [a.get("href") for a in page.all("link")]
    assert all(address and urlsplit(address)[:2] == ("", "") for address in fetched)


@for_each("case", PAGES)
def test_every_post_form_has_the_csrf_token(case: str) -> None:
    forms = re.findall(r"<form\b(.*?)</form>", html_of(case), flags=re.S)
    posting = [form for form in forms if 'method="post"' in form.split(">")[0]]
    assert all('name="csrf" value="token-of-the-form"' in form for form in posting)
    assert all('name="csrf"' not in form for form in forms if form not in posting)


@for_each("case", [case for case in PAGES if PAGES[case][0] not in FRAGMENTS])
def test_a_page_has_one_heading_and_a_matching_title(case: str) -> None:
    page = page_of(case)
    assert len(page.all("h1")) == 1
    assert "".join(page.texts["h1"]).strip()
    title, place = "".join(page.texts["title"]).rsplit(" · ", 1)
    assert title.strip()
    assert place in ("Sickbay", "General Hospital")


@for_each("case", PAGES)
def test_ids_are_unique_and_every_reference_resolves(case: str) -> None:
    page = page_of(case)
    ids = [attributes["id"] for _, attributes in page.elements if attributes.get("id")]
    assert len(ids) == len(set(ids))
    named = [
        a[key]
        for _, a in page.elements
        for key in ("aria-labelledby", "aria-controls", "aria-describedby", "data-copy")
        if a.get(key)
    ]
    assert set(named) <= set(ids)
    assert {str(a["href"])[1:] for a in page.all("a") if str(a.get("href", "")).startswith("#")} <= set(ids)


@for_each("case", PAGES)
def test_every_button_and_field_has_a_name(case: str) -> None:
    html = html_of(case)
    for attributes, inside in re.findall(r"<button\b([^>]*)>(.*?)</button>", html, flags=re.S):
        text = re.sub(r"<svg.*?</svg>|<[^>]+>", "", inside, flags=re.S).strip()
        assert text or "aria-label=" in attributes
    for field in re.findall(r"<input\b[^>]*>", html):
        labelled = (
            "aria-label=" in field
            or 'type="hidden"' in field
            or re.search(r"<label\b[^>]*>(?:(?!</label>).)*" + re.escape(field), html, re.S)
            or ((id := re.search(r' id="([^"]*)"', field)) and f' for="{id[1]}"' in html)
        )
        assert labelled, field


@pytest.mark.parametrize("case", ["picker", "visits"])
def test_enter_opens_the_selection_without_javascript_too(case: str) -> None:
    """A browser uses the first submit button of a form, and the first visible one returns to the app."""
    form = html_of(case).rpartition('name="request" value=')[2].partition("</form>")[0]
    first = re.search(r"<button[^>]*>", form)
    assert first
    assert 'value="open"' in first[0]
    assert "disabled" not in first[0]


def test_enter_in_a_consent_checkbox_sends_no_decision_without_javascript() -> None:
    first = re.search(r"<button[^>]*>", html_of("consent").partition("data-consent")[2])
    assert first
    assert 'value="ask"' in first[0]


def test_request_values_are_never_markup() -> None:
    template, view, frame = PAGES["exchange"]
    html = html_response.render(template, replace(view, headline="<script>alert(1)</script>"), frame)
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert" in html


@pytest.mark.parametrize("theme", ["", "light", "dark"])
def test_the_server_renders_the_chosen_theme(theme: str) -> None:
    template, view, frame = PAGES["not-found"]
    html = html_response.render(template, view, replace(frame, theme=theme))
    assert ("data-theme=" in html) == bool(theme)
    assert f'value="{"light" if theme == "dark" else "dark"}"' in html


@for_each("case", [case for case in PAGES if not case.startswith(FRAGMENTS) and not PAGES[case][2].panel])
def test_every_page_leads_to_the_licence_and_notices(case: str) -> None:
    assert [link for link in page_of(case).all("a") if str(link.get("href")).endswith("licence.html")]
