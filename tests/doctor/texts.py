"""The texts of the knowledge, and what the doctor recognises in a text."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from sickbay.doctor import answer, compiled, source, text
from sickbay.doctor.answer import Recognised
from sickbay.doctor.reading import read_text
from sickbay.doctor.source import CauseFile

KNOWLEDGE = compiled.load_knowledge()


class SeenText(NamedTuple):
    """A text under Seen, and the cause that it proves."""

    cause: str
    text: str


@cache
def files() -> tuple[CauseFile, ...]:
    return tuple(source.read_causes(products=KNOWLEDGE.products))


@cache
def seen_texts() -> tuple[SeenText, ...]:
    return tuple(SeenText(file.cause.id, example.text) for file in files() for example in file.seen)


@cache
def recognise(pasted: str) -> Recognised:
    return answer.recognise_causes(text.to_evidence(read_text(pasted)), KNOWLEDGE)


def ids(pasted: str) -> list[str]:
    """The causes of a text, the most likely first."""
    return [ranked.cause.id for ranked in recognise(pasted).ranked]


def claims(pasted: str) -> set[str]:
    """The ids of the findings and causes."""
    diagnosis = text.diagnose_text(pasted)[1]
    return {finding.id for finding in diagnosis.explanation.findings} | {cause.id for cause in diagnosis.causes}
