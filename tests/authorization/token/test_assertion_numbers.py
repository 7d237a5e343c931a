"""A number of any size is ignored in an unknown claim (RFC 7519 4), and refused by name in a known one."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import import_key
from tests.authorization.backend_requests import key, request, sample_context, sign
from tests.authorization.token_requests import NOW, URL, examine_token, outcome

from sickbay.protocol import numeric_dates


@pytest.mark.parametrize("number", ["1e400", "9" * 30, "1" * 19, "9" * 5000])
def test_a_large_number_is_ignored_in_an_unknown_claim(number: str) -> None:
    def signed_assertion(exp: str) -> str:
        claims = f'{{"iss":"app","sub":"app","aud":"{URL}","exp":{exp},"jti":"j1","trace":{number}}}'
        return jws.serialize_compact(
            {"alg": "RS384", "kid": json.loads(key())["kid"]}, claims, import_key(json.loads(key())), ["RS384"]
        )

    assert outcome(request(signed_assertion(str(NOW + 60))), sample_context()) is None
    assert outcome(request(signed_assertion(number)), sample_context()) == ("assertion-exp-milliseconds", "invalid_client", 400)


@given(st.integers(NOW, 9 * 10**9), st.sampled_from(sorted(numeric_dates.UNITS)))
def test_a_time_in_another_unit_is_recognised_and_the_proposed_time_is_accepted(seconds: int, unit: str) -> None:
    sent = request(sign(exp=seconds * numeric_dates.UNITS[unit]))
    refusal = next(run.refusal for run in examine_token(sent, sample_context()).checked if run.refusal)
    assert (refusal.name, refusal.facts["unit"]) == ("assertion-exp-milliseconds", unit)
    assert refusal.facts["divided"] == (NOW < seconds <= NOW + 300)
    assert outcome(request(sign(exp=refusal.facts["expected"])), sample_context()) is None
