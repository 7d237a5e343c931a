"""Servers of an older commit are replaced by this one, one after the other, while clients read, search, write and get tokens.

Nothing is retried: a 503 counts as a failed request.
"""

from __future__ import annotations

import io
import subprocess
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import cycle
from pathlib import Path
from threading import Lock

import httpx2
import pytest
from tests.conftest import ROOT, skip_or_fail
from tests.ports import free_ports
from tests.postgres import Server
from tests.postgres_ha.load import SCOPE, Clients, Written, acknowledge, fail, missing_resources

from sickbay.storage.postgres.migrations import STEPS
from sickbay.testing.server import Live, serving

pytestmark = [pytest.mark.prove, pytest.mark.timeout(600)]
OLD = "b676e8dfc46a284c70179d0f7d099a19b241ada0"
"""A commit with schema 9, the first that this version upgrades without stopping all servers."""
HOST = "hospital.localhost:7425"
"""The name in front of all servers."""
RATE = 20.0


@pytest.fixture(scope="module")
def old_sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    archive = subprocess.run(["git", "archive", OLD, "src"], cwd=ROOT, capture_output=True)
    if archive.returncode:
        skip_or_fail("history", f"git has no commit {OLD[:8]}")
    folder = tmp_path_factory.mktemp("old")
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
        tar.extractall(folder, filter="data")
    return folder / "src"


class Balancer:
    """Gives requests to the servers in turn, as a load balancer does that drains a server before it is stopped."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._busy: dict[str, int] = {}
        self._leaving = 0
        self._turns = cycle(range(1000))

    def add(self, base: str) -> None:
        with httpx2.Client(trust_env=False) as http:
            assert http.get(f"{base}/readyz", headers={"Host": HOST}).status_code == 200
        self._busy[base] = 0

    @contextmanager
    def server(self) -> Iterator[str]:
        with self._lock:
            bases = list(self._busy)
            base = bases[next(self._turns) % len(bases)]
            self._busy[base] += 1
        try:
            yield base
        finally:
            with self._lock:
                if base in self._busy:
                    self._busy[base] -= 1
                else:
                    self._leaving -= 1

    def drain(self, base: str) -> None:
        with self._lock:
            self._leaving = self._busy.pop(base)
        while self._leaving:
            time.sleep(0.01)


class Team:
    """What clients do: each number is another kind of request."""

    def __init__(self, balancer: Balancer, credentials: tuple[str, str], tokens: list[str]) -> None:
        self._balancer, self._credentials, self._tokens = balancer, credentials, tokens
        self._created: list[str] = []
        self._pages: list[str] = []

    def request(self, http: httpx2.Client, number: int) -> Written:
        begin = time.monotonic()
        try:
            with self._balancer.server() as base:
                response = self._ask(http, base, number)
        except httpx2.HTTPError as error:
            return Written(0, "", time.monotonic(), 0, f"{number % 5}: {error!r}")
        end = time.monotonic()
        if response.is_success:
            return Written(201, self._remember(response, number), end, end - begin)
        return Written(response.status_code, "", end, end - begin, f"{response.request.url}: {response.text}")

    def _ask(self, http: httpx2.Client, base: str, number: int) -> httpx2.Response:
        http_headers = {"Host": HOST, "Authorization": f"Bearer {self._tokens[-1 - number % 2]}"}
        fhir = f"{base}/general/r4"
        match number % 5:
            case 0:
                body = {"resourceType": "Observation", "status": "final", "code": {"text": f"number {number}"}}
                return http.post(f"{fhir}/Observation", json=body, headers=http_headers)
            case 1 if self._created:
                return http.get(f"{fhir}/Observation/{self._created[-1]}", headers=http_headers)
            case 2 if self._pages:
                path = self._pages.pop().partition(HOST)[2]
                return http.get(f"{base}{path}", headers=http_headers)
            case 3:
                body = {"grant_type": "client_credentials", "scope": SCOPE}
                url = f"{base}/general/oauth/token"
                return http.post(url, data=body, auth=self._credentials, headers={"Host": HOST})
        return http.get(f"{fhir}/Observation?_count=2&status=final", headers=http_headers)

    def _remember(self, response: httpx2.Response, number: int) -> str:
        body = response.json()
        if "access_token" in body:
            self._tokens.append(body["access_token"])
        if body.get("resourceType") == "Bundle":
            self._pages += [link["url"] for link in body["link"] if link["relation"] == "next"][:1]
        if number % 5:
            return ""
        self._created.append(body["id"])
        return str(body["id"])


def register(base: str) -> tuple[str, str]:
    with httpx2.Client(base_url=base, trust_env=False, headers={"Host": HOST}) as http:
        app = {"name": "Writer", "type": "system", "client": "symmetric", "scope": SCOPE}
        created = http.post("/admin/apps", json=app)
        assert created.status_code == 201, created.text
        return created.json()["client_id"], created.json()["client_secret"]


def grant(base: str, credentials: tuple[str, str]) -> str:
    with httpx2.Client(base_url=base, trust_env=False, headers={"Host": HOST}) as http:
        body = {"grant_type": "client_credentials", "scope": SCOPE}
        response = http.post("/general/oauth/token", data=body, auth=credentials)
        assert response.status_code == 200, response.text
        return str(response.json()["access_token"])


def test_old_and_new_servers_side_by_side_fail_no_request(
    postgres: Server, old_sources: Path, tmp_path: Path, report: Callable[..., None]
) -> None:
    address = postgres.address()
    with ExitStack() as stack:

        def machine(number: int, sources: Path) -> tuple[Live, str]:
            """Starts a server with its own home, as on its own machine. Returns its own address too."""
            environment = {"XDG_DATA_HOME": str(tmp_path / f"machine{number}"), "PYTHONPATH": str(sources)}
            port, sample = map(str, free_ports(2))
            options = ("--data", address, "--patients", "0", "--base-url", f"http://{HOST}")
            server = serving(*options, "--port", port, "--sample-port", sample, environment=environment)
            return stack.enter_context(server), f"http://127.0.0.1:{port}"

        balancer = Balancer()
        old = [machine(number, old_sources) for number in range(2)]
        bases = [base for _, base in old]
        for base in bases:
            balancer.add(base)
        credentials = register(bases[0])
        tokens = [grant(base, credentials) for base in bases]
        team = Team(balancer, credentials, tokens)
        clients = Clients("", "", RATE, work=team.request)
        schema = f"SELECT convert_from(value, 'UTF8') FROM {address.partition('search_path=')[2]}.meta WHERE name = 'schema'"
        before = postgres.say(schema)
        with clients.running() as responses:
            time.sleep(4)
            for number, (server, base) in enumerate(old):
                _, newest = machine(10 + number, ROOT / "src")  # migrates, while both old servers serve
                balancer.add(newest)
                time.sleep(4)
                balancer.drain(base)
                server.process.terminate()
                server.process.wait(30)
            time.sleep(4)
        failures = fail(responses)
        report(test="rolling upgrade", schema=[before, postgres.say(schema)], requests=len(responses), failed=len(failures))
        assert [(response.status, response.text) for response in failures] == []
        stored = acknowledge(responses) - {""}
        assert len(stored) > 20
        assert missing_resources(newest, tokens[-1], stored, {"Host": HOST}) == set()
        assert (int(before) < len(STEPS), int(postgres.say(schema))) == (True, len(STEPS))
