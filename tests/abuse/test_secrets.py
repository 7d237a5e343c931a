"""Secrets and patient data in wrong requests to every endpoint appear in no record, page, export or log."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlencode

import pytest
from joserfc.jwk import ECKey
from msgspec import structs
from tests.abuse.hiding import FORMS, NAMES, PLACES, WRITTEN, Sent, readings
from tests.flows.flow import BASE, CHALLENGE, REDIRECT, STATE, Flow, run
from tests.postgres import Server
from tests.services.assertions import sign

from sickbay.cli import terminal
from sickbay.cli.json_log import JsonFormatter
from sickbay.services.context import LogLine
from sickbay.services.journal import packing
from sickbay.services.journal import record as exchange_record
from sickbay.services.journal.record import Exchange
from sickbay.services.redaction.live_secrets import LiveSecrets
from sickbay.web.app import create
from sickbay.web.middleware.observation import FinishedRequest

SHORT_REQUESTS, LONG_REQUESTS = 200, 10_000
ADMIN, CHOSEN, PASSWORD = "Warden-of-4711", "blue7kite", "Gr4pefruit!moon"
PEOPLE = (
    "Quixotella",
    "Brandywine",
    "1931-07-23",
    "MRN8837261",
    "quixotella@example.org",
    "555-0147-22",
    "Quixotella Brandywine",
)
"""Values that identify a patient."""
ENDPOINTS = (
    "/general/oauth/authorize",
    "/general/oauth/token",
    "/general/oauth/introspect",
    "/general/oauth/revoke",
    "/general/oauth/register",
    "/general/oauth/jwks",
    "/general/oauth/userinfo",
    "/general/oauth/manage",
    "/general/oauth/logout",
    "/general/oauth/continue",
    "/general",
    "/general/ehr",
    "/general/ehr/launch",
    "/general/ehr/open",
    "/general/ehr/sign-in",
    "/general/ehr/patients",
    "/general/r4",
    "/general/r4/Patient",
    "/general/r4/Patient/p-0001",
    "/general/r4/Observation",
    "/general/r4/Patient/_search",
    "/general/r4/Patient/$export",
    "/general/r4/$validate",
    "/general/r4/metadata",
    "/general/r4/.well-known/smart-configuration",
    "/general/dstu2/Patient",
    "/general/r5/Patient",
    "/cerner/r4/Patient",
    "/epic/r4/Patient",
    "/cerner",
    "/epic",
    "/developer",
    "/developer/register",
    "/developer/sign-in",
    "/exchanges",
    "/exchanges/none",
    "/timelines/none",
    "/rules/none",
    "/doctor",
    "/admin/apps",
    "/admin/users",
    "/admin/launches",
    "/admin/tokens",
    "/admin/exchanges",
    "/admin/clock",
    "/admin/none",
    "/healthz",
    "/metrics",
    "/nowhere",
    "/oauth/token",
    "/r4/Patient",
    "/general/token",
    "/general/fhir/Patient",
    "/general/auth",
)
HTML = {"accept": "text/html"}


class Hidden:
    """A Sickbay with a valid secret of each kind, and everything that it stored, showed and logged."""

    def __init__(self, flow: Flow, random: Random) -> None:
        self.flow, self.random = flow, random
        self.secrets: dict[str, str] = {}
        self.lines: list[LogLine] = []
        self.logged: list[str] = []
        self.endpoints = list(ENDPOINTS)

    async def prepare(self) -> None:
        flow = self.flow
        auto = {"auto_approve": {"user": "okafor"}, "scope": "launch openid fhirUser offline_access user/*.rs"}
        self.app = await flow.register(**auto)
        tokens = await self._tokens(self.app)
        chosen = await flow.register(client="symmetric", client_secret=CHOSEN, **auto)
        generated = await flow.register(client="symmetric", **auto)
        metadata = {"redirect_uris": [REDIRECT], "token_endpoint_auth_method": "none"}
        registered = (await flow.http.post("/general/oauth/register", json=metadata)).json()
        user = {
            "tenant": "general",
            "username": "mallory",
            "password": PASSWORD,
            "fhirUser": "Practitioner/x",
            "patients": "*",
        }
        assert (await flow.http.post("/admin/users", json=user)).status_code < 300
        key = ECKey.generate_key("P-384", {"kid": "k9"})
        self.secrets = {
            "access": tokens["access_token"],
            "refresh": tokens["refresh_token"],
            "id_token": tokens["id_token"],
            "code": await self._code(self.app),
            "launch": (await self._launch(self.app))["launch"],
            "registration": registered["registration_access_token"],
            "generated": generated["client_secret"],
            "chosen": CHOSEN,
            "cookie": next(iter(flow.cookies.values()), "") or await self._cookie(),
            "admin": ADMIN,
            "password": PASSWORD,
            "private": str(key.as_dict(private=True)["d"]),
            "jwk": json.dumps(key.as_dict(private=True)),
            "pem": key.as_pem(private=True).decode(),
            "assertion": sign(chosen["client_id"]),
        }
        for tenant in flow.sandbox.runtime.tenants.values():
            self.endpoints += [tenant.server.authorization_endpoint.removeprefix(BASE)]
            self.endpoints += [tenant.server.token_endpoint.removeprefix(BASE)]
        self.endpoints.append(f"/general/oauth/register/{registered['client_id']}")
        flow.sandbox.runtime.on_exchange = self.lines.append

    async def _launch(self, app: dict[str, Any]) -> dict[str, Any]:
        return dict((await self.flow.http.post("/admin/launches", json={"tenant": "general", "app": app["app_id"]})).json())

    async def _code(self, app: dict[str, Any]) -> str:
        scope = "launch openid fhirUser offline_access user/Patient.rs"
        return await self.flow.code(app, scope=scope, launch=(await self._launch(app))["launch"])

    async def _tokens(self, app: dict[str, Any]) -> dict[str, Any]:
        return dict((await self.flow.redeem(app, await self._code(app))).json())

    async def _cookie(self) -> str:
        await self.flow.http.get("/general/ehr/sign-in", headers=HTML)
        return next(iter(self.flow.cookies.values()))

    def draft(self, path: str) -> Sent:
        """A request that is almost valid for its endpoint."""
        parameters = {
            "response_type": "code",
            "client_id": self.app["client_id"],
            "redirect_uri": REDIRECT,
            "state": STATE,
            "scope": "openid user/Patient.rs",
            "aud": f"{BASE}/general/r4",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        if "authorize" in path or self.random.random() < 0.05:
            left = dict(self.random.sample(sorted(parameters.items()), self.random.randint(2, len(parameters))))
            return Sent("GET", path, urlencode(left))
        if "token" in path or "introspect" in path or "revoke" in path:
            form = urlencode({"grant_type": "authorization_code", "client_id": self.app["client_id"], "redirect_uri": REDIRECT})
            return Sent("POST", path).adding(form)
        return Sent(self.random.choice(("GET", "GET", "POST", "PUT", "DELETE", "PATCH")), path)

    async def send(self, sent: Sent) -> Any:
        address = sent.path + (f"?{sent.query}" if sent.query else "")
        headers = {name.encode(): value.encode("utf-8", "replace").replace(b"\n", b" ") for name, value in sent.headers.items()}
        self.flow.http.headers.pop("cookie", None)
        self.flow.http.cookies.clear()
        return await self.flow.http.request(sent.method, address, headers=headers, content=sent.body)

    def hidden_request(self) -> tuple[list[str], list[str], Sent]:
        """A request in which one to three secrets are hidden. Returns the ways, the secrets and the request."""
        sent = self.draft(self.random.choice(self.endpoints))
        all_values = [*self.secrets.values(), *PEOPLE]
        chosen = self.random.sample(all_values, self.random.choice((1, 1, 2, 3)))
        hows = []
        for secret in chosen:
            how = self.random.choice(self.random.choice((list(PLACES), list(FORMS))))
            if secret in PEOPLE and not _about_people(how):
                how = self.random.choice(("resource", "resource-value", "resource-xml", "if-none-exist", "bundle", "reference"))
            if secret in PEOPLE and how.startswith(("query", "form")):
                sent = replace(sent, path="/general/r4/Patient")
            hows.append(how)
            sent = FORMS[how](sent, secret, self.random)
        return hows, chosen, sent

    async def read_stored(self) -> dict[str, str]:
        """The text of every stored exchange, by its id."""
        await self.flow.sandbox.journal.flush()
        records = await self.flow.sandbox.runtime.store.find("exchange", limit=100_000)
        return {record.key: packing.text_of(record) + f"{record.owner} {record.family} {record.label}" for record in records}

    async def read_formats(self, id: str) -> str:
        """An exchange in every format in which it can be read."""
        pages = [
            await self.flow.http.get(f"/exchanges/{id}", headers=HTML),
            await self.flow.http.get(f"/exchanges/{id}?as=text"),
        ]
        pages.append(await self.flow.http.get(f"/exchanges/{id}", headers={"accept": "application/json"}))
        assert [page.status_code for page in pages] == [200, 200, 200]
        timeline = pages[-1].json()["launch"]
        if timeline:
            pages += [await self.flow.http.get(f"/timelines/{timeline}", headers=HTML)]
        return "\n".join(page.text for page in pages)

    async def read_lists(self) -> str:
        return (await self.flow.http.get("/admin/exchanges")).text + (await self.flow.http.get("/exchanges", headers=HTML)).text


def _about_people(how: str) -> bool:
    """Whether a name or a date is known to be a patient's: in a search or in a resource."""
    name = how.split(":")[1] if ":" in how else ""
    return name in ("name", "identifier", "birthdate", "patient.name", "code:text", "foo", "x") and not how.endswith(
        ("in-a-url", "scope-type", "scope-filter", "dotted")
    )


