"""The public version of a finding contains nothing stored that the request didn't contain or prove."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from msgspec import Struct, structs
from tests.authorization.backend_requests import request, sample_context, sign
from tests.laws import for_each

from sickbay.authorization.access import bearer
from sickbay.authorization.contexts import AuthorizeContext, TokenContext
from sickbay.authorization.models import AccessToken, AuthorizationCode, Client, Launch, TokenFamily, User
from sickbay.authorization.token import client_assertion, client_authentication
from sickbay.diagnosis import case
from sickbay.diagnosis.catalogue import BY_ID
from sickbay.diagnosis.kinds import KINDS
from sickbay.diagnosis.rule import SEVERITIES, fill_rule
from sickbay.kernel.checks import UNKNOWN, Examination
from sickbay.services.decision import HIDDEN, Decision, hide_private
from sickbay.services.journal.disclosure import FROM_REQUEST, contains_text, unsent_texts

MARK = "zqx"
"""A text that occurs in no rule, request or specification."""
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
"""A recognizable value for each stored member."""
STORED = (Client, AuthorizationCode, TokenFamily, Launch, AccessToken, User)
KEPT = ("client_id",)
"""Members that identify an object. The variants below change them in only one of two runs."""
CONTROLS = {"redirect-uri-mismatch", "token-redirect-uri-mismatch", "scope-not-registered"}
"""Rules whose facts must contain a mark; otherwise the test would prove nothing."""


def add_marks(value: Any, names: tuple[str, ...] | None, adds: bool) -> Any:
    """The value with marks in its members. adds: adds them to the existing values if there can be several."""
    if not isinstance(value, STORED):
        return value
    changes = {}
    for field in structs.fields(value):
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
    return structs.replace(value, **changes)


def variants(context: Any) -> Iterator[Any]:
    """Contexts with marks in everything stored, in one member or in one object, replacing the old values or added to them."""
    names = list(context.__struct_fields__)
    stored = [name for name in names if isinstance(getattr(context, name), STORED)]
    members = tuple(name for name in VALUES if name not in KEPT)
    single = [(name,) for name in ("redirect_uris", "redirect_uri", "scope", "patient", "user", "code_challenge", "launch_uri")]
    for chosen, adds in ((members, True), *((names, False) for names in (members, *single) if stored)):
        yield structs.replace(context, **{name: add_marks(getattr(context, name), chosen, adds) for name in stored})
    for name in stored:
        yield structs.replace(context, **{name: add_marks(getattr(context, name), None, False)})
    other = add_marks(Client(MARK), None, False)
    additions = {
        "others": (MARK,),
        "newest_clients": (other,),
        "owner": other,
        "live": Launch(MARK, MARK, 1 << 40, MARK, MARK),
        "live_launch": f"launch-code-of-{MARK * 5}x",
        "attempts": (MARK,),
        "session_user": MARK,
    }
    for name, value in additions.items():
        if name in names:
            yield structs.replace(context, **{name: value})
    if isinstance(context, AuthorizeContext | TokenContext) and context.client is not UNKNOWN:
        yield structs.replace(context, client=None, **({"others": (MARK,)} if "others" in names else {}))


def decisions(id: str) -> Iterator[Decision[Any, Any]]:
    """The decision of a case, and its decisions with marks in what is stored."""
    evidence = case.load(case.list_paths()[id]).refused
    kind = KINDS[evidence["kind"]]
    request = kind.request(evidence)
    context = kind.context(evidence, request)
    for variant in [context, *(variants(context) if isinstance(context, Struct) else ())]:
        yield Decision(kind.stage, request, variant, kind.examine(request, variant))


def holds_good_token(examination: Examination) -> bool:
    """The documented exception: the bearer of a valid access token may read what belongs to that token."""
    return examination.has_passed(bearer.token_has_not_expired) and examination.has_passed(
        bearer.token_was_issued_by_this_server
    )


def is_authenticated(decision: Decision[Any, Any]) -> bool:
    """The documented exception: an authenticated confidential client may read its own registration and grants."""
    client = getattr(decision.context, "client", None)
    authenticated_by = [
        decision.examination.has_passed(check)
        for check in (client_authentication.client_secret_is_right_if_the_client_has_one, client_assertion.signature_is_valid)
    ]
    return isinstance(client, Client) and client.client != "public" and any(authenticated_by)


IDS = sorted(case.list_paths())


@cache
def decision_of(id: str) -> Decision[Any, Any]:
    """The decision of a case as it is."""
    return next(decisions(id))


def test_the_rules_that_use_only_the_request_are_in_the_catalogue() -> None:
    assert set(BY_ID) >= FROM_REQUEST


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skips corrected requests, because only the findings are tested."""
    monkeypatch.setattr(Decision, "_make_again", lambda self: None)


