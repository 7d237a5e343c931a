"""What is measured among 1,000 patients: the limit, and reads, searches, tokens and writes of one worker.

Cold scenes come first: none of their requests repeats. The others repeat a few thousand requests, and have no line to reach.
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
"""Different requests of each kind that repeat."""
TOKENS, APPS = 256, 32
"""By how many a cold scene is asked."""
HERE = "http://localhost:8100/callback"
NAMES = ("Peters", "Pet", "Smith", "Garcia", "Nguyen", "Okafor", "Ma", "Jo", "An", "Wil")
ROUNDS, PAIRS = 5, 9
Scene: TypeAlias = Callable[[], Rate]


class Round(NamedTuple):
    """A scene beside the limit that was measured right before it: its share of that by CPU and by the clock."""

    by_cpu: float
    by_clock: float
    rate: Rate


class Served(NamedTuple):
    """rounds: name -> the round with the median share by CPU. limit: the median one. observations: how many there are.

    beside: CPU of client_credentials as a multiple of oidc-provider's, if that is installed. statement: seconds of one bare
    SQLite read.
    """

    rounds: dict[str, Round]
    limit: Rate
    beside: float | None
    statement: float
    patients: int
    observations: int


def measure(folder: Path, seconds: float) -> Served:
    limits: list[Rate] = []
    rounds: dict[str, Round] = {}
    with serving("--data", str(folder), "--patients", str(PATIENTS)) as live:
        Desk(live.line).total("Patient")  # the first use creates the patients: later servers only read them
    with serving("--data", str(folder)) as live, limiting(seconds / ROUNDS) as limit:
        desk = Desk(live.line)
        counts = desk.total("Patient"), desk.total("Observation")
        process.apart(live.process.pid)
        end = urlsplit(live.base).port or 80, live.process.pid, seconds / ROUNDS
        with peer.scenes(seconds / ROUNDS) as theirs:
            scenes = {**desk.cold(*end), **theirs, **desk.repeated(*end)}
            for name, run in scenes.items():
                print(f"measuring: {name}", file=sys.stderr)
                rounds[name] = median_round(limit, run, limits)
            beside = alternately(scenes["secret"], theirs["peer-secret"]) if theirs else None
    middle = sorted(limits, key=lambda one: one.microseconds)[len(limits) // 2]
    return Served(rounds, middle, beside, _statement(folder, seconds), *counts)


def alternately(ours: Scene, theirs: Scene) -> float:
    """CPU of the one as a multiple of the other's: the median of nine alternating rounds."""
    return statistics.median(ours().microseconds / theirs().microseconds for _ in range(PAIRS))


def median_round(limit: Scene, run: Scene, limits: list[Rate]) -> Round:
    """Limit and scene alternate, so that what else the machine does affects both. The round in the middle by CPU."""
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
    """Seconds of one read by primary key, ids varying: what SQLite itself takes of the read above."""
    connection = apsw.Connection(str(folder / "sickbay.db"), flags=apsw.SQLITE_OPEN_READONLY)
    keys = [row[0] for row in connection.execute("SELECT nid FROM resource WHERE body IS NOT NULL LIMIT 100000")]
    random.Random(1).shuffle(keys)
    begin, count = time.perf_counter(), 0
    while time.perf_counter() < begin + seconds / 4:
        for key in keys[:1000]:
            connection.execute("SELECT body FROM resource WHERE nid = ?", (key,)).fetchall()
        count += 1000
    taken = time.perf_counter() - begin
    connection.close()
    return taken / count


