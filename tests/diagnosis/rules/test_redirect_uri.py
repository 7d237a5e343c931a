"""A redirect URI that isn't registered is explained by the part in which it differs, and by no other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.diagnosis.rules.authorize.redirect_uri import FUNCTIONS

NAMES = ("redirect-uri-scheme-mismatch", "redirect-uri-port-mismatch", "redirect-uri-case-mismatch")


def _explain(registered: str, received: str) -> str:
    facts = {"registered": [registered], "received": received}
    return next((name for name in NAMES if FUNCTIONS[name]["recognises"](facts)), "")


@pytest.mark.parametrize(
    ("registered", "received", "name"),
    [
        ("https://app.example/cb", "http://app.example/cb", "redirect-uri-scheme-mismatch"),
        ("https://app.example/cb", "HTTP://app.example/cb", "redirect-uri-scheme-mismatch"),
        ("https://app.example/cb", "HTTPS://app.example/cb", "redirect-uri-case-mismatch"),
        ("myapp:/cb", "MYAPP:/cb", "redirect-uri-case-mismatch"),
        ("http://localhost:8100/cb", "http://localhost:8101/cb", "redirect-uri-port-mismatch"),
        ("http://localhost/cb", "http://localhost:8101/cb", "redirect-uri-port-mismatch"),
        ("https://app.example/cb", "https://app.example:443/cb", ""),
        ("https://app.example/cb", "https://app.example:/cb", ""),
        ("http://127.0.0.1/cb", "http://127.0.0.1:080/cb", ""),
        ("http://127.0.0.1/cb", "http://127.0.0.1:0/cb", ""),
        ("http://127.0.0.1/cb", "http://127.0.0.1:99999/cb", ""),
        ("http://127.0.0.1/cb", "http://127.0.0.1:８０/cb", ""),
    ],
)
def test_a_difference_is_named_only_if_it_is_one(registered: str, received: str, name: str) -> None:
    assert _explain(registered, received) == name


@given(st.sampled_from(["http", "HTTP", "https", "Https"]), st.sampled_from(["", ":", ":80", ":443", ":0", ":8100", ":65536"]))
def test_two_ports_or_schemes_are_said_to_differ_only_if_they_do(scheme: str, port: str) -> None:
    name = _explain("https://app.example/cb", f"{scheme}://app.example{port}/cb")
    assert (name == "redirect-uri-scheme-mismatch") == (scheme.lower() == "http" and not port)
    assert (name == "redirect-uri-port-mismatch") == (scheme == "https" and port in (":80", ":8100"))
