"""What exists near an address that doesn't: in bounded steps, and only addresses that exist."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.web.near_addresses import LISTED_ADDRESSES, PATH_CHARACTERS, build_tree, find_near

HOSPITALS = {"general": ("r4", "dstu2"), "epic": ("r4",)}
PAGES = (
    "/developer",
    "/developer/register",
    "/developer/apps/{id}",
    "/developer/apps/{id}/edit",
    "/exchanges",
    "/exchanges/{id}",
    "/rules/{id}",
    "/docs/{path:path}",
    *(f"/{name}/ehr{path}" for name in HOSPITALS for path in ("", "/patients", "/patients/{patient}")),
    *(f"/{name}/{version}/{{path:path}}" for name, versions in HOSPITALS.items() for version in versions),
)
ROOT = build_tree(PAGES)


@pytest.mark.parametrize(
    ("path", "near"),
    [
        ("/developer/", "/developer"),
        ("/Developer/Register", "/developer/register"),
        ("/develper/regster", "/developer/register"),
        ("/developer/apps/x1/edt", "/developer/apps/x1/edit"),
        ("/developer/apps", "/developer"),
        ("/exchange/abc", "/exchanges/abc"),
        ("//exchanges//abc", "/exchanges/abc"),
        ("/genral/ehr/patients/p-0017", "/general/ehr/patients/p-0017"),
        ("/ehr/patients", "/general/ehr/patients"),
        ("/genral/r4/Patient/p-0017", "/general/r4/Patient/p-0017"),
        ("/general/R4/Patient", "/general/r4/Patient"),
        ("/general/r6/Patient", "/general/r4/Patient"),
        ("/general/fhir/Patient", "/general/r4/Patient"),
        ("/Patient/p-0017", "/general/r4/Patient/p-0017"),
        ("/metadata", "/general/r4/metadata"),
    ],
)
def test_the_nearest_address_comes_first(path: str, near: str) -> None:
    assert find_near(path, ROOT, HOSPITALS)[0] == near


def test_an_unlike_address_has_nothing_near() -> None:
    assert find_near("/wp-login.php", ROOT, HOSPITALS) == ()
    assert find_near("/", ROOT, HOSPITALS) == ()


@given(st.text("/abcdefghijklmnopqrstuvwxyzER4{}.%", max_size=600))
def test_every_suggestion_is_another_address_of_a_known_form(path: str) -> None:
    found = find_near(path, ROOT, HOSPITALS)
    assert len(found) <= LISTED_ADDRESSES
    for address in found:
        assert address != path
        assert address.startswith("/")
        assert not address.startswith("//")
        assert len(address) <= PATH_CHARACTERS + 40
        assert address.split("/")[1] in {template.split("/")[1] for template in PAGES}
