"""The addresses of the explorer."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urljoin

import pytest
from tests.laws import for_each

from sickbay.fhir.readable.references import Target
from sickbay.sandbox.sandbox import Sandbox, open_sandbox
from sickbay.settings.settings import Settings
from sickbay.web.explorer.place import ExplorerPlace, read_place

ROOT = "/developer/explorer/general/r4/user:okafor"
BASE = "http://localhost:7425/general/r4"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    import asyncio

    folder = str(tmp_path_factory.mktemp("data"))
    loop = asyncio.new_event_loop()
    opened = loop.run_until_complete(open_sandbox(Settings(data=folder, patients=0)))
    yield opened
    loop.run_until_complete(opened.close())
    loop.close()


def read(sandbox: Sandbox, path: str, query: str = "") -> ExplorerPlace | None:
    return read_place(sandbox, {"raw_path": path.encode(), "path": path, "query_string": query.encode()})


@for_each(
    "path, viewer, rest",
    [
        (f"{ROOT}/Patient/1", "user:okafor", "Patient/1"),
        (f"{ROOT}/", "user:okafor", ""),
        (ROOT, "user:okafor", ""),
        ("/developer/explorer/general/r4/user:a%2Fb%20c/Patient", "user:a/b c", "Patient"),
        (f"{ROOT}/Patient/%2e%2ea", "user:okafor", "Patient/%2e%2ea"),
    ],
)
def test_an_address_names_the_view_and_the_fhir_url(sandbox: Sandbox, path: str, viewer: str, rest: str) -> None:
    place = read(sandbox, path)
    assert place is not None
    assert (place.viewer, place.path) == (viewer, rest)
    again = read(sandbox, place.at(place.path))
    assert again == place


def test_an_unknown_hospital_or_version_has_no_place(sandbox: Sandbox) -> None:
    assert read(sandbox, "/developer/explorer/nowhere/r4/user:okafor/") is None
    assert read(sandbox, "/developer/explorer/general/r9/user:okafor/") is None
    assert read(sandbox, "/developer/explorer/general") is None


def test_only_urls_of_the_same_base_are_followed(sandbox: Sandbox) -> None:
    place = read(sandbox, f"{ROOT}/Patient", "name=x")
    assert place is not None
    assert place.follow(f"{BASE}/Patient?_cursor=a%2Bb") == f"{ROOT}/Patient?_cursor=a%2Bb"
    assert place.follow(f"{BASE}?_type=Patient") == f"{ROOT}/?_type=Patient"
    for other in (
        "http://evil.example/Patient",
        f"{BASE}x/Patient",
        "javascript:alert(1)",
        "",
        BASE.replace("general", "epic") + "/Patient",
    ):
        assert place.follow(other) == ""


@for_each("path", ["..", "../../x", "Patient/../..", "%2e%2e/x", "Patient/%2E./%2e/x", "./x", "Patient\t/..", "a\\b", "é"])
def test_no_address_leads_a_browser_out_of_the_explorer(sandbox: Sandbox, path: str) -> None:
    """A browser resolves . and .. before it sends a request, so a link in a record could create a launch."""
    place = read(sandbox, f"{ROOT}/Patient")
    assert place is not None
    assert place.at(path, "app=a") == f"{ROOT}/?app=a"
    assert urljoin(BASE, place.follow(f"{BASE}/{path}?app=a")).startswith(f"http://localhost:7425{ROOT}/")


def test_a_target_leads_to_the_explorer_and_a_contained_one_to_a_part_of_the_page(sandbox: Sandbox) -> None:
    place = read(sandbox, f"{ROOT}/Patient")
    assert place is not None
    assert place.link(None) == ""
    assert place.link(Target(contained="m")) == "#contained-m"
    assert place.link(Target("Patient", "1", "2")) == f"{ROOT}/Patient/1/_history/2"
