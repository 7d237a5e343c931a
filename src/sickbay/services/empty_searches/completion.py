"""Completes exchanges with the explanations of their empty searches, even if another worker answered them. Details from stored
data are shown only to the administrator, and to a token of the same app, user and patient.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import msgspec
from msgspec import Struct

from sickbay.authorization.access import bearer
from sickbay.authorization.models import AccessToken
from sickbay.diagnosis.explain import rank_by_harm
from sickbay.diagnosis.rule import SEVERITIES, Finding
from sickbay.protocol.parameters import encode, parse
from sickbay.services import records
from sickbay.services.context import Runtime
from sickbay.services.empty_searches.examine import PATIENT
from sickbay.services.empty_searches.explain import RULES, explain_search
from sickbay.services.empty_searches.memory import EmptySearch, Holder, holder_of
from sickbay.storage.interface import ResourceSpace

TOPIC: Final = "explain"
"""The topic of the question to other workers."""
ASKED_SEARCHES: Final = 1_000
"""The maximum number of searches in one question to the other workers."""
WRONG_PATIENT: Final = "fhir-wrong-patient"
"""The advice that says the same thing about tokens for one patient."""
Pairs = tuple[tuple[str, str], ...]


class SearchExplanation(Struct, frozen=True):
    """A worker's explanation of an empty search.

    token: the hash of its token. position: of the data when it was explained; None if that isn't known. sent: its parameters.
    applied: those that belong to the search. findings: as JSON. corrected: the parameters that were probably meant.
    """

    id: str
    space: ResourceSpace
    token: str
    position: int | None
    sent: Pairs
    applied: Pairs
    findings: list[dict[str, Any]]
    corrected: Pairs | None


class _Question(Struct, frozen=True):
    """A question to another worker. ids: those of exchanges. now: explain waiting searches. holder: only theirs; None: all."""

    ids: tuple[str, ...]
    now: bool = False
    holder: Holder | None = None


_ANSWER: Final = msgspec.json.Decoder(list[SearchExplanation])
_QUESTION: Final = msgspec.json.Decoder(_Question)


async def answer_worker(runtime: Runtime, question: bytes) -> bytes:
    """Answer the question of another worker."""
    return msgspec.json.encode(await _explain_known_searches(runtime, _QUESTION.decode(question)))


async def _explain_known_searches(runtime: Runtime, question: _Question) -> list[SearchExplanation]:
    """Return the explanations that this worker knows."""
    searches = [search for id in question.ids if (search := runtime.empty_searches.get(id)) is not None]
    wanted = [search for search in searches if question.holder in (None, search.holder)]
    if question.now:
        for search in wanted:
            await explain_search(runtime, search)
    return [described for search in wanted if (described := _describe_search(search)) is not None]


async def _collect_explanations(runtime: Runtime, question: _Question) -> dict[str, SearchExplanation]:
    """Return the explanations that the workers of this server know, by the ids of the exchanges."""
    known = {explanation.id: explanation for explanation in await _explain_known_searches(runtime, question)}
    others = tuple(id for id in question.ids if runtime.empty_searches.get(id) is None)[:ASKED_SEARCHES]
    if not others or runtime.channel is None:
        return known
    asked = msgspec.json.encode(msgspec.structs.replace(question, ids=others))
    for answer in await runtime.channel.ask(TOPIC, asked):
        with suppress(msgspec.DecodeError):  # the worker ended while it answered
            known |= {explanation.id: explanation for explanation in _ANSWER.decode(answer)}
    return known


def _describe_search(search: EmptySearch) -> SearchExplanation | None:
    """Return the explanation for readers; None if the search isn't explained."""
    explanation, answer = search.explanation, search.answer
    if answer is None or explanation is None or not explanation.findings:
        return None
    return SearchExplanation(
        search.id,
        search.space,
        search.token,
        answer.position,
        search.request.parameters.pairs,
        search.query.applied,
        [to_json(finding) for finding in explanation.findings],
        explanation.corrected.parameters.pairs if explanation.corrected is not None else None,
    )


