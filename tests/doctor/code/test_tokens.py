"""Strings, comments and apostrophes of many languages are told apart."""

from __future__ import annotations

from tests.laws import for_each

from sickbay.doctor.code.tokens import STRING, tokenize


def strings(text: str) -> list[str]:
    return [token.quote + token.text for token in tokenize(text) if token.kind == STRING]


@for_each(
    "text, expected",
    [
        ("a = 'x' + \"y\"", ["'x", '"y']),
        (r'"a\"b"', [r'"a\"b']),
        ("url = f'{base}/token'", ["f'{base}/token"]),
        ('var s = $"{base}/token";', ['$"{base}/token']),
        ("x = `a${b}`", ["`a${b}"]),
        ("String.raw`a`", ["`a"]),
        ('"""one\ntwo"""', ['"""one\ntwo']),
        ("Don't use 'a' here", ["'a"]),
        ("call `fetch('x')` first", ["'x"]),
        ("-Uri https://a.example/token -Method", ["https://a.example/token"]),
    ],
)
def test_strings_are_found_with_their_prefixes(text: str, expected: list[str]) -> None:
    assert strings(text) == expected


@for_each(
    "text",
    ["// 'a'", "/* 'a'\n'b' */", "# it's 'a'", 'x = 1  // don\'t say "no"'],
)
def test_strings_in_comments_are_ignored(text: str) -> None:
    assert strings(text) == []


def test_a_comment_that_is_never_closed_does_not_hide_the_code_after_it() -> None:
    assert strings("GET */* \n/* x = 'a'") == ["'a"]
