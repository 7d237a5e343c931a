"""The requests in snippets of code, most of them like those in threads of issue trackers, are read as the text files say."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from tests.doctor.code.snippet import find_in, snippets
from tests.laws import cases

from sickbay.doctor.code.find import requests_in, settings_in
from sickbay.doctor.code.models import CodeRequest
from sickbay.doctor.copying import undo_copying

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


def test_the_requests_and_mistakes_of_each_snippet_are_found() -> None:
    found = {snippet.title: find_in(snippet.code) for snippet in SNIPPETS}
    assert found == {snippet.title: snippet.expected for snippet in SNIPPETS}


READ = {snippet.code: requests_in(undo_copying(snippet.code)) for snippet in SNIPPETS}


def without_lines(requests: Sequence[CodeRequest]) -> list[CodeRequest]:
    return [request._replace(first_line=0, last_line=0) for request in requests]


def test_text_around_a_snippet_changes_only_the_lines() -> None:
    for snippet, sentence in cases(product(SNIPPETS, SENTENCES)):
        around = requests_in(undo_copying(f"Hello,\n{sentence}\n{snippet.code}\n\nWhat's wrong?\n"))
        assert without_lines(around) == without_lines(READ[snippet.code]), (snippet.title, sentence)
        lines = [request.first_line for request in READ[snippet.code]]
        assert [request.first_line - 2 for request in around] == lines, (snippet.title, sentence)


def test_windows_line_ends_change_nothing_but_line_ends_in_bodies() -> None:
    for snippet in SNIPPETS:
        windows = requests_in(undo_copying(snippet.code.replace("\n", "\r\n")))
        assert [request._replace(body=request.body.replace(" \n", "\n")) for request in windows] == [*READ[snippet.code]]


def test_text_without_a_request_has_no_settings_either() -> None:
    assert [snippet.title for snippet in SNIPPETS if not snippet.expected and settings_in(snippet.code)] == []
