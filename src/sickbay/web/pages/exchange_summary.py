"""Summarises an exchange for its page: the verdict, the headline, the response, and the steps of its checks."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from sickbay.authorization.authorize.stage import GATE
from sickbay.authorization.checks import FUNCTIONS
from sickbay.diagnosis import placeholders
from sickbay.diagnosis.catalogue import RULES
from sickbay.faults.kinds import list_kinds
from sickbay.kernel.english import count, join
from sickbay.kernel.memoize import cache_results
from sickbay.services.journal.outcomes import Outcome, describe_injected_fault, determine_outcome, get_status
from sickbay.web.exchanges import code_samples
from sickbay.web.pages.parts import FindingView, Verdict

REPAIRED = frozenset(rule.id for rule in RULES if rule.repair)
ONCE = {
    "Authorization codes are short-lived and single-use. If yours is spent, start a new authorization.": {
        placeholders.PLACEHOLDER_CODE
    },
    "An assertion can be used only once, so sign a new one.": {placeholders.placeholder_for("client_assertion")},
}
"""Hints for values that work only once, with their placeholders."""
HEADLINE_CHARACTERS = 170
"""Maximum length of a headline in characters."""
ANSWER_CHARACTERS = 1000
"""Maximum length of a shown response in characters."""
UNFOLDED_CHECKS = 4
"""Maximum number of consecutive passed checks that aren't folded."""
_MISSING = {
    "client": "the registration",
    "server": "the other server’s records",
    "launch": "the launch",
    "code": "the authorization code",
    "token": "the token",
    "user": "a signed-in user",
    "now": "the current time",
    "earlier": "the requests before this one",
}
OUTCOMES = {"passed": "passed", "refused": "failed", "skipped": "skipped"}
"""The outcome in JSON -> its word on a page."""
_IN_THE_BROWSER = frozenset(("authorize", "login", "logout", "launch"))
_SPELLED = {
    "accept": "Accept",
    "authorization_header": "Authorization header",
    "basic": "Basic",
    "bearer": "Bearer",
    "content_type": "Content-Type",
    "fhir": "FHIR",
    "html": "HTML",
    "id": "ID",
    "ids": "IDs",
    "if_match": "If-Match",
    "if_none_match": "If-None-Match",
    "jwks": "JWKS",
    "jwt": "JWT",
    "ndjson": "NDJSON",
    "pkce": "PKCE",
    "post": "POST",
    "respond_async": "Prefer: respond-async",
    "s256": "S256",
    "sha256": "SHA-256",
    "smart": "SMART",
    "uri": "URI",
    "uris": "URIs",
    "url": "URL",
    "utf8": "UTF-8",
}
"""The spelling of a term in the name of a check, if it isn't the term itself."""
_PARAMETERS = tuple(
    """
    client_assertion_type client_id client_secret code_challenge_method code_challenge code_verifier grant_type
    id_token_hint jwks_uri post_logout_redirect_uri redirect_uri response_mode response_type
    """.split()
)
_TERM = re.compile(rf"(?:{'|'.join((*_PARAMETERS, *sorted(_SPELLED, key=len, reverse=True)))})(?=_|$)|[^_]+")
"""A term in the name of a check: a word, or several that are one name."""


def determine_verdict(exchange: Mapping[str, Any]) -> tuple[Verdict | str, str]:
    """The kind and the word of the tag."""
    return ("warning", "Injected fault") if describe_injected_fault(exchange) else VERDICTS[determine_outcome(exchange)]


VERDICTS: dict[Outcome, tuple[Verdict | str, str]] = {
    "refused": ("refused", "Refused"),
    "warning": ("warning", "Failed"),
    "passed": ("passed", "Granted"),
}
"""The kind and the word of the tag."""


def format_headline(views: Sequence[FindingView], exchange: Mapping[str, Any]) -> str:
    """The first problem and its fix, if both fit on two lines."""
    ended = determine_outcome(exchange)
    if not views and (fault := describe_injected_fault(exchange)):
        return f"Sickbay injected a fault: {fault[:1].lower()}{fault[1:]}."
    if not views:
        said = {"passed": "was granted", "refused": "was refused", "warning": f"failed with status {get_status(exchange)}"}
        return f"This request {said[ended]}."
    first = views[0]
    title = first.title.rstrip(".")
    if ended != "refused":
        start = (
            f"Granted, with {'a warning' if first.kind == 'warning' else 'advice'}"
            if ended == "passed"
            else f"Failed with status {get_status(exchange)}"
        )
        return f"{start}: {shorten_long_words(title)}."
    fix = first.fix.split(". ")[0].rstrip(".") + "."
    text = f"{title}. {fix}"
    return shorten_long_words(text if len(text) <= HEADLINE_CHARACTERS else f"{title}.")


