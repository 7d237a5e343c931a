"""Runs `sickbay serve`: the ready line, commands on the same data folder, and a clean end."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from tests.cli.command import sickbay

from sickbay.cli import folder, sockets
from sickbay.testing.server import Live, serving, stop

pytestmark = pytest.mark.usefixtures("new_workers")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def server(place: Path) -> Iterator[Live]:
    with serving("--data", str(place), "--patients", "3") as live:
        yield live


@pytest.fixture(scope="module")
def app(server: Live, place: Path) -> dict[str, str]:
    done = sickbay(
        "apps",
        "add",
        "Vitals",
        "--type",
        "provider",
        "--client",
        "public",
        "--launch-uri",
        "http://localhost:8100/launch",
        "--redirect-uri",
        "http://localhost:8100/callback",
        "--scope",
        "launch user/Patient.rs",
        "--json",
        folder=place,
    )
    return dict(json.loads(done.stdout))


def test_the_addresses_in_the_ready_line_respond(server: Live) -> None:
    line = server.line
    assert set(line) == {"base", "admin", "ephemeral", "tenants", "users", "apps"}
    assert line["ephemeral"] is False
    now = httpx2.get(line["admin"], trust_env=False).json()
    now["apps"] = [app for app in now["apps"] if app in line["apps"]]  # without those that other tests have added
    assert now == line
    assert set(line["tenants"]) == {"general", "cerner", "epic"}
    for tenant in line["tenants"].values():
        for address in tenant["fhir"].values():
            assert httpx2.get(address + "/metadata", trust_env=False).status_code == 200
    assert httpx2.get(line["admin"] + "/apps", trust_env=False).status_code == 200


def test_sickbay_responds_on_each_loopback_address_that_this_machine_has(server: Live, place: Path) -> None:
    port = json.loads((place / folder.RUNTIME).read_text())["port"]
    listening = sockets.listen("127.0.0.1", 0)
    for listener in listening:
        listener.close()
    for host in ("127.0.0.1", "[::1]")[: len(listening)]:
        assert httpx2.get(f"http://{host}:{port}/healthz", trust_env=False).status_code == 200


def test_an_app_is_added_listed_shown_changed_and_removed(server: Live, app: dict[str, str], place: Path) -> None:
    assert app["client_id"] in sickbay("apps", "list", folder=place).stdout
    assert "http://localhost:8100/launch" in sickbay("apps", "show", "Vitals", folder=place).stdout
    shown = sickbay("apps", "show", "sample-general", folder=place).stdout
    assert re.search(r'^native +no\n(.*\n)*cards +\{"summary":', shown, re.M)
    wider = "launch user/Patient.rs user/Observation.rs"
    changed = sickbay("apps", "edit", app["app_id"], "--scope", wider, "--json", folder=place)
    assert json.loads(changed.stdout)["scope"] == wider
    created = json.loads(
        sickbay(
            "apps",
            "add",
            "Gone",
            "--type",
            "provider",
            "--client",
            "symmetric",
            "--redirect-uri",
            "http://localhost:8100/x",
            "--scope",
            "user/Patient.rs",
            "--json",
            folder=place,
        ).stdout
    )
    assert created["client_secret"]
    assert sickbay("apps", "remove", created["client_id"], folder=place).returncode == 0
    assert "There is no app Gone" in sickbay("apps", "show", "Gone", folder=place).stderr


def test_an_app_is_enabled_at_another_hospital(server: Live, app: dict[str, str], place: Path) -> None:
    created = sickbay("apps", "enable", app["app_id"], "--tenant", "cerner", "--json", folder=place)
    there = json.loads(created.stdout)
    assert (there["tenant"], there["name"], there["client_id"] != app["client_id"]) == ("cerner", app["name"], True)
    unknown = sickbay("apps", "enable", app["app_id"], "--tenant", "nowhere", folder=place)
    assert "There is no hospital nowhere" in unknown.stderr
    assert sickbay("apps", "remove", there["app_id"], folder=place).returncode == 0


def test_launch_and_token_print_only_the_url_and_the_token(server: Live, app: dict[str, str], place: Path) -> None:
    url = sickbay("launch", app["app_id"], "--patient", "p-0001", "--user", "okafor", folder=place).stdout.strip()
    assert url.startswith("http://localhost:8100/launch?iss=")
    token = sickbay("token", "Vitals", "--scope", "user/Patient.rs", "--user", "okafor", folder=place).stdout.strip()
    address = server.line["tenants"]["general"]["fhir"]["r4"] + "/Patient/p-0001"
    assert httpx2.get(address, headers={"Authorization": f"Bearer {token}"}, trust_env=False).status_code == 200


def test_a_token_for_an_unknown_user_or_scope_is_refused_in_one_sentence(
    server: Live, app: dict[str, str], place: Path
) -> None:
    nobody = sickbay("token", "Vitals", "--scope", "user/Patient.rs", "--user", "okaffor", folder=place)
    assert (nobody.returncode, nobody.stdout) == (1, "")
    assert "There is no user okaffor at general. The users are okafor, " in nobody.stderr
    nothing = sickbay("token", "Vitals", "--scope", "user/Patient.rs user/Patient.rea", "--user", "okafor", folder=place)
    assert (nothing.returncode, nothing.stdout) == (2, "")
    assert "Invalid scope: user/Patient.rea." in nothing.stderr
    assert "There is no hospital generel" in sickbay("apps", "list", "--tenant", "generel", folder=place).stderr


def test_a_registration_that_is_refused_says_why(server: Live, place: Path) -> None:
    done = sickbay("apps", "add", "Bad", "--type", "provider", "--client", "public", "--scope", "user/Patient.rs", folder=place)
    assert done.returncode == 1
    assert "redirect" in done.stderr


def test_a_second_server_on_the_same_folder_reports_the_first_one(server: Live, place: Path) -> None:
    done = sickbay("serve", "--port", "0", folder=place)
    assert done.returncode == 1
    assert server.base in done.stderr


def test_a_port_in_use_is_reported_in_one_sentence(server: Live, place: Path, tmp_path: Path) -> None:
    port = json.loads((place / folder.RUNTIME).read_text())["port"]
    done = sickbay("serve", "--port", str(port), folder=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert f"Port {port} is in use by process {server.process.pid}" in done.stderr


def test_stored_options_stay_and_different_ones_are_refused(tmp_path: Path) -> None:
    with serving("--data", str(tmp_path), "--patients", "2", "--seed", "7", "--messiness", "0.5"):
        pass
    with serving("--data", str(tmp_path), "--seed", "7") as again:
        assert again.line["users"]
    done = sickbay("serve", "--port", "0", "--patients", "3", folder=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "--patients 3 doesn't match" in done.stderr
    done = sickbay("serve", "--port", "0", "--messiness", "0.1", folder=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "--messiness 0.1 doesn't match" in done.stderr


@pytest.fixture
def heard() -> Iterator[None]:
    """Restores the default of SIGHUP, which the parent of these tests may ignore, as nohup does."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_the_server_ends_cleanly_and_removes_its_runtime_file(tmp_path: Path, ending: signal.Signals, heard: None) -> None:
    with serving("--data", str(tmp_path), "--patients", "0") as live:
        live.process.send_signal(ending)
        assert live.process.wait(60) == 0
        assert live.process.stdout
        assert live.process.stdout.read() == ""
    assert not (tmp_path / folder.RUNTIME).exists()


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_it_starts_leaves_no_temporary_folder_behind(
    tmp_path: Path, ending: signal.Signals, workers: str
) -> None:
    """As soon as its folder is there, and a little later: between the two it opens its data."""
    for moments in (0, 0.2, 0.5):
        process = subprocess.Popen(
            [sys.executable, "-m", "sickbay", "serve", "--port", "0", "--ephemeral", "--workers", workers],
            env=os.environ | {"TMPDIR": str(tmp_path)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        while not any(tmp_path.glob("sickbay-*")):  # Python tries first whether it may write there at all
            time.sleep(0.005)
        time.sleep(moments)
        process.send_signal(ending)
        assert process.communicate(timeout=60)[1] == ""
        assert not list(tmp_path.glob("sickbay-*"))


def test_serve_removes_the_temporary_folder_of_a_server_that_was_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sickbay", "serve", "--port", "0", "--ephemeral", "--patients", "0"]
    with subprocess.Popen(command, env=os.environ | {"TMPDIR": str(tmp_path)}, stdout=subprocess.DEVNULL) as killed:
        while not any(tmp_path.glob("sickbay-*/serve.lock")):
            time.sleep(0.005)
        killed.kill()
    assert len(list(tmp_path.glob("sickbay-*"))) == 1
    with socket.create_server(("127.0.0.1", 0)) as taken:
        refused = sickbay("serve", "--ephemeral", "--port", str(taken.getsockname()[1]), TMPDIR=str(tmp_path))
    assert "in use" in refused.stderr
    assert not list(tmp_path.glob("sickbay-*"))


def test_a_second_ctrl_c_ends_the_server_at_once_without_a_traceback(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "sickbay", "serve", "--port", "0", "--json", "--data", str(tmp_path), "--patients", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    process.stdout.readline()
    time.sleep(0.3)
    for _ in range(2):
        process.send_signal(signal.SIGINT)
        time.sleep(0.005)
    assert process.communicate(timeout=60)[1] == ""
    assert process.returncode == 0


def test_workers_serve_in_parallel_and_end_together(tmp_path: Path) -> None:
    with serving("--data", str(tmp_path), "--patients", "1", "--workers", "2") as live:
        for _ in range(20):
            assert httpx2.get(live.base + "/healthz", trust_env=False).status_code == 200
        assert stop(live.process) == 0
    assert not (tmp_path / folder.RUNTIME).exists()


def workers_of(process: subprocess.Popen[str]) -> list[int]:
    """Those that serve: multiprocessing has another process of its own."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [int(pid) for pid in children if "spawn_main" in command_line(pid)]


def command_line(pid: str) -> str:
    """Empty for a process that has ended since its number was read."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def test_a_crashed_worker_is_replaced(tmp_path: Path) -> None:
    with serving("--data", str(tmp_path), "--patients", "0", "--workers", "2") as live:
        before = workers_of(live.process)
        os.kill(before[0], signal.SIGKILL)
        until = time.monotonic() + 60
        while (now := workers_of(live.process)) == before or len(now) < 2:
            assert time.monotonic() < until
            time.sleep(0.05)
        assert before[1] in now
        assert httpx2.get(live.base + "/healthz", trust_env=False).status_code == 200


def test_workers_end_with_the_process_that_started_them_and_the_port_is_free_again(tmp_path: Path) -> None:
    with serving("--data", str(tmp_path), "--patients", "0", "--workers", "2") as live:
        left = workers_of(live.process)
        live.process.kill()
        live.process.wait(60)
        until = time.monotonic() + 60
        while any(Path(f"/proc/{pid}").exists() for pid in left):
            assert time.monotonic() < until
            time.sleep(0.05)
    for listener in sockets.listen("127.0.0.1", int(live.base.rpartition(":")[2])):
        listener.close()
    with serving("--data", str(tmp_path)) as again:
        assert httpx2.get(again.base + "/readyz", trust_env=False).status_code == 200


@pytest.mark.parametrize("moment", [0.3, 1, 1.6, 2.2])
def test_ctrl_c_in_a_terminal_ends_workers_that_start_without_a_traceback(tmp_path: Path, moment: float) -> None:
    """It reaches all processes of the terminal at once, wherever they are, once Python has begun with Sickbay's first line."""
    begun = "from sickbay.__main__ import main; print('begun', flush=True); main()"
    options = ["serve", "--port", "0", "--data", str(tmp_path), "--workers", "2", "--patients", "0"]
    process = subprocess.Popen(
        [sys.executable, "-c", begun, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "begun\n"
    time.sleep(moment)
    os.killpg(process.pid, signal.SIGINT)
    assert process.communicate(timeout=60)[1] == ""
    assert process.returncode in (0, 130, -signal.SIGINT)


def test_closing_the_terminal_ends_the_workers(tmp_path: Path, heard: None) -> None:
    with serving("--data", str(tmp_path), "--patients", "0", "--workers", "2") as live:
        live.process.send_signal(signal.SIGHUP)
        assert live.process.wait(60) == 0
    assert not (tmp_path / folder.RUNTIME).exists()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_requests_get_responses_after_the_terminals_reader_has_gone(tmp_path: Path, workers: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "sickbay", "serve", "--port", "0", "--data", str(tmp_path), "--patients", "0"],
        env=os.environ | {"SICKBAY_WORKERS": workers},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    base = process.stdout.readline().rpartition(" ")[2].strip()
    process.stdout.close()  # perhaps before the other lines of the greeting are written
    for _ in range(4):
        assert httpx2.get(base + "/general/oauth/authorize?client_id=a", trust_env=False).status_code == 400
        assert httpx2.get(base + "/general/r4/Patient", trust_env=False).status_code == 401
    assert stop(process) == 0
    assert process.stderr
    assert process.stderr.read() == ""
    process.stderr.close()


def test_a_server_with_its_output_on_a_full_disk_keeps_serving(tmp_path: Path) -> None:
    with open("/dev/full", "w") as full:
        process = subprocess.Popen(
            [sys.executable, "-m", "sickbay", "serve", "--port", "0", "--data", str(tmp_path), "--patients", "0"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert process.stderr
    message = "Standard output can no longer be written (No space left on device). Sickbay keeps running.\n"
    assert process.stderr.readline() == message
    base = json.loads((tmp_path / folder.RUNTIME).read_text())["base"]
    assert httpx2.get(base + "/general/oauth/authorize?client_id=a", trust_env=False).status_code == 400
    process.terminate()
    assert process.communicate(timeout=60)[1] == ""
    assert process.returncode == 0


def test_a_token_beyond_the_registration_or_without_a_patient_gives_a_warning(
    server: Live, app: dict[str, str], place: Path
) -> None:
    done = sickbay("token", app["app_id"], "--scope", "user/Patient.rs patient/Goal.rs", "--user", "okafor", folder=place)
    assert (done.returncode, done.stdout.count("\n")) == (0, 1)
    assert "This app isn't registered for patient/Goal.rs" in done.stderr
    assert "show no data without a patient. Name one with --patient." in done.stderr
    within = sickbay("token", app["app_id"], "--scope", "user/Patient.rs", "--user", "okafor", folder=place)
    assert (within.returncode, within.stderr) == (0, "")


def test_listening_for_other_machines_without_a_base_url_gives_a_warning(tmp_path: Path) -> None:
    def begin(*more: str) -> tuple[str, str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "sickbay", "serve", "--port", "0", "--data", str(tmp_path), "--json", *more],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout
        base = json.loads(process.stdout.readline())["base"]
        foot = httpx2.get(base, trust_env=False).text
        process.terminate()
        return foot.partition('<footer class="foot">')[2], process.communicate(timeout=60)[1]

    foot, note = begin("--host", "0.0.0.0")
    assert "Other machines may connect" in foot
    assert note.startswith("Sickbay accepts requests only at http://localhost:")
    assert "To let other machines connect, add --base-url http://NAME:" in note
    assert note.count("\n") == 1
    foot, note = begin()
    assert "Listens only on its own machine" in foot
    assert note == ""


def test_reset_works_with_and_without_a_running_server(server: Live, app: dict[str, str], place: Path, tmp_path: Path) -> None:
    token = sickbay("token", "Vitals", "--scope", "user/Patient.rs", "--user", "okafor", folder=place).stdout.strip()
    assert sickbay("reset", folder=place).returncode == 0
    address = server.line["tenants"]["general"]["fhir"]["r4"] + "/Patient/p-0001"
    assert httpx2.get(address, headers={"Authorization": f"Bearer {token}"}, trust_env=False).status_code == 401
    assert "Vitals" in sickbay("apps", "list", folder=place).stdout
    assert sickbay("reset", folder=tmp_path).returncode == 0
    assert "Sample app" in sickbay("apps", "list", folder=tmp_path).stdout
