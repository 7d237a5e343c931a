"""A search of the explorer: the form of its type, and the results as a table. Also the page that picks a resource."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from starlette.responses import Response

from sickbay.fhir.outcome import texts_of
from sickbay.fhir.readable import columns
from sickbay.fhir.readable.budget import PageBudget
from sickbay.fhir.readable.values import list_of, object_of, text_of
from sickbay.fhir.routing import ID, Route, route
from sickbay.fhir.search.parameters import find, known_types
from sickbay.kernel.english import add_article
from sickbay.protocol.parameters import encode, parse
from sickbay.web import http_request
from sickbay.web.explorer import resource_page
from sickbay.web.explorer.asking import Asked, read_json, send_request
from sickbay.web.explorer.page import ExplorerPage, describe_sent_request, find_next, find_problem, leave_out
from sickbay.web.explorer.place import FORM, PICK, ExplorerPlace
from sickbay.web.explorer.search_form import Pair, make_form
from sickbay.web.explorer.views import CellView, ResultRow, Results, SearchView
from sickbay.web.pages.parts import Link
from sickbay.web.redirects import redirect_to

TABLE_BYTES: Final = 60_000
"""Maximum size of the HTML of a page's rows, in bytes."""
ROW_BYTES, CELL_BYTES = 220, 90
"""The HTML around a row and around a cell."""
NOTE_CHARACTERS: Final = 300
NEEDS_CRITERIA: Final = 400
"""The status of a search without criteria, if the hospital requires some."""
PICKED_BY: Final = ("name", "title", "code:text", "identifier", "_id")
"""The parameters to search by when picking a resource: the first one that the type has is used."""


async def show_search(page: ExplorerPage, asked: Asked) -> Response:
    """Shows the results of a search, or why there are none. Also handles a path that isn't a valid request."""
    if page.form and asked.is_ok:
        return await resource_page.show_raw(page, asked)
    problem, place = await find_problem(asked), page.place
    bundle = await read_json(asked.response.body) if asked.is_ok else {}
    type = asked.route.type if isinstance(asked.route, Route) else None
    form = make_form(place.version, type, parse(place.query).pairs, place.at(f"{place.path}/{FORM}")) if type else None
    return await page.show(
        "explorer_search",
        lambda bar: SearchView(
            bar=bar,
            title=place.path or "All types",
            sent=describe_sent_request(page, asked),
            form=form,
            results=list_results(place, bundle, type) if asked.is_ok else None,
            problem=problem,
            links=_list_links(place) if asked.is_ok else (),
        ),
        asked.response.status,
    )


async def show_form(page: ExplorerPage, path: str) -> Response:
    """Shows only the form, before any search."""
    place, type = page.place, path.rpartition("/")[2]
    form = make_form(place.version, type, (("_count", "20"),), place.at(f"{path}/{FORM}"))
    return await page.show("explorer_search", lambda bar: SearchView(bar=bar, title=path, form=form))


def _list_links(place: ExplorerPlace) -> tuple[Link, ...]:
    query = leave_out(place.query, "_format")
    forms = (("JSON", "json"), ("XML", "xml"))
    return tuple(
        Link(name, place.at(place.path, f"{query}&_format={form}" if query else f"_format={form}")) for name, form in forms
    )


def list_results(place: ExplorerPlace, bundle: Mapping[str, Any], type: str | None, use: str = "") -> Results:
    """The entries of a searchset as rows. use: the address that takes a picked resource, to which its reference is added."""
    entries = [object_of(entry) for entry in list_of(bundle.get("entry"))]
    resources = [(object_of(entry.get("resource")), _mode_of(entry)) for entry in entries]
    budget = PageBudget(TABLE_BYTES)
    matches = [resource for resource, mode in resources if mode == "match"]
    included = [resource for resource, mode in resources if mode == "include"]
    rows = tuple(_list_rows(place, matches, type, budget, use))
    more = tuple(_list_rows(place, included, None, budget, ""))
    notes = [text for resource, mode in resources if mode == "outcome" for text in texts_of(resource)]
    names = tuple(columns.name_column(column) for column in columns.list_columns(place.version, type)) if type else ("Content",)
    return Results(
        columns=names,
        rows=rows,
        included=more,
        total=_describe_total(bundle.get("total"), len(matches)),
        notes=tuple(note[:NOTE_CHARACTERS] for note in notes),
        left_out=len(matches) + len(included) - len(rows) - len(more),
        next=find_next(place, bundle),
        first=place.at(place.path, leave_out(place.query, "_cursor")) if "_cursor" in parse(place.query) else "",
    )


