"""Rules about apps that were launched, and then sent no authorization request."""

from __future__ import annotations

from sickbay.diagnosis import specs
from sickbay.diagnosis.silence.declare import NOTHING, after, always, failure_of, silence_rule
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


RULES = (
    silence_rule(
        "launch",
        "app-never-launched",
        title="The app is registered and has never been launched",
        why="No request with its `client_id` is recorded.",
        fix="Launch it: use Launch on its page, or run `sickbay launch APP --open`. If it launches standalone, check that it "
        "sends this `client_id` to this server.",
        recognise=always,
    ),
    silence_rule(
        "discovery",
        "discovery-address-wrong",
        title="The app looks for the endpoints at an address that doesn't exist",
        why="It requested {received}. The endpoints are at `.well-known/smart-configuration` below `iss`.",
        fix="Append `/.well-known/smart-configuration` to `iss`, without changing or shortening `iss`. To check, open the "
        "request in the list of exchanges.",
        recognise=_wrong_address,
        spec=specs.SMART_DISCOVERY,
    ),
    silence_rule(
        "discovery",
        "iss-unreachable",
        title="The app at {host} may not reach Sickbay at {base}",
        why="`iss` begins with {base}. On another machine, and inside a container, that address is that machine or container "
        "itself. A browser also asks before it lets a page of another network send requests to this machine.",
        fix="Start Sickbay with `--base-url` set to an address that the app's server can reach. To check, run `curl "
        "{base}/healthz` where the app runs.",
        recognise=_unreachable,
        spec=specs.SMART_DISCOVERY,
    ),
    silence_rule(
        "discovery",
        "launch-uri-no-answer",
        title="{finding} at the launch URI",
        why="The browser was sent to {uri}.{answer} If the app doesn't run there, the browser shows an error page, and Sickbay "
        "receives nothing.",
        fix="Open {uri} in a browser. If it fails, start the app, or correct the port and path of its launch URI.",
        recognise=_no_answer,
        spec=specs.SMART_REGISTER,
    ),
    silence_rule(
        "discovery",
        "launch-url-not-opened",
        title="No browser may have opened the launch URL",
        why="A script or command received the launch URL, and only a browser that opens it starts the app. Sickbay sees "
        "nothing of that until the app sends its first request.",
        fix="Open the `url` of the launch in a browser, or run `sickbay launch` with `--open`. To check, look for the launch "
        "URL in the log of the app.",
        recognise=_not_opened,
    ),
    silence_rule(
        "discovery",
        "launch-page-silent",
        title="The page at the launch URI may stop before it looks up the endpoints",
        why="An error in its script, or a launch page that does nothing with `iss` and `launch`, leaves no trace in Sickbay.",
        fix="Open the console of the browser on that page, or the log of the app's server: an error there names the cause. If "
        "there is none, check that the page starts the launch, such as with `FHIR.oauth2.authorize()`.",
        recognise=always,
    ),
    silence_rule(
        "discovery",
        "launch-iss-not-accepted",
        title="The app may not accept Sickbay as `iss`",
        why="Many apps have a list of the servers that may launch them, and stop if `iss` isn't in it.",
        fix="Add the FHIR base of this hospital to that list. To check, look in the app's page and log for a message about "
        "`iss`.",
        recognise=always,
    ),
    silence_rule(
        "authorize",
        "authorize-not-sent",
        title="The app stops between discovery and the authorization request",
        why="It received the endpoints, and the browser wasn't redirected to `authorization_endpoint`. An error in between, "
        "such as a missing `client_id`, leaves no trace in Sickbay.",
        fix="Open the console of the browser, or the log of the app's server: an error there names the cause. If there is "
        "none, check that the app redirects the browser and doesn't send the request with `fetch`.",
        recognise=always,
        spec=specs.SMART_AUTHORIZE,
    ),
    silence_rule(
        "authorize",
        "authorize-popup-blocked",
        title="The browser may have blocked the window for the authorization request",
        why="Some libraries open it in a new window. Browsers block windows that no click opened.",
        fix="Allow pop-ups for the app, or let it redirect its own window. To check, look for the sign of a blocked pop-up in "
        "the address bar.",
        recognise=always,
        spec=specs.SMART_AUTHORIZE,
    ),
    silence_rule(
        "login",
        "sign-in-superseded",
        title="The app sent another authorization request instead",
        why="While the user was asked, the same app sent a new request. The page of the first one was abandoned.",
        fix="Send one authorization request for each launch. React's StrictMode runs effects twice in development, so guard "
        "the call that starts the launch.",
        recognise=_find_restart,
        spec=specs.SMART_AUTHORIZE,
    ),
)
