"""The text around what was recognised may describe a problem."""

from __future__ import annotations

import pytest

from sickbay.doctor.prose import has_sentences, tells_of_a_problem


@pytest.mark.parametrize(
    ("prose", "says", "tells"),
    [
        ("", False, False),
        ("Request:", False, False),
        ("Here is the answer that we get:", False, False),
        ("This is what my app opens.", True, False),
        ("This is what my app opens, but it never returns", True, True),
        ("Why is there no answer to this?", True, True),
        ("We don't get the answer that follows:", True, True),
        ("ele-1: All FHIR elements must have a @value or children", True, True),
        ("\u8bf7\u6c42\u6388\u6743\u670d\u52a1\u5668\u65f6\u62a5\u9519", True, False),
        ("// authorization failed, check it for more details", False, False),
        ("import * as WebBrowser from 'expo-web-browser';", False, False),
        ("export default function App() {", False, False),
        ('fmt.Printf("Visit the URL that failed: %v", url)', False, False),
        ("client.OnBeforeRequest += (object sender, BeforeRequestEventArgs e) =>", False, False),
    ],
)
def test_sentences_are_told_from_code_and_from_headings(prose: str, says: bool, tells: bool) -> None:
    assert (has_sentences(prose), tells_of_a_problem(prose)) == (says, tells)


def test_a_long_line_is_read_in_bounded_time() -> None:
    for part in ("a'", "a ", "a.", "(" * 3, "word-word ", "a\u2019a"):
        assert not has_sentences(f"{part * 20_000};\n" * 5) or part
