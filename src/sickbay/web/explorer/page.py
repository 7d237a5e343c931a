"""Shared parts of all explorer pages: the request, the place, the viewer, and the bar."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from sickbay.fhir.outcome import texts_of
from sickbay.fhir.readable.values import list_of, object_of, text_of
from sickbay.fhir.versions import VERSIONS
from sickbay.protocol.parameters import encode, parse
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services.viewers import Viewer
from sickbay.web import html_response
from sickbay.web.exchanges import code_samples
from sickbay.web.explorer.asking import Asked, read_json
from sickbay.web.explorer.choosing import make_bar
from sickbay.web.explorer.place import ExplorerPlace
from sickbay.web.explorer.views import Bar, ExplorerProblem, Sent
from sickbay.web.fhir.context import FhirBase
from sickbay.web.pages.parts import make_finding_views

MASKED_TOKEN: Final = "Bearer …"
"""Code samples have a placeholder instead of it."""
SHAPING: Final = ("_format", "_pretty")
"""Parameters that choose the form of the page. They aren't sent, because the explorer converts the response itself."""


class ExplorerPage(Struct, frozen=True):
    request: Request
    sandbox: Sandbox
    base: FhirBase
    place: ExplorerPlace
    viewer: Viewer

    @property
    def form(self) -> str:
        """json, xml, or "" for the readable page."""
        return {"json": "json", "xml": "xml"}.get(parse(self.place.query).get("_format") or "", "")

    def sent_place(self) -> ExplorerPlace:
        """The place without the parameters that only affect the page."""
        return self.place._replace(query=leave_out(self.place.query, *SHAPING))

    async def show(self, name: str, make: Any, status: int = 200) -> Response:
        """Render a page. make: a function from the bar to the view."""
        bar: Bar = await make_bar(self.sandbox, self.place, self.viewer)
        options = await html_response.page_options(self.request, self.sandbox, here="FHIR explorer")
        return html_response.render_page(self.request, self.sandbox, name, make(bar), options, status)


def leave_out(query: str, *names: str) -> str:
    """The query without some parameters. It stays as it is if it has none of them."""
    pairs = parse(query).pairs
    return query if all(name not in names for name, _ in pairs) else encode([pair for pair in pairs if pair[0] not in names])


def describe_sent_request(page: ExplorerPage, asked: Asked) -> Sent:
    """The request as an app would send it, with a placeholder for its token."""
    headers = {"Authorization": MASKED_TOKEN, "Accept": VERSIONS[page.place.version].json}
    parts = code_samples.read_request_parts({"method": "GET", "url": asked.url, "headers": headers})
    return Sent(url=asked.url, tabs=code_samples.make_tabs(parts, {}), status=asked.response.status, exchange=asked.exchange)


async def find_problem(asked: Asked) -> ExplorerProblem | None:
    """Returns why there is nothing to show; None if the response has the requested data."""
    if asked.is_ok and not asked.findings:
        return None
    status = asked.response.status
    views = make_finding_views([finding.to_json() for finding in asked.findings])
    if asked.is_ok:
        return ExplorerProblem(title="The search found nothing", is_refused=False, findings=views)
    if status == 410:
        title = "This resource was deleted"
    else:
        title = "Not found" if status == 404 and not views else "The request was refused"
    text = "" if views else " ".join(texts_of(await read_json(asked.response.body)))
    return ExplorerProblem(title=f"{title} ({status})", is_refused=bool(views), findings=views, text=text)


def find_next(place: ExplorerPlace, bundle: Mapping[str, Any]) -> str:
    """The address of the next page of a Bundle; "" on the last one."""
    links = map(object_of, list_of(bundle.get("link")))
    return next((place.follow(text_of(link.get("url"))) for link in links if link.get("relation") == "next"), "")
