"""The first cause of a text stays the same, however the text was copied."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable
from typing import NamedTuple

import pytest
from tests.doctor.copies import COPIES
from tests.doctor.texts import SeenText, ids, recognise, seen_texts

from sickbay.doctor.rank import is_in_its_field

EVERY = 144
"""`make test` tries each change with each 144th text, and other texts for each change. `make prove` tries all."""
WIDTH = 60
_WORD = re.compile(r"(?<![\w./:@=&%+?#*{}$-])[A-Za-z]{2,}(?=[\s,;!]|\.\s|$)")


def greet(text: str) -> str:
    """Says nothing about the problem, which "since yesterday" would."""
    return f"Hello everyone,\n\nI'm stuck with this:\n\n{text}\n\nAny ideas? Thanks a lot,\nMaria"


def report(text: str) -> str:
    steps = "### To Reproduce\n\n1. Go to the page\n2. Click on the button\n3. See error\n\n### Expected behavior\n\nNo error."
    return f"### Describe the bug\n\n{text}\n\n{steps}"


def mail(text: str) -> str:
    head = "From: Maria <maria@example.org>\nDate: Mon, 30 Nov 2026 09:12:01 +0100\nSubject: Re: it does not work"
    return f"{head}\n\nHi team,\n\n{text}\n\nKind regards,\nMaria\n--\nSent from my iPhone"


def quote(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.splitlines())


def wrap(text: str) -> str:
    lines = (textwrap.wrap(line, WIDTH, break_long_words=False, break_on_hyphens=False) or [""] for line in text.splitlines())
    return "\n".join(part for parts in lines for part in parts)


def in_capitals(text: str) -> str:
    """The words of sentences, but not paths, scopes and parameters, where case matters."""
    return _WORD.sub(lambda match: match[0].upper(), text)


def in_small_letters(text: str) -> str:
    return _WORD.sub(lambda match: match[0].lower(), text)


def in_quotation_marks(text: str) -> str:
    return f'"{text}"'


def log(text: str) -> str:
    line = " ".join(text.splitlines())
    return f"2026-11-30T09:12:01.123Z ERROR [http-nio-8080-exec-4] c.e.auth.CallbackHandler - {line}"


def cut(text: str) -> str:
    """The text up to the line with which all its messages and products have been said."""
    lines = text.splitlines(keepends=True)
    wanted = messages(text)
    return next("".join(lines[: n + 1]) for n in range(len(lines)) if messages("".join(lines[: n + 1])) >= wanted)


def messages(text: str) -> set[str]:
    return {found.message.id for found in recognise(text).shown.messages} | recognise(text).shown.products


ANY = (greet, report, mail, quote, *COPIES)
PROSE = (wrap, in_capitals, in_small_letters, in_quotation_marks, log)
"""In requests, line breaks, letter case and quotation marks matter."""
ABOUT_LINE_BREAKS = "oauth-url-over-several-lines"


class Changed(NamedTuple):
    """A text whose first cause isn't the same after a change. before, after: the first cause, if there is one."""

    cause: str
    before: list[str]
    after: list[str]
    text: str
    changed: str


def changes(change: Callable[[str], str], texts: Iterable[SeenText]) -> list[Changed]:
    compared = (
        Changed(seen.cause, ids(seen.text)[:1], ids(changed)[:1], seen.text, changed)
        for seen in texts
        for changed in [change(seen.text)]
    )
    return [each for each in compared if each.before != each.after]


def is_prose(seen: SeenText) -> bool:
    return not recognise(seen.text).evidence.requests and seen.cause != ABOUT_LINE_BREAKS


def find_lost(texts: Iterable[SeenText]) -> list[Changed]:
    """The cut texts with another first cause, or without one although the rest is still about OAuth or FHIR.

    A cut may take away what shows that. "Name or service not known" alone can come from any program, and "Login required"
    from any website: to name a cause for them would be a guess.
    """
    changed = changes(cut, filter(is_prose, texts))
    return [each for each in changed if each.after or is_about_its_field(each)]


def is_about_its_field(each: Changed) -> bool:
    """Whether the rest of the text is in the field that the first cause of the whole text needs."""
    rest, (first, *_) = recognise(each.changed), recognise(each.text).ranked
    return is_in_its_field(first.cause, rest.shown, rest.facts)


def test_the_first_cause_of_some_texts_stays() -> None:
    for place, change in enumerate(ANY):
        assert changes(change, seen_texts()[place::EVERY]) == []
    for place, change in enumerate(PROSE):
        assert changes(change, filter(is_prose, seen_texts()[place::EVERY])) == []
    assert find_lost(seen_texts()[::EVERY]) == []


@pytest.mark.prove
@pytest.mark.parametrize("change", ANY)
def test_the_first_cause_of_every_text_stays(change: Callable[[str], str]) -> None:
    assert changes(change, seen_texts()) == []


@pytest.mark.prove
@pytest.mark.parametrize("change", PROSE)
def test_the_first_cause_of_all_prose_stays(change: Callable[[str], str]) -> None:
    assert changes(change, filter(is_prose, seen_texts())) == []


@pytest.mark.prove
def test_the_first_cause_of_all_cut_prose_stays() -> None:
    assert find_lost(seen_texts()) == []


def test_what_a_greeting_says_about_the_problem_counts() -> None:
    refused = 'curl -u a:b -d grant_type=client_credentials https://ehr.example.org/token\n\n{"error": "invalid_client"}'
    assert ids(f"My client secret is refused:\n\n{refused}") != ids(
        f"My client secret is refused since yesterday:\n\n{refused}"
    )