def test_no_public_finding_contains_stored_values() -> None:
    marked_rules, disclosures = set(), set()
    for id in IDS:
        for decision in decisions(id):
            excused = holds_good_token(decision.examination) or is_authenticated(decision)
            for finding in decision.explain().findings:
                if MARK in repr(finding).casefold():
                    marked_rules.add(finding.id)
                public_finding = hide_private(finding)
                text = repr(
                    (public_finding.title, public_finding.why, public_finding.fix, dict(public_finding.facts))
                ).casefold()
                if MARK in text and not excused:
                    disclosures.add((id, finding.id, text))
    assert not disclosures
    assert marked_rules >= CONTROLS


@for_each("id", IDS)
def test_a_public_finding_still_says_what_was_sent_and_what_is_wrong(id: str) -> None:
    """A finding without its private facts still has the rule, its title, and what was received."""
    for finding in decision_of(id).explain().findings:
        public_finding = hide_private(finding)
        assert (public_finding.id, public_finding.spec) == (finding.id, finding.spec)
        assert public_finding.facts.get("received") == finding.facts.get("received") or finding.private
        assert "received" not in finding.private or public_finding.facts["received"] == HIDDEN
        assert BY_ID[id].stage
        assert fill_rule(BY_ID[finding.id], finding.facts, refused=finding.refused).title


@for_each("id", IDS)
def test_a_finding_can_be_shown_whichever_of_its_facts_are_hidden(id: str) -> None:
    """Any fact can be equal to a stored text, for example to the name of an app."""
    for finding in decision_of(id).explain().findings:
        hidden = hide_private(structs.replace(finding, private=tuple(finding.facts)))
        assert (hidden.id, SEVERITIES.index(hidden.severity) >= SEVERITIES.index(finding.severity)) == (finding.id, True)


@pytest.mark.parametrize(
    ("name", "id"),
    [
        ("sys", "bulk-not-by-system"),
        ("sec", "client-secret-wrong"),
        ("cod", "fhir-search-post-content-type"),
        ("openid", "userinfo-without-openid"),
        ("Patient", "fhir-operation-unknown"),
        ("client", "basic-malformed"),
        ("Post", "fhir-method-not-allowed"),
    ],
)
def test_the_name_of_an_app_hides_no_word_of_a_specification(name: str, id: str) -> None:
    def read_facts(name: str) -> list[Any]:
        decision = decision_of(id)
        context = structs.replace(decision.context, client=structs.replace(decision.context.client, name=name))
        findings = Decision(decision.stage, decision.request, context, decision.examination).explain().findings
        return [hide_private(finding).facts for finding in findings]

    assert read_facts(name) == read_facts("Another app")


@pytest.mark.parametrize(
    ("text", "fact", "is_quoted"),
    [
        ("sys", "system/Patient.rs", False),
        ("p17", "Patient/p17", True),
        ("p17", "Patient/p170", False),
        ("sys", "the app sys isn't registered", True),
        ("sys", "sys", True),
        ("http://localhost:8100/cb", "http://localhost:8100/cb2", True),
        ("d41e96ecb6b75f75", "xd41e96ecb6b75f75", True),
    ],
)
def test_a_short_word_is_quoted_only_as_a_whole_word(text: str, fact: str, is_quoted: bool) -> None:
    assert contains_text(fact, text) == is_quoted


def test_what_a_client_assertion_contains_was_sent() -> None:
    context = structs.replace(sample_context(), client=Client("another-app", redirect_uris=(URL,)))
    unsent = unsent_texts(request(sign(iss="another-app")), context, Examination(()))
    assert ("another-app" in unsent, URL in unsent) == (False, True)
    assert "another-app" in unsent_texts(request(sign()), context, Examination(()))
