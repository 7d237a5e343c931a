"""The first use of a hospital in a FHIR version: a browser gets a page that says so while sample patients are created."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from sickbay.fhir.versions import VERSIONS
from sickbay.sandbox.sandbox import Sandbox
from sickbay.storage.store import Space
from sickbay.web import answers, cookies, show
from sickbay.web.pages.frame import Link
from sickbay.web.pages.notice import NoticeView
from sickbay.web.wire import raw_path

PATIENCE = 1.0
"""Seconds to wait before the page that says why it takes longer is shown."""


class PopulationPending(Exception):
    """The sample patients of this space are being created."""

    def __init__(self, space: Space) -> None:
        super().__init__(f"{space.tenant} is being filled")
        self.space = space


def is_browser_navigation(request: Request) -> bool:
    """Whether a person is looking at a window meanwhile."""
    return answers.browses(request.headers.get("accept", ""))


async def filled(request: Request, sandbox: Sandbox, space: Space) -> None:
    """Wait for the sample patients. Raises PopulationPending if a browser asks for a page that it can ask for again."""
    if sandbox.filling.is_ready(space):
        return
    task = sandbox.filling.begun(space)
    again = request.method == "GET" and is_browser_navigation(request)
    done, _ = await asyncio.wait({task}, timeout=PATIENCE if again else None)
    if not done:
        raise PopulationPending(space)
    task.result()


async def population_pending_page(request: Request, error: Exception) -> Response:
    """It reloads itself by a header, which needs no script, and has a link for browsers that ignore the header."""
    assert isinstance(error, PopulationPending)
    sandbox: Sandbox = request.app.state.sandbox
    tenant, version = sandbox.tenants[error.space.tenant], VERSIONS[error.space.version]
    query = request.url.query
    view = NoticeView(
        title="The patients are being written",
        text=f"{tenant.title} is used for the first time in FHIR {version.segment.upper()}, or for the first time today. "
        "This takes some seconds, once, and then this page goes on by itself.",
        primary=Link("Go on", raw_path(request.scope) + (f"?{query}" if query else "")),
    )
    around = show.Around(tenant, await cookies.session(request, sandbox), bare=True, framed=True)
    response = show.page(request, sandbox, "notice", view, around, 503)
    response.headers["refresh"] = response.headers["retry-after"] = "1"
    return response