def _mode_of(entry: Mapping[str, Any]) -> str:
    return text_of(object_of(entry.get("search")).get("mode")) or "match"


def _describe_total(total: Any, shown: int) -> str:
    """'3 results', or '20 results on this page' if the server doesn't say how many there are."""
    if isinstance(total, int):
        return f"{total:,} result{'' if total == 1 else 's'}" + (f", {shown} on this page" if shown != total and shown else "")
    return f"{shown:,} result{'' if shown == 1 else 's'} on this page"


def _list_rows(
    place: ExplorerPlace, resources: Sequence[Mapping[str, Any]], type: str | None, budget: PageBudget, use: str
) -> Iterator[ResultRow]:
    for resource in resources:
        if budget.is_spent:
            return
        found = (text_of(resource.get("resourceType")), text_of(resource.get("id")))
        known = found[0] in known_types(place.version) and ID.fullmatch(found[1]) is not None
        name = "/".join(part for part in found if part)
        shown = found[1] if type == found[0] else name
        cells = columns.make_cells(place.version, resource, place.bases) if known else ()
        if type is None:
            cells = (columns.TableCell(columns.title_of(place.version, resource) if known else ""),)
        yield ResultRow(
            budget.take(shown, ROW_BYTES),
            place.at(name) if known else "",
            tuple(CellView(budget.take(cell.text, CELL_BYTES), _link_cell(place, cell, name)) for cell in cells),
            f"{use}{name}" if use and known else "",
        )


def _link_cell(place: ExplorerPlace, cell: columns.TableCell, name: str) -> str:
    """The link of a cell. A contained resource is on the page of its container."""
    if cell.target is None:
        return ""
    return place.at(name) + place.link(cell.target) if cell.target.contained else place.link(cell.target)


def apply_form(page: ExplorerPage, path: str, pairs: Sequence[Pair]) -> Response:
    """Redirect to the search that the form describes, or to the page that picks a resource for one of its references."""
    place, query = page.place, encode(pairs)
    code, _, type = (http_request.query_of(page.request.scope).get("pick") or "").partition(":")
    address = place.at(path, query)
    if code and type in known_types(place.version):
        address = place.at(f"{type}/{PICK}", urlencode({"for": path, "parameter": code, "query": query}))
    return redirect_to(address)


async def show_pick(page: ExplorerPage, type: str) -> Response:
    """Some resources of a type, each with a link to the search that refers to it.

    GET for: the path of the search. parameter: of the reference. query: the rest of the search. find: what to look for.
    """
    sent, place = http_request.query_of(page.request.scope), page.place
    path, parameter, query, text = (sent.get(name) or "" for name in ("for", "parameter", "query", "find"))
    if not route(place.version, "GET", f"/{path}").interaction.startswith("search"):
        path = type
    by = next(name for name in PICKED_BY if find(place.version, type, name.partition(":")[0]))
    pairs = [*([(by, text)] if text else []), ("_count", "20")]
    asked = await send_request(page.base, place._replace(path=type, query=encode(pairs)), page.viewer)
    needs_words = not text and asked.response.status == NEEDS_CRITERIA
    problem = None if needs_words else await find_problem(asked)
    bundle = await read_json(asked.response.body) if asked.is_ok else {}
    kept = parse(query).pairs
    back = place.at(path, encode(kept))
    use = place.at(path, encode([*(pair for pair in kept if pair[0] != parameter), (parameter, "")]))
    hidden = (("for", path), ("parameter", parameter), ("query", query))
    return await page.show(
        "explorer_search",
        lambda bar: SearchView(
            bar=bar,
            title=f"Pick {add_article(type)}",
            sent=None if needs_words else describe_sent_request(page, asked),
            results=list_results(place, bundle, type, use) if asked.is_ok else None,
            problem=problem,
            picking=parameter,
            back=back,
            filter=(place.at(f"{type}/{PICK}"), by, text),
            hidden=hidden,
        ),
        200 if needs_words else asked.response.status,
    )
