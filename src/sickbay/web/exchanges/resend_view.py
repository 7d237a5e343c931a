"""The views of a resent request: the form to edit it, and both exchanges side by side.

resend  GET view.action: from=original. POST view.action: csrf, and as=corrected, or method, url, body, and the names and values
        of the rows: query-name, query-value, form-name, form-value, header-name, header-value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import unquote

from msgspec import Struct

from sickbay.protocol.parameters import parse
from sickbay.services.resend.edited import METHODS, EditedRequest
from sickbay.services.resend.placeholders import explain_value, values_to_type
from sickbay.services.resend.proposal import FORM
from sickbay.web.exchanges import code_samples
from sickbay.web.pages import exchange_summary
from sickbay.web.pages.parts import Link, Verdict

EMPTY_ROWS: Final = 2
"""Rows of each table of the form for further names."""


class ComparedRow(Struct, frozen=True):
    """One part of both exchanges; None if an exchange doesn't have it."""

    name: str
    original: str | None
    resent: str | None

    @property
    def changed(self) -> bool:
        return self.original != self.resent


class Side(Struct, frozen=True):
    """One of the two exchanges: its result, and its problems."""

    href: str
    kind: Verdict | str
    verdict: str
    answer: str
    problems: tuple[str, ...]


class Comparison(Struct, frozen=True):
    """Both exchanges. notes: what was filled in and assumed. body: the response's, right after it was sent; "" later."""

    original: Side
    resent: Side
    rows: tuple[ComparedRow, ...]
    notes: tuple[str, ...] = ()
    body: str = ""


class EditedRow(Struct, frozen=True):
    """A name and its value in the form. note: what happens with the value; missing: a person has to type it."""

    name: str = ""
    value: str = ""
    note: str = ""
    missing: bool = False


class ResendView(Struct, frozen=True, kw_only=True):
    """tables: the title, the prefix of the field names, and the rows, for the query, the form and the headers."""

    id: str
    action: str
    stage: str
    method: str
    url: str
    tables: tuple[tuple[str, str, tuple[EditedRow, ...]], ...]
    body: str | None = None
    """None for a form."""
    body_missing: bool = False
    fault: str = ""
    writes: bool = False
    starts_with: str = "original"
    other: Link | None = None
    hospital: str = ""

    @property
    def methods(self) -> tuple[str, ...]:
        return METHODS


def compare_exchanges(
    original: Mapping[str, Any], resent: Mapping[str, Any], notes: Sequence[str] = (), body: str = ""
) -> Comparison:
    """Both exchanges side by side."""
    before, after = (code_samples.read_request_parts(entry.get("request") or {}) for entry in (original, resent))
    rows = [ComparedRow("Request", f"{before.method} {before.address}", f"{after.method} {after.address}")]
    rows += _pair_rows(dict(before.parameters), dict(after.parameters))
    rows += _pair_rows(dict(before.headers), dict(after.headers))
    return Comparison(_summarize_side(original), _summarize_side(resent), tuple(rows), tuple(notes), body)


def _pair_rows(before: Mapping[str, str], after: Mapping[str, str]) -> list[ComparedRow]:
    return [ComparedRow(name, before.get(name), after.get(name)) for name in dict.fromkeys((*before, *after))]


def _summarize_side(entry: Mapping[str, Any]) -> Side:
    kind, verdict = exchange_summary.determine_verdict(entry)
    problems = tuple(str(finding["title"]) for finding in entry["findings"] if finding["severity"] == "error")
    return Side(f"/exchanges/{entry['id']}", kind, verdict, exchange_summary.outline_response(entry), problems)


def edit_tables(edited: EditedRequest) -> tuple[tuple[str, str, tuple[EditedRow, ...]], ...]:
    is_form = edited.headers.get("content-type", "").startswith(FORM)
    query, form = ([_edited_row(name, value) for name, value in parse(text)] for text in (edited.query, edited.body))
    headers = [_edited_row(name, value) for name, value in edited.headers.items()]
    tables = [("Query parameters", "query", query), *([("Form parameters", "form", form)] if is_form else [])]
    return tuple(
        (title, prefix, (*rows, *(EditedRow(),) * EMPTY_ROWS))
        for title, prefix, rows in (*tables, ("Headers", "header", headers))
    )


def _edited_row(name: str, value: str) -> EditedRow:
    filled, missing = explain_value(name, value)
    note = f"Sickbay fills in {filled}." if filled else "Type the value. The journal masks it." if missing else ""
    return EditedRow(name, "" if missing else value, note, missing)


def body_of(edited: EditedRequest) -> str | None:
    """The body for the text area; None for a form. A body that wasn't kept is empty."""
    if edited.headers.get("content-type", "").startswith(FORM):
        return None
    return "" if "the body" in values_to_type(edited) else edited.body


def path_of(edited: EditedRequest) -> str:
    return unquote(edited.path)
