"""Rules about authorization codes that were sent to the app, which didn't exchange them."""

from sickbay.diagnosis.rule import RuleFunctions
from sickbay.diagnosis.silence.declare import (
    advise_on,
    events_after,
    failure_of,
    find_last_granted_event,
    find_unreachable_host,
    no_facts,
    recognise_preflight,
)
from sickbay.diagnosis.silence.progress import NOT_FOUND, Silence
from sickbay.kernel.checks import Facts
from sickbay.protocol import urls


def _has_no_answer(silence: Silence) -> Facts | None:
    failure = failure_of(silence.trail.answer)
    return {"answer": failure, "uri": find_code_destination(silence)} if failure else None


def find_code_destination(silence: Silence) -> str:
    """Where the code was sent, without parameters."""
    code = find_last_granted_event(silence, "code")
    return code.url if code else ""


def _origin_differs(silence: Silence) -> Facts | None:
    began, ends = urls.origin_of(silence.trail.app.launch_uri), urls.origin_of(find_code_destination(silence))
    is_launch = any(event.step == "launch" for event in silence.trail.events)
    if not is_launch or not began or not ends or began == ends:
        return None
    alias = urls.use_localhost(began) == urls.use_localhost(ends)
    return {"began": began, "ends": ends, "alias": " `localhost` and `127.0.0.1` are different origins." if alias else ""}


def _find_token_request(silence: Silence) -> Facts | None:
    """A request to the authorization endpoint that has the parameters of a token request."""
    is_sent = any(event.step == "restart" and "grant_type" in event.sent for event in events_after(silence))
    return {} if is_sent else None


def _find_wrong_address(silence: Silence) -> Facts | None:
    sent = [event.url for event in silence.trail.events if event.step == "token" and event.status == NOT_FOUND]
    return {"received": sent[-1]} if sent else None


def _app_starts_again(silence: Silence) -> Facts | None:
    uri = find_code_destination(silence)
    if uri and uri == silence.trail.app.launch_uri:
        return {"seen": "It is also the launch URI."}
    seen = {event.step for event in events_after(silence)}
    if "restart" in seen:
        return {"seen": "After the code, the app sent another authorization request."}
    return {"seen": "After the code, the app looked up the endpoints again."} if "discovery" in seen else None


def _has_no_state(silence: Silence) -> Facts | None:
    request = find_last_granted_event(silence, "authorize") or find_last_granted_event(silence, "code")
    return {} if request is not None and request.sent and "state" not in request.sent else None


def _scheme_is_private(silence: Silence) -> Facts | None:
    uri = find_code_destination(silence)
    return {"scheme": urls.scheme_of(uri)} if uri and not urls.is_web(uri) and urls.scheme_of(uri) else None


def _redirect_is_unreachable(silence: Silence) -> Facts | None:
    base, uri = silence.trail.base, find_code_destination(silence)
    looked_up = any(event.step == "discovery" and not event.by_page for event in silence.trail.events)
    return None if looked_up else find_unreachable_host(base, uri)


FUNCTIONS: RuleFunctions = {
    "token-request-at-authorize": {"advises": advise_on("token", _find_token_request)},
    "token-address-wrong": {"advises": advise_on("token", _find_wrong_address)},
    "token-preflight-blocked": {"advises": advise_on("token", recognise_preflight)},
    "redirect-uri-no-answer": {"advises": advise_on("token", _has_no_answer)},
    "redirect-uri-other-origin": {"advises": advise_on("token", _origin_differs)},
    "redirect-page-starts-again": {"advises": advise_on("token", _app_starts_again)},
    "state-not-sent": {"advises": advise_on("token", _has_no_state)},
    "redirect-scheme-unhandled": {"advises": advise_on("token", _scheme_is_private)},
    "token-endpoint-unreachable": {"advises": advise_on("token", _redirect_is_unreachable)},
    "code-not-redeemed": {"advises": advise_on("token", no_facts)},
    "state-lost": {"advises": advise_on("token", no_facts)},
}
