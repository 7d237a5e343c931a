"""The documentation over HTTP: pages, their pictures, and the index of the search."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response

from sickbay.kernel.similar_names import find_closest
from sickbay.sandbox.sandbox import Sandbox
from sickbay.web import html_response, http_request
from sickbay.web.docs import library, search_index
from sickbay.web.docs.page_view import DocsView, docs_view, search_view
from sickbay.web.pages.notice import not_found

HEADERS = {"x-content-type-options": "nosniff"}


async def home(request: Request, sandbox: Sandbox) -> Response:
    """Redirect to the address with a slash at its end, so that relative links on the first page work."""
    return RedirectResponse("/docs/", 307)


async def docs(request: Request, sandbox: Sandbox) -> Response:
    path = request.path_params["path"]
    if path == search_index.NAME:
        return Response(await asyncio.to_thread(search_index.script), media_type="text/javascript", headers=HEADERS)
    if path in library.files():
        return FileResponse(library.folder() / path, headers=HEADERS)
    if (address := library.find_address(path)) is not None:
        return RedirectResponse(f"/docs/{address}", 307)
    view = await asyncio.to_thread(_view, path, request.query_params.get("q", "").strip())
    options = await html_response.page_options(request, sandbox, here="Docs")
    if view is None:
        closest = find_closest(path.removesuffix(".html"), library.names())
        near = [f"/docs/{library.address(closest)}"] if closest else ()
        missing = not_found(http_request.raw_path(request.scope), near=near)
        return html_response.page(request, sandbox, "notice", missing, options, 404)
    return html_response.page(request, sandbox, "docs_page", view, options)


def _view(path: str, query: str) -> DocsView | None:
    """Rendering a long page takes a tenth of a second, so it runs in a thread."""
    if path == search_index.SEARCH:
        return search_view(query)
    name = library.by_address(path)
    return docs_view(name) if name else None