async def complete_exchanges(runtime: Runtime, entries: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Complete exchanges with the current explanations of their searches, for the administrator."""
    searches = tuple(entry["id"] for entry in entries if _is_empty_search(entry))
    known = await _collect_explanations(runtime, _Question(searches)) if searches else {}
    return [complete_exchange(entry, known.get(entry["id"])) for entry in entries]


async def explain_exchange(runtime: Runtime, entry: dict[str, Any], authorization: str | None) -> dict[str, Any]:
    """Explain the search of an exchange now. authorization: the header of a reader; None for the administrator."""
    if not _is_empty_search(entry):
        return entry
    holder = await _find_holder(runtime, authorization) if authorization is not None else None
    if authorization is not None and holder is None:
        return entry
    explanation = (await _collect_explanations(runtime, _Question((entry["id"],), now=True, holder=holder))).get(entry["id"])
    if explanation is None:
        return entry
    changed = await _changes_since(runtime, explanation) if authorization is None else []
    return complete_exchange(entry, explanation) | ({"changed": changed} if changed else {})


def _is_empty_search(entry: Mapping[str, Any]) -> bool:
    return any(finding["id"] in RULES.places for finding in entry["findings"])


async def _find_holder(runtime: Runtime, authorization: str) -> Holder | None:
    """Return the app, user and patient of the valid token in a header."""
    text = bearer.token_of(authorization)
    token = await records.load(runtime, "token", records.digest(text), AccessToken) if text else None
    return holder_of(token) if token is not None and _is_valid(runtime, token) else None


def _is_valid(runtime: Runtime, token: AccessToken) -> bool:
    return not token.revoked and token.expires_at > runtime.now()


async def _changes_since(runtime: Runtime, explanation: SearchExplanation) -> list[str]:
    """Return what has changed since a search was explained, for the administrator."""
    changed = []
    if explanation.position not in (None, await runtime.store.position(explanation.space)):
        changed.append("data")
    if explanation.token and not await _is_still_valid(runtime, explanation.token):
        changed.append("token")
    return changed


async def _is_still_valid(runtime: Runtime, key: str) -> bool:
    token = await records.load(runtime, "token", key, AccessToken)
    return token is not None and _is_valid(runtime, token)


def complete_exchange(entry: dict[str, Any], explanation: SearchExplanation | None) -> dict[str, Any]:
    """Replace the journal's text about an empty search with its explanation."""
    if explanation is None:
        return entry
    others = [finding for finding in entry["findings"] if finding["id"] not in RULES.places]
    is_said = any(finding["id"] == WRONG_PATIENT for finding in others)
    found = [finding for finding in explanation.findings if not (is_said and finding["id"] == PATIENT)]
    return entry | {"findings": sorted((*others, *found), key=_rank_finding)} | _suggested_request(entry, explanation)


def to_json(finding: Finding) -> dict[str, Any]:
    """Return a finding as `exchange_json.finding_json` does. Its parameter is the one that has a corrected value, if any."""
    name = finding.facts.get("parameter")
    is_corrected = [name] == [new for new, _ in finding.facts.get("instead") or ()]
    return finding.to_json() | {"degree": finding.degree, "parameter": name if is_corrected else None, "refused": False}


def _rank_finding(finding: Mapping[str, Any]) -> tuple[int, int]:
    return SEVERITIES.index(finding["severity"]), rank_by_harm(finding["id"])


def _suggested_request(entry: Mapping[str, Any], explanation: SearchExplanation) -> dict[str, Any]:
    """Return the request with the values of its search, which the journal masks, and the search that was probably meant.

    A body isn't kept, so this is only for a GET.
    """
    sent = entry.get("request")
    if not sent or sent["method"] != "GET":
        return {}
    address, _, masked = sent["url"].partition("?")
    shown = _choose_shown(explanation, parse(masked).pairs)
    pairs = tuple(shown.get(pair, pair) for pair in explanation.sent)
    completed: dict[str, Any] = {"request": sent | {"url": f"{address}?{encode(pairs)}" if pairs else address}}
    if explanation.corrected is not None and "headers" in sent:
        headers = (entry.get("corrected") or sent).get("headers") or sent["headers"]
        new = tuple(shown.get(pair, pair) for pair in explanation.corrected)
        completed["corrected"] = {"method": "GET", "url": f"{address}?{encode(new)}", "headers": headers}
    return completed


def _choose_shown(explanation: SearchExplanation, masked: Sequence[tuple[str, str]]) -> dict[tuple[str, str], tuple[str, str]]:
    """Return parameters outside the search, such as a token in the URL, with their values removed."""
    known = frozenset(explanation.applied)
    as_stored = masked if len(masked) == len(explanation.sent) else [(name, "") for name, _ in explanation.sent]
    return {pair: stored for pair, stored in zip(explanation.sent, as_stored, strict=True) if pair not in known}
