"""Measures reads, searches, tokens and writes of one worker with 1,000 patients, and the limit.

Cold scenes come first: none of their requests repeats. The others repeat a few thousand requests and have no minimum.
"""

from __future__ import annotations

import itertools
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import urlsplit

import apsw
import httpx2

from bench import cold, flow, load, peer, process, tokens, writing
from bench.load import Rate, get
from bench.signing_in import Person
from sickbay.protocol import jose
from sickbay.testing.server import serving, stop

PATIENTS = 1000
SAMPLE = 4000
"""Number of different requests per repeating scene."""
TOKENS, APPS = 256, 32
"""Number of tokens and apps that a cold scene uses."""
HERE = "http://localhost:8100/callback"
NAMES = ("Peters", "Pet", "Smith", "Garcia", "Nguyen", "Okafor", "Ma", "Jo", "An", "Wil")
ROUNDS, PAIRS = 5, 9
Scene: TypeAlias = Callable[[], Rate]


class Round(NamedTuple):
    """A scene and the limit measured right before it: the scene's share of the limit, by CPU and by elapsed time."""

    by_cpu: float
    by_clock: float
    rate: Rate


class Served(NamedTuple):
    """rounds: the round with the median share by CPU, by scene. limit: the median limit. observations: their number.

    peer_ratio: CPU of client_credentials as a multiple of oidc-provider's, if that is installed. statement: seconds of one bare
    SQLite read.
    """

    rounds: dict[str, Round]
    limit: Rate
    peer_ratio: float | None
    statement: float
    patients: int
    observations: int


