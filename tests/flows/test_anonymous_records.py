"""Pages store nothing, and what strangers can have stored is limited. Someone who is signed in never loses anything to them."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.flows.flow import BASE, Flow, run
from tests.flows.two_workers import run_two
from tests.laws import is_long

from sickbay.services import pending_authorization
from sickbay.services.record_kinds import KINDS
from sickbay.services.sessions import UNSTORED
from sickbay.storage import quotas
from sickbay.storage.interface import Record
from sickbay.storage.quotas import ANONYMOUS, FAILURES, Quota

Engine = Callable[[], str | None]
PAGE = {"Accept": "text/html"}
SCOPE = "openid fhirUser user/Patient.rs"
PAGES = (
    "/",
    "/docs",
    "/docs/testing.md",
    "/rules",
    "/rules/aud-missing",
    "/doctor",
    "/developer",
    "/developer/register",
    "/developer/hospitals/general",
    "/developer/sign-in",
    "/exchanges",
    "/exchanges/none",
    "/timelines/none",
    "/general",
    "/general/ehr",
    "/general/ehr/sign-in",
    "/general/ehr/patients",
    "/general/oauth/continue?request=none",
    "/general/oauth/manage",
    "/general/oauth/logout",
    "/nothing-here",
)


def stranger(flow: Flow) -> Flow:
    """Another browser."""
    http = httpx2.AsyncClient(transport=flow.http._transport, base_url=BASE, trust_env=False)
    return Flow(flow.sandbox, http)


async def read_stored(flow: Flow) -> list[Record]:
    """All records but the exchanges, which have limits of their own."""
    return [
        record
        for kind in KINDS.keys() - {"exchange"}
        for record in await flow.sandbox.runtime.store.find(kind, limit=10_000)
        if kind != "meta"
    ]


def names(records: list[Record]) -> set[tuple[str, str]]:
    return {(record.kind, record.key) for record in records}


def within(records: list[Record], label: str) -> bool:
    values = [len(record.value) for record in records if record.label == label]
    return len(values) <= quotas.QUOTAS[label].records and sum(values) <= quotas.QUOTAS[label].bytes


async def form(flow: Flow, path: str) -> str:
    """The CSRF token of a page."""
    page = await flow.http.get(path, headers=PAGE)
    return page.text.partition('name="csrf" value="')[2].partition('"')[0]


async def sign_in(flow: Flow) -> httpx2.Response:
    sent = {"csrf": await form(flow, "/general/ehr/sign-in"), "username": "okafor", "password": "sickbay"}
    return await flow.http.post("/general/ehr/sign-in", data=sent, headers=PAGE)


async def wait(flow: Flow, app: dict[str, Any], size: int = 10) -> str:
    """Send an authorization request that waits for the user. Returns the address of the next page."""
    answer = await flow.authorize(app, scope=SCOPE, nonce="n" * size)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


async def is_waiting(flow: Flow, address: str) -> bool:
    page = await flow.http.get(address, headers=PAGE)
    return page.status_code == 200


def test_pages_without_a_cookie_store_nothing(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await flow.http.get("/general/oauth/jwks")  # its first reader makes the keys
        before = names(await read_stored(flow))
        for path in PAGES:
            browser = stranger(flow)
            await browser.http.get(path, headers=PAGE)
            await browser.http.get(path, headers=PAGE)
        assert names(await read_stored(flow)) == before

    run(steps, tmp_path)


def test_forms_work_without_a_stored_session_but_only_with_the_cookie_of_their_page(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        first, second = stranger(flow), stranger(flow)
        theme = {"csrf": await form(first, "/"), "theme": "dark", "back": "/"}
        await form(second, "/")
        assert next(iter(first.cookies.values())).startswith(UNSTORED)
        assert "sickbay_theme" in (await first.http.post("/theme", data=theme)).headers.get("set-cookie", "")
        assert "set-cookie" not in (await second.http.post("/theme", data=theme)).headers
        for path in ("/general/ehr/sign-out", "/developer/sign-out"):
            await first.http.post(path, data=theme)
        assert await flow.sandbox.runtime.store.find("session") == []
        assert (await sign_in(first)).status_code == 303
        (session,) = await flow.sandbox.runtime.store.find("session")
        assert session.label == ""
        assert "set-cookie" not in (await first.http.post("/theme", data=theme)).headers, "the CSRF token was replaced"
        await first.http.post("/general/ehr/sign-out", data={"csrf": await form(first, "/general/ehr")})
        (session,) = await flow.sandbox.runtime.store.find("session")
        assert session.label == ANONYMOUS

    run(steps, tmp_path)


def test_the_cookie_from_before_the_sign_in_opens_nothing(tmp_path: Path) -> None:
    """A person who has set it in this browser knows it."""

    async def steps(flow: Flow) -> None:
        app = await flow.register(auto_approve=None)
        for opened_page_before in (True, False):
            victim, attacker = stranger(flow), stranger(flow)
            if opened_page_before:
                await form(victim, "/")
            address = await wait(victim, app)
            attacker.cookies = dict(victim.cookies)
            sent = {"csrf": await form(victim, address), "request": address.partition("=")[2]}
            await victim.http.post("/general/oauth/continue", data=sent | {"username": "okafor", "password": "sickbay"})
            assert await is_waiting(victim, address)
            attacker.http.headers["cookie"] = "; ".join(f"{name}={value}" for name, value in attacker.cookies.items())
            assert not await is_waiting(attacker, address)

    run(steps, tmp_path)


def test_the_oldest_waiting_request_of_strangers_goes_first(engine: Engine, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setitem(quotas.QUOTAS, ANONYMOUS, Quota(100, 20_000))

    async def steps(worker: Flow, other_worker: Flow) -> None:
        app = await worker.register(auto_approve=None)
        browsers = [
            (browser := stranger(flow), await wait(browser, app, 3000)) for _ in range(5) for flow in (worker, other_worker)
        ]
        assert within(await read_stored(worker), ANONYMOUS)
        assert [await is_waiting(*browser) for browser in browsers] == [False] * 5 + [True] * 5

    run_two(steps, engine(), tmp_path)


@pytest.mark.parametrize("seed", range(5 if is_long() else 1))
def test_any_sequence_of_anonymous_requests_stays_within_the_quota_and_a_signed_in_session_survives(
    seed: int, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    obey(engine(), tmp_path, monkeypatch, seed, 60)


@pytest.mark.prove
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(100, 105))
def test_many_anonymous_requests_stay_within_the_quota_and_a_signed_in_session_survives(
    seed: int, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    obey(engine(), tmp_path, monkeypatch, seed, 3000)


def obey(database: str | None, folder: Path, monkeypatch: pytest.MonkeyPatch, seed: int, count: int) -> None:
    monkeypatch.setitem(quotas.QUOTAS, ANONYMOUS, Quota(12, 30_000))
    monkeypatch.setitem(quotas.QUOTAS, FAILURES, Quota(5, 1_000))
    dice = random.Random(seed)

    async def steps(worker: Flow, other_worker: Flow) -> None:
        app, automatic = await worker.register(auto_approve=None), await worker.register()
        secret = await worker.register(client="symmetric")
        person = stranger(worker)
        assert (await sign_in(person)).status_code == 303
        waiting = await wait(person, app)
        signed_in = [record for record in await read_stored(worker) if record.kind in ("login", "session", "pending")]
        browsers = [stranger(worker), stranger(other_worker)]
        for turn in range(count):
            if dice.random() < 0.3:
                browsers[dice.randrange(2)] = stranger(dice.choice((worker, other_worker)))
            await act(dice.choice(browsers), dice, app, automatic, secret)
            records = await read_stored(worker)
            assert within(records, ANONYMOUS), turn
            assert within(records, FAILURES), turn
            assert names(signed_in) <= names(records)
        assert await is_waiting(person, waiting)
        assert (await person.http.get("/general/ehr", headers=PAGE)).status_code == 200

    run_two(steps, database, folder)


async def act(
    browser: Flow, dice: random.Random, app: dict[str, Any], automatic: dict[str, Any], secret: dict[str, Any]
) -> None:
    """One request of someone who isn't signed in."""
    match dice.randrange(7):
        case 0 | 1:
            await browser.authorize(app, scope=SCOPE, nonce="n" * dice.randrange(1, 12_000))
        case 2:
            await browser.authorize(automatic, scope=SCOPE, nonce="n" * dice.randrange(1, 12_000))
        case 3:
            await browser.http.get(dice.choice(PAGES), headers=PAGE)
        case 4:
            sent = {"csrf": await form(browser, "/general/ehr/sign-in"), "username": str(dice.random()), "password": "x"}
            await browser.http.post("/general/ehr/sign-in", data=sent)
        case 5:
            guess = {"grant_type": "refresh_token", "refresh_token": "x", "client_secret": "x"}
            await browser.http.post("/general/oauth/token", data=guess | {"client_id": secret["client_id"]})
        case 6:
            code = {"grant_type": "authorization_code", "code": "x" * dice.randrange(9000), "client_id": app["client_id"]}
            await browser.http.post("/general/oauth/token", data=code)


