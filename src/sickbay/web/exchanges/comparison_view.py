"""The page that compares two launches of an app: their steps side by side, with the characters marked that differ.

compare  GET {root}/timelines/{id}/compare: with=the id of the other launch.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from sickbay.kernel import english
from sickbay.kernel.english import join
from sickbay.services.journal.outcomes import describe_problem, determine_outcome
from sickbay.services.launch_choices import StoredLaunch
from sickbay.services.launch_comparison import ComparedStep, ComparedValue, Exchange, find_first_difference
from sickbay.services.redaction.masking import describe_name
from sickbay.web.exchanges.list_view import WORDS
from sickbay.web.exchanges.parameter_table import mark_differences
from sickbay.web.pages.parts import TextPiece


class MarkedValue(Struct, frozen=True):
    """A value that differs. here, there: None if it wasn't sent."""

    name: str
    here: tuple[TextPiece, ...] | None
    there: tuple[TextPiece, ...] | None


class StepCell(Struct, frozen=True):
    """A step as one launch has it. number: 0 if the launch doesn't have it. kind, word: how it ended."""

    number: int = 0
    href: str = ""
    at: str = ""
    kind: str = ""
    word: str = ""
    detail: str = ""
    probably: bool = False


class StepRow(Struct, frozen=True):
    """A step of both launches. alike: a sentence about the values that don't differ. is_first: the first one that differs."""

    title: str
    here: StepCell
    there: StepCell
    values: tuple[MarkedValue, ...] = ()
    alike: str = ""
    is_first: bool = False

    @property
    def differs(self) -> bool:
        return bool(self.values) or not (self.here.number and self.there.number)


class OtherLaunch(Struct, frozen=True):
    """A launch in the list to choose from."""

    id: str
    text: str
    chosen: bool


class LaunchHead(Struct, frozen=True):
    """The head of a column, which describes its launch."""

    id: str
    at: str
    kind: str
    verdict: str
    title: str
    patient: str = ""


class LaunchComparisonView(Struct, frozen=True, kw_only=True):
    """there: None if the app has no other launch that is stored. left_out: a sentence about steps that weren't compared."""

    app: str
    here: LaunchHead
    there: LaunchHead | None = None
    title: str = "There is no other launch to compare with"
    rows: tuple[StepRow, ...] = ()
    others: tuple[OtherLaunch, ...] = ()
    left_out: str = ""


def make_rows(steps: Sequence[ComparedStep], worked: tuple[bool, bool]) -> tuple[StepRow, ...]:
    """worked: whether this launch and the other one worked. Values from a launch that worked are marked as expected."""
    first = find_first_difference(steps)
    return tuple(
        StepRow(
            step.title,
            _step_cell(step.here, step.number),
            _step_cell(step.there, step.other_number),
            tuple(_mark_value(value, worked) for value in step.differing),
            _describe_alike(step.values),
            step is first,
        )
        for step in steps
    )


def list_other_launches(launches: Sequence[StoredLaunch], id: str, chosen: str) -> tuple[OtherLaunch, ...]:
    """The launches to choose from, the newest first."""
    return tuple(
        OtherLaunch(launch.id, f"{english.format_time(launch.began)}{', worked' if launch.worked else ''}", launch.id == chosen)
        for launch in launches
        if launch.id != id
    )


def _step_cell(exchange: Exchange | None, number: int) -> StepCell:
    if exchange is None:
        return StepCell()
    kind, at = determine_outcome(exchange), english.parse_datetime(exchange.get("at") or 0)
    href, time = f"/exchanges/{exchange['id']}", english.format_clock(at, seconds=True)
    return StepCell(number, href, time, kind, WORDS[kind], describe_problem(exchange), bool(exchange.get("evidence")))


def _mark_value(value: ComparedValue, worked: tuple[bool, bool]) -> MarkedValue:
    if value.here is None or value.there is None:
        alone = [None if text is None else (TextPiece(text),) for text in (value.here, value.there)]
        return MarkedValue(describe_name(value.name), alone[0], alone[1])
    pieces = mark_differences(value.here, value.there, "slip")
    return MarkedValue(
        describe_name(value.name), _colour_pieces(pieces.received, worked[0]), _colour_pieces(pieces.expected, worked[1])
    )


def _colour_pieces(pieces: Sequence[TextPiece], worked: bool) -> tuple[TextPiece, ...]:
    return tuple(
        TextPiece(piece.text, "good" if worked else "slip") if piece.text and piece.kind else piece for piece in pieces
    )


def _describe_alike(values: Sequence[ComparedValue]) -> str:
    """The names of the values that don't differ, by the reason."""
    words = {
        "same": "The same: {}.",
        "patient": "The same but for the patient: {}.",
        "masked": "Masked, so they may differ: {}.",
        "own": "New in each launch: {}.",
    }
    names = {kind: [describe_name(value.name) for value in values if value.agreement == kind] for kind in words}
    return " ".join(text.format(join(names[kind])) for kind, text in words.items() if names[kind])