def shorten_long_words(text: str) -> str:
    """Cut long values in the middle. The finding and the table show them in full."""
    if len(text) <= HEADLINE_CHARACTERS:
        return text
    return " ".join(word if len(word) <= 48 else f"{word[:24]}…{word[-16:]}" for word in text.split(" "))


def format_lede(views: Sequence[FindingView], corrected: bool, exchange: Mapping[str, Any]) -> str:
    """The fault that was injected, the number of problems, and where their fix is."""
    fault = _describe_fault(exchange)
    problems = _describe_problems(views, corrected)
    if fault or problems:
        return " ".join(filter(None, (fault, problems)))
    if views:
        return "See the suggestions below."
    return "No problems found." if determine_outcome(exchange) == "passed" else "No rule explains this; see the response below."


def _describe_problems(views: Sequence[FindingView], corrected: bool) -> str:
    """ "" if nothing was refused."""
    causes = {view.because for view in views}
    refused = [view for view in views if view.kind == "refused" and not view.because]
    if not refused:
        return ""
    problems = count(len(refused), "problem")
    if not corrected and any(view.rule not in REPAIRED for view in refused):
        return f"{problems}. See the steps below."
    all_fixed = corrected and all(view.rule in REPAIRED or view.number in causes for view in refused)
    if len(refused) == 1:
        more = ", which causes the others" if any(causes) else ""
        return f"{problems}{more}, fixed in the request below." if all_fixed else f"{problems}{more}. See the fix below."
    return f"{problems}, all fixed in the request below." if all_fixed else f"{problems}. See the fixes below."


def _describe_fault(exchange: Mapping[str, Any]) -> str:
    """ "" if no fault was injected."""
    fault = exchange.get("injected")
    if not fault:
        return ""
    known = list_kinds().get(fault["kind"])
    texts = [f"This is fault {fault['fault']} (`{fault['kind']}`), which you injected.", fault.get("changed", "")]
    return " ".join(filter(None, (*texts, f"What a good app does: {known.advice}" if known else "")))


def explain_unexamined_length(exchange: Mapping[str, Any]) -> str:
    """Says where the explanation of a long request stopped; "" if it didn't."""
    left_out = exchange.get("unexamined")
    if not left_out:
        return ""
    return f"The request is long. {left_out:,} characters of it aren't shown, and there is no corrected request."


CHANGES = {"data": "the data have changed", "token": "the token has expired or was revoked"}


def describe_changes(exchange: Mapping[str, Any]) -> str:
    """Says what has changed since an empty search was explained; "" if nothing has."""
    names = [CHANGES[name] for name in exchange.get("changed") or ()]
    return f"Since this was explained, {join(names)}. The same search may find something else now." if names else ""


def outline_response(exchange: Mapping[str, Any]) -> str:
    """The response on one line: its status, and the location, challenge or body."""
    response = exchange.get("response") or {}
    if not response:
        return ""
    if _is_page(exchange):
        return (
            f"{get_status(exchange)} error page, no redirect"
            if get_status(exchange) >= 400
            else f"{get_status(exchange)} page, no redirect"
        )
    headers = _headers_by_name(response)
    rest = headers.get("location") or headers.get("www-authenticate") or response.get("body") or ""
    text = f"{response.get('status', '')} {rest}".strip()
    return text if len(text) <= ANSWER_CHARACTERS else text[:ANSWER_CHARACTERS] + "…"


def answer_lines(exchange: Mapping[str, Any]) -> str:
    """The response as `answer` has it, but a short JSON object is indented."""
    line, body = outline_response(exchange), str((exchange.get("response") or {}).get("body") or "")
    members = code_samples.parse_object(body) if line == f"{get_status(exchange)} {body}" else {}
    return f"{get_status(exchange)}\n{json.dumps(members, indent=2, ensure_ascii=False)}" if members else line


