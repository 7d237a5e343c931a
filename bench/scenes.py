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
from bench.cold import Find
from bench.load import Rate, Target, get
from bench.signing_in import Person
from sickbay.protocol import jose
from sickbay.testing.server import serving, stop

PATIENTS = 1000
SAMPLE = 4000
"""Number of different requests per repeating scene."""
TOKENS, APPS = 256, 32
"""Number of tokens and apps that a cold scene uses."""
HERE = "http://localhost:8100/callback"
READING, SERVICE = "user/Patient.rs", "system/Patient.rs"
"""Scopes of apps that users open, and of backend services."""
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
        target = load.target(urlsplit(live.base).port or 80, live.process.pid, seconds / ROUNDS)
        with peer.scenes(seconds / ROUNDS) as peer_scenes:
            scenes = {**desk.cold(target), **peer_scenes, **desk.repeated(target)}
            for name, run in scenes.items():
                print(f"measuring: {name}", file=sys.stderr)
                rounds[name] = median_round(limit, run, limits)
            ratio = alternately(scenes["secret"], peer_scenes["peer-secret"]) if peer_scenes else None
    median_limit = sorted(limits, key=lambda rate: rate.microseconds)[len(limits) // 2]
    return Served(rounds, median_limit, ratio, _seconds_of_statement(folder, seconds), *counts)


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
        yield lambda: load.run(load.target(port, server.pid, seconds), itertools.cycle(requests))
    finally:
        stop(server)


def _seconds_of_statement(folder: Path, seconds: float) -> float:
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
        self.token, self.token_to_write = (
            self._request_token(self._register_app(scope), scope) for scope in ("user/*.rs", "user/*.cruds")
        )
        self.patients = [f"p-{number:04}" for number in range(1, patients + 1)]

    def cold(self, target: Target) -> dict[str, Scene]:
        """Return scenes in which no request repeats (`bench/cold.py`)."""
        return {name: prepare(target) for name, prepare in self.preparations().items()}

    def preparations(self) -> dict[str, Callable[[Target], Scene]]:
        """Return a function for each cold scene. It registers apps and gets tokens, which takes a while."""
        return {
            "read": lambda target: self._get_scene(target, cold.observations),
            "page": lambda target: self._get_scene(target, lambda _, dice: [url for _, url in cold.pages(self.patients, dice)]),
            "patient-page": self._pages_of_patients,
            "name": lambda target: self._get_scene(target, cold.names),
            "flow": lambda target: self._flow_scene(target, "user/Patient.rs"),
            "openid": lambda target: self._flow_scene(target, "openid fhirUser user/Patient.rs"),
            "secret": self._with_secret,
            "key": self._with_key,
            "refresh": self._refresh_scene,
            "introspect": self._introspection_scene,
            "create": self._create_scene,
            "transaction": self._transaction_scene,
            "refused-fhir": self._refused_reads,
            "refused-authorize": self._refused_authorizations,
        }

    def repeated(self, target: Target) -> dict[str, Scene]:
        """Return scenes in which one token and one set of headers request the same URLs repeatedly, in shuffled order."""
        path, dice = self._path, random.Random(1)
        ids = [dice.choice(self.patients) for _ in range(SAMPLE)]

        def sent(paths: list[str]) -> Scene:
            requests = [get(path + address, self.token) for address in paths]
            return lambda: load.run(target, itertools.cycle(requests))

        return {
            "read-again": sent([f"/Patient/{id}" for id in ids]),
            "page-again": sent([f"/Observation?patient={id}&category={dice.choice(cold.CATEGORIES)}&_count=50" for id in ids]),
            "name-again": sent([f"/Patient?name={dice.choice(NAMES)}" for _ in range(SAMPLE)]),
        }

    def readings(self) -> tuple[Iterator[bytes], int]:
        """Return an endless iterator of reads that don't repeat soon, and the port to send them to."""
        find = cold.finder(self.http, self.tenant["fhir"]["r4"], self.reading())
        addresses = [self._path + address for address in cold.observations(find, random.Random(1))]
        return cold.gets(addresses, [self.reading() for _ in range(32)]), urlsplit(self.line["base"]).port or 80

    @property
    def _path(self) -> str:
        return str(urlsplit(self.tenant["fhir"]["r4"]).path)

    def _get_scene(self, target: Target, addresses: Callable[[Find, random.Random], list[str]]) -> Scene:
        """Return GET requests of these addresses below the FHIR base by backend services."""
        find = cold.finder(self.http, self.tenant["fhir"]["r4"], self.reading())
        paths = [self._path + address for address in addresses(find, random.Random(1))]
        requests = cold.gets(paths, self._bearer_tokens())
        return lambda: load.run(target, requests)

    def _bearer_tokens(self) -> list[str]:
        system = self._register_app("system/*.rs")
        return [self._request_token(system, "system/*.rs") for _ in range(min(TOKENS, len(self.patients)))]

    def _pages_of_patients(self, target: Target) -> Scene:
        """Return pages of observations, each requested with a token that was launched for its patient."""
        scope = "launch/patient patient/*.rs"
        app = self._register_app(scope)
        bearers = {patient: self._request_token(app, scope, patient=patient) for patient in self.patients}
        pages = cold.pages(self.patients, random.Random(1))
        requests = cold.own([(self._path + address, bearers[patient]) for patient, address in pages])
        return lambda: load.run(target, requests)

    def _flow_scene(self, target: Target, scope: str) -> Scene:
        flows = [self.flow(scope) for _ in range(APPS)]
        return lambda: flow.run(target, flows)

    def _backend_services(self) -> list[tuple[str, str]]:
        """Return the client ids and secrets of backend services."""
        apps = [self._register(SERVICE, type="system", redirect_uris=[], client="symmetric") for _ in range(APPS)]
        return [(app["client_id"], app["client_secret"]) for app in apps]

    def _with_secret(self, target: Target) -> Scene:
        fields = [{"grant_type": "client_credentials", "scope": SERVICE}]
        requests = cold.forms(urlsplit(self.tenant["token"]).path, fields, self._backend_services())
        return lambda: load.run(target, requests)

    def _with_key(self, target: Target) -> Scene:
        path, key = urlsplit(self.tenant["token"]).path, tokens.es384()
        public = {"keys": [jose.public_members(key)]}
        app = self._register(SERVICE, type="system", redirect_uris=[], client="asymmetric", jwks=public)

        def by_key() -> Rate:
            sent = tokens.assertions(self.tenant["token"], app["client_id"], key, target)
            return load.run(target, tokens.by_key(path, sent, SERVICE))

        return by_key

    def _refresh_scene(self, target: Target) -> Scene:
        refreshed, path = self.flow("offline_access user/Patient.rs"), urlsplit(self.tenant["token"]).path
        return lambda: tokens.refreshes(target, path, refreshed.client_id, flow.tokens(target, refreshed))

    def _introspection_scene(self, target: Target) -> Scene:
        path = f"{urlsplit(self.tenant['token']).path.rpartition('/')[0]}/introspect"
        requests = cold.forms(path, [{"token": bearer} for bearer in self._bearer_tokens()], self._backend_services())
        return lambda: load.run(target, requests)

    def _create_scene(self, target: Target) -> Scene:
        requests = cold.renewed(writing.creates(self._path, self.token_to_write, self.patients, SAMPLE))
        return lambda: load.run(target, requests, 201)

    def _transaction_scene(self, target: Target) -> Scene:
        requests = cold.renewed(writing.transactions(self._path, self.token_to_write, self.patients, 32))
        return lambda: load.run(target, requests, width=4)

    def _refused_reads(self, target: Target) -> Scene:
        requests = cold.strangers(self._path, self.patients)
        return lambda: load.run(target, requests, 401)

    def _refused_authorizations(self, target: Target) -> Scene:
        """Return authorization requests with a redirect URI that isn't registered. The response is a page."""
        flows = [
            flow.Flow(
                urlsplit(self.tenant["authorize"]).path,
                "",
                self._register(READING)["client_id"],
                f"{HERE}/{number}",
                READING,
                self.tenant["fhir"]["r4"],
            )
            for number in range(APPS)
        ]
        requests = (flow.authorize(each, challenge) for each in itertools.cycle(flows) for _, challenge in flow.challenges(1))
        return lambda: load.run(target, requests, 400)

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
        return self._request_token(self._register_app("system/*.rs"), "system/*.rs")

    def total(self, kind: str) -> int:
        """Return the number of resources of a type. Creates the patients if there are none yet."""
        address = f"{self.tenant['fhir']['r4']}/{kind}"
        headers = {"Authorization": f"Bearer {self.reading()}"}
        answer = self.http.get(address, params={"_summary": "count"}, headers=headers)
        return int(answer.raise_for_status().json()["total"])

    def flush(self) -> None:
        """Read the list of exchanges, which writes those that wait."""
        self.http.get("/admin/exchanges", params={"limit": 1}).raise_for_status()

    def count_exchanges(self) -> int:
        """Return the number of stored exchanges, after those that wait were written."""
        return int(self.http.get("/admin/reset").raise_for_status().json()["exchanges"])

    def _register_app(self, scope: str) -> str:
        return str(self._register(scope)["app_id"])

    def _request_token(self, app: str, scope: str, **more: str) -> str:
        user = {"user": self.user["username"]} if scope.startswith("user/") else {}
        token_request = {"tenant": "general", "app": app, "scope": scope, **user, **more}
        return str(self._post_json("/admin/tokens", token_request)["access_token"])

    def _register(self, scope: str, **more: Any) -> dict[str, Any]:
        return self._post_json(
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

    def _post_json(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return dict(self.http.post(path, json=body).raise_for_status().json())
