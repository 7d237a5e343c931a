"""The first use of a hospital in a FHIR version: a page to show in the browser while the sample patients are created."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from sickbay.fhir.versions import VERSIONS, Version
from sickbay.sandbox.population_loader import check_result
from sickbay.sandbox.population_progress import PopulationProgress
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services.context import Tenant
from sickbay.storage.interface import ResourceSpace
from sickbay.web import cookies, error_responses, html_response
from sickbay.web.html_response import accepts_html
from sickbay.web.http_request import raw_path
from sickbay.web.pages import notice
from sickbay.web.pages.notice import NoticeView

LONG_SECONDS = 30
"""If more seconds are left than this, a page without JavaScript reloads every ten seconds instead of every three."""
WAIT_SECONDS = 1.0
"""Maximum seconds to wait before a page that explains the delay is shown."""


class PopulationPending(Exception):
    """The sample patients of this space are still being created."""

    def __init__(self, space: ResourceSpace) -> None:
        super().__init__(f"the patients of {space.tenant} are being created")
        self.space = space


def is_browser_navigation(request: Request) -> bool:
    """Whether a browser shows the response to a person."""
    return accepts_html(request.headers.get("accept", ""))


async def wait_until_filled(request: Request, sandbox: Sandbox, space: ResourceSpace) -> None:
    """Return once the patients exist. Raises PopulationPending if a browser can reload the page instead of waiting."""
    if sandbox.filling.is_ready(space):
        return
    task = sandbox.filling.begin(space)
    again = request.method == "GET" and is_browser_navigation(request)
    finished, _ = await asyncio.wait({task}, timeout=WAIT_SECONDS if again else None)
    if not finished:
        raise PopulationPending(space)
    check_result(task)


async def population_pending_page(request: Request, error: Exception) -> Response:
    """A page that reloads itself with a header, so that it works without JavaScript. It also has a link."""
    assert isinstance(error, PopulationPending)
    sandbox: Sandbox = request.app.state.sandbox
    tenant, version = sandbox.runtime.tenants[error.space.tenant], VERSIONS[error.space.version]
    query = request.url.query
    here = raw_path(request.scope) + (f"?{query}" if query else "")
    progress = await sandbox.filling.progress(error.space)
    view = _notice_view(tenant, version, progress, here)
    options = html_response.PageOptions(tenant, await cookies.find_session(request, sandbox), bare=True, framed=True)
    response = html_response.render_page(request, sandbox, "notice", view, options, 503)
    is_long = progress is not None and (progress.seconds or 0) > LONG_SECONDS
    response.headers["refresh"] = response.headers["retry-after"] = "10" if is_long else "3"
    return response


def _notice_view(tenant: Tenant, version: Version, progress: PopulationProgress | None, here: str) -> NoticeView:
    live = f"/{tenant.name}/ehr/filling/{version.segment}"
    return notice.show_population_progress(tenant.title, version.segment.upper(), progress, here, live)


async def show_progress(request: Request, sandbox: Sandbox, tenant: Tenant) -> Response:
    """The fragment with the progress of a population; 204 if no task of it runs, so that the waiting page loads again."""
    version = VERSIONS.get(request.path_params["version"])
    if version is None or version.segment not in tenant.dialect.fhir:
        return error_responses.respond_problem(404, "This hospital doesn't have this FHIR version")
    space = ResourceSpace(tenant.name, version.segment)
    if await sandbox.filling.is_filled(space) or not sandbox.filling.is_running(space):
        return Response(status_code=204, headers=error_responses.NO_STORE)
    view = _notice_view(tenant, version, await sandbox.filling.progress(space), "")
    return html_response.render_page(request, sandbox, "task_progress", view)
