"""Rules about authorization codes that were sent to the app, which didn't exchange them."""

from __future__ import annotations

from typing import Final

from sickbay.diagnosis import specs
from sickbay.diagnosis.rule import Spec
from sickbay.diagnosis.silence.declare import after, always, failure_of, last, recognise_preflight, silence_rule
from sickbay.diagnosis.silence.progress import Silence
from sickbay.kernel.checks import Facts
from sickbay.protocol import urls

CORS: Final = Spec("Fetch Standard, CORS protocol", "https://fetch.spec.whatwg.org/#http-cors-protocol")
STORAGE: Final = Spec("HTML Standard, Web storage", "https://html.spec.whatwg.org/multipage/webstorage.html")
REDIRECTED: Final = specs.rfc(6749, "4.1.2", "Authorization Response")
STATE: Final = specs.rfc(6749, "10.12", "Cross-Site Request Forgery")


def _no_answer(silence: Silence) -> Facts | None:
    failure = failure_of(silence.trail.answer)
    return {"answer": failure, "uri": find_code_destination(silence)} if failure else None


def find_code_destination(silence: Silence) -> str:
    """Where the code was sent, without parameters."""
    code = last(silence, "code")
    return code.url if code else ""


def _other_origin(silence: Silence) -> Facts | None:
    began, ends = urls.origin(silence.trail.app.launch_uri), urls.origin(find_code_destination(silence))
    is_launch = any(event.step == "launch" for event in silence.trail.events)
    if not is_launch or not began or not ends or began == ends:
        return None
    alias = urls.one_loopback(began) == urls.one_loopback(ends)
    return {"began": began, "ends": ends, "alias": " `localhost` and `127.0.0.1` are different origins." if alias else ""}


def _starts_again(silence: Silence) -> Facts | None:
    uri = find_code_destination(silence)
    if uri and uri == silence.trail.app.launch_uri:
        return {"seen": "It is also the launch URI."}
    seen = {event.step for event in after(silence)}
    if "restart" in seen:
        return {"seen": "After the code, the app sent another authorization request."}
    return {"seen": "After the code, the app looked up the endpoints again."} if "discovery" in seen else None


def _no_state(silence: Silence) -> Facts | None:
    request = last(silence, "authorize") or last(silence, "code")
    return {} if request is not None and request.sent and "state" not in request.sent else None


def _private_scheme(silence: Silence) -> Facts | None:
    uri = find_code_destination(silence)
    return {"scheme": urls.scheme(uri)} if uri and not urls.is_web(uri) and urls.scheme(uri) else None


def _unreachable(silence: Silence) -> Facts | None:
    base, uri = silence.trail.base, find_code_destination(silence)
    looked_up = any(event.step == "discovery" and not event.by_page for event in silence.trail.events)
    is_elsewhere = urls.is_loopback(base) and urls.is_web(uri) and not urls.is_loopback(uri)
    return {"base": base, "host": urls.host(uri)} if is_elsewhere and not looked_up else None


RULES = (
    silence_rule(
        "token",
        "token-preflight-blocked",
        title="The browser asked whether it may send the token request, and didn't send it",
        why="The browser stopped the request itself. {likely}{asked}",
        fix="Call `fetch` with `credentials: 'omit'`. To check, open the console of the browser: its CORS error names the "
        "header or the mode.",
        recognise=recognise_preflight,
        spec=CORS,
    ),
    silence_rule(
        "token",
        "redirect-uri-no-answer",
        title="The redirect URI doesn't answer: {answer}",
        why="The code was sent to {uri}. Sickbay asked that address without the code.",
        fix="Start the app there, or register a redirect URI that the app serves.",
        recognise=_no_answer,
        spec=REDIRECTED,
    ),
    silence_rule(
        "token",
        "redirect-uri-other-origin",
        title="The launch began at {began}, and the code arrived at {ends}",
        why="Session storage and cookies belong to one origin. The page at the redirect URI doesn't find the `state` and the "
        "PKCE verifier that the launch page stored.{alias}",
        fix="Use the same scheme, host and port for the launch URI and the redirect URI.",
        recognise=_other_origin,
        spec=STORAGE,
    ),
    silence_rule(
        "token",
        "redirect-page-starts-again",
        title="The page at the redirect URI seems to start a new launch instead of redeeming the code",
        why="{seen} A page that begins a launch whenever it is opened never reads `code`.",
        fix="Give the redirect URI a page of its own, which calls `FHIR.oauth2.ready()` or its equivalent, or check for "
        "`code` before you start a launch.",
        recognise=_starts_again,
        spec=REDIRECTED,
    ),
    silence_rule(
        "token",
        "state-not-sent",
        title="The authorization request had no `state`, so the response has none",
        why="Most libraries refuse a response whose `state` they can't compare, and send no token request.",
        fix="Send a random `state` with each authorization request, and store it for the page at the redirect URI.",
        recognise=_no_state,
        spec=STATE,
    ),
    silence_rule(
        "token",
        "redirect-scheme-unhandled",
        title="No installed app may handle `{scheme}:`",
        why="The browser hands the redirect URI to the operating system, which opens the app that declares this scheme. If "
        "there is none, nothing happens.",
        fix="Install the app on the device that has the browser, and check that it declares the scheme `{scheme}`. To check, "
        "open `{scheme}://test` there.",
        recognise=_private_scheme,
        spec=specs.rfc(8252, "7.1", "Private-Use URI Scheme Redirection"),
    ),
    silence_rule(
        "token",
        "token-endpoint-unreachable",
        title="The app's server at {host} may not reach {base}",
        why="The browser reached Sickbay, but the server that redeems the code is on another machine or in a container, where "
        "that address is its own.",
        fix="Start Sickbay with `--base-url` set to an address that both the browser and the app's server can reach. To "
        "check, run `curl {base}/healthz` where the app runs.",
        recognise=_unreachable,
        spec=REDIRECTED,
    ),
    silence_rule(
        "token",
        "code-not-redeemed",
        title="The app stopped at the redirect URI, before the token request",
        why="The code arrived there. An error in the page or server that reads it leaves no trace in Sickbay.",
        fix="Open the console of the browser on that page, or the log of the app's server. An error about `state` or the "
        "verifier means that they were lost. If there is no error, check that this page calls the token endpoint at all.",
        recognise=always,
        spec=REDIRECTED,
    ),
    silence_rule(
        "token",
        "state-lost",
        title="The app may have lost the `state` that it stored",
        why="The response arrived in another tab, browser or host than the launch began in, or the session had ended. "
        "Libraries then refuse the response.",
        fix="Launch again in one tab, with the same host name in the launch URI and the redirect URI. To check, compare the "
        "session storage of the page at the redirect URI with that of the launch page.",
        recognise=always,
        spec=STATE,
    ),
)
