"""`sickbay fault`, and what faults do to a real connection of a server with two workers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from tests.cli.command import sickbay

from sickbay.faults.kinds import list_kinds, list_presets
from sickbay.testing.server import Live, serving

DISCOVERY = "/general/r4/.well-known/smart-configuration"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fault") / "data"


@pytest.fixture(scope="module")
def server(place: Path) -> Iterator[Live]:
    with serving("--data", str(place), "--patients", "1", "--workers", "2") as running:
        yield running


@pytest.fixture(autouse=True)
def no_faults(server: Live) -> Iterator[None]:
    yield
    httpx2.delete(f"{server.base}/admin/faults").raise_for_status()


def add(place: Path, *arguments: str) -> str:
    """The ID of the fault."""
    added = sickbay("fault", "add", *arguments, folder=place)
    assert added.returncode == 0, added.stderr
    return added.stdout.partition(" ")[0]


def test_a_fault_is_added_listed_and_ended(server: Live, place: Path) -> None:
    fault = add(place, "status", "--status", "503", "--retry-after", "7", "--stage", "discovery")
    response = httpx2.get(server.base + DISCOVERY)
    assert (response.status_code, response.headers["retry-after"]) == (503, "7")
    assert sickbay("fault", "list", folder=place).stdout == f"{fault}  status  status=503 retry_after=7 stage=discovery\n"
    assert sickbay("fault", "remove", fault, folder=place).stderr == f"Ended the fault {fault}.\n"
    assert httpx2.get(server.base + DISCOVERY).status_code == 200
    assert sickbay("fault", "list", folder=place).stderr == "No faults are active.\n"


def test_the_workers_count_a_fault_together(server: Live, place: Path) -> None:
    add(place, "status", "--status", "500", "--times", "5")
    seen = Counter(httpx2.get(server.base + DISCOVERY).status_code for _ in range(20))
    assert seen == {200: 15, 500: 5}


def test_a_reset_connection_has_no_response(server: Live, place: Path) -> None:
    add(place, "reset", "--times", "1")
    with pytest.raises((httpx2.ReadError, httpx2.RemoteProtocolError)):
        httpx2.get(server.base + DISCOVERY)
    assert httpx2.get(server.base + DISCOVERY).status_code == 200


def test_a_response_that_breaks_off_is_shorter_than_it_says(server: Live, place: Path) -> None:
    add(place, "truncate", "--bytes", "20", "--times", "1")
    with pytest.raises(httpx2.RemoteProtocolError):
        httpx2.get(server.base + DISCOVERY)
    assert server.process.poll() is None


def test_a_slow_response_arrives_in_pieces(server: Live, place: Path) -> None:
    whole = httpx2.get(server.base + DISCOVERY).content
    add(place, "slow", "--bytes-per-second", "5000")
    with httpx2.stream("GET", server.base + DISCOVERY) as response:
        pieces = [piece for piece in response.iter_raw() if piece]
    assert b"".join(pieces) == whole
    assert len(pieces) > 1


def test_the_terminal_and_the_list_mark_the_fault(server: Live, place: Path) -> None:
    add(place, "gone", "--type", "Patient")
    sent = {"app": "sample-general", "scope": "user/*.rs", "user": "okafor"}
    token = httpx2.post(f"{server.base}/admin/tokens", json=sent).json()["access_token"]
    header = {"Authorization": f"Bearer {token}"}
    response = httpx2.get(f"{server.base}/general/r4/Patient/p-0001", headers=header, timeout=60)
    assert response.status_code == 410
    id = response.headers["x-correlation-id"]
    exchanges = httpx2.get(f"{server.base}/admin/exchanges", params={"correlation_id": id}).json()
    assert exchanges[0]["injected"]["kind"] == "gone"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["statos"], "There is no kind of fault named statos. Did you mean status?"),
        (["delay"], "A fault of kind delay needs a value for seconds."),
        (["delay", "--seconds", "soon"], "seconds must be a number from 0 to 60."),
        (["delay", "--second", "1"], "A fault of kind delay has no member second. Did you mean seconds?"),
        (["member", "--set", "patient=x"], """--set must be a JSON object, such as --set '{"patient":"x"}', not patient=x."""),
        (["member", "--set", "[]"], """--set must be a JSON object, such as --set '{"patient":"123"}', not []."""),
        (["flaky", "--status", "500"], "flaky is a preset, which has no --status."),
        (["status", "--status", "500", "--app", "nothere"], "There is no app nothere"),
        (["status", "--status", "500", "--tenant", "nothere"], "There is no hospital nothere."),
    ],
)
def test_a_wrong_fault_is_refused_in_one_sentence(server: Live, place: Path, arguments: list[str], says: str) -> None:
    refused = sickbay("fault", "add", *arguments, folder=place)
    assert refused.returncode != 0
    assert says in refused.stderr
    assert refused.stdout == ""


def test_the_lists_name_every_kind_and_preset() -> None:
    listed = sickbay("fault", "kinds").stdout
    assert [line.split()[0] for line in listed.splitlines()[1:]] == list(list_kinds())
    listed = sickbay("fault", "presets").stdout
    assert [line.split()[0] for line in listed.splitlines()[1:]] == list(list_presets())
    explained = sickbay("fault", "kinds", "export").stdout
    assert "poll-429" in explained
    assert "What a good app does:" in explained
    assert sickbay("fault", "kinds", "exports").returncode == 2