def measure(folder: Path, seconds: float) -> Served:
    limits: list[Rate] = []
    rounds: dict[str, Round] = {}
    with serving("--data", str(folder), "--patients", str(PATIENTS)) as live:
        Desk(live.line).total("Patient")  # the first request creates the patients; later servers only read them
    with serving("--data", str(folder)) as live, limiting(seconds / ROUNDS) as limit:
        desk = Desk(live.line)
        counts = desk.total("Patient"), desk.total("Observation")
        process.apart(live.process.pid)
        target = urlsplit(live.base).port or 80, live.process.pid, seconds / ROUNDS
        with peer.scenes(seconds / ROUNDS) as peer_scenes:
            scenes = {**desk.cold(*target), **peer_scenes, **desk.repeated(*target)}
            for name, run in scenes.items():
                print(f"measuring: {name}", file=sys.stderr)
                rounds[name] = median_round(limit, run, limits)
            ratio = alternately(scenes["secret"], peer_scenes["peer-secret"]) if peer_scenes else None
    median_limit = sorted(limits, key=lambda rate: rate.microseconds)[len(limits) // 2]
    return Served(rounds, median_limit, ratio, _statement(folder, seconds), *counts)


def alternately(ours: Scene, theirs: Scene) -> float:
    """Return the CPU of one scene as a multiple of the other's: the median of nine alternating rounds."""
    return statistics.median(ours().microseconds / theirs().microseconds for _ in range(PAIRS))


def median_round(limit: Scene, run: Scene, limits: list[Rate]) -> Round:
    """Alternate limit and scene, so that other work on the machine affects both. Returns the median round by CPU."""
    return sorted(_one_round(limit, run, limits) for _ in range(ROUNDS))[ROUNDS // 2]


def _one_round(limit: Scene, run: Scene, limits: list[Rate]) -> Round:
    bare = limit()
    limits.append(bare)
    rate = run()
    return Round(bare.microseconds / rate.microseconds, rate.per_second / bare.per_second, rate)


@contextmanager
def limiting(seconds: float) -> Iterator[Scene]:
    server = subprocess.Popen([sys.executable, "-m", "bench.limit"], stdout=subprocess.PIPE, text=True)
    assert server.stdout
    port = int(server.stdout.readline())
    requests = [get(f"/general/r4/Patient/{number}") for number in range(SAMPLE)]
    try:
        time.sleep(0.3)
        process.apart(server.pid)
        yield lambda: load.run(port, server.pid, itertools.cycle(requests), seconds)
    finally:
        stop(server)


def _statement(folder: Path, seconds: float) -> float:
    """Return the seconds of one read by primary key with varying ids: SQLite's own share of a read."""
    connection = apsw.Connection(str(folder / "sickbay.db"), flags=apsw.SQLITE_OPEN_READONLY)
    keys = [row[0] for row in connection.execute("SELECT nid FROM resource WHERE body IS NOT NULL LIMIT 100000")]
    random.Random(1).shuffle(keys)
    begin, count = time.perf_counter(), 0
    while time.perf_counter() < begin + seconds / 4:
        for key in keys[:1000]:
            connection.execute("SELECT body FROM resource WHERE nid = ?", (key,)).fetchall()
        count += 1000
    elapsed = time.perf_counter() - begin
    connection.close()
    return elapsed / count


class Desk:
    """Registers apps, gets tokens, and knows existing ids."""

    def __init__(self, line: dict[str, Any], patients: int = PATIENTS) -> None:
        self.line = line
        self.tenant = line["tenants"]["general"]
        self.user = next(user for user in line["users"] if "Practitioner/" in user["fhirUser"])
        self.http = httpx2.Client(base_url=line["base"], trust_env=False, timeout=600)
        self.token, self.token_to_write = (self._token(self._app(scope), scope) for scope in ("user/*.rs", "user/*.cruds"))
        self.patients = [f"p-{number:04}" for number in range(1, patients + 1)]

    def cold(self, port: int, pid: int, seconds: float) -> dict[str, Scene]:
        """Return scenes in which no request repeats (`bench/cold.py`)."""
        path, dice = urlsplit(self.tenant["fhir"]["r4"]).path, random.Random(1)
        find = cold.finder(self.http, self.tenant["fhir"]["r4"], self.reading())
        system, count = self._app("system/*.rs"), min(TOKENS, len(self.patients))
        bearers = [self._token(system, "system/*.rs") for _ in range(count)]
        pages = cold.pages(self.patients, dice)

        def sent(requests: Iterator[bytes]) -> Scene:
            return lambda: load.run(port, pid, requests, seconds)

        def placed(addresses: list[str]) -> list[str]:
            return [path + address for address in addresses]

        return {
            "read": sent(cold.gets(placed(cold.observations(find, dice)), bearers)),
            "page": sent(cold.gets(placed([address for _, address in pages]), bearers)),
            "patient-page": sent(cold.own(self._pages_of_patients(path, pages))),
            "name": sent(cold.gets(placed(cold.names(find, dice)), bearers)),
            "flow": self._flows(port, pid, "user/Patient.rs", seconds),
            "openid": self._flows(port, pid, "openid fhirUser user/Patient.rs", seconds),
            **self._services(port, pid, bearers, seconds),
            "create": lambda: load.run(
                port, pid, cold.renewed(writing.creates(path, self.token_to_write, self.patients, SAMPLE)), seconds, 201
            ),
            "transaction": lambda: load.run(
                port, pid, cold.renewed(writing.transactions(path, self.token_to_write, self.patients, 32)), seconds, width=4
            ),
        }

    def repeated(self, port: int, pid: int, seconds: float) -> dict[str, Scene]:
        """Return scenes in which one token and one set of headers request the same URLs repeatedly, in shuffled order."""
        path, dice = urlsplit(self.tenant["fhir"]["r4"]).path, random.Random(1)
        ids = [dice.choice(self.patients) for _ in range(SAMPLE)]

        def sent(paths: list[str]) -> Scene:
            requests = [get(path + address, self.token) for address in paths]
            return lambda: load.run(port, pid, itertools.cycle(requests), seconds)

        return {
            "read-again": sent([f"/Patient/{id}" for id in ids]),
            "page-again": sent([f"/Observation?patient={id}&category={dice.choice(cold.CATEGORIES)}&_count=50" for id in ids]),
            "name-again": sent([f"/Patient?name={dice.choice(NAMES)}" for _ in range(SAMPLE)]),
        }

    def readings(self) -> tuple[Iterator[bytes], int]:
        """Return an endless iterator of reads that don't repeat soon, and the port to send them to."""
        path = urlsplit(self.tenant["fhir"]["r4"]).path
        find = cold.finder(self.http, self.tenant["fhir"]["r4"], self.reading())
        addresses = [path + address for address in cold.observations(find, random.Random(1))]
        return cold.gets(addresses, [self.reading() for _ in range(32)]), urlsplit(self.line["base"]).port or 80

    def _pages_of_patients(self, path: str, pages: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """Return each URL with a token that was launched for its patient."""
        scope = "launch/patient patient/*.rs"
        app = self._app(scope)
        bearers = {patient: self._token(app, scope, patient=patient) for patient in self.patients}
        return [(path + address, bearers[patient]) for patient, address in pages]

    def _flows(self, port: int, pid: int, scope: str, seconds: float) -> Scene:
        flows = [self.flow(scope) for _ in range(APPS)]
        return lambda: flow.run(port, pid, flows, seconds)

    def _services(self, port: int, pid: int, bearers: list[str], seconds: float) -> dict[str, Scene]:
        """Return scenes of the token endpoint without the code flow, and of introspection."""
        path, key, scope = urlsplit(self.tenant["token"]).path, tokens.es384(), "system/Patient.rs"
        public = {"keys": [jose.public(key)]}
        registrations = [self._register(scope, type="system", redirect_uris=[], client="symmetric") for _ in range(APPS)]
        key_app = self._register(scope, type="system", redirect_uris=[], client="asymmetric", jwks=public)
        apps, refresh_flow = (
            [(registration["client_id"], registration["client_secret"]) for registration in registrations],
            self.flow("offline_access user/Patient.rs"),
        )
        secret_requests = cold.forms(path, [{"grant_type": "client_credentials", "scope": scope}], apps)
        introspection_path = f"{path.rpartition('/')[0]}/introspect"
        introspections = cold.forms(introspection_path, [{"token": bearer} for bearer in bearers], apps)

        def by_key() -> Rate:
            sent = tokens.assertions(self.tenant["token"], key_app["client_id"], key, seconds * 1.5)
            return load.run(port, pid, tokens.by_key(path, sent, scope), seconds)

        return {
            "secret": lambda: load.run(port, pid, secret_requests, seconds),
            "key": by_key,
            "refresh": lambda: tokens.refreshes(
                port, pid, path, refresh_flow.client_id, flow.tokens(port, refresh_flow), seconds
            ),
            "introspect": lambda: load.run(port, pid, introspections, seconds),
        }

    def flow(self, scope: str) -> flow.Flow:
        """Return a flow for a new app, whose user has signed in and consented."""
        app = self._register(scope)
        authorize, token = (urlsplit(self.tenant[name]).path for name in ("authorize", "token"))
        new_flow = flow.Flow(authorize, token, app["client_id"], HERE, scope, self.tenant["fhir"]["r4"])
        person = Person(self.http)
        person.allows(flow.address(new_flow, flow.challenges(1)[0][1]), self.user["username"])
        return new_flow._replace(cookie=person.cookie)

    def reading(self) -> str:
        """Return a token of a backend service that may read everything."""
        return self._token(self._app("system/*.rs"), "system/*.rs")

    def total(self, kind: str) -> int:
        """Return the number of resources of a type. Creates the patients if there are none yet."""
        address = f"{self.tenant['fhir']['r4']}/{kind}"
        headers = {"Authorization": f"Bearer {self.reading()}"}
        answer = self.http.get(address, params={"_summary": "count"}, headers=headers)
        return int(answer.raise_for_status().json()["total"])

    def _app(self, scope: str) -> str:
        return str(self._register(scope)["app_id"])

    def _token(self, app: str, scope: str, **more: str) -> str:
        user = {"user": self.user["username"]} if scope.startswith("user/") else {}
        token_request = {"tenant": "general", "app": app, "scope": scope, **user, **more}
        return str(self._post("/admin/tokens", token_request)["access_token"])

    def _register(self, scope: str, **more: Any) -> dict[str, Any]:
        return self._post(
            "/admin/apps",
            {
                "tenant": "general",
                "name": f"Bench {time.time_ns()}",
                "type": "provider",
                "client": "public",
                "scope": scope,
                "redirect_uris": [HERE],
                **more,
            },
        )

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return dict(self.http.post(path, json=body).raise_for_status().json())
