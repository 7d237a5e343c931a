"""The first cause of a text stays the same, however the text was copied."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable

import pytest
from tests.doctor.texts import SeenText, ids, recognise, seen_texts
from tests.laws import for_each

EVERY = 48
"""`make test` tries each 48th text; `make prove` tries all."""
WIDTH = 60
_WORD = re.compile(r"(?<![\w./:@=&%+?#*{}$-])[A-Za-z]{2,}(?=[\s,;!]|\.\s|$)")


def greet(text: str) -> str:
    return f"Hello everyone,\n\nI get this since yesterday:\n\n{text}\n\nAny ideas? Thanks a lot,\nMaria"


def quote(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.splitlines())


def wrap(text: str) -> str:
    lines = (textwrap.wrap(line, WIDTH, break_long_words=False, break_on_hyphens=False) or [""] for line in text.splitlines())
    return "\n".join(part for parts in lines for part in parts)


def in_capitals(text: str) -> str:
    """The words of sentences, but not paths, scopes and parameters, where case matters."""
    return _WORD.sub(lambda match: match[0].upper(), text)


def in_quotation_marks(text: str) -> str:
    return f'"{text}"'


def log(text: str) -> str:
    line = " ".join(text.splitlines())
    return f"2026-11-30T09:12:01.123Z ERROR [http-nio-8080-exec-4] c.e.auth.CallbackHandler - {line}"


def cut(text: str) -> str:
    """The text up to the line with which all messages of its first cause have been said."""
    lines = text.splitlines(keepends=True)
    wanted = messages(text)
    return next("".join(lines[: n + 1]) for n in range(len(lines)) if messages("".join(lines[: n + 1])) >= wanted)


def messages(text: str) -> set[str]:
    return {found.message.id for found in recognise(text).shown.messages} | recognise(text).shown.products


ANY = (greet, quote)
PROSE = (wrap, in_capitals, in_quotation_marks, log, cut)
"""In requests, line breaks, letter case and quotation marks matter."""
ABOUT_LINE_BREAKS = "oauth-url-over-several-lines"


def changes(change: Callable[[str], str], texts: tuple[SeenText, ...]) -> list[tuple[str, list[str], list[str]]]:
    found = []
    for seen in texts:
        is_prose = not recognise(seen.text).evidence.requests and seen.cause != ABOUT_LINE_BREAKS
        if change in ANY or is_prose:
            before, after = ids(seen.text)[:1], ids(change(seen.text))[:1]
            found += [(seen.cause, before, after)] if before != after else []
    return found


@for_each("change", [*ANY, *PROSE])
def test_the_first_cause_of_some_texts_stays(change: Callable[[str], str]) -> None:
    assert changes(change, seen_texts()[::EVERY]) == []


@pytest.mark.prove
@pytest.mark.parametrize("change", [*ANY, *PROSE])
def test_the_first_cause_of_every_text_stays(change: Callable[[str], str]) -> None:
    assert changes(change, seen_texts()) == []
