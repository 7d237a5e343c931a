"""Two requests have the same body if everything is equal from which it is read."""

from __future__ import annotations

from msgspec import structs
from tests.laws import for_each

from sickbay.authorization.requests import AccessRequest

HEADERS = {"content-type": "application/fhir+json", "authorization": "Bearer a", "accept": "*/*"}
SENT = AccessRequest("POST", "http://localhost:7425/general/r4", "/Basic", headers=HEADERS, type="Basic", body="{}")


def test_another_token_and_another_accept_header_leave_the_body_alone() -> None:
    other = structs.replace(SENT, headers=HEADERS | {"accept": "application/fhir+json", "authorization": "Bearer b"}, url="/x")
    assert other.body_source == SENT.body_source


CHANGES = [
    {"body": "[]"},
    {"type": "Patient"},
    {"id": "a"},
    {"interaction": "update"},
    {"base": "http://localhost:7425/general/r5"},
    {"headers": HEADERS | {"content-type": "application/fhir+xml"}},
    {"headers": {"content-type": "application/fhir+json"}},
]


@for_each("change", CHANGES)
def test_what_the_body_is_read_from_makes_another_one(change: dict[str, object]) -> None:
    assert structs.replace(SENT, **change).body_source != SENT.body_source
