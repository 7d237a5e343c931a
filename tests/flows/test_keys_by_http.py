"""id_token keys rotate manually and by age; earlier signatures stay valid."""

from __future__ import annotations

import asyncio
from pathlib import Path
from queue import SimpleQueue
from threading import Event
from typing import Any

import pytest
from tests.flows.flow import Flow, run
from tests.flows.two_workers import run_two

from sickbay.authorization.token.id_token import AGE, KEPT
from sickbay.kernel.memoize import CACHES
from sickbay.protocol import jose
from sickbay.services import id_token


async def issue(flow: Flow) -> str:
    return str((await flow.complete_launch(name="App"))["id_token"])


async def keys(flow: Flow) -> list[dict[str, Any]]:
    return list((await flow.http.get("/general/oauth/jwks")).json()["keys"])


def is_verified(text: str, jwks: list[dict[str, Any]]) -> bool:
    read = jose.decode_unverified(text)
    assert read is not None
    return any(jose.verify(text, jwk, ["RS256"]) for jwk in jwks if jwk["kid"] == read.header["kid"])


@pytest.mark.skipif(not CACHES, reason="nothing is kept")
def test_the_stored_key_is_ready_to_sign_once_a_user_has_read_the_sign_in_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(id_token, "PREPARATION_DELAY_SECONDS", 0)
    prepared: SimpleQueue[str | None] = SimpleQueue()
    prepare = jose.prepare_signing

    def note(key: str | None) -> None:
        prepare(key)
        prepared.put(key)

    monkeypatch.setattr(jose, "prepare_signing", note)

    async def show_page(flow: Flow, scope: str) -> None:
        app = await flow.register(name="Asks", auto_approve=None)
        assert (await flow.authorize(app, scope=scope)).headers["location"].startswith("/general/oauth/continue?")

    async def steps(flow: Flow) -> None:
        await show_page(flow, "user/Patient.rs")
        await show_page(flow, "openid fhirUser")  # there is no key yet, and none is generated for a page
        assert await asyncio.to_thread(prepared.get, timeout=60) is None
        assert await flow.sandbox.runtime.store.get("key", id_token.NAME) is None
        await issue(flow)
        jose._header_and_signer.cache_clear()  # type: ignore[attr-defined]
        await show_page(flow, "openid fhirUser")
        assert await asyncio.to_thread(prepared.get, timeout=60) is not None
        await issue(flow)
        assert jose._header_and_signer.cache_info().misses == 1  # type: ignore[attr-defined]

    run(steps, tmp_path)


def test_pages_that_are_shown_together_prepare_one_signature(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(id_token, "PREPARATION_DELAY_SECONDS", 0)
    prepared: list[str | None] = []
    shown = Event()

    def note_and_wait(key: str | None) -> None:
        prepared.append(key)
        shown.wait(60)

    monkeypatch.setattr(jose, "prepare_signing", note_and_wait)

    async def steps(flow: Flow) -> None:
        app = await flow.register(name="Asks", auto_approve=None)
        for _ in range(5):
            await flow.authorize(app, scope="openid fhirUser")
        shown.set()
        for _ in range(6_000):
            if not flow.sandbox.runtime.prepares_signing:
                break
            await asyncio.sleep(0.01)
        assert len(prepared) == 1

    run(steps, tmp_path)


def test_an_id_token_from_before_a_rotation_stays_valid(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        first = await issue(flow)
        before = await keys(flow)
        assert len(before) == 2
        assert not any("d" in key for key in before)
        rotated = (await flow.http.post("/admin/keys/rotate")).json()
        assert rotated["active"] == before[1]["kid"]
        assert [key["kid"] for key in rotated["retired"]] == [before[0]["kid"]]
        second = await issue(flow)
        after = await keys(flow)
        assert is_verified(second, before)
        assert is_verified(first, after)
        assert len(after) == 3
        await flow.http.post("/admin/clock", json={"advance": KEPT})
        assert not is_verified(first, await keys(flow))
        assert (await flow.http.get("/admin/keys")).json()["active"] == rotated["active"]

    run(steps, tmp_path)


def test_an_old_key_is_rotated_automatically(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        old = (await flow.http.get("/admin/keys")).json()
        assert old["next"] is None
        await flow.http.post("/admin/clock", json={"advance": AGE})
        token = await issue(flow)
        read = jose.decode_unverified(token)
        assert read is not None
        assert read.header["kid"] != old["active"]
        assert is_verified(token, await keys(flow))

    run(steps, tmp_path)


def test_a_new_folder_gets_one_key_from_many_first_requests_at_two_workers(tmp_path: Path) -> None:
    async def steps(first: Flow, second: Flow) -> None:
        read = await asyncio.gather(*(keys(flow) for flow in (first, second) for _ in range(3)))
        assert len({key["kid"] for published in read for key in published[:1]}) == 1
        assert await keys(first) == await keys(second)
        assert is_verified(await issue(second), await keys(first))

    run_two(steps, None, tmp_path)


def test_many_requests_of_strangers_make_no_more_keys_than_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    generate = jose.generate

    def generate_and_keep() -> str:
        made.append(generate())
        return made[-1]

    monkeypatch.setattr(jose, "generate", generate_and_keep)

    async def steps(flow: Flow) -> None:
        await asyncio.gather(*(keys(flow) for _ in range(20)))
        assert len(made) == 2, "the active key and the next one"

    run(steps, tmp_path / "new", patients=0)


def test_only_one_of_two_concurrent_rotations_succeeds(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        runtime = flow.sandbox.runtime
        rotated = await asyncio.gather(*(id_token.rotate(runtime) for _ in range(3)))
        assert len({ring["active"] for ring in rotated}) == 1
        assert len((await id_token.list_keys(runtime))["retired"]) == 1

    run(steps, tmp_path)
