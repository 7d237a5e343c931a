"""The page that moves the clock, and the note on every page while it doesn't show real time."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest
from tests.flows.flow import Flow, run

PAGE = {"Accept": "text/html"}
NOTE = "Return to real time"


async def send(flow: Flow, move: str = "", **more: str) -> int:
    page = (await flow.http.get("/developer/time", headers=PAGE)).text
    csrf = page.partition('name="csrf" value="')[2].partition('"')[0]
    answer = await flow.http.post(
        "/developer/time", data={"csrf": csrf} | ({"move": move} if move or not more else {}) | more, headers=PAGE
    )
    return answer.status_code


async def offset(flow: Flow) -> float:
    return float((await flow.http.get("/admin/clock")).json()["offset"])


def test_every_page_says_that_the_clock_was_moved_and_leads_back(tmp_path: Path) -> None:
    paths = ("/", "/developer", "/exchanges", "/doctor", "/rules", "/docs/", "/general/ehr/sign-in", "/developer/time")

    async def steps(flow: Flow) -> None:
        for path in paths:
            assert NOTE not in (await flow.http.get(path, headers=PAGE)).text, path
        assert await send(flow, "+1d") == 303
        for path in paths:
            assert NOTE in (await flow.http.get(path, headers=PAGE)).text, path
        assert await send(flow, "real", back="/doctor") == 303
        assert await offset(flow) == 0

    run(steps, tmp_path)


def test_the_page_moves_freezes_and_releases_the_clock(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        for move in ("+1h", "freeze", "-30m", "run"):
            assert await send(flow, move) == 303
        assert await offset(flow) == pytest.approx(1800, abs=60)
        for wrong in ("1h", "+99999w", ""):
            assert await send(flow, wrong) == 422
        assert await send(flow, "+1h", csrf="x") == 403
        assert await offset(flow) == pytest.approx(1800, abs=60)

    run(steps, tmp_path)


def test_only_the_administrator_moves_the_clock(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        assert (await flow.http.get("/developer/time", headers=PAGE)).status_code == 403
        assert (await flow.http.post("/developer/time", data={"move": "+1h"}, headers=PAGE)).status_code == 403

    run(steps, tmp_path, require_admin_token=True, admin_token="a-token-of-the-test")


def test_the_page_saves_restores_and_removes_snapshots(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        assert await send(flow, save="before") == 303
        for wrong in ({"save": "before"}, {"save": "A b"}, {"restore": "absent"}, {"remove": "absent"}):
            assert await send(flow, **wrong) == 422
        app = await flow.register()
        assert await send(flow, restore="before") == 303
        assert (await flow.http.get(f"/admin/apps/{app['app_id']}")).status_code == 404
        assert await send(flow, remove="before") == 303
        assert (await flow.http.get("/admin/snapshots")).json() == []
        assert "Removed the snapshot." in (await flow.http.get("/developer/time?done=remove", headers=PAGE)).text

    run(steps, tmp_path)


async def upload(flow: Flow, packed: bytes, name: str = "", csrf: str = "") -> httpx2.Response:
    page = (await flow.http.get("/developer/time", headers=PAGE)).text
    csrf = csrf or page.partition('name="csrf" value="')[2].partition('"')[0]
    files = {"file": ("../../any name.zip", packed, "application/zip")}
    return await flow.http.post("/developer/time", data={"csrf": csrf, "name": name}, files=files, headers=PAGE)


def test_the_page_exports_and_imports_a_snapshot(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await flow.register(client="symmetric")
        assert await send(flow, save="a") == 303
        page = (await flow.http.get("/developer/time", headers=PAGE)).text
        csrf = page.partition('name="csrf" value="')[2].partition('"')[0]
        exported = await flow.http.post("/developer/time", data={"csrf": csrf, "export": "a"}, headers=PAGE)
        assert exported.headers["content-disposition"] == 'attachment; filename="a.zip"'
        imported = await upload(flow, exported.content, "b")
        assert imported.status_code == 200
        assert "Copy them now, because they’re shown only once." in imported.text
        assert "New secrets" not in (await flow.http.get("/developer/time", headers=PAGE)).text
        for packed, name, status, message in (
            (exported.content, "b", 422, "A snapshot named b already exists."),
            (b"PK", "c", 422, "isn’t a zip"),
            (b"", "c", 422, "isn’t a zip"),
            (bytes(16_020_001), "c", 413, "A snapshot’s file may have at most 16 MB."),
        ):
            refused = await upload(flow, packed, name)
            assert (refused.status_code, message in refused.text) == (status, True), refused.text
        assert (await upload(flow, exported.content, "c", csrf="x")).status_code == 403
        assert {saved["name"] for saved in (await flow.http.get("/admin/snapshots")).json()} == {"a", "b"}
        unknown = await flow.http.post("/developer/time", data={"csrf": csrf, "export": "no"}, headers=PAGE)
        assert (unknown.status_code, "There is no snapshot named no." in unknown.text) == (422, True)

    run(steps, tmp_path)