def name_receiver(exchange: Mapping[str, Any]) -> str:
    """The label of the response: an app receives neither the pages in the browser nor the response to a resent request."""
    if exchange.get("resent_from"):
        return "Response"
    if exchange.get("stage") not in _IN_THE_BROWSER:
        return "Your app received"
    if _is_page(exchange):
        return "Response"
    location = _headers_by_name(exchange.get("response") or {})["location"]
    own = urlsplit(str((exchange.get("request") or {}).get("url", ""))).netloc
    return "The browser was sent to" if urlsplit(location).netloc in ("", own) else "Your app received"


def _is_page(exchange: Mapping[str, Any]) -> bool:
    return exchange.get("stage") in _IN_THE_BROWSER and "location" not in _headers_by_name(exchange.get("response") or {})


def _headers_by_name(response: Mapping[str, Any]) -> dict[str, str]:
    return {str(name).lower(): str(value) for name, value in (response.get("headers") or {}).items()}


def format_duration(exchange: Mapping[str, Any]) -> str:
    spent = exchange.get("milliseconds")
    return f"in {spent:.1f} ms" if isinstance(spent, (int, float)) else ""


def explain_placeholders(request: code_samples.RequestParts) -> str:
    """The placeholders that a reader has to fill in before the code works."""
    body = code_samples.describe_missing_parts(request)
    outline = f"Sickbay didn’t store the body. It was {body}." if body else ""
    return " ".join(part for part in (_ask_for_values(code_samples.list_places(request)), outline) if part)


def _ask_for_values(places: Sequence[str]) -> str:
    if not places:
        return ""
    own = "your own value" if len(places) == 1 else "your own values"
    hints = [hint for hint, names in ONCE.items() if names & {*places}]
    return " ".join(
        (f"Replace {join(places)} with {own}; Sickbay didn’t store {'it' if len(places) == 1 else 'them'}.", *hints)
    )


class Step(Struct, frozen=True):
    """One check. The outcome `gate` marks where responses may be redirected to the app from then on."""

    outcome: str
    text: str
    because: str = ""


def group_steps(steps: Sequence[Step]) -> tuple[tuple[Step, ...], ...]:
    """Group the steps: more passed checks in a row than UNFOLDED_CHECKS are one group, and each other step is one."""
    groups: list[list[Step]] = []
    for step in steps:
        if step.outcome == "passed" and not step.because and groups and groups[-1][-1].outcome == "passed":
            groups[-1].append(step)
        else:
            groups.append([step])
    return tuple(
        part for group in groups for part in ([tuple(group)] if len(group) > UNFOLDED_CHECKS else [(step,) for step in group])
    )


def steps_of(checks: Sequence[Mapping[str, Any]]) -> tuple[Step, ...]:
    """Build the steps from the checks in the JSON of an exchange. The first failed check decided the response."""
    steps: list[Step] = []
    undecided = True
    for check in checks:
        outcome = str(check["outcome"])
        because = str(check.get("note") or "")
        if outcome == "refused" and undecided:
            undecided, because = False, because or "decided the response"
        if outcome == "skipped":
            because = _needs_sentence(check.get("waits_for"))
        steps.append(Step(outcome, split_name(str(check["name"])), because))
        if check["name"] == GATE.name and outcome == "passed":
            steps.append(Step("gate", "From here on, a response may be redirected to your app."))
    return tuple(steps)


@cache_results(1024)
def split_name(name: str) -> str:
    """The name of a check as words, as its function says it."""
    return " ".join([_SPELLED.get(term, term) for term in _TERM.findall(FUNCTIONS.get(name, name))])


def _needs_sentence(missing: str | None) -> str:
    if missing in _MISSING:
        return f"needs {_MISSING[missing]}"
    return f"runs only after “{split_name(missing)}” has passed" if missing else "runs only after another check has passed"


def count_outcomes(checks: Sequence[Mapping[str, Any]]) -> str:
    """'4 passed, 3 failed, 1 skipped'."""
    outcomes = [check["outcome"] for check in checks]
    counted = [(outcomes.count(outcome), word) for outcome, word in OUTCOMES.items()]
    return ", ".join(f"{number} {word}" for number, word in counted if number)
