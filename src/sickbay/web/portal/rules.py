"""The list of rules and the page of each rule over HTTP."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from sickbay.diagnosis import case
from sickbay.diagnosis.catalogue import BY_ID, RULES
from sickbay.doctor import causes, pages, rule_docs
from sickbay.doctor.diagnose import diagnose
from sickbay.kernel.similar_names import find_closest
from sickbay.sandbox.sandbox import Sandbox
from sickbay.web import error_responses, html_response
from sickbay.web.docs import library
from sickbay.web.docs.handlers import MARKDOWN
from sickbay.web.html_response import markdown_response, preferred_form
from sickbay.web.portal.diagnosis_views import rule_view
from sickbay.web.portal.rule_search import search


async def show_rules(request: Request, sandbox: Sandbox) -> Response:
    form = preferred_form(request.headers.get("accept", ""))
    if form == "markdown" or request.scope["path"].endswith(MARKDOWN):
        return markdown_response(library.markdown_of(pages.LIST))
    if form == "json":
        return error_responses.respond_json(
            [{"id": entry.id, "stage": entry.stage, "outcome": entry.outcome} for entry in RULES]
        )
    options = await html_response.page_options(request, sandbox, here="Rules")
    asked = request.query_params
    words = asked.get("q", "")[:200], asked.get("stage", ""), asked.get("severity", "")
    view = await asyncio.to_thread(search, "", *words) if any(words) else search()
    return _add_vary(html_response.render_page(request, sandbox, "rules", view, options))


def _add_vary(response: Response) -> Response:
    response.headers["vary"] = "Accept"
    return response


async def show_rule(request: Request, sandbox: Sandbox, id: str) -> Response:
    if id.endswith(MARKDOWN) or preferred_form(request.headers.get("accept", "")) == "markdown":
        text = await asyncio.to_thread(_markdown_page, id.removesuffix(MARKDOWN))
        return markdown_response(
            text or f"There is no rule with this id. All rules: {sandbox.runtime.base}/rules.md\n", 200 if text else 404
        )
    options = await html_response.page_options(request, sandbox, here="Rules")
    entry = BY_ID.get(id)
    if entry is None and (cause := causes.find_page(id)) is not None:
        return _add_vary(html_response.render_page(request, sandbox, "cause", cause, options))
    if entry is None:
        closest = find_closest(id, BY_ID)
        return html_response.respond_not_found(request, sandbox, options, [f"/rules/{closest}"] if closest else ())
    path = case.list_paths().get(id)
    example = case.load(path) if path else None
    diagnosis = diagnose(example.refused) if example else None
    return _add_vary(html_response.render_page(request, sandbox, "rule", rule_view(entry, example, diagnosis), options))


def _markdown_page(id: str) -> str:
    """The page of a rule or a cause; "" if there is none."""
    if id in BY_ID:
        return rule_docs.rule_page(id)
    cause = causes.find_page(id)
    return rule_docs.cause_page(cause) if cause else ""
