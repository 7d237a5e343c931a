"""What of a recorded request is sent again."""

from __future__ import annotations

import pytest

from sickbay.services.resend.proposal import read_original

BASE = "http://localhost:7425"


@pytest.mark.parametrize(("client", "sent"), [("‹18 characters›", {}), ("curl/8.5.0", {"user-agent": "curl/8.5.0"})])
def test_the_name_of_a_client_that_was_not_kept_is_not_asked_for(client: str, sent: dict[str, str]) -> None:
    request = {"method": "GET", "url": f"{BASE}/general/r4/Patient/p-0001", "headers": {"User-Agent": client}}
    assert read_original(BASE, {"request": request}).headers == sent


@pytest.mark.parametrize(
    ("accept", "sent"),
    [
        ("text/html,‹9 characters›,*/*;q=0.8", "text/html,*/*;q=0.8"),
        ("text/html, */*", "text/html, */*"),
        ("‹19 characters›", "YOUR-ACCEPT"),
    ],
)
def test_a_media_type_that_was_not_kept_is_left_out_next_to_one_that_was(accept: str, sent: str) -> None:
    request = {"method": "GET", "url": f"{BASE}/general/oauth/authorize", "headers": {"Accept": accept}}
    assert read_original(BASE, {"request": request}).headers == {"accept": sent}
