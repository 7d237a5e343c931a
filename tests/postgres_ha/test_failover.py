"""The primary is lost or replaced while clients write at less than half of the rate that the same setup reached before."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import pytest
from tests.conftest import skip_or_fail
from tests.postgres_ha.cluster import Cluster, Machine, until
from tests.postgres_ha.load import Clients, Written, acknowledge, fail, missing_resources, token

from sickbay.testing.server import Live, serving

pytestmark = [pytest.mark.prove, pytest.mark.timeout(600)]
BACK = 15
"""Maximum seconds from the promotion of the standby to the first acknowledged write."""
SHARE = 0.45
"""The rate of writes, as a share of the maximum."""


@pytest.fixture(scope="module")
def live(patroni: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    home = {"XDG_DATA_HOME": str(tmp_path_factory.mktemp("data"))}
    with serving("--data", patroni.address(), "--workers", "2", "--patients", "0", environment=home) as running:
        yield running


@pytest.fixture(scope="module")
def access(live: Live) -> str:
    return token(live.base)


@pytest.fixture(scope="module")
def rate(live: Live, access: str) -> float:
    """Writes per second that two workers reach."""
    clients = Clients(live.base, access, rate=None)
    begin = time.monotonic()
    with clients.running():
        time.sleep(10)
    assert fail(clients.responses) == []
    return len(clients.responses) / (time.monotonic() - begin)


def writes_after(responses: list[Written], moment: float) -> list[Written]:
    return [response for response in responses if response.status == 201 and response.at > moment]


def check(live: Live, access: str, responses: list[Written]) -> None:
    """Asserts that every acknowledged write is there."""
    stored = acknowledge(responses)
    assert len(stored) == sum(response.status == 201 for response in responses), "two writes got the same id"
    assert missing_resources(live.base, access, stored) == set()


def rejoin(machine: Machine) -> None:
    until(machine.is_synchronous, f"{machine.name} is the synchronous standby again", 120)


@contextmanager
def silence(machine: Machine) -> Iterator[None]:
    """Drops the packets of the machine's server, so that its clients don't learn that it
    ended. Needs a network namespace of our own."""
    if os.geteuid() or os.listdir("/sys/class/net") != ["lo"] or not shutil.which("iptables"):
        skip_or_fail("netns", "run as root: unshare -n sh -c 'mount -t sysfs none /sys; ip link set lo up; make prove'")
    for way in ("--sport", "--dport"):
        subprocess.run(["iptables", "-I", "INPUT", "-p", "tcp", way, str(machine.port), "-j", "DROP"], check=True)
    yield
    subprocess.run(["iptables", "-F", "INPUT"], check=True)


@pytest.mark.parametrize("ending", [nullcontext, silence], ids=["killed", "silent"])
def test_no_acknowledged_write_is_lost_with_the_primary(
    patroni: Cluster,
    live: Live,
    access: str,
    rate: float,
    report: Callable[..., None],
    ending: Callable[[Machine], AbstractContextManager[None]],
) -> None:
    clients = Clients(live.base, access, rate * SHARE)
    with clients.running() as responses:
        time.sleep(5)
        primary = patroni.primary()
        standby = patroni.other(primary)
        with ending(primary):
            primary.lose()
            lost = time.monotonic()
            until(lambda: standby.say("SELECT pg_is_in_recovery()") == "f", "the standby is promoted")
            promoted = time.monotonic()
            until(lambda: writes_after(responses, promoted), "a write is acknowledged again", 60)
            time.sleep(5)
        primary.start()
        rejoin(primary)
        time.sleep(2)
    back = writes_after(responses, promoted)[0].at
    failures = fail(responses)
    report(
        test=f"primary lost, {ending.__name__}",
        version=standby.say("SHOW server_version"),
        maximum=round(rate),
        rate=round(rate * SHARE),
        acknowledged=len(acknowledge(responses)),
        failed=len(failures),
        statuses=sorted({response.status for response in failures}),
        promoted_after=round(promoted - lost, 1),
        longest=round(max(response.seconds for response in responses), 1),
        back_after_promotion=round(back - promoted, 1),
        last_failure_after_promotion=round(max((response.at for response in failures), default=promoted) - promoted, 1),
    )
    check(live, access, responses)
    assert back - promoted < BACK
    assert {response.status for response in failures} <= {503}
    assert all(response.at < promoted + BACK for response in failures)


def test_a_planned_switchover_fails_only_requests_whose_commit_it_interrupts(
    patroni: Cluster, live: Live, access: str, rate: float, report: Callable[..., None]
) -> None:
    clients = Clients(live.base, access, rate * SHARE)
    with clients.running() as responses:
        time.sleep(5)
        old = patroni.primary()
        begin = time.monotonic()
        patroni.switch_over()
        until(lambda: writes_after(responses, time.monotonic() - 0.2), "writes are acknowledged again", 60)
        rejoin(old)
        time.sleep(2)
    failures = fail(responses)
    report(
        test="switchover",
        rate=round(rate * SHARE),
        acknowledged=len(acknowledge(responses)),
        failed=[response.text for response in failures],
        longest=round(max(response.seconds for response in responses if response.at > begin), 1),
    )
    check(live, access, responses)
    assert all("may or may not be stored" in response.text for response in failures), "only an unknown outcome is reported"
    assert len(failures) <= clients.count


def test_no_session_is_on_the_standby(patroni: Cluster, live: Live) -> None:
    standby = patroni.other(patroni.primary())
    count = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'sickbay'"
    assert (standby.say(count), int(patroni.primary().say(count)) > 0) == ("0", True)
