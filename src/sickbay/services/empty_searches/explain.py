"""Notes the empty searches of this worker, and explains them after their responses: one at a time, each once, and not on the
event loop.
"""

from __future__ import annotations

import asyncio
import logging
from contextvars import Context
from typing import Final

from msgspec import structs

from sickbay.authorization.contexts import AccessContext
from sickbay.authorization.models import AccessToken
from sickbay.authorization.requests import AccessRequest
from sickbay.diagnosis.explain import Explanation, explain
from sickbay.diagnosis.rule import Finding
from sickbay.diagnosis.rule_file import read_rules
from sickbay.diagnosis.rule_index import build_index
from sickbay.diagnosis.stages import ACCESS
from sickbay.fhir.search.query import Query
from sickbay.fhir.search.result_parameters import RESULTS
from sickbay.kernel.checks import Examination
from sickbay.services import records
from sickbay.services.access import AccessResult
from sickbay.services.context import LogLine, Runtime
from sickbay.services.empty_searches.examine import Answer, Cause, examine_empty_search
from sickbay.services.empty_searches.includes import examine_includes
from sickbay.services.empty_searches.memory import EmptySearch, holder_of
from sickbay.services.redaction import live_secrets
from sickbay.settings.database import Unavailable
from sickbay.storage.answers import Page
from sickbay.storage.interface import ResourceSpace
from sickbay.storage.probe import Probe

LOG: Final = logging.getLogger("sickbay")
EXPLANATION_ROWS: Final = 200_000
"""The maximum number of rows that an explanation reads, which takes up to 200 ms of processor time. Because rows are counted
instead of time, an explanation depends neither on the load of the machine nor on what is hidden.
"""
RESPONSE_ROWS: Final = 20_000
"""Maximum number of rows that an explanation within a response reads."""
RESPONSE_MILLISECONDS: Final = 20
"""The maximum time that a response waits for its explanation, if the policy `explain_empty` adds it."""
EXAMINED_MATCHES: Final = 250
"""Maximum number of matches on a page whose includes are explained from the data. Their ids are kept in memory."""
PAUSE_FACTOR: Final = 4
"""After an explanation, the next one waits this many times as long as it took, so that they use a fifth of a core at most."""
LEAST_PAUSE_SECONDS: Final = 0.02
INCLUDES: Final = ("_include", "_revinclude")
RULES: Final = build_index(tuple(read_rules("search.nothing_found")))


def cause_of(query: Query, page: Page) -> Cause:
    """Return the rule and facts that explain a page without reading further data."""
    if not page.matches and query.cursor is not None:
        return "fhir-page-short", {"type": query.type, "cause": "last"}
    if not page.matches:
        names = [name for name, _ in query.applied if name.partition(":")[0] not in RESULTS]
        return "fhir-search-empty", {"type": query.type, "names": names}
    if page.next is not None and len(page.matches) < query.count:
        return "fhir-page-short", {"type": query.type, "cause": "size"}
    name, text = next(((name, text) for name, text in query.applied if name.partition(":")[0] in INCLUDES), INCLUDES)
    return "fhir-include-adds-nothing", {"type": query.type, "parameter": name, "received": text, "cause": ""}


def access_with(access: AccessResult, cause: Cause) -> AccessResult:
    """Return the decision to record, with the cause of the page."""
    decision = access.decision
    context = structs.replace(decision.context, empty=(cause,))
    return structs.replace(access, decision=structs.replace(decision, context=context))


def make_search(
    access: AccessResult, request: AccessRequest, query: Query, page: Page, space: ResourceSpace, base: str, at: float
) -> EmptySearch | None:
    """Return the search to keep for an explanation. None if the data doesn't have to be examined."""
    token = access.decision.context.token
    if not isinstance(token, AccessToken) or not query.type or query.cursor is not None or len(page.matches) > EXAMINED_MATCHES:
        return None
    bearer = request.headers.get("authorization", "").rpartition(" ")[2]
    return EmptySearch(
        "",
        at,
        space,
        base,
        structs.replace(query, ids=tuple(match.id for match in page.matches)) if page.matches else query,
        structs.replace(request, headers={}, body=""),
        access.visibility,
        holder_of(token),
        records.digest(bearer),
        bool(page.matches),
    )


