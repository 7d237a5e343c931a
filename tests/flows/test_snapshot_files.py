"""Snapshots as files, over HTTP, on two workers and both engines."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.flows.flow import REDIRECT, Flow
from tests.flows.random_use import use
from tests.flows.test_snapshots import SPACE, restore, save, service_token
from tests.flows.two_workers import run_two
from tests.services.snapshot_files.zips import pack

from sickbay.sandbox import snapshots
from sickbay.services.redaction import live_secrets
from sickbay.settings.database import DiskFull

Engine = Callable[[], str | None]


async def export(flow: Flow, name: str) -> bytes:
    answer = await flow.http.get(f"/admin/snapshots/{name}/export")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip"), answer.text
    return answer.content


async def bring(flow: Flow, packed: bytes, name: str = "") -> dict[str, Any]:
    answer = await flow.http.post(f"/admin/snapshots/import{name and '?name=' + name}", content=packed)
    assert answer.status_code == 201, answer.text
    imported: dict[str, Any] = answer.json()
    return imported


def files_of(packed: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def without_name(packed: bytes) -> dict[str, Any]:
    files: dict[str, Any] = files_of(packed)
    manifest = json.loads(files["manifest.json"])
    assert manifest.pop("name")
    return files | {"manifest.json": manifest}


NAMES = {"Epic\u202eevil": "Epicevil", "\u200b\u3164": "", "N" * 5_000: "N" * 200, " two\nwords ": "two words"}
"""What an app is named -> what is stored; "" for the client_id."""


def test_a_name_has_only_visible_characters_however_the_app_is_registered_and_imported(tmp_path: Path) -> None:
    async def steps(worker: Flow, other: Flow) -> None:
        for sent, shown in NAMES.items():
            own = {"client_name": sent, "redirect_uris": [REDIRECT], "token_endpoint_auth_method": "none", "scope": "openid"}
            answer = await worker.http.post("/general/oauth/register", json=own)
            assert (answer.status_code, answer.json()["client_name"]) == (201, shown or answer.json()["client_id"])
            app = await worker.register(name=sent)
            assert app["name"] == (shown or app["client_id"])
        await save(worker, "names")
        files = files_of(await export(worker, "names"))
        apps = [json.loads(line) for line in files["apps.ndjson"].splitlines()]
        assert {app["name"] for app in apps} >= {shown for shown in NAMES.values() if shown}
        hidden = [app | {"name": f"{app['name'][:1]}\u202e"} for app in apps]
        packed = pack([*(files | {"apps.ndjson": "\n".join(map(json.dumps, hidden)).encode()}).items()])
        await bring(other, packed, "again")
        await restore(other, "again")
        named = (await worker.http.get("/admin/apps")).json()
        assert {app["name"] for app in named} == {app["name"][:1] for app in apps}

    run_two(steps, None, tmp_path, patients=0)


def test_the_export_of_an_import_is_the_export(engine: Engine, tmp_path: Path) -> None:
    async def steps(worker: Flow, other: Flow) -> None:
        await worker.sandbox.filling.ensure(SPACE)
        await use(worker, other, 7, 12)
        await delete_one(worker)
        await save(worker, "first")
        exported = await export(other, "first")
        await bring(worker, exported, "second")
        assert without_name(await export(other, "second")) == without_name(exported)
        await restore(other, "second")
        await save(worker, "third")
        restored, original = without_name(await export(worker, "third")), without_name(exported)
        assert restored.pop("manifest.json")["spaces"] == original.pop("manifest.json")["spaces"]
        assert restored == original

    run_two(steps, engine(), tmp_path)


async def delete_one(flow: Flow) -> None:
    """Delete one resource of the sample data and one that was created, and create one again."""
    sent = await service_token(flow)
    for path in ("Task/t-1", "Task/t-2"):
        task = {
            "resourceType": "Task",
            "id": path[5:],
            "status": "draft",
            "intent": "plan",
            "for": {"reference": "Patient/p-0001"},
        }
        put = await flow.http.put(f"/general/r4/{path}", json=task, headers=sent)
        assert put.status_code == 201, put.text
        assert (await flow.http.delete(f"/general/r4/{path}", headers=sent)).status_code in (200, 204)
    again = await flow.http.put(f"/general/r4/{path}", json=task, headers=sent)
    assert again.status_code == 201
    found = (await flow.http.get("/general/r4/Observation?patient=p-0001&_count=1", headers=sent)).json()
    first = found["entry"][0]["resource"]["id"]
    assert (await flow.http.delete(f"/general/r4/Observation/{first}", headers=sent)).status_code in (200, 204)


def test_another_sickbay_has_the_same_data_after_an_import(engine: Engine, tmp_path: Path) -> None:
    packed: list[bytes] = []
    seen: list[Any] = []

    async def look(flow: Flow) -> Any:
        sent = await service_token(flow)
        paths = ("Patient/p-0001", "Patient/p-0001/_history", "Task?_sort=_id", "Observation?patient=p-0001&_summary=count")
        patient, history, tasks, observations = [
            (await flow.http.get(f"/general/r4/{path}", headers=sent)).json() for path in paths
        ]
        return {
            "patient": patient,
            "etags": [entry["response"]["etag"] for entry in history["entry"]],
            "first": history["entry"][-1]["resource"]["active"],
            "tasks": [entry["resource"] for entry in tasks["entry"]],
            "observations": observations["total"],
        }

    async def write(worker: Flow, other: Flow) -> None:
        sent = await service_token(worker)
        patient = (await worker.http.get("/general/r4/Patient/p-0001", headers=sent)).json()
        await worker.http.put("/general/r4/Patient/p-0001", json=patient | {"active": False}, headers=sent)
        await delete_one(other)
        await save(worker, "moved")
        packed.append(await export(other, "moved"))
        seen.append(await look(worker))

    async def read(worker: Flow, other: Flow) -> None:
        await bring(worker, packed[0])
        await restore(other, "moved")
        there = await look(other)
        assert there == seen[0]
        assert there["etags"] == ['W/"2"', 'W/"1"']

    run_two(write, engine(), tmp_path / "first")
    run_two(read, None, tmp_path / "second")


def test_imported_users_get_the_published_password_and_apps_new_secrets(engine: Engine, tmp_path: Path) -> None:
    async def steps(worker: Flow, other: Flow) -> None:
        app = await worker.register(client="symmetric", client_secret="the-old-secret-of-this-app")
        body = {"tenant": "general", "username": "new", "password": "a password", "fhirUser": "Practitioner/x"}
        assert (await worker.http.post("/admin/users", json=body)).status_code == 201
        await save(worker, "a")
        packed = await export(worker, "a")
        imported = await bring(other, packed, "b")
        assert [secret["app_id"] for secret in imported["apps"]] == [app["app_id"]]
        await restore(other, "b")
        launch = await worker.launch(app)
        code = await worker.code(app, launch=launch["launch"])
        new = imported["apps"][0]["client_secret"]
        old = await worker.redeem(app, code, client_secret="the-old-secret-of-this-app")
        assert old.json()["error"] == "invalid_client"
        assert (await other.redeem(app, code, client_secret=new)).status_code == 200
        assert (await live_secrets.read_stored_secrets(other.sandbox.runtime)).lengths == frozenset({len(new)})
        records = await worker.sandbox.runtime.store.find("user", tenant="general", limit=100)
        assert all(b"$argon2id$v=19$m=19456,t=2,p=1$g3xSRFM7pGYRgBsUX1ki9Q$" in record.value for record in records)

    run_two(steps, engine(), tmp_path)


def test_wrong_names_and_full_disks_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def steps(worker: Flow, other: Flow) -> None:
        await save(worker, "a")
        packed = await export(worker, "a")
        assert (await worker.http.get("/admin/snapshots/b/export")).status_code == 404
        for name, status in (("A", 422), ("", 422), ("a", 409)):
            refused = await other.http.post(f"/admin/snapshots/import?name={name}", content=packed)
            assert refused.status_code == status, refused.text
        assert (await other.http.post("/admin/snapshots/import", content=packed)).status_code == 409
        assert (await other.http.post("/admin/snapshots/import", content=b"PK")).status_code == 422
        assert (await other.http.post("/admin/snapshots/import?name=b", content=bytes(16_000_001))).status_code == 413
        monkeypatch.setattr(snapshots, "MAXIMUM_BYTES", 1)
        assert (await worker.http.post("/admin/snapshots/import?name=b", content=packed)).status_code == 507
        monkeypatch.undo()

        async def fail(steps: Any) -> None:
            raise DiskFull("/data")

        monkeypatch.setattr(worker.sandbox.runtime.store, "transaction", fail)
        assert (await worker.http.post("/admin/snapshots/import?name=b", content=packed)).status_code == 507
        assert [listed["name"] for listed in (await other.http.get("/admin/snapshots")).json()] == ["a"]

    run_two(steps, None, tmp_path)


async def list_secrets(flow: Flow, known: set[str]) -> set[bytes]:
    """These secrets, all hashes that are stored, and the keys."""
    store = flow.sandbox.runtime.store
    secrets = {secret.encode() for secret in known}
    for kind in ("token", "code", "launch", "session", "family", "login", "pending", "jti", "export"):
        for record in await store.find(kind, limit=1000):
            secrets |= {record.key.encode(), record.family.encode()} - {b""}
    secrets |= {record.value for record in await store.find("key", limit=1000)}
    for kind in ("app", "user"):
        for record in await store.find(kind, limit=1000):
            value = json.loads(record.value)
            hashes = [value.get(name) for name in ("secret_hash", "registration_hash", "password")]
            secrets |= {hashed.encode() for hashed in hashes if hashed}
    return secrets


def test_no_byte_of_an_export_has_a_secret_a_hash_a_token_a_session_or_a_key(engine: Engine, tmp_path: Path) -> None:
    async def steps(worker: Flow, other: Flow) -> None:
        await use(worker, other, 3, 12)
        known = {
            "the-secret-of-an-app-that-is-registered",
            "a password that is long",
            worker.sandbox.runtime.keys.refresh.hex(),
        }
        await worker.register(client="symmetric", client_secret="the-secret-of-an-app-that-is-registered")
        body = {"tenant": "general", "username": "new", "password": "a password that is long", "fhirUser": "Practitioner/x"}
        assert (await worker.http.post("/admin/users", json=body)).status_code == 201
        scope = "launch launch/patient openid fhirUser offline_access patient/*.cruds"
        app = await worker.register(scope=scope)
        launch = await worker.launch(app)
        granted = (await worker.redeem(app, await worker.code(app, launch=launch["launch"], scope=scope))).json()
        tokens = [granted["access_token"], granted["refresh_token"], granted["id_token"]]
        known |= set(tokens) | set(worker.http.cookies.values())
        texts = [{"text": f"curl -H 'Authorization: Bearer {token}'. It was {token}."} for token in tokens]
        task = {
            "resourceType": "Task",
            "status": "draft",
            "intent": "plan",
            "for": {"reference": "Patient/p-0001"},
            "note": texts[:2],
        }
        assert (await worker.http.post("/general/r4/Task", json=task, headers=await service_token(worker))).status_code == 201
        await save(worker, "a")
        packed = await export(other, "a")
        contents = [packed, *files_of(packed).values()]
        secrets = await list_secrets(worker, known)
        assert len(secrets) > 30
        assert [secret for secret in secrets for content in contents if secret in content] == []
        assert b"Bearer removed-by-export" in contents[-1]
        await bring(other, packed, "b")

    run_two(steps, engine(), tmp_path)
