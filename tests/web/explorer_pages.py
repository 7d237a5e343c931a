"""Sample views of the FHIR explorer, with minimal and maximal content."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from tests.web.exchange_pages import make_refused
from tests.web.page_frames import BASE, DEVELOPER

from sickbay.fhir.readable.differences import Difference
from sickbay.web.exchanges import code_samples
from sickbay.web.explorer import views
from sickbay.web.explorer.search_form import make_form
from sickbay.web.pages import parts
from sickbay.web.pages.parts import Choice, Frame, Link

ROOT = "/developer/explorer/general/r4/user:okafor"
HERE = replace(DEVELOPER, here="FHIR explorer")
BAR = views.Bar(
    action="/developer/explorer",
    hospitals=(Choice("general", "General Hospital", True), Choice("epic", "Epic dialect")),
    versions=(Choice("r4", "R4", True), Choice("r5", "R5")),
    users=(Choice("user:okafor", "Dr. Amara Okafor (all patients)", True),),
    tokens=(Choice("token:0123456789abcdef", "Sample app, patient p-0017, R4"),),
    path="Patient/p-0017?_format=json",
    home=f"{ROOT}/",
    hospital="General Hospital",
    version="R4",
    viewer="Dr. Amara Okafor",
    scope="user/*.rs",
)
LEAST_BAR = views.Bar(action="/developer/explorer", hospitals=(), versions=(), users=(), tokens=())
SENT = views.Sent(
    url=f"{BASE}/general/r4/Patient?name=peters",
    tabs=code_samples.make_tabs(
        code_samples.read_request_parts(
            {"method": "GET", "url": f"{BASE}/general/r4/Patient?name=peters", "headers": {"Accept": "a"}}
        ),
        {},
    ),
    exchange="Q2xpY2s",
)
LEAST_SENT = replace(SENT, exchange="")
PROBLEM = views.ExplorerProblem(
    title="Refused (403)", is_refused=True, findings=parts.make_finding_views(make_refused()["findings"])
)
GONE = views.ExplorerProblem(title="This resource was deleted (410)", is_refused=False, text="Patient/p-0017 was deleted.")
TABS = (Choice(f"{ROOT}/Patient/p-0017", "Readable", True), Choice(f"{ROOT}/Patient/p-0017?_format=json", "JSON"))
ROWS = (
    views.ResultRow(
        "p-0017", f"{ROOT}/Patient/p-0017", (views.CellView("Timothy Peters"), views.CellView("a", f"{ROOT}/b")), "/use"
    ),
    views.ResultRow("?", "", (views.CellView(""),)),
)
RESULTS = views.Results(
    columns=("Name", "Of"),
    rows=ROWS,
    included=ROWS[:1],
    total="2 results",
    notes=("foo was not applied.",),
    left_out=1,
    next="/n",
    first="/f",
)
GROUPS = (
    views.GroupView("Name", (views.ValueView("Timothy Peters", "official"), views.ValueView("male", is_code=True))),
    views.GroupView("Of", (views.ValueView("General", "", f"{ROOT}/Organization/1"), views.ValueView("m", "", "#contained-m"))),
    views.GroupView("Contact", (views.ValueView("", "", "", (views.GroupView("Name", (views.ValueView("Ann"),)),)),)),
)


def _search_pages() -> dict[str, tuple[str, Any, Frame]]:
    form = make_form(
        "r4",
        "Observation",
        (("date", "ge2026"), ("_include", "Observation:subject"), ("x.y", "1")),
        f"{ROOT}/Observation/_form",
    )
    full = views.SearchView(bar=BAR, title="Observation", sent=SENT, form=form, results=RESULTS, links=(Link("JSON", "/j"),))
    picking = views.SearchView(
        bar=BAR,
        title="Pick a Patient",
        sent=SENT,
        results=RESULTS,
        picking="subject",
        back="/back",
        filter=("/pick", "name", "p"),
        hidden=(("for", "Observation"),),
    )
    return {
        "explorer-search": ("explorer_search", full, HERE),
        "explorer-search-refused": ("explorer_search", replace(full, results=None, problem=PROBLEM, links=()), HERE),
        "explorer-search-form": ("explorer_search", replace(full, sent=None, results=None, links=()), HERE),
        "explorer-search-least": (
            "explorer_search",
            views.SearchView(
                bar=LEAST_BAR, title="All", sent=LEAST_SENT, results=views.Results(columns=(), rows=(), total="0 results")
            ),
            HERE,
        ),
        "explorer-pick": ("explorer_search", picking, HERE),
        "explorer-pick-first": ("explorer_search", replace(picking, sent=None, results=None), HERE),
    }


def _resource_pages() -> dict[str, tuple[str, Any, Frame]]:
    full = views.ResourceView(
        bar=BAR,
        title="Timothy Peters",
        name="Patient/p-0017",
        sent=SENT,
        facts=(("Version", "1"),),
        tabs=TABS,
        groups=GROUPS,
        narrative="Timothy\nPeters",
        contained=(views.Contained(id="m", title="Medication", groups=GROUPS[:1]),),
        is_cut=True,
        referring=(Link("Observation", "/o"),),
        up=Link("Patient", f"{ROOT}/Patient"),
    )
    least = views.ResourceView(bar=LEAST_BAR, title="", name="Patient/x", sent=LEAST_SENT, problem=GONE)
    raw = replace(full, raw="{}", raw_name="JSON", missing="The first 90 KB of 2.0 MB.")
    return {
        "explorer-resource": ("explorer_resource", full, HERE),
        "explorer-resource-gone": ("explorer_resource", least, HERE),
        "explorer-raw": ("explorer_resource", raw, HERE),
    }


def _history_pages() -> dict[str, tuple[str, Any, Frame]]:
    rows = (
        views.VersionRow("Patient/1", "/v", "2", "1 Dec 2026", "saved"),
        views.VersionRow("Patient/1", "", "1", "1 Dec 2026", "deleted"),
    )
    full = views.HistoryView(
        bar=BAR,
        title="History of Patient/1",
        sent=SENT,
        rows=rows,
        compare="/c",
        next="/n",
        tabs=TABS,
        up=Link("Patient/1", "/p"),
    )
    changes = (
        Difference("name[0].family", "A", "B"),
        Difference("birthDate", None, "2026"),
        Difference("gender", "male", None),
    )
    compared = views.VersionComparisonView(
        name="Patient/1",
        bar=BAR,
        title="Patient/1",
        before=Link("1", "/1"),
        after=Link("2", "/2"),
        rows=changes,
        is_cut=True,
        up=Link("H", "/h"),
    )
    return {
        "explorer-history": ("explorer_history", full, HERE),
        "explorer-history-least": (
            "explorer_history",
            views.HistoryView(bar=LEAST_BAR, title="History", sent=LEAST_SENT, problem=GONE),
            HERE,
        ),
        "explorer-comparison": ("explorer_comparison", compared, HERE),
        "explorer-comparison-same": ("explorer_comparison", replace(compared, rows=(), is_cut=False, up=None), HERE),
        "explorer-comparison-gone": ("explorer_comparison", replace(compared, problem=GONE), HERE),
    }


def explorer_pages() -> dict[str, tuple[str, Any, Frame]]:
    row = views.TypeRow("Patient", f"{ROOT}/Patient/_form", "")
    types = views.TypesView(
        bar=BAR, counted=(row, views.TypeRow("Observation", "/o", "6,232")), others=(row,), refused=(row,), is_complete=False
    )
    return {
        "explorer-types": ("explorer_types", types, HERE),
        "explorer-types-refused": ("explorer_types", replace(types, problem=PROBLEM, sent=SENT), HERE),
        "explorer-types-least": ("explorer_types", views.TypesView(bar=LEAST_BAR, counted=(), others=(), refused=()), HERE),
        **_search_pages(),
        **_resource_pages(),
        **_history_pages(),
    }
