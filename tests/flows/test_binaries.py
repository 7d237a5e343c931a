"""Binary over HTTP: as a resource or as content, protected by its security context, harmless to browsers."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from tests.flows.flow import Flow, run
from tests.flows.writing import hand

PAGE = b"<script>alert(1)</script>"


def binary(context: str | None, kind: str = "text/html") -> dict[str, Any]:
    created = {"resourceType": "Binary", "contentType": kind, "data": base64.b64encode(PAGE).decode()}
    return created | ({"securityContext": {"reference": context}} if context else {})


def test_a_binary_is_returned_as_a_file_or_as_a_resource(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "patient/*.cruds")
        created = await own.create(binary("Patient/p-0001"))
        path = f"/Binary/{created['id']}"
        for accept in (
            "text/html",
            "*/*",
            "image/png",
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        ):
            raw = await own.ask("GET", path, Accept=accept)
            assert (raw.status_code, raw.content) == (200, PAGE), accept
            assert raw.headers["content-type"] == "text/html"
            assert raw.headers["content-disposition"] == "attachment"
            assert "sandbox" in raw.headers["content-security-policy"]
            assert raw.headers["x-content-type-options"] == "nosniff"
            assert raw.headers["etag"] == 'W/"1"'
        assert (await own.ask("GET", path)).json() == created
        assert (await own.ask("GET", path, Accept="application/json")).json() == created
        assert b"<Binary" in (await own.ask("GET", path, Accept="application/fhir+xml")).content
        bundle = {"resourceType": "Bundle", "type": "batch", "entry": [{"request": {"method": "GET", "url": path[1:]}}]}
        for accept in ("application/fhir+json", "*/*"):
            response = await own.ask("POST", "", bundle, Accept=accept)
            assert response.json()["entry"][0]["resource"] == created
        missing = await own.ask("GET", "/Binary/none", Accept="text/html")
        assert (missing.status_code, missing.json()["resourceType"]) == (404, "OperationOutcome")

    run(steps, tmp_path)


def test_the_content_can_be_sent_directly(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "patient/*.cruds")
        context = {"X-Security-Context": "Patient/p-0001"}
        created = await own.ask("POST", "/Binary", b"\x00\xff", **{"Content-Type": "image/png"}, **context)
        assert created.status_code == 201, created.text
        assert created.json()["securityContext"] == {"reference": "Patient/p-0001"}
        raw = await own.ask("GET", f"/Binary/{created.json()['id']}", Accept="image/png")
        assert (raw.content, raw.headers["content-type"]) == (b"\x00\xff", "image/png")
        changed = await own.ask("PUT", f"/Binary/{created.json()['id']}", b"x", **{"Content-Type": "text/plain"}, **context)
        assert changed.status_code == 200

    run(steps, tmp_path)


@pytest.mark.parametrize(("context", "status"), [(None, 403), ("Patient/p-0002", 403), ("Patient/p-0001", 201)])
def test_a_binary_can_be_written_only_for_the_launched_patient(tmp_path: Path, context: str | None, status: int) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "patient/*.cruds")
        assert (await own.ask("POST", "/Binary", binary(context))).status_code == status

    run(steps, tmp_path)


def test_access_to_a_binary_depends_on_its_security_context(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        system = await hand(flow, "system/*.cruds")

        async def document(patient: str, attached: str = "") -> str:
            content = [{"attachment": {"url": attached} if attached else {"title": "x"}}]
            body = {
                "resourceType": "DocumentReference",
                "status": "current",
                "content": content,
                "subject": {"reference": f"Patient/{patient}"},
            }
            return f"DocumentReference/{(await system.create(body))['id']}"

        owner = await document("p-0001")
        created = f"/Binary/{(await system.create(binary(owner)))['id']}"
        bare = f"/Binary/{(await system.create(binary(None)))['id']}"
        own, other = await hand(flow, "patient/*.rs"), await hand(flow, "patient/*.rs", "p-0002")
        await document("p-0002", created[1:])
        assert (await own.ask("GET", created)).status_code == 200
        assert (await own.ask("HEAD", created)).status_code == 200
        for path in (created, bare):
            hidden, absent = await other.ask("GET", path), await other.ask("GET", "/Binary/none")
            assert hidden.status_code == 404
            assert hidden.text.replace(path[1:], "Binary/none") == absent.text
        assert (await own.ask("GET", bare)).status_code == 404
        assert (await system.ask("GET", bare)).status_code == 200
        for scope in (
            "patient/Binary.rs",
            "patient/DocumentReference.rs",
            "patient/Binary.s patient/DocumentReference.rs",
        ):
            lacking = await hand(flow, scope)
            assert (await lacking.ask("GET", created)).status_code in (403, 404)
        await system.ask("DELETE", f"/{owner}")
        assert (await own.ask("GET", created)).status_code == 404

    run(steps, tmp_path)


def test_versions_and_history_have_the_same_access_rules(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        system = await hand(flow, "system/*.cruds")
        own, other = await hand(flow, "patient/*.rs"), await hand(flow, "patient/*.rs", "p-0002")
        document = {
            "resourceType": "DocumentReference",
            "status": "current",
            "content": [{"attachment": {"title": "x"}}],
        }
        owners = [
            (await system.create({**document, "subject": {"reference": f"Patient/{patient}"}}))["id"]
            for patient in ("p-0001", "p-0002")
        ]
        created = await system.create(binary(f"DocumentReference/{owners[1]}"))
        path = f"/Binary/{created['id']}"
        for _ in range(2):
            changed = binary(f"DocumentReference/{owners[0]}") | {"id": created["id"]}
            assert (await system.ask("PUT", path, changed)).status_code == 200
        for version, status in ((1, 404), (2, 200), (3, 200)):
            assert (await own.ask("GET", f"{path}/_history/{version}")).status_code == status
            assert (await other.ask("GET", f"{path}/_history/{version}")).status_code == 404
        seen = (await own.ask("GET", f"{path}/_history")).json()["entry"]
        assert [response["resource"]["meta"]["versionId"] for response in seen] == ["3", "2"]
        assert (await other.ask("GET", f"{path}/_history")).status_code == 404
        assert len((await system.ask("GET", f"{path}/_history")).json()["entry"]) == 3

    run(steps, tmp_path)
