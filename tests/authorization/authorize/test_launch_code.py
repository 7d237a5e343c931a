"""A launch code opens one launch, of this app, soon, once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.authorization import samples
from tests.authorization.samples import asking, known, refusals


@pytest.mark.parametrize(
    ("launch", "name"),
    [
        (None, "launch-code-unknown"),
        (replace(samples.LAUNCH, client_id="other"), "launch-code-other-client"),
        (replace(samples.LAUNCH, expires_at=samples.NOW - 1), "launch-code-expired"),
        (replace(samples.LAUNCH, used_at=samples.NOW - 4), "launch-code-reused"),
    ],
)
def test_a_code_that_is_not_good_is_refused_by_its_own_name(launch, name: str) -> None:
    assert refusals(asking(), known(launch=launch)) == [name]


def test_a_code_is_good_up_to_its_last_second() -> None:
    assert not refusals(asking(), known(launch=replace(samples.LAUNCH, expires_at=samples.NOW)))


@pytest.mark.parametrize("value", ["http://localhost:8100/launch", samples.BASE, samples.BASE + "/"])
def test_an_address_is_no_launch_code(value: str) -> None:
    assert refusals(asking(launch=value), known(launch=None)) == ["launch-param-is-url"]


def test_scope_and_code_need_each_other() -> None:
    assert refusals(asking(launch=None, scope="launch openid user/Patient.rs"), known(launch=None)) == [
        "launch-scope-without-launch-param"
    ]
    assert refusals(asking(scope="openid user/Patient.rs")) == ["launch-param-without-launch-scope"]


def test_a_code_that_is_spoilt_twice_is_refused_twice() -> None:
    spoilt = replace(samples.LAUNCH, expires_at=samples.NOW - 1, used_at=samples.NOW - 10)
    assert refusals(asking(), known(launch=spoilt)) == ["launch-code-expired", "launch-code-reused"]
