"""The requests in snippets of code, most of them like those in threads of issue trackers, are read as the text files say."""

from __future__ import annotations

import pytest
from tests.doctor.code.snippet import found_in, snippets

from sickbay.doctor.code import requests_in, settings_in

SNIPPETS = snippets()
SENTENCES = (
    "I get invalid_request, and I don't know why.",
    "This is `my code`:",
    "Error (400)",
    "It doesn't work :(",
    "```javascript",
    "- [x] I've searched the issues & tried this, 2 > 1 =",
    'The response is {"error": "invalid_request"},',
    "What's wrong with this request? It is",
    "// TODO: it's broken",
)


def test_there_are_snippets_of_all_languages() -> None:
    assert len(SNIPPETS) >= 100


@pytest.mark.parametrize("snippet", SNIPPETS, ids=[snippet.title for snippet in SNIPPETS])
def test_the_requests_and_mistakes_of_a_snippet_are_found(snippet) -> None:
    assert found_in(snippet.code) == snippet.expected


@pytest.mark.parametrize("snippet", SNIPPETS, ids=[snippet.title for snippet in SNIPPETS])
@pytest.mark.parametrize("sentence", SENTENCES)
def test_text_around_a_snippet_changes_only_the_lines(snippet, sentence) -> None:
    def without_lines(text: str) -> list[tuple[object, ...]]:
        return [request._replace(first_line=0, last_line=0) for request in requests_in(text)]

    before = "Hello,\n" + sentence + "\n"
    found = without_lines(snippet.code)
    around = requests_in(f"{before}{snippet.code}\n\nWhat's wrong?\n")
    assert [request._replace(first_line=0, last_line=0) for request in around] == found
    assert [request.first_line - 2 for request in around] == [request.first_line for request in requests_in(snippet.code)]


@pytest.mark.parametrize("snippet", SNIPPETS, ids=[snippet.title for snippet in SNIPPETS])
def test_windows_line_ends_change_nothing_but_line_ends_in_bodies(snippet) -> None:
    windows = requests_in(snippet.code.replace("\n", "\r\n"))
    assert [request._replace(body=request.body.replace(" \n", "\n")) for request in windows] == [*requests_in(snippet.code)]


@pytest.mark.parametrize(
    "snippet", [snippet for snippet in SNIPPETS if not snippet.expected], ids=lambda snippet: snippet.title
)
def test_text_without_a_request_has_no_settings_either(snippet) -> None:
    assert settings_in(snippet.code) == ()
