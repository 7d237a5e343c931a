"""The time for a diagnosis grows linearly with the length of the input, so long requests can't block other users.

With a slower algorithm, some of these inputs took minutes or never finished.
"""

from __future__ import annotations

from itertools import product
from urllib.parse import quote

import pytest
from tests.laws import cases

from sickbay.diagnosis import case
from sickbay.doctor.diagnose import diagnose

LONG_CHARACTERS = 15_000
NAMES = ("client_id", "scope", "state", "redirect_uri", "aud", "launch", "code_challenge", "nonce")
PIECES = (
    "[",
    "{",
    "<",
    "<a",
    "${",
    "function {",
    "=>",
    "your",
    "a ",
    "\n",
    " ",
    "%0a",
    "%25",
    "a-",
    "aA",
    "&a=b",
    ";scope=a",
    '"',
    "\u00a0",
    ",",
)


@pytest.mark.parametrize(("name", "piece"), cases(product(NAMES, PIECES)))
def test_a_long_value_in_an_authorization_request_is_diagnosed(name: str, piece: str) -> None:
    refused = case.load(case.list_paths()["state-missing"]).refused
    value = "x" + piece * (LONG_CHARACTERS // len(piece)) + "\0"
    for sent in (value, quote(value, safe="")):
        assert diagnose(refused | {"url": f"{refused['url']}&{name}={sent}"}).stage == "authorize"
