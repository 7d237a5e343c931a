"""The documentation over HTTP: pages, their pictures, and the index of the search."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sickbay.doctor.pages import PAGES
from sickbay.kernel.similar_names import find_closest
from sickbay.sandbox.sandbox import Sandbox
from sickbay.web import html_response
from sickbay.web.docs import library, search_index
from sickbay.web.docs import llms as llms_txt
from sickbay.web.docs.page_view import DocsView, docs_view, search_view
from sickbay.web.html_response import markdown_response, preferred_form

HEADERS = {"x-content-type-options": "nosniff"}
MARKDOWN = ".md"


async def show_llms(request: Request, sandbox: Sandbox) -> Response:
    """The contents for agents."""
    text = await asyncio.to_thread(llms_txt.format_index, sandbox.runtime.base)
    return Response(text, media_type="text/plain; charset=utf-8", headers=HEADERS)


async def show_home(request: Request, sandbox: Sandbox) -> Response:
    """Redirect to the address with a slash at its end, so that relative links on the first page work."""
    return RedirectResponse("/docs/", 307)


async def show_docs(request: Request, sandbox: Sandbox) -> Response:
    path = request.path_params["path"]
    if path == search_index.NAME:
        return Response(await asyncio.to_thread(search_index.write_script), media_type="text/javascript", headers=HEADERS)
    if path in library.list_files():
        return Response(PAGES.read_text(path), media_type="application/json", headers=HEADERS)
    wants_markdown = preferred_form(request.headers.get("accept", "")) == "markdown"
    if (name := _find_markdown(path, wants=wants_markdown)) is not None:
        return markdown_response(await asyncio.to_thread(library.markdown_of, name))
    if (address := library.find_address(path)) is not None:
        return RedirectResponse(f"/docs/{address}", 307)
    view = await asyncio.to_thread(_load_page_view, path, request.query_params.get("q", "").strip())
    options = await html_response.page_options(request, sandbox, here="Docs")
    if view is None:
        closest = find_closest(path.removesuffix(".html"), library.list_names())
        near = [f"/docs/{library.make_address(closest)}"] if closest else ()
        return html_response.respond_not_found(request, sandbox, options, near)
    response = html_response.render_page(request, sandbox, "docs_page", view, options)
    response.headers["vary"] = "Accept"
    return response


def _find_markdown(path: str, *, wants: bool) -> str | None:
    """Returns the name of the page whose Markdown is requested, by .md at the end of the path or by the Accept header."""
    if path.endswith(MARKDOWN):
        name = path.removesuffix(MARKDOWN)
        return name if name in library.list_names() else library.find_by_address(f"{name}.html")
    return (library.find_by_address(path) or (path if path in library.list_names() else None)) if wants else None


def _load_page_view(path: str, query: str) -> DocsView | None:
    """Rendering a long page takes a tenth of a second, so it runs in a thread."""
    if path == search_index.SEARCH:
        return search_view(query)
    name = library.find_by_address(path)
    return docs_view(name) if name else None
