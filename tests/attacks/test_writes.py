"""Attacks by writing (cases 57 to 65): nothing is written into another chart and nothing is revealed; each has a control."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.flows.flow import Flow, run
from tests.flows.writing import TokenClient, hand, observation, rules

A, B = "p-0001", "p-0002"
PATCHING = {"Content_Type": "application/json-patch+json"}
TO_B = [{"op": "replace", "path": "/subject/reference", "value": f"Patient/{B}"}]


async def taw(flow: Flow) -> TokenClient:
    """A token that may write A's observations and read patient A."""
    return await hand(flow, "patient/Observation.cruds patient/Patient.rs", A)


async def of_b(flow: Flow) -> dict[str, Any]:
    """An observation of B that A's token must never learn about."""
    other = await hand(flow, "patient/Observation.cruds", B)
    return await other.create(observation(B, identifier=[{"system": "urn:secret", "value": "b"}]))


def test_57_nothing_is_written_into_another_chart(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own, hidden = await taw(flow), await of_b(flow)
        record = await own.create(observation(A))
        path = f"/Observation/{record['id']}"
        moved = record | {"subject": {"reference": f"Patient/{B}"}}
        for answer in (
            await own.ask("POST", "/Observation", observation(B)),
            await own.ask("POST", "/Observation", {k: v for k, v in observation(B).items() if k != "subject"}),
            await own.ask("PUT", path, moved),
            await own.ask("PATCH", path, TO_B, **PATCHING),
        ):
            assert (answer.status_code, rules(answer)) == (403, {"fhir-write-outside-scope"})
        taken, free = f"/Observation/{hidden['id']}", "/Observation/never-there"
        for method, body, headers in (("PUT", observation(A), {}), ("PATCH", TO_B, PATCHING), ("DELETE", None, {})):
            answers = []
            for address in (taken, free):
                sent = {**body, "id": address.rpartition("/")[2]} if isinstance(body, dict) else body
                answer = await own.ask(method, address, sent, **headers)
                answers.append((answer.status_code, answer.text.replace(address[1:], "X")))
            assert answers[0] == answers[1]
            assert answers[0][0] == 404
        assert (await own.ask("GET", path)).json() == record
        assert (await own.ask("PUT", path, record | {"status": "amended"})).status_code == 200
        both = await hand(flow, "user/Observation.cruds")
        assert (await both.ask("PUT", path, moved)).status_code == 200
        assert (await own.ask("GET", path)).status_code == 404

    run(steps, tmp_path)


def test_58_a_condition_of_a_create_matches_only_visible_resources(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await taw(flow)
        await of_b(flow)
        for condition in (f"subject=Patient/{B}&code=29463-7", "identifier=urn:secret|b"):
            answer = await own.ask("POST", "/Observation", observation(A), If_None_Exist=condition)
            assert answer.status_code == 201
            assert answer.json()["subject"]["reference"] == f"Patient/{A}"
        assert (
            await own.ask("POST", "/Observation", observation(B), If_None_Exist="identifier=urn:secret|b")
        ).status_code == 403
        other = await hand(flow, "patient/Observation.cruds", B)
        repeated = await other.ask("POST", "/Observation", observation(B), If_None_Exist="identifier=urn:secret|b")
        assert repeated.status_code == 200

    run(steps, tmp_path)


def test_59_a_condition_of_update_delete_and_patch_matches_only_visible_resources(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own, hidden = await taw(flow), await of_b(flow)
        where = "/Observation?identifier=urn:secret|b"
        created = await own.ask("PUT", where, observation(A))
        assert created.status_code == 201
        assert (await own.ask("DELETE", where)).status_code == 204
        assert (await own.ask("PATCH", where, TO_B, **PATCHING)).status_code == 404
        other = await hand(flow, "patient/Observation.cruds", B)
        assert (await other.ask("GET", f"/Observation/{hidden['id']}")).json() == hidden
        assert (await other.ask("PUT", where, hidden | {"status": "amended"})).status_code == 200
        assert (await other.ask("DELETE", where)).status_code == 204
        assert (await other.ask("GET", f"/Observation/{hidden['id']}")).status_code == 410

    run(steps, tmp_path)


def test_60_a_delete_does_not_cascade_and_reveals_no_other_patient(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await taw(flow)
        record = await own.create(observation(A))
        cascade = await own.ask("DELETE", f"/Observation/{record['id']}?_cascade=delete")
        assert (cascade.status_code, rules(cascade)) == (403, {"fhir-delete-cascade"})
        whole = await own.ask("DELETE", f"/Patient/{A}")
        assert (whole.status_code, rules(whole)) == (403, {"fhir-insufficient-scope"})
        assert B not in whole.text
        assert (await own.ask("DELETE", f"/Observation/{record['id']}")).status_code == 204

    run(steps, tmp_path)


def test_63_versions_of_hidden_resources_are_not_revealed_and_responses_contain_only_readable_data(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own, hidden = await taw(flow), await of_b(flow)
        path = f"/Observation/{hidden['id']}"
        for tag in ('W/"1"', 'W/"9"'):
            assert (await own.ask("PUT", path, observation(A, id=hidden["id"]), If_Match=tag)).status_code == 404
            assert (await own.ask("DELETE", path, If_Match=tag)).status_code == 404
        writer = await hand(flow, "patient/Observation.c", A)
        answer = await writer.ask("POST", "/Observation", observation(A), Prefer="return=representation")
        assert (answer.status_code, answer.content) == (201, b"")
        assert (await own.ask("POST", "/Observation", observation(A), Prefer="return=representation")).content

    run(steps, tmp_path)


def test_64_a_reference_to_a_hidden_resource_is_treated_like_one_to_an_absent_resource(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own, hidden = await taw(flow), await of_b(flow)
        for id in (hidden["id"], "never-there"):
            answer = await own.ask("POST", "/Observation", observation(A, hasMember=[{"reference": f"Observation/{id}"}]))
            assert answer.status_code == 201

    run(steps, tmp_path)


@pytest.mark.parametrize("version", ["1", "2"])
def test_3_versions_of_hidden_resources_are_hidden(tmp_path: Path, version: str) -> None:
    async def steps(flow: Flow) -> None:
        own, hidden = await taw(flow), await of_b(flow)
        taken = await own.ask("GET", f"/Observation/{hidden['id']}/_history/{version}")
        free = await own.ask("GET", f"/Observation/never-there/_history/{version}")
        assert taken.status_code == free.status_code == 404
        assert taken.text.replace(hidden["id"], "X") == free.text.replace("never-there", "X")
        other = await hand(flow, "patient/Observation.rs", B)
        control = await other.ask("GET", f"/Observation/{hidden['id']}/_history/{version}")
        assert control.status_code == (200 if version == "1" else 404)

    run(steps, tmp_path)


def test_6_a_version_that_belonged_to_another_patient_stays_hidden(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        both, own = await hand(flow, "user/Observation.cruds"), await taw(flow)
        record = await both.create(observation(B))
        path = f"/Observation/{record['id']}"
        assert (await both.ask("PUT", path, record | {"subject": {"reference": f"Patient/{A}"}})).status_code == 200
        assert (await own.ask("GET", f"{path}/_history/1")).status_code == 404
        assert (await own.ask("GET", f"{path}/_history/2")).status_code == 200
        assert (await both.ask("GET", f"{path}/_history/1")).status_code == 200

    run(steps, tmp_path)


def test_4_5_and_6_a_history_contains_only_versions_that_were_and_are_visible(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        both, own, hidden = await hand(flow, "user/Observation.cruds"), await taw(flow), await of_b(flow)
        record = await both.create(observation(B))
        path = f"/Observation/{record['id']}"
        await both.ask("PUT", path, record | {"subject": {"reference": f"Patient/{A}"}})
        assert (await own.ask("GET", f"/Observation/{hidden['id']}/_history")).status_code == 404
        own_history = (await own.ask("GET", f"{path}/_history")).json()
        assert (own_history["total"], own_history["entry"][0]["response"]["etag"]) == (1, 'W/"2"')
        assert (await both.ask("GET", f"{path}/_history")).json()["total"] == 2
        type_history = await own.ask("GET", "/Observation/_history?_count=1000")
        subjects = {entry["resource"]["subject"]["reference"] for entry in type_history.json()["entry"]}
        assert subjects == {f"Patient/{A}"}
        full_history = await both.ask("GET", "/Observation/_history?_count=1000")
        assert f"Patient/{B}" in full_history.text
        assert (await own.ask("GET", "/_history")).status_code == 403

    run(steps, tmp_path)


def test_62_a_transaction_does_not_widen_the_access_of_its_token(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own, hidden = await hand(flow, "patient/*.cruds", A), await of_b(flow)
        related = {"resourceType": "RelatedPerson", "patient": {"reference": f"Patient/{A}"}}
        link = {"request": {"method": "POST", "url": "RelatedPerson"}, "resource": related}
        reads = [{"request": {"method": "GET", "url": url}} for url in (f"Patient/{B}", f"Observation/{hidden['id']}")]
        sent = {"resourceType": "Bundle", "type": "transaction", "entry": [link, *reads]}
        results = (await own.ask("POST", "", sent)).json()["entry"]
        assert [result["response"]["status"][:3] for result in results] == ["201", "404", "404"]
        own_read = [{"request": {"method": "GET", "url": f"Patient/{A}"}}]
        results = (await own.ask("POST", "", sent | {"entry": own_read})).json()["entry"]
        assert results[0]["resource"]["id"] == A

    run(steps, tmp_path)


def test_61_the_url_of_an_entry_cannot_bypass_the_access_check(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await taw(flow)
        base = "http://localhost:7425/general/r4"
        inner = {"resourceType": "Bundle", "type": "batch", "entry": []}
        refused = [
            (f"http://127.0.0.1:7425/general/r4/Patient/{A}", None),
            (f"https://localhost:7425/general/r4/Patient/{A}", None),
            (f"{base}5/Patient/{A}", None),
            (f"{base}//Patient/{A}", None),
            (f"{base}/../r4/Patient/{A}", None),
            (f"//Patient/{A}", None),
            (f"//localhost:7425/general/r4/Patient/{A}", None),
            (f"../r4/Patient/{A}", None),
            (f"/../r4/Patient/{A}", None),
            (f"/{base}/Patient/{A}", None),
            (f"Patient/{A}#x", None),
            ("", inner),
            ("/", inner),
            (base, inner),
            (f"{base}/", inner),
        ]
        for url, resource in refused:
            for kind in ("batch", "transaction"):
                entry = {"request": {"method": "POST" if resource else "GET", "url": url}, "resource": resource}
                answer = await own.ask("POST", "", {"resourceType": "Bundle", "type": kind, "entry": [entry]})
                assert answer.status_code == (200 if kind == "batch" else 400), (url, answer.text)
                if kind == "batch":
                    assert answer.json()["entry"][0]["response"]["status"].startswith("400"), url
                    assert "resource" not in answer.json()["entry"][0]
        for url in (
            f"Patient/{B}?_format=json",
            f"/Patient/{B}",
            f"{base}/Patient/{B}",
            f"Patient/../Patient/{B}",
            f"{base}/Patient%2f{B}",
        ):
            entry = {"request": {"method": "GET", "url": url}}
            answer = await own.ask("POST", "", {"resourceType": "Bundle", "type": "batch", "entry": [entry]})
            assert answer.json()["entry"][0]["response"]["status"].startswith("404"), url

    run(steps, tmp_path)


def test_61_an_entry_url_with_a_slash_or_the_base_url_is_accepted_with_advice(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await taw(flow)
        base = "http://localhost:7425/general/r4"
        for kind in ("batch", "transaction"):
            for url, advised in ((f"Patient/{A}", False), (f"/Patient/{A}", True), (f"{base}/Patient/{A}", True)):
                posted = {"method": "POST", "url": url.partition("Patient")[0] + "Observation"}
                record = {"request": posted, "resource": observation(A)}
                entries = [{"request": {"method": "GET", "url": url}}, record, record]
                answer = await own.ask("POST", "", {"resourceType": "Bundle", "type": kind, "entry": entries})
                results = answer.json()["entry"]
                assert [result["response"]["status"][:3] for result in results] == ["200", "201", "201"], (url, answer.text)
                assert results[0]["resource"]["id"] == A
                for result in results:
                    assert ("relative to the base" in str(result["response"].get("outcome"))) is advised
            moved = {"request": {"method": "POST", "url": f"{base}/Observation"}, "resource": observation(B)}
            answer = await own.ask("POST", "", {"resourceType": "Bundle", "type": kind, "entry": [moved]})
            assert "fhir-write-outside-scope" in answer.text

    run(steps, tmp_path)
