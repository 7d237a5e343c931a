"""Runs every command of the how-to guides, in order and exactly as written, except for the port."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.docs.code_blocks import LISTED, ROOT, blocks, run
from tests.ports import free_port

from sickbay.diagnosis.silence.progress import AWAITED_SECONDS, PAGE_SECONDS, PREFLIGHT_SECONDS
from sickbay.services.journal.filter_language import RECORDED_STAGES
from sickbay.services.records import digest
from sickbay.services.viewers import handle_of
from sickbay.testing.server import serving

EXAMPLES = ROOT / "examples"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A server on a data folder, because the commands find it there."""
    data = tmp_path_factory.mktemp("how-to") / "data"
    with serving("--data", str(data), "--patients", "17") as live:
        yield live.line | {"data": str(data)}


def follow(page: str, server: dict[str, Any], folder: Path) -> str:
    """Saves the files of the page, runs its commands, and returns the output."""
    port = server["base"].rpartition(":")[2]
    path = f"docs/how-to/{page}"
    listed = [block for block in blocks(path) if block.first_line not in LISTED["not_run"].get(path, ())]
    for block in listed:
        if block.file:
            (folder / block.file).write_text(block.text.replace("7425", port))
    script = "".join(block.text for block in listed if block.language == "sh").replace("7425", port)
    return run(folder, script, SICKBAY_DATA=server["data"])


@pytest.fixture(scope="module")
def first_launch(server: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> str:
    """The output of first-launch.md. Other pages use its app."""
    return follow("first-launch.md", server, tmp_path_factory.mktemp("first-launch"))


def test_first_launch_registers_launches_and_enables_an_app(first_launch: str) -> None:
    assert "http://localhost:8100/launch.html?iss=" in first_launch
    assert "epic" in first_launch


def test_standalone_registers_an_app_and_finds_the_endpoints(server: dict[str, Any], tmp_path: Path) -> None:
    output = follow("standalone.md", server, tmp_path)
    assert "authorization_endpoint" in output
    assert "my-finder" in output


def test_backend_service_reads_patients_with_the_code_of_the_page(server: dict[str, Any], tmp_path: Path) -> None:
    output = follow("backend-service.md", server, tmp_path)
    lines = [line for line in output.splitlines() if line.endswith(" observations")]
    assert len(lines) == 5
    assert lines[0].startswith("p-0001 ")
    assert json.loads(output[output.rindex('{"now"') :])["now"] > 0


def test_an_empty_search_is_explained_on_its_exchange_to_its_token_and_in_the_bundle(
    server: dict[str, Any], tmp_path: Path
) -> None:
    output = follow("empty-search.md", server, tmp_path)
    assert output.count('"fix":"Send `category=laboratory`, which finds ') == 2
    assert '"mode":"outcome"' in output


def test_watch_requests_lists_refused_exchanges_and_names_every_stage(server: dict[str, Any], tmp_path: Path) -> None:
    """The page is watch-requests.md."""
    exchanges = json.loads(follow("watch-requests.md", server, tmp_path))
    assert all(exchange["outcome"] == "refused" for exchange in exchanges)
    text = (ROOT / "docs/how-to/watch-requests.md").read_text()
    stages = text.partition("of a stage: ")[2].partition(" |")[0].replace(" or ", ", ").split(", ")
    assert sorted(stages) == sorted(RECORDED_STAGES)


def test_resend_sends_the_corrected_request(server: dict[str, Any], tmp_path: Path) -> None:
    output = follow("resend.md", server, tmp_path)
    assert '"filled":["a new authorization code","the code_verifier of the new code"]' in output
    assert '"status":200' in output


def test_the_token_of_explorer_can_be_chosen_in_the_explorer(server: dict[str, Any], tmp_path: Path) -> None:
    token = follow("explorer.md", server, tmp_path).split()[-1]
    address = f"{server['base']}/developer/explorer/general/r4/token:{handle_of(digest(token))}/Patient/p-0017"
    page = httpx2.get(address, trust_env=False, timeout=60)  # without Accept, it waits for the patients
    assert page.status_code == 200
    assert "Timothy" in page.text


def test_the_code_of_backend_service_is_that_of_the_example() -> None:
    code = {block.file: block.text for block in blocks("docs/how-to/backend-service.md") if block.file}
    assert code == {name: (EXAMPLES / "node-backend-service" / name).read_text() for name in ("keys.mjs", "service.mjs")}


def test_migrate_from_smart_launcher_registers_launches_and_changes_an_app(server: dict[str, Any], tmp_path: Path) -> None:
    """The page is migrate-from-smart-launcher.md."""
    output = follow("migrate-from-smart-launcher.md", server, tmp_path)
    assert "http://localhost:8100/launch.html?iss=" in output
    assert "code_lifetime" in output


def test_nothing_happens_lists_the_launches(server: dict[str, Any], first_launch: str, tmp_path: Path) -> None:
    assert '"state"' in first_launch + follow("nothing-happens.md", server, tmp_path)


def test_nothing_happens_has_the_times_of_the_state_machine() -> None:
    text = (ROOT / "docs/how-to/nothing-happens.md").read_text()
    cells = [row.split("|")[3].strip() for row in text.splitlines() if row.startswith("| ")]
    listed = {int(cell) for cell in cells if cell.isdigit()}
    assert listed == {int(seconds) for seconds in (*AWAITED_SECONDS.values(), PAGE_SECONDS, PREFLIGHT_SECONDS)}


def test_move_the_clock_ends_at_real_time(server: dict[str, Any], tmp_path: Path) -> None:
    httpx2.post(f"{server['base']}/admin/clock", json={"offset": 0}).raise_for_status()  # another page moves it too
    output = follow("move-the-clock.md", server, tmp_path)
    assert "(2 hours ahead of real time)" in output
    assert "(frozen, " in output
    assert json.loads(output[output.rindex('{"now"') :])["offset"] == 0


def test_a_hospital_is_added_listed_and_removed_and_mistakes_are_shown_as_printed(
    server: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "examples").symlink_to(EXAMPLES)
    output = follow("your-own-hospital.md", server, tmp_path)
    assert "/athena/fhir/r4" in output
    assert "Clinic on athenaOne" in output
    assert "athena" not in run(tmp_path, "sickbay hospitals list", SICKBAY_DATA=server["data"])
    (printed,) = [block.text for block in blocks("docs/how-to/your-own-hospital.md") if block.language == "text"]
    for path, sentence in (
        (("paths", "tokn"), "There is no key tokn"),
        (("policy", "token_lifetime"), "token_lifetime must be"),
    ):
        assert sentence in printed, path


def test_snapshots_are_saved_restored_and_removed(server: dict[str, Any], tmp_path: Path) -> None:
    output = follow("snapshots.md", server, tmp_path)
    assert "before" in output
    assert '"name":"before"' in output


def test_phones_and_emulators_serves_under_each_address_and_registers_a_native_app(tmp_path: Path) -> None:
    """The page is phones-and-emulators.md. It starts servers of its own."""
    port = str(free_port())
    script = "".join(block.text for block in blocks("docs/how-to/phones-and-emulators.md") if block.language == "sh")
    output = run(tmp_path, script.replace("7425", port), SICKBAY_PATIENTS="0")
    for address in (f"http://10.0.2.2:{port}", f"http://192.168.1.20:{port}"):
        assert f'"issuer":"{address}/general"' in output.replace(" ", "")
    assert "com.example.phone:/callback" in output
