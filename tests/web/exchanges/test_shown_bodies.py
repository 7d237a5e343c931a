"""Kept bodies never make a page too long, and the list of exchanges says which bodies there are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape

from sickbay.services.kept_bodies import KeptBody, KeptExchange
from sickbay.web.exchanges import shown_bodies
from sickbay.web.exchanges.shown_bodies import SHOWN_BYTES, count_fitting_characters, describe_kept_bodies, list_bodies

NOTHING = KeptBody("", 0, b"")


def keep(request: KeptBody = NOTHING, response: KeptBody = NOTHING) -> KeptExchange:
    return KeptExchange("general", "r4", request, response)


@given(st.text(alphabet="a\"'&<>ü€😀\n", max_size=40), st.integers(1, 60))
def test_a_shown_body_is_the_longest_beginning_that_fits_as_html(text: str, limit: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shown_bodies, "SHOWN_BYTES", limit)
        fitting = count_fitting_characters(text)
    sizes = [len(str(escape(text[:count])).encode()) for count in (fitting, fitting + 1)]
    assert sizes[0] <= limit
    assert fitting >= len(text) or sizes[1] > limit or any(character in "&<>" for character in text)


def test_a_long_body_is_shown_in_part() -> None:
    body = KeptBody("application/fhir+json; charset=utf-8", 90_000, b"")
    entry = {"bodies_kept": True, "request": {"body": None}, "response": {"body": '"' * 90_000}}
    request, response = list_bodies(entry, keep(response=body))
    assert request == ("Request", "", "", 0)
    assert response.details == "application/fhir+json, 90.0 KB"
    assert len(response.text) == SHOWN_BYTES // 5
    assert len(response.text) + response.rest == 90_000


def test_an_exchange_whose_bodies_were_dropped_has_none() -> None:
    assert list_bodies({"bodies_kept": True}, None) == list_bodies({}, keep()) == ()


@pytest.mark.parametrize(
    ("sent", "received", "text"),
    [
        (0, 1800, "Body: 1.8 KB received"),
        (412, 1800, "Bodies: 412 B sent, 1.8 KB received"),
        (412, 0, "Body: 412 B sent"),
        (0, 0, ""),
    ],
)
def test_the_list_says_which_bodies_were_kept_and_how_large_they_are(sent: int, received: int, text: str) -> None:
    assert describe_kept_bodies(keep(KeptBody("", sent, b""), KeptBody("", received, b""))) == text
