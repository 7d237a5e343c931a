"""The tuple of checks as a whole: what is granted, in which order it is refused, what may be relaxed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.authorization import samples
from tests.authorization.samples import asking, examination, known, refusals, server

from sickbay.authorization.authorize import CHECKS, DROPPED, GATE, STRICT, authorize_request, known_for, relaxed
from sickbay.authorization.authorize.pkce import REFUSALS
from sickbay.authorization.contexts import AuthorizeContext
from sickbay.authorization.models import Policy
from sickbay.kernel.checks import UNKNOWN


def test_the_good_request_passes_every_check() -> None:
    assert examination().granted


def test_a_standalone_request_is_granted_without_a_launch() -> None:
    assert examination(asking(**samples.ALONE), known(launch=None)).granted


def test_who_asks_and_where_the_answer_goes_is_decided_before_anything_else() -> None:
    names = [one.name for one in CHECKS]
    gate = names.index("redirect_uri_is_registered")
    assert {"client_id_is_sent", "client_is_registered", "redirect_uri_is_sent"} <= set(names[:gate])
    assert not any(name.startswith(("aud", "scope", "launch", "state", "code_challenge")) for name in names[:gate])


def test_every_independent_fault_is_named_in_one_answer() -> None:
    said = refusals(
        asking(aud=None, state=None, launch=None, code_challenge=None, code_challenge_method=None), known(launch=None)
    )
    assert said == [
        "state-missing",
        "aud-missing",
        "pkce-missing",
        "launch-scope-without-launch-param",
        "scope-patient-without-context",
    ]


def test_where_nothing_is_known_what_needs_it_is_skipped_and_nothing_is_granted() -> None:
    said = examination(of=AuthorizeContext())
    assert not said.granted
    assert not said.refusals
    assert not said.passed(GATE)


def test_what_a_registration_decides_is_not_said_of_an_app_that_nobody_registered() -> None:
    said = examination(of=known(client=None))
    waiting = {one.name for one in said.checked if one.waits_for == "client_is_registered"}
    assert waiting >= {"redirect_uri_is_registered", "scopes_are_registered", "launch_code_is_this_apps"}


@given(st.sampled_from(sorted(STRICT)))
def test_no_policy_relaxes_who_asks_or_where_the_answer_goes(name: str) -> None:
    assert name not in relaxed(known(server=server(relaxed=(name,))))


def test_a_policy_makes_a_refusal_advice_that_is_kept() -> None:
    said = examination(asking(state=None), known(server=server(state_required=False)))
    assert said.granted
    assert [one.name for one in said.relaxed] == ["state-missing"]


@pytest.mark.parametrize("mode", ["client", "policy"])
def test_leniency_drops_scopes_and_nothing_else(mode: str) -> None:
    lenient = replace(samples.CLIENT, scope_mode="lenient") if mode == "client" else samples.CLIENT
    of = known(client=lenient, server=server(drop_unregistered_scopes=mode == "policy"))
    assert examination(asking(scope="launch patient/Patient.rs patient/Condition.rs patient/*.search"), of).granted
    assert refusals(asking(redirect_uri="https://evil.example/"), of) == ["redirect-uri-mismatch"]


@given(st.text(max_size=200))
def test_no_text_makes_the_checks_raise(text: str) -> None:
    examination(authorize_request(text))
    examination(authorize_request(text), AuthorizeContext())


@given(st.sampled_from(sorted(samples.GOOD)), st.text(max_size=40))
def test_no_value_of_a_parameter_makes_the_checks_raise(name: str, value: str) -> None:
    said = examination(asking(**{name: value}))
    assert said.granted or said.refusals


@given(st.sampled_from(["\n", "%0A", " ", "&amp;"]), st.integers(0, 400))
def test_what_had_to_be_mended_is_never_granted(dirt: str, at: int) -> None:
    good = asking().raw
    at = len(samples.ENDPOINT) + 1 + at % (len(good) - len(samples.ENDPOINT) - 1)
    assert not examination(authorize_request(good[:at] + dirt + good[at:])).granted


def test_another_launch_code_than_before_is_known_only_if_it_is_the_live_one() -> None:
    of = known(live_launch="fresh", live=samples.LAUNCH)
    assert known_for(of, asking(), asking(launch="fresh")).launch == samples.LAUNCH
    assert known_for(of, asking(), asking(launch="made-up")).launch is None


def test_another_client_than_before_is_not_known() -> None:
    assert known_for(samples.KNOWN, asking(), asking(client_id="other")).client is UNKNOWN


def test_a_request_by_post_is_read_like_one_by_get() -> None:
    url, _, query = asking().raw.partition("?")
    assert authorize_request(f"{url}?{query}", "POST").parameters == asking().parameters


def test_pkce_is_as_the_tenant_says_and_else_as_the_app_does() -> None:
    none = asking(code_challenge=None, code_challenge_method=None)
    assert refusals(none) == ["pkce-missing"]
    assert not refusals(none, known(client=replace(samples.CLIENT, pkce="if-sent")))
    assert not refusals(none, known(server=replace(samples.SERVER, policy=Policy(pkce="if-sent"))))
    off = known(server=server(pkce="off"))
    assert examination(asking(code_challenge_method="plain"), off).granted


@pytest.mark.parametrize(
    ("policy", "mode", "names"),
    [
        ({}, "strict", set()),
        ({"relaxed": ("a", "b")}, "strict", {"a", "b"}),
        ({"state_required": False}, "strict", {"state-missing"}),
        ({"scope_separators": " ,"}, "strict", {"scope-comma-separated"}),
        ({"drop_unregistered_scopes": True}, "strict", set(DROPPED)),
        ({}, "lenient", set(DROPPED)),
        (
            {"relaxed": ("a",), "scope_separators": " ,", "state_required": False, "drop_unregistered_scopes": True},
            "lenient",
            {"a", "scope-comma-separated", "state-missing", *DROPPED},
        ),
        (
            {"relaxed": ("a",), "scope_separators": " ,", "state_required": False},
            "lenient",
            {"a", "scope-comma-separated", "state-missing", *DROPPED},
        ),
        ({"pkce": "off", "relaxed": ("a",)}, "strict", {"a", *REFUSALS}),
    ],
)
def test_what_policy_and_registration_relax_adds_up(policy: dict[str, object], mode: str, names: set[str]) -> None:
    knowing = known(server=server(**policy), client=replace(samples.CLIENT, scope_mode=mode))
    assert relaxed(knowing) == names - STRICT