class Desk:
    """Registers an app, gets a token, and knows ids that are there."""

    def __init__(self, line: dict[str, Any], patients: int = PATIENTS) -> None:
        self.line = line
        self.tenant = line["tenants"]["general"]
        self.user = next(one for one in line["users"] if "Practitioner/" in one["fhirUser"])
        self.http = httpx2.Client(base_url=line["base"], trust_env=False, timeout=600)
        self.token, self.token_to_write = (self._token(self._app(one), one) for one in ("user/*.rs", "user/*.cruds"))
        self.patients = [f"p-{number:04}" for number in range(1, patients + 1)]

    def cold(self, port: int, pid: int, seconds: float) -> dict[str, Scene]:
        """Scenes in which no request repeats (`bench/cold.py`)."""
        path, dice = urlsplit(self.tenant["fhir"]["r4"]).path, random.Random(1)
        find = cold.finder(self.http, self.tenant["fhir"]["r4"], self.reading())
        system, many = self._app("system/*.rs"), min(TOKENS, len(self.patients))
        bearers = [self._token(system, "system/*.rs") for _ in range(many)]
        pages = cold.pages(self.patients, dice)

        def sent(requests: Iterator[bytes]) -> Scene:
            return lambda: load.run(port, pid, requests, seconds)

        def placed(addresses: list[str]) -> list[str]:
            return [path + one for one in addresses]

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
        """Scenes in which one token and one set of headers ask the same addresses again and again, in a shuffled order."""
        path, dice = urlsplit(self.tenant["fhir"]["r4"]).path, random.Random(1)
        ids = [dice.choice(self.patients) for _ in range(SAMPLE)]

        def sent(paths: list[str]) -> Scene:
            requests = [get(path + one, self.token) for one in paths]
            return lambda: load.run(port, pid, itertools.cycle(requests), seconds)

        return {
            "read-again": sent([f"/Patient/{id}" for id in ids]),
            "page-again": sent([f"/Observation?patient={id}&category={dice.choice(cold.CATEGORIES)}&_count=50" for id in ids]),
            "name-again": sent([f"/Patient?name={dice.choice(NAMES)}" for _ in range(SAMPLE)]),
        }

    def readings(self) -> tuple[Iterator[bytes], int]:
        """Reads without end, none of which repeats soon, and the port to send them to."""
        path = urlsplit(self.tenant["fhir"]["r4"]).path
        find = cold.finder(self.http, self.tenant["fhir"]["r4"], self.reading())
        addresses = [path + one for one in cold.observations(find, random.Random(1))]
        return cold.gets(addresses, [self.reading() for _ in range(32)]), urlsplit(self.line["base"]).port or 80

    def _pages_of_patients(self, path: str, pages: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """Each address with the token of an app that was opened for this patient."""
        scope = "launch/patient patient/*.rs"
        app = self._app(scope)
        bearers = {one: self._token(app, scope, patient=one) for one in self.patients}
        return [(path + address, bearers[patient]) for patient, address in pages]

    def _flows(self, port: int, pid: int, scope: str, seconds: float) -> Scene:
        flows = [self.flow(scope) for _ in range(APPS)]
        return lambda: flow.run(port, pid, flows, seconds)

    def _services(self, port: int, pid: int, bearers: list[str], seconds: float) -> dict[str, Scene]:
        """What the token endpoint and introspection do beside the flow."""
        path, key, scope = urlsplit(self.tenant["token"]).path, tokens.es384(), "system/Patient.rs"
        public = {"keys": [jose.public(key)]}
        made = [self._register(scope, type="system", redirect_uris=[], client="symmetric") for _ in range(APPS)]
        signed = self._register(scope, type="system", redirect_uris=[], client="asymmetric", jwks=public)
        apps, kept = [(one["client_id"], one["client_secret"]) for one in made], self.flow("offline_access user/Patient.rs")
        asked = cold.forms(path, [{"grant_type": "client_credentials", "scope": scope}], apps)
        place = f"{path.rpartition('/')[0]}/introspect"
        introspected = cold.forms(place, [{"token": one} for one in bearers], apps)

        def by_key() -> Rate:
            sent = tokens.assertions(self.tenant["token"], signed["client_id"], key, seconds * 1.5)
            return load.run(port, pid, tokens.by_key(path, sent, scope), seconds)

        return {
            "secret": lambda: load.run(port, pid, asked, seconds),
            "key": by_key,
            "refresh": lambda: tokens.refreshes(port, pid, path, kept.client_id, flow.tokens(port, kept), seconds),
            "introspect": lambda: load.run(port, pid, introspected, seconds),
        }

    def flow(self, scope: str) -> flow.Flow:
        """Of somebody who is signed in, and has allowed this app what it asks."""
        app = self._register(scope)
        authorize, token = (urlsplit(self.tenant[name]).path for name in ("authorize", "token"))
        asked = flow.Flow(authorize, token, app["client_id"], HERE, scope, self.tenant["fhir"]["r4"])
        person = Person(self.http)
        person.allows(flow.address(asked, flow.challenges(1)[0][1]), self.user["username"])
        return asked._replace(cookie=person.cookie)

    def reading(self) -> str:
        """A token of a backend service that reads everything."""
        return self._token(self._app("system/*.rs"), "system/*.rs")

    def total(self, kind: str) -> int:
        """How many there are, as a backend service is told; fills the hospital where it is not."""
        address = f"{self.tenant['fhir']['r4']}/{kind}"
        headers = {"Authorization": f"Bearer {self.reading()}"}
        answer = self.http.get(address, params={"_summary": "count"}, headers=headers)
        return int(answer.raise_for_status().json()["total"])

    def _app(self, scope: str) -> str:
        return str(self._register(scope)["app_id"])

    def _token(self, app: str, scope: str, **more: str) -> str:
        user = {"user": self.user["username"]} if scope.startswith("user/") else {}
        asked = {"tenant": "general", "app": app, "scope": scope, **user, **more}
        return str(self._post("/admin/tokens", asked)["access_token"])

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
