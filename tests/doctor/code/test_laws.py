"""No text raises an exception, lines are within the text, and the time is linear."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.laws import cases, examples, for_each, is_long

from sickbay.doctor.code.find import requests_in, settings_in
from sickbay.doctor.code.request_mistakes import mistakes_in
from sickbay.doctor.code.text_mistakes import mistakes_in_text
from sickbay.doctor.code.tokens import set_of, tokenize

WORDS = """fetch( axios.post( requests.post( curl wget -d -H ' " ` ${ } { ( ) [ ] , => = : ; + . -> $x new url body /* // # \\
    < > @ %s x 1 é & @{ ... ? | import await https://auth.example.org/token grant_type= redirect_uri JSON.stringify( .append("""
PIECES = st.sampled_from(
    [
        *sorted(set_of(WORDS)),
        *(
            "client_id: ",
            "\n",
            " ",
            '"""',
            "\\\n",
            "xhr.open(",
            "curl_setopt($ch, CURLOPT_URL, ",
            "x.append('a', x)",
            "x = x + x",
        ),
        *(
            '@POST("token") ',
            "echo x | base64",
            "http POST ",
            "function f(",
            "$(echo ",
            " as x:",
            "using (",
            "Authorization: Basic ",
        ),
        "Invoke-RestMethod -Uri ",
    ]
)


def read_everything(text: str) -> list[tuple[int, int]]:
    requests = requests_in(text)
    mistakes = [mistake for request in requests[:5] for mistake in mistakes_in(request, text)] + mistakes_in_text(text)
    spans = [(request.first_line, request.last_line) for request in requests]
    spans += [(found.first_line, found.last_line) for found in settings_in(text)]
    return spans + [mistake.lines for mistake in mistakes]


@given(st.text(max_size=300) | st.lists(PIECES, max_size=60).map("".join))
@settings(max_examples=examples(400, 25), deadline=None)
def test_any_text_is_read_without_an_exception_and_lines_are_within_it(text: str) -> None:
    for first, last in read_everything(text):
        assert 1 <= first <= last <= text.count("\n") + 1


@given(st.lists(PIECES, max_size=60).map("".join))
@settings(max_examples=examples(100, 20), deadline=None)
def test_tokens_stand_in_the_text_in_their_order(text: str) -> None:
    at = 0
    for token in tokenize(text):
        assert at <= token.start < token.end <= len(text)
        assert token.text in text[token.start : token.end]
        at = token.end


def steps(text: str) -> int:
    """The number of Python function calls and lines that reading takes."""
    count = 0

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal count
        count += 1
        return trace

    previous = sys.gettrace()
    sys.settrace(trace)
    try:
        read_everything(text)
    finally:
        sys.settrace(previous)
    return count


@for_each(
    "unit",
    cases(
        [
            "fetch('https://auth.example.org/token', {method: 'POST'});\n",
            "fetch(",
            "curl '",
            "requests.post([{",
            'fetch("""\\',
            'fetch("\\"',
            "axios.post(`${",
            "x = x + x; fetch(x)\n",
            "x.append('a', x); fetch(u, {body: x})\n",
            "curl $(echo ",
            '@POST("a") @Field("b") String c, ',
            "client_id: {redirect_uri: ",
            "echo a ",
            "Invoke-RestMethod -Uri @{ a = ",
            "curl \\\n-d 'a=b' ",
            "fetch(url) + ",
        ]
    ),
)
def test_the_steps_grow_no_faster_than_the_text(unit: str) -> None:
    short, long = (steps(unit * (size // len(unit))) for size in ((1_000, 6_000) if is_long() else (500, 3_000)))
    assert long < 6 * short * 1.5 + 20_000


@pytest.mark.prove
@for_each("unit", ["fetch('https://auth.example.org/token') ", "curl -d a=b https://a.example/token\n"])
def test_the_steps_for_very_long_texts_are_limited(unit: str) -> None:
    assert steps(unit * (1_000_000 // len(unit))) < 3_500_000
