"""Rules about apps that were launched, and then sent no authorization request."""

from sickbay.diagnosis.rule import RuleFunctions
from sickbay.diagnosis.silence.declare import NOTHING, advise_on, events_after, failure_of, find_unreachable_host, no_facts
from sickbay.diagnosis.silence.progress import Silence
from sickbay.kernel.checks import Facts


def _has_no_answer(silence: Silence) -> Facts | None:
    uri, answer = silence.trail.app.launch_uri, "" if _address_is_wrong(silence) is not None else silence.trail.answer
    finding = "Nothing answers" if answer.startswith(NOTHING) else "The server sends an error"
    failure = failure_of(answer)
    return {"uri": uri, "finding": finding, "answer": failure} if uri and failure else None


def _launch_uri_got_no_request(silence: Silence) -> Facts | None:
    """If no one asked the address: an app that doesn't run and a page that does nothing look the same."""
    uri, answer = silence.trail.app.launch_uri, silence.trail.answer
    is_unknown = not answer and not silence.since.by_script and _address_is_wrong(silence) is None
    return {"uri": uri} if uri and is_unknown and _find_restart(silence) is None else None


def _page_sends_nothing(silence: Silence) -> Facts | None:
    answer = silence.trail.answer
    others = _launch_uri_got_no_request(silence), _address_is_wrong(silence), _find_restart(silence)
    if failure_of(answer) or any(facts is not None for facts in others):
        return None
    return {"answered": f"The launch URI answers: Sickbay asked it, and got {answer}. " if answer else ""}


def _launch_is_unreachable(silence: Silence) -> Facts | None:
    return find_unreachable_host(silence.trail.base, silence.trail.app.launch_uri)


def _address_is_wrong(silence: Silence) -> Facts | None:
    failed = [event.url for event in silence.trail.events if event.step == "discovery" and event.result != "granted"]
    return {"received": failed[-1]} if failed else None


def _find_restart(silence: Silence) -> Facts | None:
    return {} if any(event.step == "restart" for event in events_after(silence)) else None


FUNCTIONS: RuleFunctions = {
    "app-never-launched": {"advises": advise_on("launch", no_facts)},
    "discovery-address-wrong": {"advises": advise_on("discovery", _address_is_wrong)},
    "launch-superseded": {"advises": advise_on("discovery", _find_restart)},
    "iss-unreachable": {"advises": advise_on("discovery", _launch_is_unreachable)},
    "launch-uri-no-answer": {"advises": advise_on("discovery", _has_no_answer)},
    "launch-url-not-opened": {"advises": advise_on("discovery", lambda silence: {} if silence.since.by_script else None)},
    "launch-nothing-arrived": {"advises": advise_on("discovery", _launch_uri_got_no_request)},
    "launch-page-silent": {"advises": advise_on("discovery", _page_sends_nothing)},
    "launch-iss-not-accepted": {"advises": advise_on("discovery", no_facts)},
    "authorize-not-sent": {"advises": advise_on("authorize", no_facts)},
    "authorize-popup-blocked": {"advises": advise_on("authorize", no_facts)},
    "sign-in-superseded": {"advises": advise_on("login", _find_restart)},
}
