"""The form of a response, its security headers, and backticks in texts, which become code elements."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.web import html_response
from sickbay.web.html_response import drop_backticks, form_action, mark_code, mark_hits


def test_a_form_may_redirect_to_the_origin_or_scheme_of_the_redirect_uri() -> None:
    assert form_action(("http://localhost:8100/callback",)) == "'self' http://localhost:8100"
    assert form_action(("com.example.app:/callback",)) == "'self' com.example.app:"


def test_a_host_that_contains_a_directive_is_left_out() -> None:
    assert form_action(("https://a.example;script-src *;/callback",)) == "'self'"
    assert form_action(("https://a.example https://b.example/",)) == "'self'"


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("`aud` is missing", "<code>aud</code> is missing"),
        ("Send `a` and `b`.", "Send <code>a</code> and <code>b</code>."),
        ("no code", "no code"),
        ("one ` alone", "one ` alone"),
        ("It isn't the app's `a'b`", "It isn’t the app’s <code>a&#39;b</code>"),
        ("the apps' tokens, 'self' and 's'", "the apps’ tokens, &#39;self&#39; and &#39;s&#39;"),
        ("l'`a`d'é 5'b", "l&#39;<code>a</code>d’é 5&#39;b"),
        ("`<script>` & <b>", "<code>&lt;script&gt;</code> &amp; &lt;b&gt;"),
    ],
)
def test_text_in_backticks_becomes_a_code_element_and_everything_is_escaped(text: str, html: str) -> None:
    assert str(mark_code(text)) == html


@pytest.mark.parametrize(
    ("text", "query", "html"),
    [
        ("`aud` is missing", "AUD", '<code><mark class="hit">aud</mark></code> is missing'),
        ("Redirect URIs", "redirect uri", '<mark class="hit">Redirect</mark> <mark class="hit">URIs</mark>'),
        ("aud-missing", "missing", 'aud-<mark class="hit">missing</mark>'),
        ("a < b & mark", "lt amp mark class", 'a &lt; b &amp; <mark class="hit">mark</mark>'),
        ("is missing", "is", "is missing"),
        ("is missing", "", "is missing"),
        ("<b>", "<b>", "&lt;b&gt;"),
    ],
)
def test_words_that_begin_with_a_word_of_the_search_are_marked(text: str, query: str, html: str) -> None:
    assert str(mark_hits(text, query)) == html


@given(st.text(alphabet="s'`a <&"))
def test_only_apostrophes_outside_of_code_are_changed(text: str) -> None:
    shown = html.unescape(str(mark_code(text)))
    assert shown.replace("’", "'") == re.sub("`([^`]+)`", r"<code>\1</code>", text)
    assert all("’" not in code for code in re.findall("<code>(.*?)</code>", shown))


@given(st.text(), st.text())
def test_marking_words_changes_no_other_part_of_the_html(text: str, query: str) -> None:
    marked = str(mark_hits(text, query))
    assert re.sub('<mark class="hit">|</mark>', "", marked) == str(mark_code(text))


def test_a_page_title_has_no_backticks() -> None:
    assert drop_backticks("`aud` is missing") == "aud is missing"


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", "html"),
        ("*/*", "html"),
        ("text/html,application/json;q=0.9", "html"),
        ("application/xhtml+xml", "html"),
        ("image/png, Application/JSON;q=0.5, text/html", "json"),
        ("application/fhir+json", "json"),
        ("text/plain; charset=utf-8", "text"),
    ],
)
def test_the_first_form_in_the_accept_header_counts(accept: str, form: str) -> None:
    assert html_response.preferred_form(accept) == form


def test_only_an_explicit_text_html_is_a_browsers_accept_header() -> None:
    assert html_response.accepts_html("text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")
    assert not html_response.accepts_html("*/*")