def explain_soon(runtime: Runtime, search: EmptySearch) -> None:
    """Queue a search, to be explained after all earlier ones."""
    runtime.empty_searches.add(search)
    if runtime.explaining is None or runtime.explaining.done():
        runtime.explaining = asyncio.get_running_loop().create_task(_explain_waiting_searches(runtime), context=Context())


async def _explain_waiting_searches(runtime: Runtime) -> None:
    loop = asyncio.get_running_loop()
    while (search := runtime.empty_searches.find_unexplained()) is not None:
        await asyncio.sleep(LEAST_PAUSE_SECONDS)
        began = loop.time()
        await explain_search(runtime, search)
        await asyncio.sleep(PAUSE_FACTOR * (loop.time() - began))


async def explain_search(runtime: Runtime, search: EmptySearch) -> None:
    """Explain a search unless that was done. Others that want the same wait."""
    async with runtime.explaining_one:
        if search.answer is not None:
            return
        search.answer = Answer()  # whatever happens, it is explained only once
        try:
            await _explain_search(runtime, search)
        except Unavailable:
            return
        except Exception as error:  # an explanation must not fail the request that reads it, nor hold up the next one
            LOG.error("the empty search of exchange %s can't be explained (%s)", search.id, type(error).__name__)
            return
    _report_cause(runtime, search)


async def _explain_search(runtime: Runtime, search: EmptySearch) -> None:
    if await _has_secret(runtime, search):
        runtime.empty_searches.remove(search.id)
        return
    answer = await examine_search(runtime, search, EXPLANATION_ROWS)
    search.answer, search.explanation = answer, explanation_of(search, answer)


async def _has_secret(runtime: Runtime, search: EmptySearch) -> bool:
    """Whether a value of the search is a live secret, such as a token in the wrong place. No part of such a search is kept."""
    values = [text for _, text in search.query.applied]
    live = await live_secrets.load_live_secrets(runtime, values)
    return any(live.are_in(text) for text in values)


async def examine_search(runtime: Runtime, search: EmptySearch, rows: int) -> Answer:
    """Examine a search on the stored data. rows: maximum number of rows to read."""

    def job(probe: Probe) -> Answer:
        if search.matched:
            return examine_includes(probe, search.query, search.visibility)
        return examine_empty_search(probe, search.query, search.base, search.visibility)

    return await runtime.store.probe(search.space, search.visibility, job, rows)


def explanation_of(search: EmptySearch, answer: Answer) -> Explanation:
    """Return the findings of an answer, and the search that was probably meant."""
    causes = answer.causes
    if answer.found:
        causes = (("fhir-search-empty", {"type": search.query.type, "found": answer.found}),)
    context = AccessContext(version=search.query.version, empty=causes)
    return explain(RULES, ACCESS.name, search.request, context, Examination(()), live=True)


def _report_cause(runtime: Runtime, search: EmptySearch) -> None:
    """Report a probable cause in the terminal. Many searches find nothing, so only warnings and errors are reported."""
    findings = search.explanation.findings if search.explanation else ()
    worst = next((finding for finding in findings if finding.severity != "info"), None)
    if worst is not None and runtime.on_exchange is not None:
        found, app = f"found nothing: {worst.id}", search.holder.client_id
        runtime.on_exchange(LogLine(search.at, search.space.tenant, ACCESS.name, app, 200, found, search.id))


async def explain_in_response(runtime: Runtime, search: EmptySearch, known: Cause) -> tuple[Finding, ...]:
    """Return the findings for a response that waits for them. known: the findings to return if time runs out."""
    try:
        answer = await asyncio.wait_for(examine_search(runtime, search, RESPONSE_ROWS), RESPONSE_MILLISECONDS / 1000)
    except (TimeoutError, Unavailable):
        answer = Answer()
    except Exception as error:
        LOG.error("an empty search can't be explained (%s)", type(error).__name__)
        answer = Answer()
    return explanation_of(search, answer if answer.causes else Answer((known,))).findings
