"""The gate: no error goes to the redirect URI unless the check that proves it has passed."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.authorization import samples
from tests.authorization.samples import asking, examination, known

from sickbay.authorization import refusals
from sickbay.authorization.authorize import CHECKS, GATE, error_goes_to_the_app
from sickbay.authorization.models import Client
from sickbay.authorization.refusals import authorize as declared
from sickbay.dialects import load, names
from sickbay.kernel.checks import UNKNOWN, Check, Checked, Examination, Outcome, RefusalType

MODULES = [importlib.import_module(f"{refusals.__name__}.{one.name}") for one in pkgutil.iter_modules(refusals.__path__)]
DECLARED = [value for module in MODULES for value in vars(module).values() if isinstance(value, RefusalType)]
EXTRA = ("", "\r\n", " ", "#x", "&amp;", "%2520", "/", "?code=1", "?state=1")
URIS = (samples.CALLBACK, "https://evil.example/", "javascript:alert(1)", "http://localhost:1/", "%", "")


def before(check: Check) -> set[str]:
    return {check.name}.union(*(before(one) for one in check.after))


def answered(refusal: RefusalType, gate: Outcome | None) -> Examination:
    said = [] if gate is None else [Checked(GATE.name, gate)]
    return Examination((*said, Checked("another", "refused", refusal())))


@pytest.mark.parametrize("gate", ["passed", "refused", "skipped", None])
@pytest.mark.parametrize("refusal", DECLARED, ids=lambda one: one.name)
def test_no_declared_refusal_goes_to_the_app_unless_the_gate_has_passed(refusal: RefusalType, gate: Outcome | None) -> None:
    goes = error_goes_to_the_app(answered(refusal, gate), refusal())
    assert goes == (gate == "passed" and refusal.redirectable)
    assert not error_goes_to_the_app(answered(refusal, gate), refusal(), on_a_page=[refusal.name])


def test_only_errors_of_authorization_and_sign_in_may_go_to_an_app() -> None:
    stages = {module.__name__.rpartition(".")[2] for module in MODULES if any_redirectable(vars(module).values())}
    assert stages == {"authorize", "scope", "login"}


def any_redirectable(values: Iterable[object]) -> bool:
    return any(isinstance(one, RefusalType) and one.redirectable for one in values)


@pytest.mark.parametrize("dialect", names())
def test_what_a_dialect_shows_on_a_page_would_otherwise_go_to_the_app(dialect: str) -> None:
    on_a_page = load(dialect).answers.untold
    assert set(on_a_page) <= {one.name for one in DECLARED if one.redirectable}


ASKED = st.fixed_dictionaries(
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


@given(asked=ASKED, client=st.sampled_from((samples.CLIENT, None, UNKNOWN)), elsewhere=st.sampled_from(("", "nowhere")))
def test_what_is_refused_before_the_gate_is_declared_as_a_page_and_what_comes_after_as_a_redirect(
    asked: dict[str, str | None], client: Client | None, elsewhere: str
) -> None:
    said = examination(asking(**asked), known(client=client, elsewhere=elsewhere))
    first = CHECKS.index(GATE)
    early = {one.name for one in CHECKS[: first + 1]}
    assert before(GATE) <= early
    for one in said.checked:
        if one.outcome == "refused":
            assert one.refusal is not None
            assert one.refusal.redirectable == (one.name not in early)
            assert not (error_goes_to_the_app(said, one.refusal) and not said.passed(GATE))


def test_a_request_to_another_address_is_answered_by_a_page_though_its_redirect_uri_is_proven() -> None:
    said = examination(of=known(astray=True))
    refusal = said.decisive()
    assert said.passed(GATE)
    assert refusal is not None
    assert refusal.name == declared.AUTHORIZE_ENDPOINT_NOT_DISCOVERED.name
    assert not error_goes_to_the_app(said, refusal)
