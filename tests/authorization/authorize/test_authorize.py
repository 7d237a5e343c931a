"""All authorize checks together: what is granted, the order of refusals, and what can be relaxed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from tests.authorization import samples
from tests.authorization.samples import examination, refusals, sample_context, sample_request, server

from sickbay.authorization.authorize.code_challenge import REFUSALS
from sickbay.authorization.authorize.parameters import context_for
from sickbay.authorization.authorize.stage import CHECKS, DROPPED, GATE, STRICT, relaxed_refusals
from sickbay.authorization.contexts import AuthorizeContext
from sickbay.authorization.models import Policy
from sickbay.authorization.requests import authorize_request
from sickbay.kernel.checks import UNKNOWN


def test_a_valid_request_passes_every_check() -> None:
    assert examination().granted


def test_a_standalone_request_is_granted_without_a_launch() -> None:
    assert examination(sample_request(**samples.STANDALONE), sample_context(launch=None)).granted


def test_client_and_redirect_uri_are_checked_before_anything_else() -> None:
    names = [each_check.name for each_check in CHECKS]
    gate = names.index("redirect_uri_is_registered")
    assert {"client_id_is_sent", "client_is_registered", "redirect_uri_is_sent"} <= set(names[:gate])
    assert not any(name.startswith(("aud", "scope", "launch", "state", "code_challenge")) for name in names[:gate])


def test_every_independent_fault_is_reported_at_once() -> None:
    names = refusals(
        sample_request(aud=None, state=None, launch=None, code_challenge=None, code_challenge_method=None),
        sample_context(launch=None),
    )
    assert names == [
        "state-missing",
        "aud-missing",
        "pkce-missing",
        "launch-scope-without-launch-param",
        "scope-patient-without-context",
    ]


def test_with_an_empty_context_checks_are_skipped_and_nothing_is_granted() -> None:
    result = examination(of=AuthorizeContext())
    assert not result.granted
    assert not result.refusals
    assert not result.has_passed(GATE)


def test_checks_that_need_a_registration_wait_if_the_app_is_not_registered() -> None:
    result = examination(of=sample_context(client=None))
    waiting = {checked.name for checked in result.checked if checked.waits_for == "client_is_registered"}
    assert waiting >= {"redirect_uri_is_registered", "scopes_are_registered", "launch_code_is_this_apps"}


@given(st.sampled_from(sorted(STRICT)))
def test_no_policy_relaxes_a_strict_refusal(name: str) -> None:
    assert name not in relaxed_refusals(sample_context(server=server(relaxed=(name,))))


def test_a_refusal_relaxed_by_policy_is_reported_as_advice() -> None:
    result = examination(sample_request(state=None), sample_context(server=server(state_required=False)))
    assert result.granted
    assert [refusal.name for refusal in result.relaxed] == ["state-missing"]


@pytest.mark.parametrize("mode", ["client", "policy"])
def test_leniency_only_drops_scopes(mode: str) -> None:
    lenient = structs.replace(samples.CLIENT, scope_mode="lenient") if mode == "client" else samples.CLIENT
    context = sample_context(client=lenient, server=server(drop_unregistered_scopes=mode == "policy"))
    assert examination(sample_request(scope="launch patient/Patient.rs patient/Condition.rs patient/*.search"), context).granted
    assert refusals(sample_request(redirect_uri="https://evil.example/"), context) == ["redirect-uri-mismatch"]


@given(st.text(max_size=200))
def test_no_text_makes_the_checks_raise(text: str) -> None:
    examination(authorize_request(text))
    examination(authorize_request(text), AuthorizeContext())


@given(st.sampled_from(sorted(samples.GOOD)), st.text(max_size=40))
def test_no_value_of_a_parameter_makes_the_checks_raise(name: str, value: str) -> None:
    result = examination(sample_request(**{name: value}))
    assert result.granted or result.refusals


@given(st.sampled_from(["\n", "%0A", " ", "&amp;"]), st.integers(0, 400))
def test_a_corrected_request_is_never_granted(dirt: str, at: int) -> None:
    valid = sample_request().raw
    at = len(samples.ENDPOINT) + 1 + at % (len(valid) - len(samples.ENDPOINT) - 1)
    assert not examination(authorize_request(valid[:at] + dirt + valid[at:])).granted


def test_another_launch_code_is_known_only_if_it_is_the_live_one() -> None:
    context = sample_context(live_launch="fresh", live=samples.LAUNCH)
    assert context_for(context, sample_request(), sample_request(launch="fresh")).launch == samples.LAUNCH
    assert context_for(context, sample_request(), sample_request(launch="made-up")).launch is None


def test_another_client_is_unknown() -> None:
    assert context_for(samples.KNOWN, sample_request(), sample_request(client_id="other")).client is UNKNOWN


def test_a_request_by_post_is_read_like_one_by_get() -> None:
    url, _, query = sample_request().raw.partition("?")
    assert authorize_request(f"{url}?{query}", "POST").parameters == sample_request().parameters


def test_the_tenants_pkce_mode_overrides_the_apps() -> None:
    without_pkce = sample_request(code_challenge=None, code_challenge_method=None)
    assert refusals(without_pkce) == ["pkce-missing"]
    assert not refusals(without_pkce, sample_context(client=structs.replace(samples.CLIENT, pkce="if-sent")))
    assert not refusals(without_pkce, sample_context(server=structs.replace(samples.SERVER, policy=Policy(pkce="if-sent"))))
    off = sample_context(server=server(pkce="off"))
    assert examination(sample_request(code_challenge_method="plain"), off).granted


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
def test_policy_and_registration_each_add_relaxed_refusals(policy: dict[str, object], mode: str, names: set[str]) -> None:
    context = sample_context(server=server(**policy), client=structs.replace(samples.CLIENT, scope_mode=mode))
    assert relaxed_refusals(context) == names - STRICT
