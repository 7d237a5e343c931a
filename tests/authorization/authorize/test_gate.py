"""No error goes to the redirect URI unless the check that proves it has passed."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.authorization import samples
from tests.authorization.samples import examination, sample_context, sample_request
from tests.laws import for_each

from sickbay.authorization import refusals
from sickbay.authorization.authorize.stage import CHECKS, GATE, error_goes_to_the_app
from sickbay.authorization.models import Client
from sickbay.authorization.refusals import authorize as declared
from sickbay.dialects import list_names, load
from sickbay.kernel.checks import UNKNOWN, Check, Checked, Examination, Outcome, RefusalType

MODULES = [importlib.import_module(f"{refusals.__name__}.{module.name}") for module in pkgutil.iter_modules(refusals.__path__)]
DECLARED = [value for module in MODULES for value in vars(module).values() if isinstance(value, RefusalType)]
EXTRA = ("", "\r\n", " ", "#x", "&amp;", "%2520", "/", "?code=1", "?state=1")
URIS = (samples.CALLBACK, "https://evil.example/", "javascript:alert(1)", "http://localhost:1/", "%", "")


def before(check: Check[Any, Any]) -> set[str]:
    return {check.name}.union(*(before(earlier) for earlier in check.after))


def answer(refusal: RefusalType, gate: Outcome | None) -> Examination:
    gate_result = [] if gate is None else [Checked(GATE.name, gate)]
    return Examination((*gate_result, Checked("another", "refused", refusal())))


@for_each("gate", ["passed", "refused", "skipped", None])
@for_each("refusal", DECLARED)
def test_no_declared_refusal_goes_to_the_app_unless_the_gate_has_passed(refusal: RefusalType, gate: Outcome | None) -> None:
    goes = error_goes_to_the_app(answer(refusal, gate), refusal())
    assert goes == (gate == "passed" and refusal.redirectable)
    assert not error_goes_to_the_app(answer(refusal, gate), refusal(), on_a_page=[refusal.name])


def test_only_errors_of_authorization_and_sign_in_may_go_to_an_app() -> None:
    stages = {module.__name__.rpartition(".")[2] for module in MODULES if any_redirectable(vars(module).values())}
    assert stages == {"authorize", "scope", "login"}


def any_redirectable(values: Iterable[object]) -> bool:
    return any(isinstance(value, RefusalType) and value.redirectable for value in values)


@pytest.mark.parametrize("dialect", list_names())
def test_a_dialect_lists_only_redirectable_refusals_as_pages(dialect: str) -> None:
    on_a_page = load(dialect).answers.not_redirected
    assert set(on_a_page) <= {refusal.name for refusal in DECLARED if refusal.redirectable}


PARAMETERS = st.fixed_dictionaries(
    {},
    optional={
        "redirect_uri": st.builds(str.__add__, st.sampled_from(URIS), st.sampled_from(EXTRA)) | st.none(),
        "client_id": st.sampled_from(("", "my-app\n", "another")) | st.none(),
        "state": st.none(),
        "aud": st.sampled_from(("", "https://evil.example/")) | st.none(),
        "scope": st.sampled_from(("patient/*.rs,openid", "system/*.rs", "x y")) | st.none(),
        "prompt": st.sampled_from(("none", "none login")),
        "request": st.just("e30"),
    },
)


@given(
    parameters=PARAMETERS, client=st.sampled_from((samples.CLIENT, None, UNKNOWN)), elsewhere=st.sampled_from(("", "nowhere"))
)
def test_refusals_up_to_the_gate_are_pages_and_later_ones_are_redirects(
    parameters: dict[str, str | None], client: Client | None, elsewhere: str
) -> None:
    result = examination(sample_request(**parameters), sample_context(client=client, elsewhere=elsewhere))
    first = CHECKS.index(GATE)
    early = {early_check.name for early_check in CHECKS[: first + 1]}
    assert before(GATE) <= early
    for checked in result.checked:
        if checked.outcome == "refused":
            assert checked.refusal is not None
            assert checked.refusal.redirectable == (checked.name not in early)
            assert not (error_goes_to_the_app(result, checked.refusal) and not result.has_passed(GATE))


def test_a_request_to_the_wrong_endpoint_gets_a_page_despite_a_proven_redirect_uri() -> None:
    result = examination(of=sample_context(misdirected=True))
    refusal = result.decisive()
    assert result.has_passed(GATE)
    assert refusal is not None
    assert refusal.name == declared.AUTHORIZE_ENDPOINT_NOT_DISCOVERED.name
    assert not error_goes_to_the_app(result, refusal)
