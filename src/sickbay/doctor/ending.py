"""Says where a file or a text ends too early: the last step of a launch in it, and why the next one may not follow.

A correct file that ends early is correct, so all of this is information.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, cast
from urllib.parse import urlsplit

from msgspec import structs

from sickbay.diagnosis.lists import LISTS, WORDS
from sickbay.diagnosis.rule import Finding
from sickbay.diagnosis.silence.causes import find_causes
from sickbay.diagnosis.silence.progress import LaunchStatus, find_status
from sickbay.diagnosis.silence.trail import AppDetails, Event, Result, StepName, Trail
from sickbay.doctor.har import HarExchange, request_of
from sickbay.doctor.pieces.inputs import Input
from sickbay.doctor.pieces.structured import read_object
from sickbay.doctor.request_kind import kind_of
from sickbay.protocol.parameters import parse

MINIMUM_STEPS: Final = 2
"""One request alone isn't a launch that ended early."""
BEGINNINGS: Final = frozenset(("launch", "authorize", "code"))


def findings_of_har(exchanges: Sequence[HarExchange]) -> tuple[Finding, ...]:
    """The likely causes, the likeliest first; nothing if the launch in the file is complete."""
    return _findings_of_events([event for exchange in exchanges for event in _events_of_exchange(exchange)])


def findings_of_inputs(inputs: Iterable[Input]) -> tuple[Finding, ...]:
    """The same for the requests in a pasted text, in its order: only after a code that came back, and after a preflight."""
    events = [event for each in inputs for event in _events_of_evidence(each.evidence)]
    return _findings_of_events(events) if events and events[-1].step in ("code", "preflight") else ()


def _findings_of_events(found: list[Event]) -> tuple[Finding, ...]:
    events = [structs.replace(event, at=float(number)) for number, event in enumerate(found)]
    if len({event.step for event in events}) < MINIMUM_STEPS or not any(event.step in BEGINNINGS for event in events):
        return ()
    trail = Trail(tuple(events), _app_of_events(events), is_complete=True, answer=_launch_answer(events))
    ending = _describe_ending(find_status(trail))
    return tuple(structs.replace(finding, why=f"{ending} {finding.why}") for finding in find_causes(trail)) if ending else ()


def _describe_ending(found: LaunchStatus) -> str:
    if found.state != "stalled" or found.since is None:
        return ""
    text = WORDS["ends_of_a_launch"].get(f"{found.awaited} after {found.since.step}", "")
    return f"It ends early: {text}." if text else ""


def _app_of_events(events: Sequence[Event]) -> AppDetails:
    launched = next((event.url for event in events if event.step == "launch"), "")
    return AppDetails(launch_uri=launched)


def _launch_answer(events: Sequence[Event]) -> str:
    """The answer of the launch URI, if the file has it."""
    status = next((event.status for event in events if event.step == "launch"), 0)
    return f"status {status}" if status else ""


def _events_of_exchange(exchange: HarExchange) -> Iterator[Event]:
    sent = exchange.sent
    kind = kind_of(request_of(sent), "file")
    if exchange.method == "OPTIONS":
        if kind in ("token_request", "fhir_request"):
            yield Event("preflight", headers=sent["headers"].get("access-control-request-headers", ""), url=exchange.url)
        return
    if read := _FROM_HAR.get(kind):
        yield from read(exchange)


def _result_of_exchange(exchange: HarExchange) -> Result:
    return "granted" if 200 <= exchange.status < 400 else "refused"


def _follow_plain(step: StepName) -> Callable[[HarExchange], Iterator[Event]]:
    def events(exchange: HarExchange) -> Iterator[Event]:
        is_page = "origin" in exchange.sent["headers"]
        yield Event(step, result=_result_of_exchange(exchange), status=exchange.status, url=exchange.url, by_page=is_page)

    return events


def _follow_authorization(exchange: HarExchange) -> Iterator[Event]:
    names = tuple(dict.fromkeys(parse(exchange.sent["query"]).names()))
    yield Event("authorize", result=_result_of_exchange(exchange), status=exchange.status, url=exchange.url, sent=names)
    location = str(exchange.sent["answer_headers"].get("location") or "")
    if "code" in parse(urlsplit(location).query):
        yield Event("code", url=location.partition("#")[0].partition("?")[0], sent=names)


def _follow_redirect(exchange: HarExchange) -> Iterator[Event]:
    result: Result = "granted" if "code" in parse(exchange.sent["query"]) else "refused"
    yield Event("code", result=result, url=exchange.url)


def _token_events(exchange: HarExchange) -> Iterator[Event]:
    grant_type = parse(exchange.sent["body"]).get("grant_type")
    step: StepName = "refresh" if grant_type == "refresh_token" else "token"
    members = read_object(exchange.sent["answer"])
    yield Event(
        step,
        result=_result_of_exchange(exchange),
        status=exchange.status,
        url=exchange.url,
        scope=str(members.get("scope") or ""),
        is_service=grant_type == "client_credentials",
        has_patient=bool(members.get("patient")),
        has_refresh=bool(members.get("refresh_token")),
    )


_FROM_HAR: Final[Mapping[str, Callable[[HarExchange], Iterator[Event]]]] = {
    "launch_url": _follow_plain("launch"),
    "smart_configuration": _follow_plain("discovery"),
    "authorize_url": _follow_authorization,
    "redirect_url": _follow_redirect,
    "token_request": _token_events,
    "fhir_request": _follow_plain("access"),
}
_OF_EVIDENCE = cast(Mapping[str, StepName], dict(each.split(":") for each in LISTS["steps_of_evidence"]))


def _events_of_evidence(evidence: Mapping[str, Any]) -> Iterator[Event]:
    url = str(evidence.get("url") or "")
    if evidence["kind"] == "http_exchange" and evidence["request"].get("method") == "OPTIONS":
        yield Event("preflight", url=str(evidence["request"].get("url") or ""))
    elif (step := _OF_EVIDENCE.get(evidence["kind"])) is not None:
        query = parse(urlsplit(url).query) if step in ("authorize", "code") else None
        names = tuple(dict.fromkeys(query.names())) if query is not None else ()
        result: Result = "refused" if step == "code" and "code" not in names else "granted"
        sent = names if step == "authorize" else ()
        yield Event(step, result=result, url=url.partition("#")[0].partition("?")[0], sent=sent)