def secrets_in(text: str, secrets: Iterable[str]) -> list[str]:
    return [secret for secret in secrets if any(reading in text for reading in readings(secret))]


def observe(flow: Flow, hidden: Hidden) -> list[str]:
    """Log every exchange as JSON from now on. Returns the lines."""
    application = flow.http._transport.app  # type: ignore[attr-defined]
    printed: list[str] = []

    def log(finished: FinishedRequest) -> None:
        if finished.line is not None:
            printed.append(terminal.json_line(finished, finished.line))

    flow.sandbox.runtime.on_exchange = hidden.lines.append
    application.handle = create(flow.sandbox, [log]).handle
    return printed


def attack(tmp_path: Path, engine: str | None, requests: int, seed: int) -> None:
    async def steps(flow: Flow) -> None:
        hidden = Hidden(flow, Random(seed))
        await hidden.prepare()
        printed = observe(flow, hidden)
        handler, as_json = logging.Handler(), JsonFormatter()
        handler.emit = lambda record: hidden.logged.extend((handler.format(record), as_json.format(record)))  # type: ignore[method-assign]
        logging.getLogger().addHandler(handler)
        try:
            seen_ids: set[str] = set(await hidden.read_stored())
            before = seen_ids.copy()
            for number in range(requests):
                hows, _secrets, sent = hidden.hidden_request()
                answer = await hidden.send(sent)
                assert answer.status_code < 500 or answer.status_code == 501, (hows, sent, answer.text[:300])
                id = answer.headers["x-correlation-id"]
                if number % 10 == 0 and (await flow.http.get(f"/exchanges/{id}?as=json")).status_code == 200:
                    pages = await hidden.read_formats(id)
                    assert secrets_in(pages, [*hidden.secrets.values(), *PEOPLE]) == [], (hows, sent)
                if number % 100 == 99 or number == requests - 1:
                    new = {id: text for id, text in (await hidden.read_stored()).items() if id not in seen_ids}
                    seen_ids |= set(new)
                    leaks = {id: (leaked, text) for id, text in new.items() if (leaked := secrets_in(text, _all(hidden)))}
                    assert leaks == {}
            assert len(seen_ids - before) > requests // 4
            assert secrets_in(await hidden.read_lists(), _all(hidden)) == []
            assert secrets_in("\n".join(hidden.logged), _all(hidden)) == []
            assert secrets_in("\n".join(map(str, hidden.lines)), _all(hidden)) == []
            assert len(printed) > requests // 4
            assert secrets_in("\n".join(printed), _all(hidden)) == []
        finally:
            logging.getLogger().removeHandler(handler)

    place: dict[str, Any] = {"data": engine} if engine else {}
    run(steps, tmp_path, patients=0, throttle=0, admin_token=ADMIN, **place)


