"""What is kept of a decision is examined as the decision itself was, and holds neither a secret nor anything of a patient."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from typing import Any
from urllib.parse import quote, quote_plus, unquote

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.authorization.client_authentication import hashed
from sickbay.authorization.requests import TokenRequest
from sickbay.authorization.values import Client, Server
from sickbay.diagnosis.case import load, paths
from sickbay.diagnosis.stages import KINDS
from sickbay.kernel.refusal import UNKNOWN, examine
from sickbay.operations.again import TYPES, Again, keep, read, shaped
from sickbay.operations.decision import Decision
from sickbay.operations.others import EXAMINED, others
from sickbay.protocol import basic
from sickbay.protocol.parameters import Parameters, encode

STAGES = {kind: stage for stage, kind in EXAMINED.items()}


def decisions() -> list[tuple[str, Decision]]:
    """Of every case of a stage that is examined again, the refused request and the corrected one."""
    found = []
    for path in paths().values():
        case = load(path)
        for said, sent in (("refused", case.refused), ("corrected", case.corrected)):
            kind = (sent or {}).get("kind")
            if sent and kind in STAGES:
                found.append((f"{case.id}-{said}", _decision(kind, sent)))
    return found


def _decision(kind: str, given: dict[str, Any]) -> Decision:
    """As it is made live: the registered secret is known by its hash alone."""
    request = KINDS[kind].request(given)
    known = KINDS[kind].known(given, request)
    if not isinstance(known.server, Server):
        known = replace(known, server=Server())
    if getattr(known, "secret", None) and isinstance(known.client, Client):
        known = replace(known, secret=None, client=replace(known.client, secret_hash=hashed(known.secret)))
    return decided(kind, request, known)


def decided(kind: str, request: Any, known: Any) -> Decision:
    examination = examine(KINDS[kind].checks(request), request, known, KINDS[kind].relaxed(known))
    return Decision(STAGES[kind], request, known, examination, examination.decisive())


def through(decision: Decision) -> Again | None:
    """As it comes back from where it was kept."""
    kept = keep(decision)
    return None if kept is None else read(msgspec.json.decode(msgspec.json.encode(kept)), decision.known.server)


CASES = dict(decisions())
KEPT = {name: one for name, one in CASES.items() if keep(one) is not None}


def test_nearly_every_case_of_these_stages_is_kept() -> None:
    assert len(CASES) > 200
    lost = [one for name, one in CASES.items() if name not in KEPT and not name.startswith("fhir-patch-reads")]
    assert all(one.request.parameters.get("client_assertion") for one in lost)


@pytest.mark.parametrize("name", KEPT)
def test_the_others_answer_what_they_would_have_answered_at_once(name: str) -> None:
    decision = KEPT[name]
    again = through(decision)
    assert again is not None
    for tenant in ("general", "nowhere"):
        direct = others(Again(decision.stage, decision.request, decision.known, {}), tenant)
        assert others(again, tenant) == direct


@pytest.mark.parametrize("name", KEPT)
def test_no_secret_is_kept(name: str) -> None:
    decision = KEPT[name]
    text = msgspec.json.encode(keep(decision)).decode()
    parameters = decision.request.parameters
    secret = ("code", "client_secret", "code_verifier", "refresh_token", "access_token", "token")
    sent = [one for each in secret for one in parameters.all(each) if decision.stage != "access" or each != "code"]
    sent += [
        one for one in [getattr(decision.request, "headers", {}).get("authorization", "").partition(" ")[2]] if one
    ]
    assert not [one for one in sent if len(one) >= 4 and one.strip("x0") and one in text]
    assert "password" not in text or '"password":""' in text


def test_a_secret_sent_as_the_client_id_is_not_kept_either() -> None:
    decision = CASES["basic-swapped-refused"]
    first, last = basic.read(decision.request.headers["authorization"]).raw or ("", "")
    kept = basic.read(keep(decision).request.headers["authorization"]).raw
    assert kept == (shaped(first), last)
    assert shaped(first) != first


SECRETS = st.text(st.characters(codec="utf-8", exclude_characters=":\r\n"), min_size=1, max_size=24)


@given(SECRETS, st.sampled_from(("plain", "encoded", "post", "wrong")), st.booleans())
def test_a_secret_fits_for_each_dialect_as_it_did(secret: str, way: str, registered_encoded: bool) -> None:
    base = CASES["client-secret-wrong-corrected"]
    held = quote_plus(secret) if registered_encoded else secret
    client = replace(base.known.client, client="symmetric", secret_hash=hashed(held))
    sent = {"plain": secret, "encoded": quote_plus(secret), "wrong": secret + "!"}.get(way)
    request: TokenRequest = base.request
    kept = [pair for pair in request.parameters.pairs if pair[0] not in ("client_id", "client_secret")]
    headers = {name: one for name, one in request.headers.items() if name != "authorization"}
    if sent is None:
        kept += [("client_id", client.client_id), ("client_secret", secret)]
    else:
        headers["authorization"] = "Basic " + b64encode(f"{client.client_id}:{sent}".encode()).decode()
    request = replace(request, headers=headers, parameters=Parameters(tuple(kept), encode(kept)))
    decision = decided("token_request", request, replace(base.known, client=client))
    again = through(decision)
    assert again is not None
    assert others(again, "x") == others(Again("token", decision.request, decision.known, {}), "x")


def test_what_is_written_is_not_kept_and_its_faults_stay() -> None:
    name = next(one for one, each in KEPT.items() if each.stage == "access" and each.known.body is not UNKNOWN)
    kept = keep(KEPT[name])
    assert kept is not None
    assert (kept.known.body, kept.request.body) == (UNKNOWN, "")


def test_what_cannot_be_examined_again_is_not_kept() -> None:
    decision = next(iter(KEPT.values()))
    assert keep(None) is None
    assert keep(replace(decision, stage="launch")) is None
    assert keep(replace(decision, examination=examine((), decision.request, decision.known))) is None
    assert keep(replace(decision, known=replace(decision.known, server=UNKNOWN))) is None


@given(st.text())
def test_the_shape_of_a_secret_tells_its_length_and_signs_alone(secret: str) -> None:
    other = shaped(secret)
    assert len(other) == len(secret)
    assert not set(other.replace("%21", "")) & set("abcdefghijklmnopqrstuvwyzABCDEFGHIJKLMNOPQRSTUVWXYZ123456789")
    assert unquote(shaped(quote(secret))).count("!") >= len(_escapes(secret))


def _escapes(secret: str) -> list[str]:
    return [one for one in secret if one.isascii() and quote(one) != one]


@pytest.mark.parametrize("changed", [
    {"stage": "login"}, {"stage": None}, {"request": {}}, {"request": 5}, {"known": {"of_old": 1}}, {"known": {"client": 5}},
    {"refused": {"x": {}}},
])  # fmt: skip
def test_what_another_sickbay_kept_otherwise_is_left_alone(changed: dict[str, Any]) -> None:
    whole = msgspec.json.decode(msgspec.json.encode(keep(next(iter(KEPT.values())))))
    assert read(whole, Server()) is not None
    assert read(whole | changed, Server()) is None


def test_every_stage_that_is_kept_is_examined() -> None:
    assert set(TYPES) == set(EXAMINED)
