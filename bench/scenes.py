"""What is measured on 1,000 patients: the limit, and beside it reads, searches and the code flow of one worker."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import apsw
import httpx2

from bench import flow, load, peer, process, tokens, writing
from bench.load import Rate, get
from bench.signing_in import Person
from sickbay.protocol import jose
from sickbay.testing.server import serving, stop

PATIENTS = 1000
SAMPLE = 4000
"""Different requests of each kind; they are sent again and again in a shuffled order."""
HERE = "http://localhost:8100/callback"
NAMES = ("Peters", "Pet", "Smith", "Garcia", "Nguyen", "Okafor", "Ma", "Jo", "An", "Wil")


ROUNDS = 5


class Served(NamedTuple):
    """rates: name -> rate, the limit first. shares: name -> its part of the limit that was measured right before it.

    Both of the round with the median share. statement: seconds of one bare SQLite read. observations: how many there are.
    """

    rates: dict[str, Rate]
    shares: dict[str, float]
    statement: float
    patients: int
    observations: int


def measure(folder: Path, seconds: float) -> Served:
    limits: list[Rate] = []
    rates: dict[str, Rate] = {}
    shares: dict[str, float] = {}
    with serving("--data", str(folder), "--patients", str(PATIENTS)) as live:
        Desk(live.line).total("Patient")  # the first use fills the hospital: whoever serves it next is as from then on
    with serving("--data", str(folder)) as live, limiting(seconds / ROUNDS) as limit:
        desk = Desk(live.line)
        counts = desk.total("Patient"), desk.total("Observation")
        process.apart(live.process.pid)
        port, pid = urlsplit(live.base).port or 80, live.process.pid
        with peer.scenes(seconds / ROUNDS) as beside:
            for name, run in {**desk.scenes(port, pid, seconds / ROUNDS), **beside}.items():
                print(f"measuring: {name}", file=sys.stderr)
                rounds = sorted(one_round(limit, run, limits) for _ in range(ROUNDS))
                shares[name], rates[name] = rounds[ROUNDS // 2]
    middle = sorted(limits, key=lambda one: one.per_second)[len(limits) // 2]
    return Served({"limit": middle, **rates}, {"limit": 1.0, **shares}, _statement(folder, seconds), *counts)


def one_round(limit: Callable[[], Rate], run: Callable[[], Rate], limits: list[Rate]) -> tuple[float, Rate]:
    """Limit and scene one after the other: what else the machine does meets both."""
    limits.append(limit())
    rate = run()
    return rate.per_second / limits[-1].per_second, rate


@contextmanager
def limiting(seconds: float) -> Iterator[Callable[[], Rate]]:
    server = subprocess.Popen([sys.executable, "-m", "bench.limit"], stdout=subprocess.PIPE, text=True)
    assert server.stdout
    port = int(server.stdout.readline())
    requests = [get(f"/general/r4/Patient/{number}") for number in range(SAMPLE)]
    try:
        time.sleep(0.3)
        process.apart(server.pid)
        yield lambda: load.run(port, server.pid, requests, seconds)
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
        self.token, self.token_to_write = self._token("user/*.rs"), self._token("user/*.cruds")
        self.patients = [f"p-{number:04}" for number in range(1, patients + 1)]

    def scenes(self, port: int, pid: int, seconds: float) -> dict[str, Callable[[], Rate]]:
        path, dice = urlsplit(self.tenant["fhir"]["r4"]).path, random.Random(1)
        ids = [dice.choice(self.patients) for _ in range(SAMPLE)]
        categories = [dice.choice(("vital-signs", "laboratory")) for _ in range(SAMPLE)]
        each = [(id, counted) for id in self.patients for counted in range(50, 70)]
        dice.shuffle(each)

        def sent(paths: list[str]) -> Callable[[], Rate]:
            return lambda: load.run(port, pid, [get(path + one, self.token) for one in paths], seconds)

        return {
            "read": sent([f"/Patient/{id}" for id in ids]),
            "name": sent([f"/Patient?name={dice.choice(NAMES)}" for _ in range(SAMPLE)]),
            "observations": sent(
                [
                    f"/Observation?patient={id}&category={category}&_count=50"
                    for id, category in zip(ids, categories, strict=True)
                ]
            ),
            "different": sent(
                [
                    f"/Observation?patient={id}&category={category}&_count={counted}"
                    for id, counted in each
                    for category in ("vital-signs", "laboratory")
                ]
            ),
            "flow": lambda: flow.run(port, pid, self.flow("user/Patient.rs"), seconds),
            "openid": lambda: flow.run(port, pid, self.flow("openid fhirUser user/Patient.rs"), seconds),
            **self._services(port, pid, seconds),
            "create": lambda: load.run(
                port, pid, writing.creates(path, self.token_to_write, self.patients, SAMPLE), seconds, 201
            ),
            "transaction": lambda: load.run(
                port, pid, writing.transactions(path, self.token_to_write, self.patients, 32), seconds, width=4
            ),
        }

    def _services(self, port: int, pid: int, seconds: float) -> dict[str, Callable[[], Rate]]:
        """What the token endpoint and introspection do beside the flow."""
        path, key, scope = urlsplit(self.tenant["token"]).path, tokens.es384(), "system/Patient.rs"
        public = {"keys": [jose.public(key)]}
        secret, signed = (
            self._register(scope, type="system", redirect_uris=[], **kind)
            for kind in ({"client": "symmetric"}, {"client": "asymmetric", "jwks": public})
        )
        basic, kept = (secret["client_id"], secret["client_secret"]), self.flow("offline_access user/Patient.rs")
        asked = tokens.form(path, {"grant_type": "client_credentials", "scope": scope}, basic)
        introspected = tokens.form(f"{path.rpartition('/')[0]}/introspect", {"token": self.token}, basic)

        def by_key() -> Rate:
            sent = tokens.assertions(self.tenant["token"], signed["client_id"], key, seconds * 1.5)
            return load.run(port, pid, tokens.by_key(path, sent, scope), seconds)

        return {
            "secret": lambda: load.run(port, pid, [asked], seconds),
            "key": by_key,
            "refresh": lambda: tokens.refreshes(port, pid, path, kept.client_id, flow.tokens(port, kept), seconds),
            "introspect": lambda: load.run(port, pid, [introspected], seconds),
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
        return self._token("system/*.rs")

    def total(self, kind: str) -> int:
        """How many there are, as a backend service is told; fills the hospital where it is not."""
        address = f"{self.tenant['fhir']['r4']}/{kind}"
        headers = {"Authorization": f"Bearer {self._token('system/*.rs')}"}
        answer = self.http.get(address, params={"_summary": "count"}, headers=headers)
        return int(answer.raise_for_status().json()["total"])

    def _token(self, scope: str) -> str:
        app = self._register(scope)["app_id"]
        user = {"user": self.user["username"]} if scope.startswith("user/") else {}
        asked = {"tenant": "general", "app": app, "scope": scope, **user}
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
