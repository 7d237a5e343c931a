"""Rules about apps that were launched, and then sent no authorization request."""

from __future__ import annotations

from collections.abc import Mapping

from sickbay.diagnosis.rule import Functions
from sickbay.diagnosis.silence.declare import NOTHING, advise_on, after, always, failure_of
from sickbay.diagnosis.silence.progress import Silence
from sickbay.kernel.checks import Facts
from sickbay.protocol import urls


def _no_answer(silence: Silence) -> Facts | None:
    """Also if the address wasn't asked: an app that doesn't run is the most frequent cause."""
    uri, answer = silence.trail.app.launch_uri, silence.trail.answer
    if not uri or (not answer and silence.since.by_script):
        return None
    if not answer:
        return {"uri": uri, "finding": "The app may not be running", "answer": ""}
    finding = "Nothing answers" if answer.startswith(NOTHING) else "The server sends an error"
    failure = failure_of(answer)
    return {"uri": uri, "finding": finding, "answer": f" Sickbay asked it: {failure}."} if failure else None


def _unreachable(silence: Silence) -> Facts | None:
    base, uri = silence.trail.base, silence.trail.app.launch_uri
    is_elsewhere = urls.is_loopback(base) and urls.is_web(uri) and not urls.is_loopback(uri)
    return {"base": base, "host": urls.host(uri)} if is_elsewhere else None


def _not_opened(silence: Silence) -> Facts | None:
    return {} if silence.since.by_script else None


def _wrong_address(silence: Silence) -> Facts | None:
    failed = [event.url for event in silence.trail.events if event.step == "discovery" and event.result != "granted"]
    return {"received": failed[-1]} if failed else None


def _find_restart(silence: Silence) -> Facts | None:
    return {} if any(event.step == "restart" for event in after(silence)) else None


FUNCTIONS: Mapping[str, Functions] = {
    "app-never-launched": {"advises": advise_on("launch", always)},
    "discovery-address-wrong": {"advises": advise_on("discovery", _wrong_address)},
    "iss-unreachable": {"advises": advise_on("discovery", _unreachable)},
    "launch-uri-no-answer": {"advises": advise_on("discovery", _no_answer)},
    "launch-url-not-opened": {"advises": advise_on("discovery", _not_opened)},
    "launch-page-silent": {"advises": advise_on("discovery", always)},
    "launch-iss-not-accepted": {"advises": advise_on("discovery", always)},
    "authorize-not-sent": {"advises": advise_on("authorize", always)},
    "authorize-popup-blocked": {"advises": advise_on("authorize", always)},
    "sign-in-superseded": {"advises": advise_on("login", _find_restart)},
}
