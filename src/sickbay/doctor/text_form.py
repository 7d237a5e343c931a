"""Determines what kind of text was pasted: a report, or one that describes what can happen; and which errors it reports."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from sickbay.diagnosis.answers.values import ErrorAnswer
from sickbay.doctor import layout, prose
from sickbay.doctor.errors.find import find_in_paste
from sickbay.doctor.pieces.piece import Piece

WORDS = 6
"""The number of words from which the text around the pieces counts as a description of a problem."""


class TextForm(NamedTuple):
    """answers: the error responses that the text reports. around: what stands between its pieces.

    is_general: it describes what can happen or what has changed, and reports no event. has_examples: so do its requests.
    is_guide: it is general, or its author reports no problem.
    """

    text: str
    answers: tuple[ErrorAnswer, ...]
    around: str = ""
    is_general: bool = False
    is_guide: bool = False
    has_examples: bool = False


def determine_form(pasted: str, text: str, pieces: Sequence[Piece], answers: tuple[ErrorAnswer, ...]) -> TextForm:
    """pasted: the text in its layout. text: the same, in which the pieces are. answers: the error responses in it."""
    around = "".join(texts_between(text, pieces))
    is_described = any((it.code and it.description) or "urn:" in it.code for it in answers)
    shows_error = is_described or any(_is_received(it, text) for it in pieces)
    is_headed = not answers and around.lstrip().startswith("##") and any(piece.is_success for piece in pieces)
    is_sure = not (has_words(around) or is_headed)  # of a few words, only a form of documentation counts
    is_said = prose.is_general(pasted, around, shows_error=shows_error or is_sure)
    is_general = is_said or (not shows_error and layout.builds_error(text))
    is_guide = is_general or not prose.is_report(text, around, has_error=bool(answers))
    if answers and is_guide:
        said = () if is_general else find_in_paste(prose.leave_out_what_may_happen(text))
        answers = tuple(each for each in said if each.kind != "status")  # without a message, it says what can happen too
    has_examples = is_general and prose.is_general(pasted, around, shows_error=True)
    return TextForm(text, answers, around, is_general, is_guide, has_examples)


def _is_received(piece: Piece, text: str) -> bool:
    """Whether it is an error response that came, not one that a program makes."""
    return piece.is_error and not layout.BUILT.search(text, piece.start, piece.end)


def has_words(prose: str) -> bool:
    """Whether it has enough words to describe a problem."""
    return sum(1 for _ in islice(re.finditer(r"\w+", prose), WORDS)) == WORDS


def texts_between(text: str, pieces: Sequence[Piece]) -> Iterator[str]:
    """The parts of the text that belong to no piece, in their order."""
    place = 0
    for piece in pieces:
        yield text[place : piece.start]
        place = piece.end
    yield text[place:]
