"""/exchanges/{id}: what was sent, what was wrong with it, what to send instead. Also the error page of authorize (400).

No form is posted. Links: {root}/exchanges/{id}?as=json, ?as=text, {root}/timelines/{launch}, {root}/rules/{rule}.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from sickbay.authorization.authorize import GATE
from sickbay.diagnosis import repairs
from sickbay.diagnosis.catalogue import RULES
from sickbay.web.pages import code, negotiation, times
from sickbay.web.pages.marks import Piece
from sickbay.web.pages.parts import FindingView, Verdict, count, findings
from sickbay.web.pages.rows import Found, Row, compared
from sickbay.web.pages.shell import shown

STAGES = {
    "registration": "Registration",
    "launch": "Launch",
    "discovery": "Discovery",
    "authorize": "Authorize request",
    "login": "Sign-in and consent",
    "redirect": "Answer to the app",
    "token": "Token request",
    "client_authentication": "Token request",
    "pkce": "Token request",
    "refresh": "Refresh",
    "id_token": "Id token",
    "access": "FHIR request",
    "search": "FHIR search",
    "browser": "Browser",
    "clock": "Clock",
    "backend": "Token request",
    "introspection": "Introspection",
    "revocation": "Revocation",
    "userinfo": "User info",
    "logout": "Sign-out",
    "app_state": "App state",
    "throttle": "Too many tries",
    "answer": "Error answer",
    "request": "Request",
}
_REPAIRED = frozenset(rule.id for rule in RULES if rule.repair)
_EXPLAINS = {rule.id: rule.explains for rule in RULES}
_SPELLED = {
    "fhir": "FHIR",
    "url": "URL",
    "html": "HTML",
    "pkce": "PKCE",
    "s256": "S256",
    "sha256": "SHA-256",
    "jwt": "JWT",
}
_WAITS = {
    "client": "the registration",
    "server": "that server’s word",
    "launch": "the launch",
    "code": "the code",
    "token": "the token",
    "user": "the person",
    "now": "the time",
}
_IN_THE_BROWSER = frozenset(("authorize", "login", "logout", "launch"))


@dataclass(frozen=True, slots=True)
class Step:
    """One check on the walk; outcome `gate` is the line behind which answers may go to the app."""

    outcome: str
    text: str
    because: str = ""


@dataclass(frozen=True, slots=True)
class Other:
    """How another dialect would answer. kind: refused, passed, or "" where it does not speak this version of FHIR."""

    title: str
    kind: str
    text: str
    urn: str = ""
    rule: str = ""


ONCE = {
    "A code is good once, and not for long: where it is gone, begin again at the authorization request.": {
        code.PLACES["code"],
        repairs.PLACE_OF_CODE,
    },
    "An assertion is good once: sign a new one.": {code.PLACES["client_assertion"]},
}
"""What no line can hold a second time."""
FEW = 4
LONGEST = 170
"""Characters of a headline before it is made calmer."""


def folded(walk: Sequence[Step]) -> tuple[tuple[Step, ...], ...]:
    """The walk in stretches: more than a few passed checks in a row are one stretch, every other step is its own."""
    stretches: list[list[Step]] = []
    for step in walk:
        if step.outcome == "passed" and not step.because and stretches and stretches[-1][-1].outcome == "passed":
            stretches[-1].append(step)
        else:
            stretches.append([step])
    return tuple(part for one in stretches for part in ([tuple(one)] if len(one) > FEW else [(step,) for step in one]))


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeView:
    id: str
    kind: Verdict | str
    verdict: str
    headline: str
    lede: str
    stage: str
    at: str
    at_iso: str
    app: str = ""
    app_href: str = ""
    hospital: str = ""
    launch: str = ""
    rows: tuple[Row, ...] = ()
    received: str = ""
    receiver: str = "Your app received"
    received_note: str = ""
    tabs: tuple[code.Tab, ...] = ()
    corrected: bool = False
    filled: str = ""
    """What a reader must fill in before the request works."""
    findings: tuple[FindingView, ...] = ()
    walk: tuple[Step, ...] = ()
    sum: str = ""
    support: tuple[tuple[str, str], ...] = ()
    request_line: str = ""
    negotiation: negotiation.Negotiation | None = None
    others: tuple[Other, ...] = ()
    text: str = ""

    @property
    def title(self) -> str:
        return f"{self.verdict}: {self.findings[0].title}" if self.findings else f"{self.verdict}: {self.stage}"

    @property
    def stretches(self) -> tuple[tuple[Step, ...], ...]:
        return folded(self.walk)

    @property
    def copied(self) -> code.Tab | None:
        return self.tabs[0] if self.tabs and self.corrected else None


def exchange_view(
    given: Mapping[str, Any],
    *,
    app: str = "",
    app_href: str = "",
    hospital: str = "",
    app_id: str = "",
) -> ExchangeView:
    """`given` is the JSON of the outside contract (`GET /exchanges/{id}`), secrets already masked.

    Beyond the contract `given` may have: milliseconds, decided (the name of the refusal that decided the answer),
    in a check waits_for and note, in a finding parameter.
    """
    request = code.read(given.get("request") or {})
    corrected = _corrected(given, request)
    found = _numbered(given)
    rows = compared(request, corrected, found, (given.get("request") or {}).get("headers") or {})
    views = findings([one for _, one in found])
    refused = any(one.kind == "refused" for one in views)
    changed = {row.name: row.expected for row in rows if row.expected is not None}
    view = ExchangeView(
        id=str(given["id"]),
        kind="refused" if refused else "passed",
        verdict="Refused" if refused else "Granted",
        headline=_headline(views, refused, given),
        lede=_lede(views, corrected is not None),
        stage=STAGES.get(str(given.get("stage")), "Request"),
        at=times.moment(given.get("at") or 0),
        at_iso=times.iso(given.get("at") or 0),
        app=app,
        app_href=app_href,
        hospital=hospital,
        launch=str(given.get("launch") or ""),
        rows=rows,
        received=_answer(given.get("response") or {}),
        receiver=_receiver(given),
        received_note=_duration(given),
        tabs=code.tabs(corrected or request, changed if corrected else {}),
        corrected=corrected is not None,
        filled=_note(corrected or request),
        findings=views,
        walk=_walk(given),
        sum=_sum(given.get("checks") or ()),
        request_line=f"{request.method} {code.url(request)}",
        negotiation=negotiation.read(given),
        others=tuple(_other(one) for one in given.get("others") or ()),
    )
    view = replace(view, support=_support(view, given, request, app_id))
    return replace(view, text=as_text(view))


def _other(one: Mapping[str, Any]) -> Other:
    if "speaks" in one:
        return Other(
            one["title"],
            "",
            f"does not speak this version: only {' and '.join(name.upper() for name in one['speaks'])}",
        )
    if one["refusal"] is None:
        return Other(one["title"], "passed", "grants it")
    said = (str(one["status"]), one.get("error"), one.get("delivered") and f"({one['delivered']})")
    return Other(one["title"], "refused", " ".join(part for part in said if part), one.get("urn", ""), one["refusal"])


def _corrected(given: Mapping[str, Any], request: code.Request) -> code.Request | None:
    """None too where something refused, and none of that could be mended: what is left is advice."""
    faults = [one["id"] for one in given.get("findings") or () if one["severity"] == "error"]
    if not given.get("corrected") or (faults and not any(one in _REPAIRED for one in faults)):
        return None
    read = code.read(given["corrected"])
    return read if read.headers else replace(read, headers=request.headers)


def _note(request: code.Request) -> str:
    body = code.not_kept(request)
    said = f"The body is not kept. It was {body}." if body else ""
    return " ".join(part for part in (_to_fill(code.places(request)), said) if part)


def _to_fill(places: Sequence[str]) -> str:
    if not places:
        return ""
    *more, last = places
    said = f"{', '.join(more)} and {last} stand" if more else f"{last} stands"
    spent = [words for words, names in ONCE.items() if names & {*places}]
    return " ".join((f"{said} for what is secret or yours alone, and is not kept here: put your own there.", *spent))


def _numbered(given: Mapping[str, Any]) -> list[Found]:
    """The one that decided the answer first, but for what brought it; the rest as they come: worst first."""
    decided = given.get("decided")
    found = list(given.get("findings") or ())
    roots = {one.get("because") for one in found}
    if decided:
        found.sort(key=lambda one: (one["id"] not in roots, decided not in (one["id"], _EXPLAINS.get(one["id"]))))
    return list(enumerate(found, 1))


def _headline(views: Sequence[FindingView], refused: bool, given: Mapping[str, Any]) -> str:
    if not views:
        return "This request was granted." if _status(given) < 400 else "This request was refused."
    first = views[0]
    fix = first.fix.split(". ")[0].rstrip(".") + "."
    text = f"{first.title.rstrip('.')}. {fix}"
    short = text if len(text) <= 170 else first.title.rstrip(".") + "."
    return _calm(short) if refused else f"Granted, with advice. {_calm(first.title.rstrip('.'))}."


def _calm(text: str) -> str:
    """A headline with long values cut in their middle; whole they stand in the finding and in the table."""
    if len(text) <= LONGEST:
        return text
    return " ".join(word if len(word) <= 48 else f"{word[:24]}…{word[-16:]}" for word in text.split(" "))


def _status(given: Mapping[str, Any]) -> int:
    return int((given.get("response") or {}).get("status") or 200)


def _lede(views: Sequence[FindingView], corrected: bool) -> str:
    brought = {one.because for one in views}
    refused = [one for one in views if one.kind == "refused" and not one.because]
    whole = corrected and all(one.rule in _REPAIRED or one.number in brought for one in refused)
    if not refused:
        return "Nothing stood in the way." if not views else "Nothing stood in the way. What could be better stands below."
    stuck = not corrected and any(one.rule not in _REPAIRED for one in refused)
    if stuck:
        number = count(len(refused), "thing stands", "things stand")
        tail = "the line cannot be put right for you: how to go on stands below."
        return f"{number[0].upper()}{number[1:]} in the way, and {tail}"
    if len(refused) == 1:
        tail = "it is put right in the request below." if whole else "how to mend it stands below."
        more = ", and brings the others with it" if any(brought) else ""
        return f"One thing stands in the way{more}; {tail}"
    number = count(len(refused), "thing", "things")
    tail = "all are put right in the request below." if whole else "how to mend each stands below."
    return f"{number[0].upper()}{number[1:]} stand in the way, and {tail}"


def _answer(response: Mapping[str, Any]) -> str:
    if not response:
        return ""
    headers = {str(name).lower(): str(value) for name, value in (response.get("headers") or {}).items()}
    rest = headers.get("location") or headers.get("www-authenticate") or response.get("body") or ""
    text = f"{response.get('status', '')} {rest}".strip()
    return text if len(text) <= 400 else text[:400] + "…"


def _receiver(given: Mapping[str, Any]) -> str:
    """Whoever got the answer: a page of ours in the browser is nothing that an app receives."""
    response = given.get("response") or {}
    headers = {str(name).lower(): str(value) for name, value in (response.get("headers") or {}).items()}
    if given.get("stage") not in _IN_THE_BROWSER:
        return "Your app received"
    if "location" not in headers:
        return "A page was shown"
    own = urlsplit(str((given.get("request") or {}).get("url", ""))).netloc
    return "The browser went to" if urlsplit(headers["location"]).netloc in ("", own) else "Your app received"


def _duration(given: Mapping[str, Any]) -> str:
    spent = given.get("milliseconds")
    return f"in {spent:.1f} ms" if isinstance(spent, (int, float)) else ""


def _walk(given: Mapping[str, Any]) -> tuple[Step, ...]:
    steps: list[Step] = []
    undecided = True
    for one in given.get("checks") or ():
        outcome = str(one["outcome"])
        because = str(one.get("note") or "")
        if outcome == "refused" and undecided:
            undecided, because = False, because or "decided the answer"
        if outcome == "skipped":
            because = (
                f"waits for: {_WAITS.get(one['waits_for']) or words(one['waits_for'])}"
                if one.get("waits_for")
                else "waits for another"
            )
        steps.append(Step(outcome, words(str(one["name"])), because))
        if one["name"] == GATE.name and outcome == "passed":
            steps.append(Step("gate", "From here on the answer may go to your app."))
    return tuple(steps)


def words(name: str) -> str:
    """The name of a check as words."""
    text = name.replace("_", " ").replace("redirect uris", "redirect addresses").replace("redirect uri", "redirect address")
    return " ".join(_SPELLED.get(word, word) for word in text.split(" "))


def _sum(checks: Sequence[Mapping[str, Any]]) -> str:
    said = (("passed", "passed"), ("refused", "refused"), ("skipped", "waited"))
    counted = [(sum(one["outcome"] == outcome for one in checks), word) for outcome, word in said]
    return ", ".join(f"{number} {word}" for number, word in counted if number)


def _support(view: ExchangeView, given: Mapping[str, Any], request: code.Request, app_id: str) -> tuple[tuple[str, str], ...]:
    sent = dict(request.parameters)
    pairs = (
        ("App", view.app),
        ("App id", app_id),
        ("Client id", sent.get("client_id") or (str(given.get("app") or ""))),
        ("Correlation", view.id),
        ("Time", view.at_iso),
        ("Request", f"{request.method} {request.address}"),
        ("Answer", view.received if len(view.received) <= 90 else view.received[:90] + "…"),
    )
    return tuple((name, value) for name, value in pairs if value)


def as_text(view: ExchangeView, address: str = "") -> str:
    """What one would paste into a ticket: plain text, at most 100 characters a line where words allow it."""
    lines = [f"{view.verdict.upper()}: {view.headline}", ""]
    lines += [f"{name + ':':<13}{value}" for name, value in view.support]
    lines += [f"{'Page:':<13}{address}"] if address else []
    for one in view.findings:
        lines += [
            "",
            f"{one.number}. {one.word}: {one.title} [{one.rule}]{_follows(one)}",
            f"   {one.why}",
            f"   Fix: {one.fix}",
        ]
        lines += [f"   {one.spec} {one.spec_href}".rstrip()] if one.spec else []
    faulty = [row for row in view.rows if row.faulty]
    lines += ["", "Received and expected"] if faulty else []
    for row in faulty:
        lines += [f"  {row.name}", f"    sent:     {_plain(row.received, 'not sent')}"]
        lines += [f"    expected: {_plain(row.expected, '')}"] if row.expected else []
    if view.tabs and view.corrected:
        lines += ["", "Corrected request", *(f"  {line}" for line in view.tabs[0].text.splitlines())]
        lines += [f"  ({view.filled})"] if view.filled else []
    lines += view.negotiation.lines() if view.negotiation else []
    if view.walk:
        lines += ["", f"Checks ({view.sum})"]
        lines += [f"  {step.outcome:<8} {step.text}" for step in view.walk if step.outcome != "gate"]
    return shown("\n".join(lines), "\n") + "\n"


def _follows(one: FindingView) -> str:
    return f" (follows from {one.because})" if one.because else ""


def _plain(pieces: Sequence[Piece] | None, missing: str) -> str:
    return missing if pieces is None else "".join(piece.text for piece in pieces)