def _all(hidden: Hidden) -> list[str]:
    return [*hidden.secrets.values(), *PEOPLE]


def test_there_are_more_than_fifty_ways_to_hide_a_secret() -> None:
    assert len(PLACES) + len(NAMES) + len(WRITTEN) > 150
    assert len(FORMS) > 1000


def test_no_secret_in_hundreds_of_wrong_requests_is_stored_or_shown(tmp_path: Path) -> None:
    attack(tmp_path, None, SHORT_REQUESTS, 1)


def test_no_secret_in_wrong_requests_is_stored_on_postgresql(tmp_path: Path, postgres: Server) -> None:
    attack(tmp_path, postgres.address(), SHORT_REQUESTS // 10, 2)


@pytest.mark.prove
@pytest.mark.timeout(3000)
def test_no_secret_in_thousands_of_wrong_requests_is_stored_or_shown(tmp_path: Path) -> None:
    attack(tmp_path, None, LONG_REQUESTS, int(time.time()))


UNDECODED = {
    "gzip": "the body of an OAuth request is not unpacked",
    "utf-16": "every other byte is a zero",
    "header-name": "punctuation is taken out of the secret",
    "method": "the same",
}
"""Ways in which the secret isn't written as a text that a search can find."""


WRONG_HOST = "host-user"
"""User information isn't valid in a Host header, so such a request is refused (400) before anything is recorded."""
redacted = exchange_record._build_entry


def raw(exchange: Exchange, live: LiveSecrets, compare: bool, given: Any) -> dict[str, Any]:
    """An exchange with its request unchanged: the journal without redaction."""
    body = str(getattr(exchange.decision.request, "body", "")) if exchange.decision else ""
    return redacted(exchange, live, compare, given) | {
        "request": structs.asdict(exchange.request) | {"body": exchange.request.body or body}
    }


def test_without_redaction_every_hidden_secret_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The positive control: without redaction, the tests above would find the secrets."""

    async def steps(flow: Flow) -> None:
        hidden = Hidden(flow, Random(3))
        await hidden.prepare()
        monkeypatch.setattr(exchange_record, "_build_entry", raw)
        secret, sent = hidden.secrets["generated"], {}
        ways = [*PLACES, *(f"query:{name}:as-it-is" for name in NAMES), *(f"form:state:{encoding}" for encoding in WRITTEN)]
        for how in ways:
            for path in ("/general/oauth/authorize", "/general/oauth/token", "/general/r4/Patient"):
                answer = await hidden.send(FORMS[how](hidden.draft(path), secret, hidden.random))
                assert how != WRONG_HOST or answer.status_code == 400
                sent[answer.headers["x-correlation-id"]] = how
        stored = await hidden.read_stored()
        assert not any(id in stored for id, how in sent.items() if how == WRONG_HOST)
        seen = {how for id, how in sent.items() if id in stored and secrets_in(stored[id], [secret])}
        absent = set(ways) - seen - set(UNDECODED)
        assert absent <= {"path-tenant", "path-version", "path-cerner", "path-register", "path-glued", WRONG_HOST}, absent

    run(steps, tmp_path, patients=0, throttle=0, admin_token=ADMIN)


def test_values_that_are_not_secret_are_still_shown(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        answer = await flow.authorize(
            app, scope="openid,patinet/Patient.read", redirect_uri=REDIRECT + "/", aud=f"{BASE}/general/r5x"
        )
        exchange = (await flow.http.get(f"/exchanges/{answer.headers['x-correlation-id']}?as=json")).json()
        for text in (
            "openid%2Cpatinet%2FPatient.read",
            "callback%2F&",
            "general%2Fr5x",
            app["client_id"],
            STATE,
            CHALLENGE,
        ):
            assert text in exchange["request"]["url"]
        texts = [finding["title"] + finding["why"] for finding in exchange["findings"]]
        assert any(f"{REDIRECT}/" in text for text in texts)

    run(steps, tmp_path, patients=0)
