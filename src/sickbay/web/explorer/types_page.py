"""The first page of a view: the resource types, with their numbers of resources if they can be counted in time."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import Final, NamedTuple

from starlette.responses import Response

from sickbay.authorization.access.scope import grants_letters
from sickbay.fhir.readable.columns import list_usual_types
from sickbay.fhir.served import served_types
from sickbay.web.explorer.asking import ask_without_record, read_json, send_request
from sickbay.web.explorer.page import ExplorerPage, describe_sent_request, find_problem
from sickbay.web.explorer.place import FORM, ExplorerPlace
from sickbay.web.explorer.views import TypeRow, TypesView

COUNTING_SECONDS: Final = 0.05
"""After this time, the remaining types are listed without a number."""
FIRST_PAGE: Final = "_count=20"
COUNT: Final = "_summary=count"


class TypeCount(NamedTuple):
    """number: None if it isn't known. status: that of the response to the search that counts; 0 if it wasn't sent."""

    type: str
    number: int | None = None
    status: int = 0

    @property
    def is_covered(self) -> bool:
        """Whether the scopes allow a search of the type."""
        return self.status not in (401, 403)

    @property
    def needs_criteria(self) -> bool:
        """Whether the hospital refuses a search without criteria, though the scopes allow it."""
        return self.status not in (0, 200) and self.is_covered

    @property
    def has_data(self) -> bool:
        return bool(self.number) or self.needs_criteria


async def show_types(page: ExplorerPage) -> Response:
    if not is_accepted(page):
        return await _show_refusal(page)
    counted = await count_types(page)
    by_name = sorted(counted, key=lambda count: count.type)
    rows = [(count, _make_row(page.place, count)) for count in by_name]
    return await page.show(
        "explorer_types",
        lambda bar: TypesView(
            bar=bar,
            counted=tuple(row for count, row in rows if count.has_data),
            others=tuple(row for count, row in rows if not count.has_data and count.is_covered),
            refused=tuple(row for count, row in rows if not count.is_covered),
            is_complete=all(count.status for count in counted),
        ),
    )


def is_accepted(page: ExplorerPage) -> bool:
    """Whether the base accepts the viewer's token. If not, every request gets the same refusal."""
    context = page.viewer.context
    expired = context.token is None or context.token.expires_at <= page.sandbox.runtime.now()
    return context.server is page.place.tenant.server and not expired


async def _show_refusal(page: ExplorerPage) -> Response:
    asked = await send_request(
        page.base, page.place._replace(path=list_usual_types(page.place.version)[0], query=COUNT), page.viewer
    )
    problem = await find_problem(asked)
    return await page.show(
        "explorer_types",
        lambda bar: TypesView(
            bar=bar,
            counted=(),
            others=(),
            refused=(),
            sent=describe_sent_request(page, asked),
            problem=problem,
            is_complete=False,
        ),
        asked.response.status,
    )


def _make_row(place: ExplorerPlace, count: TypeCount) -> TypeRow:
    """The link leads to the first results of a type, or to its form if it needs criteria."""
    href = place.at(f"{count.type}/{FORM}") if count.needs_criteria else place.at(count.type, FIRST_PAGE)
    return TypeRow(count.type, href, f"{count.number:,}" if count.number else "")


async def count_types(page: ExplorerPage) -> list[TypeCount]:
    """Count the resources of each type like a search with _summary=count, the most common types first."""
    types = dict.fromkeys((*list_usual_types(page.place.version), *served_types(page.place.version)))
    end = perf_counter() + COUNTING_SECONDS
    return [await _count_in_time(page, type, end - perf_counter()) for type in types]


async def _count_in_time(page: ExplorerPage, type: str, seconds: float) -> TypeCount:
    """A longer count continues in the background, because a query of the database can't be stopped halfway."""
    if seconds <= 0:
        return TypeCount(type)
    task = asyncio.create_task(_count_type(page, type))
    await asyncio.wait({task}, timeout=seconds)
    if task.done():
        return task.result()
    task.add_done_callback(lambda late: late.cancelled() or late.exception())
    return TypeCount(type)


async def _count_type(page: ExplorerPage, type: str) -> TypeCount:
    """A type that no scope covers would be refused, so it isn't requested: explaining a refusal takes longer than counting."""
    token = page.viewer.context.token
    if token is None or not grants_letters(token.scope, type, "s"):
        return TypeCount(type, status=403)
    response = await ask_without_record(page.base, page.place._replace(path=type, query=COUNT), page.viewer)
    total = (await read_json(response.body)).get("total") if response.status == 200 else None
    return TypeCount(type, total if isinstance(total, int) else None, response.status)
