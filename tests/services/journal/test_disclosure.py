"""The law of disclosure: the public reading of a finding tells nothing stored that the request did not contain or prove."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest

from sickbay.authorization import access, client_assertion, client_authentication
from sickbay.authorization.contexts import AuthorizeContext, TokenContext
from sickbay.authorization.models import AccessToken, AuthorizationCode, Client, Launch, TokenFamily, User
from sickbay.diagnosis import case
from sickbay.diagnosis.catalogue import BY_ID
from sickbay.diagnosis.rule import find
from sickbay.diagnosis.stages import KINDS
from sickbay.kernel.checks import UNKNOWN, Examination
from sickbay.services.decision import HIDDEN, Decision, public
from sickbay.services.journal.disclosure import FROM_REQUEST

MARK = "zqx"
"""Stands in no rule, no request and no specification."""
URL = f"https://{MARK}.example/{MARK}-path"
VALUES: dict[str, Any] = {
    "redirect_uris": (URL,),
    "launch_uri": URL,
    "redirect_uri": URL,
    "post_logout_redirect_uris": (URL,),
    "jwks_uri": URL,
    "scope": f"patient/Zqx.rs user/{MARK}.read launch/{MARK}",
    "name": f"{MARK} app",
    "username": MARK,
    "fhir_user": f"Practitioner/{MARK}",
    "patients": (MARK,),
    "patient": MARK,
    "encounter": MARK,
    "user": MARK,
    "client_id": MARK,
    "app_id": MARK,
    "timeline": MARK,
    "family": MARK,
    "session": MARK,
    "nonce": MARK,
    "code_challenge": MARK * 15,
    "secret_hash": MARK,
    "password": MARK,
    "title": MARK,
    "sub": MARK,
    "context": {"intent": MARK},
    "negotiated": ((f"patient/{MARK}.rs", "", MARK),),
    "jwks": {"keys": [{"kid": MARK}]},
    "cards": ({"label": MARK},),
    "registration_hash": MARK,
}
"""Of each stored member, a value that can be recognised anywhere."""
STORED = (Client, AuthorizationCode, TokenFamily, Launch, AccessToken, User)
KEPT = ("client_id",)
"""Members that decide who is who; the variants below change them in one of two runs."""
CONTROLS = {"redirect-uri-mismatch", "token-redirect-uri-mismatch", "scope-not-registered"}
"""Rules whose facts must have held a mark, or the law would prove nothing."""


def marked(value: Any, names: tuple[str, ...] | None, adds: bool) -> Any:
    """The value with marks in its members; adds: beside what is there, where there may be several."""
    if not isinstance(value, STORED):
        return value
    changes = {}
    for field in dataclasses.fields(value):
        if field.name not in VALUES or (names is not None and field.name not in names):
            continue
        old, mark = getattr(value, field.name), VALUES[field.name]
        if adds and isinstance(old, tuple):
            mark = (*old, *mark)
        elif adds and field.name == "scope":
            mark = f"{old} {mark}"
        elif adds and old:
            continue
        changes[field.name] = mark
    return dataclasses.replace(value, **changes)


def variants(known: Any) -> Iterator[Any]:
    """Everything stored is marked, or one member at a time, or one object at a time, in place of what is there or beside it."""
    names = [field.name for field in dataclasses.fields(known)]
    stored = [name for name in names if isinstance(getattr(known, name), STORED)]
    members = tuple(name for name in VALUES if name not in KEPT)
    single = [(name,) for name in ("redirect_uris", "redirect_uri", "scope", "patient", "user", "code_challenge", "launch_uri")]
    for chosen, adds in ((members, True), *((one, False) for one in (members, *single) if stored)):
        yield dataclasses.replace(known, **{name: marked(getattr(known, name), chosen, adds) for name in stored})
    for name in stored:
        yield dataclasses.replace(known, **{name: marked(getattr(known, name), None, False)})
    other = marked(Client(MARK), None, False)
    more = {
        "others": (MARK,),
        "neighbours": (other,),
        "owner": other,
        "live": Launch(MARK, MARK, 1 << 40, MARK, MARK),
        "live_launch": f"launch-code-of-{MARK * 5}x",
        "attempts": (MARK,),
        "session_user": MARK,
    }
    for name, value in more.items():
        if name in names:
            yield dataclasses.replace(known, **{name: value})
    if isinstance(known, AuthorizeContext | TokenContext) and known.client is not UNKNOWN:
        yield dataclasses.replace(known, client=None, **({"others": (MARK,)} if "others" in names else {}))


def decisions(id: str) -> Iterator[Decision]:
    """The case itself, and with marks in what is stored. A stage that cannot decide on a variant is left out of it."""
    given = case.load(case.paths()[id]).refused
    kind = KINDS[given["kind"]]
    request = kind.request(given)
    known = kind.known(given, request)
    for one in [known, *(variants(known) if dataclasses.is_dataclass(known) else ())]:
        yield Decision(kind.stage, request, one, kind.examine(request, one))


def holds_good_token(examination: Examination) -> bool:
    """The documented exception: who holds a good access token may read what that token stands for."""
    return examination.passed(access.token_is_fresh) and examination.passed(access.token_is_of_this_issuer)


def authenticated(decision: Decision) -> bool:
    """The documented exception: a confidential client that proved who it is may read its own registration and grants."""
    client = getattr(decision.known, "client", None)
    proved = [
        decision.examination.passed(one) for one in (client_authentication.secret_is_right, client_assertion.signature_is_right)
    ]
    return isinstance(client, Client) and client.client != "public" and any(proved)


IDS = sorted(case.paths())


def test_the_rules_that_compute_from_the_request_are_in_the_catalogue() -> None:
    assert set(BY_ID) >= FROM_REQUEST


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Findings only: no corrected request."""
    monkeypatch.setattr(Decision, "_again", lambda self: None)


def test_no_finding_tells_the_public_what_is_stored() -> None:
    spoken, told = set(), set()
    for id in IDS:
        for decision in decisions(id):
            excused = holds_good_token(decision.examination) or authenticated(decision)
            for finding in decision.explained().findings:
                if MARK in repr(finding).casefold():
                    spoken.add(finding.id)
                said = public(finding)
                text = repr((said.title, said.why, said.fix, dict(said.facts))).casefold()
                if MARK in text and not excused:
                    told.add((id, finding.id, text))
    assert not told
    assert spoken >= CONTROLS


@pytest.mark.parametrize("id", IDS)
def test_the_public_still_reads_what_was_sent_and_what_is_wrong(id: str) -> None:
    """A finding without its private facts is still a finding: the rule, its title, and what was received."""
    decision = next(decisions(id))
    for finding in decision.explained().findings:
        said = public(finding)
        assert (said.id, said.spec) == (finding.id, finding.spec)
        assert said.facts.get("received") == finding.facts.get("received") or finding.private
        assert "received" not in finding.private or said.facts["received"] == HIDDEN
        assert BY_ID[id].stage
        assert find(BY_ID[finding.id], finding.facts, refused=finding.refused).title