def test_a_code_counts_as_anonymous_only_until_it_is_redeemed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(quotas.QUOTAS, ANONYMOUS, Quota(3, 10_000))

    async def steps(flow: Flow) -> None:
        app = await flow.register()
        codes = [await flow.code(app, scope=SCOPE) for _ in range(4)]
        assert [(await flow.redeem(app, code)).status_code for code in codes] == [400, 200, 200, 200]
        for _ in range(5):
            await flow.code(app, scope=SCOPE)
        again = await flow.redeem(app, codes[3])
        assert "code-reused" in await flow.findings(again), "redeemed codes stay, so that a second use is noticed"

    run(steps, tmp_path)


def test_a_browser_in_which_someone_is_signed_in_has_a_limited_number_of_waiting_requests(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that the user visits may send them in frames."""
    monkeypatch.setattr(pending_authorization, "MAXIMUM_PER_BROWSER", 4)

    async def steps(worker: Flow, other_worker: Flow) -> None:
        app, person, other = await worker.register(auto_approve=None), stranger(worker), stranger(other_worker)
        for browser in (person, other):
            await sign_in(browser)
        kept = await wait(other, app)
        addresses = [await wait(person, app) for _ in range(7)]
        assert [await is_waiting(person, address) for address in addresses] == [False] * 3 + [True] * 4
        assert await is_waiting(other, kept)

    run_two(steps, engine(), tmp_path)
