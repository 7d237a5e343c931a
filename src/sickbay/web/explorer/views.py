"""The views of the explorer's pages. All addresses begin with a slash or #, and no view contains a token.

Every page has the bar: GET /developer/explorer with hospital, fhir, viewer and path (the FHIR URL to open there).
"""

from __future__ import annotations

from msgspec import Struct

from sickbay.fhir.readable.differences import Difference
from sickbay.web.exchanges.code_samples import Tab
from sickbay.web.pages.parts import Choice, FindingView, Link


class Bar(Struct, frozen=True, kw_only=True):
    """The bar of a page: the choices of hospital, FHIR version and viewer, and the current place."""

    action: str
    hospitals: tuple[Choice, ...]
    versions: tuple[Choice, ...]
    users: tuple[Choice, ...]
    tokens: tuple[Choice, ...]
    path: str = ""
    home: str = ""
    hospital: str = ""
    version: str = ""
    viewer: str = ""
    scope: str = ""
    """The granted scopes of the viewer, in one line."""


class Sent(Struct, frozen=True, kw_only=True):
    """The request of a page: its URL, as code, and its exchange if it was recorded. status: that of its response."""

    url: str
    tabs: tuple[Tab, ...]
    status: int = 200
    exchange: str = ""


class TypeRow(Struct, frozen=True):
    """count: "" if it isn't known."""

    name: str
    href: str
    count: str = ""


class TypesView(Struct, frozen=True, kw_only=True):
    """counted: types with resources, and those that the hospital doesn't count. others: types that are empty or weren't counted
    in time. refused: types that the scopes don't cover.
    """

    bar: Bar
    counted: tuple[TypeRow, ...]
    others: tuple[TypeRow, ...]
    refused: tuple[TypeRow, ...]
    is_complete: bool = True
    """Whether all types were counted."""
    sent: Sent | None = None
    problem: ExplorerProblem | None = None
    """The reason why the viewer sees nothing at all."""


class ParameterRow(Struct, frozen=True, kw_only=True):
    """One parameter of the form. how: its modifiers or prefixes. picks: the types that its reference may lead to."""

    code: str
    kind: str
    help: str
    how: tuple[Choice, ...]
    value: str
    hint: str
    codes: tuple[str, ...] = ()
    picks: tuple[str, ...] = ()
    id: str = ""


class FormView(Struct, frozen=True, kw_only=True):
    """GET action: how.CODE and value.CODE of each parameter, _include, _revinclude, _sort, _count, more, and pick."""

    action: str
    type: str
    specification: str
    """The page of the type in the FHIR specification."""
    first: tuple[ParameterRow, ...]
    rest: tuple[ParameterRow, ...]
    includes: tuple[Choice, ...]
    reverse_includes: tuple[Choice, ...]
    sort: str
    sortable: tuple[str, ...]
    count: str
    more: str


class CellView(Struct, frozen=True):
    text: str
    href: str = ""


class ResultRow(Struct, frozen=True):
    """name: the id, or Type/id if the types differ. action: another link for the row, such as to use it as a value."""

    name: str
    href: str
    cells: tuple[CellView, ...]
    action: str = ""


class Results(Struct, frozen=True, kw_only=True):
    """columns: of the table. total: a sentence. notes: what the server says about the search. left_out: rows that don't fit."""

    columns: tuple[str, ...]
    rows: tuple[ResultRow, ...]
    included: tuple[ResultRow, ...] = ()
    total: str = ""
    notes: tuple[str, ...] = ()
    left_out: int = 0
    next: str = ""
    first: str = ""


class ExplorerProblem(Struct, frozen=True, kw_only=True):
    """The reason why there is nothing to show. title: what happened. text: the words of the response, if there are no
    findings."""

    title: str
    is_refused: bool
    findings: tuple[FindingView, ...] = ()
    text: str = ""


class SearchView(Struct, frozen=True, kw_only=True):
    """links: the same search in other forms. picking: what a row is chosen for; "" on a search."""

    bar: Bar
    title: str
    sent: Sent | None = None
    form: FormView | None = None
    results: Results | None = None
    problem: ExplorerProblem | None = None
    links: tuple[Link, ...] = ()
    picking: str = ""
    back: str = ""
    filter: tuple[str, str, str] | None = None
    """Only on a page to pick from: the action, the name of the parameter, and its value."""
    hidden: tuple[tuple[str, str], ...] = ()


class ValueView(Struct, frozen=True):
    text: str
    note: str = ""
    href: str = ""
    groups: tuple[GroupView, ...] = ()
    is_code: bool = False


class GroupView(Struct, frozen=True):
    label: str
    values: tuple[ValueView, ...]


class Contained(Struct, frozen=True, kw_only=True):
    id: str
    title: str
    groups: tuple[GroupView, ...]
    narrative: str = ""


class ResourceView(Struct, frozen=True, kw_only=True):
    """tabs: all forms of the resource. raw: one of them as text; None for the readable one. missing: what is left out."""

    bar: Bar
    title: str
    name: str
    sent: Sent
    facts: tuple[tuple[str, str], ...] = ()
    tabs: tuple[Choice, ...] = ()
    groups: tuple[GroupView, ...] = ()
    narrative: str = ""
    contained: tuple[Contained, ...] = ()
    is_cut: bool = False
    raw: str | None = None
    raw_name: str = ""
    missing: str = ""
    referring: tuple[Link, ...] = ()
    problem: ExplorerProblem | None = None
    up: Link | None = None


class VersionRow(Struct, frozen=True):
    name: str
    href: str
    version: str
    at: str
    what: str


class HistoryView(Struct, frozen=True, kw_only=True):
    """compare: the action of the form that compares two versions, GET with a and b; "" unless it is of one resource."""

    bar: Bar
    title: str
    sent: Sent
    rows: tuple[VersionRow, ...] = ()
    is_of_one: bool = False
    """Whether it is the history of one resource."""
    compare: str = ""
    next: str = ""
    problem: ExplorerProblem | None = None
    tabs: tuple[Choice, ...] = ()
    up: Link | None = None


class VersionComparisonView(Struct, frozen=True, kw_only=True):
    bar: Bar
    title: str
    name: str
    before: Link
    after: Link
    rows: tuple[Difference, ...] = ()
    is_cut: bool = False
    problem: ExplorerProblem | None = None
    up: Link | None = None
