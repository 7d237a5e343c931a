"""Attacks 42, 43, 66 and 67, and histories (5 and 6): operations and exports return only what a search returns."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from tests.attacks.asking import Target, assert_same, following, names
from tests.attacks.fixture import BASE, TOKENS, Json, save, steps
from tests.flows.flow import Flow
from tests.flows.shared_app import open_shared_app

from sickbay.authorization.models import AccessToken, Client
from sickbay.services import records
from sickbay.storage.interface import Put

LATER = {"Prefer": "respond-async"}
MINE = {
    "Patient/A",
    "Observation/oa-lab",
    "Observation/oa-vit",
    "Observation/oa-cont",
    "Observation/moved",
    "DiagnosticReport/dra",
    "Coverage/cva",
    "DocumentReference/dda",
    "List/l",
    "Appointment/ap",
    "Encounter/ea",
}
SYSTEM = {
    "TGROUP": "system/Observation.rs system/Group.r system/Patient.rs",
    "TGROUPONLY": "system/Observation.rs system/Group.r",
    "TPATIENTS": "system/Observation.rs system/Patient.rs",
    "TTAGGED": "system/Observation.rs system/Patient.rs?_tag=checked",
    "TLAB": "system/Group.r system/Patient.rs system/Observation.rs"
    "?category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory",
}


@pytest.fixture(scope="module")
def exporting(target: Target) -> Target:
    """Separate clients for the exports, because a job belongs to its client."""
    tokens = [
        Put(
            records.make_token_record(
                records.digest(name), AccessToken(client, scope, BASE, 4_000_000_000, name, name), "general"
            )
        )
        for client in ("one", "other", "narrow")
        for name, scope in (
            (f"{client}-{key}", scope) for key, scope in {**SYSTEM, "ALL": "system/*.rs", "TS": "system/Observation.rs"}.items()
        )
    ]
    registered = {"one": "system/*.rs", "other": "system/*.rs", "narrow": "system/Observation.rs system/Patient.rs"}
    clients = [
        Put(records.make_app_record(Client(name, app_id=name, name=name, scope=own))) for name, own in registered.items()
    ]

    async def load(flow: Flow) -> None:
        await flow.sandbox.runtime.store.transaction([*tokens, *clients])

    target.desk.do(load)
    return target


@pytest.mark.parametrize("token", ["TA", "TU"])
def test_42_everything_returns_only_the_own_records(target: Target, token: str) -> None:
    assert target.find(token, "/Patient/A/$everything", "match") == MINE
    assert target.find(token, "/Patient/$everything", "match") == MINE
    assert target.find(token, "/Patient/A/$everything") - MINE == {"Practitioner/p"}
    selected = target.find(token, "/Patient/A/$everything?_type=Patient,Coverage&_since=2000-01-01T00:00:00Z")
    assert selected == {"Patient/A", "Coverage/cva"}
    whole = target.find("ALL", "/Patient/A/$everything", "match")
    assert whole >= MINE
    assert "Observation/ob-lab" not in whole
    assert "Observation/ob-lab" in target.find("ALL", "/Patient/B/$everything", "match")


def test_42_a_requested_type_needs_its_scope(target: Target) -> None:
    assert target.ask("TAPS", "/Patient/A/$everything?_type=Coverage").status_code == 403
    assert target.ask("TAPS", "/Patient/$everything?_type=Patient,Coverage").status_code == 403
    assert target.find("TAPS", "/Patient/A/$everything") == {"Patient/A"}
    assert target.find("TAP", "/Patient/A/$everything") == {"Patient/A"}
    assert target.ask("TAP", "/Patient/$everything").status_code == 403
    assert target.ask("TAO", "/Patient/A/$everything").status_code == 403


@pytest.mark.parametrize(
    ("path", "id", "may"),
    [
        ("/Patient/B/$everything", "B", "TB"),
        ("/Patient/B/$everything?_type=Patient", "B", "TB"),
        ("/Patient/D/$everything", "D", "ALL"),
        ("/Encounter/eb/$everything", "eb", "TB"),
        ("/Patient/B/$meta", "B", "TB"),
        ("/Observation/ob-lab/$validate", "ob-lab", "TB"),
    ],
)
def test_42_operations_treat_hidden_resources_as_absent(target: Target, path: str, id: str, may: str) -> None:
    for token in ("TA", "TU"):
        hidden = target.ask(token, path)
        assert hidden.status_code == 404
        assert_same(hidden, target.ask(token, path.replace(f"/{id}", "/no-such-thing")), (f"/{id}", "/no-such-thing"))
    assert target.ask(may, path).status_code in (200, 410)


def test_42_a_page_url_of_everything_gives_no_access(target: Target) -> None:
    first = target.ask("TB", "/Patient/B/$everything?_count=1")
    page = following(first)
    assert page is not None
    assert target.ask("TB", page).status_code == 200
    stolen = target.ask("TA", page)
    assert stolen.status_code == 404
    for token, path in (("TA", page.replace("/B/", "/A/")), ("TB", page.replace("~", "~x", 1)), ("TB", page[:-1])):
        answer = target.ask(token, path)
        assert answer.status_code in (200, 400, 410)
        assert token == "TB" or answer.status_code != 200 or names(answer) <= {*MINE, "Practitioner/p"}
    assert target.ask("TB", page.replace("~", "~x", 1)).status_code == 400
    everyone = following(target.ask("TB", "/Patient/$everything?_count=1"))
    assert everyone is not None
    answer = target.ask("TA", everyone)
    assert answer.status_code in (200, 400, 410)
    assert answer.status_code != 200 or names(answer) <= {*MINE, "Practitioner/p"}


@pytest.mark.parametrize(
    "path",
    ["/Observation/$lastn?patient=B&max=9", "/Observation/$lastn?subject=Patient/B", "/DocumentReference/$docref?patient=B"],
)
def test_43_operations_on_another_patient_return_nothing(target: Target, path: str) -> None:
    for token in ("TA", "TU"):
        answer = target.ask(token, path)
        assert answer.status_code == 200
        assert names(answer) == set()
    assert names(target.ask("TB", path)) != set()


def test_43_lastn_returns_only_the_own_records(target: Target) -> None:
    latest = target.find("TA", "/Observation/$lastn?max=100")
    assert latest == {name for name in MINE if name.startswith("Observation/")}
    labs = target.find("TAL", "/Observation/$lastn?max=100")
    assert labs == {"Observation/oa-lab", "Observation/oa-cont", "Observation/moved"}
    assert target.ask("TAP", "/Observation/$lastn").status_code == 403
    assert target.ask("TA", "/Observation/$lastn?patient.name=Bravo").status_code == 200
    assert target.find("TA", "/Observation/$lastn?subject:Patient.name=Bravo") == set()


@pytest.mark.parametrize(
    "path",
    [
        "/$graphql?query={PatientList{id}}",
        "/ViewDefinition/$run",
        "/Patient/$match",
        "/Patient/$member-match",
        "/Patient/A/$graphql",
    ],
)
def test_43_67_other_query_operations_are_not_available(target: Target, path: str) -> None:
    for token in ("TA", "ALL"):
        for method in ("GET", "POST"):
            assert target.ask(token, path, method).status_code in (403, 404)


@pytest.mark.parametrize("path", ["/$export", "/Patient/$export", "/Group/g/$export", "/Group/none/$export"])
@pytest.mark.parametrize("token", ["TA", "TU", "mixed"])
def test_66_a_user_s_token_cannot_export(target: Target, path: str, token: str) -> None:
    for method in ("GET", "POST"):
        assert target.ask(token, path, method, headers=LATER).status_code == 403


def begin(target: Target, token: str, path: str) -> str:
    answer = target.ask(token, path, headers=LATER)
    assert answer.status_code == 202, answer.text
    target.desk.do(lambda flow: flow.http.post("/admin/clock", json={"advance": 5}))
    return str(answer.headers["content-location"].removeprefix(BASE))


def export(target: Target, token: str, path: str) -> dict[str, set[str]]:
    status = target.ask(token, begin(target, token, path)).json()
    ids_by_type = {}
    for output in status["output"]:
        lines = target.ask(token, output["url"].removeprefix(BASE)).text.splitlines()
        ids_by_type[output["type"]] = {json.loads(line)["id"] for line in lines}
    return ids_by_type


def test_66_exporting_a_group_needs_scopes_for_group_and_patients(
    exporting: Target,
) -> None:
    for token in ("one-TS", "one-TGROUPONLY"):
        assert exporting.ask(token, "/Group/g/$export", headers=LATER).status_code == 403
        assert exporting.ask(token, "/Patient/$export", headers=LATER).status_code == 403
    for path in ("/Group/g/$export", "/Group/none/$export"):
        assert exporting.ask("narrow-TPATIENTS", path, headers=LATER).status_code == 403
    assert exporting.ask("narrow-TPATIENTS", "/Patient/$export", headers=LATER).status_code == 202
    ids_by_type = export(exporting, "one-TGROUP", "/Group/g/$export")
    assert set(ids_by_type) == {"Observation", "Patient"}
    assert {"oa-lab", "ob-lab"} <= ids_by_type["Observation"]
    assert "o-orphan" not in ids_by_type["Observation"]
    labs = export(exporting, "one-TLAB", "/Group/g/$export")
    assert "oa-vit" not in labs["Observation"]
    assert "oa-lab" in labs["Observation"]
    for token in ("one-TGROUP", "one-TPATIENTS", "one-TTAGGED"):
        assert exporting.ask(token, "/Group/none/$export", headers=LATER).status_code == 404
    assert export(exporting, "one-TPATIENTS", "/Group/g/$export") == ids_by_type
    assert exporting.ask("one-TPATIENTS", "/Group/g").status_code == 403
    assert exporting.ask("one-TTAGGED", "/Group/g/$export", headers=LATER).status_code == 404


def test_66_only_types_in_the_scopes_are_exported(exporting: Target) -> None:
    assert set(export(exporting, "one-TS", "/$export")) == {"Observation"}
    assert exporting.ask("one-TS", "/$export?_type=Observation,Patient", headers=LATER).status_code == 403
    assert {"Patient", "Observation", "Practitioner", "Group"} <= set(export(exporting, "one-ALL", "/$export"))


def test_66_only_the_client_of_a_job_reads_its_status_and_files(exporting: Target) -> None:
    status = begin(exporting, "one-ALL", "/$export")
    unknown = exporting.ask("other-ALL", "/$export/no-such-job")
    assert unknown.status_code == 404
    for token in ("other-ALL", "TA", "ALL"):
        for method, path in (("GET", status), ("GET", f"{status}/Patient.ndjson"), ("DELETE", status)):
            hidden = exporting.ask(token, path, method)
            assert (hidden.status_code, hidden.text) == (404, unknown.text)
    own = exporting.ask("one-ALL", f"{status}/Patient.ndjson")
    assert own.status_code == 200
    assert "Bravo" in own.text


def test_66_a_file_is_read_with_the_scopes_of_the_reading_token(exporting: Target) -> None:
    """The same client with a narrower token: having started the job doesn't allow reading its files."""
    status = begin(exporting, "one-ALL", "/$export")
    hidden, none = (exporting.ask("one-TS", f"{status}/{type}.ndjson") for type in ("Patient", "Nonsense"))
    assert hidden.status_code == none.status_code == 404
    assert hidden.text.replace("Patient", "Nonsense") == none.text
    assert "ob-lab" in exporting.ask("one-TS", f"{status}/Observation.ndjson").text
    assert {output["type"] for output in exporting.ask("one-TS", status).json()["output"]} == {"Observation"}


def test_5_a_history_since_a_time_contains_only_visible_versions(target: Target) -> None:
    for query in ("_since=2000-01-01T00:00:00Z", "_at=2023-11-14", "_at=2026", "_since=2000-01-01T00:00:00Z&_count=1"):
        answer = target.ask("TA", f"/Observation/_history?{query}")
        assert answer.status_code == 200
        assert all(entry["resource"]["id"] in ("oa-lab", "oa-vit", "oa-cont", "moved") for entry in answer.json()["entry"])
        assert "ob-lab" not in answer.text.replace("Observation/ob-lab", "") or "hasMember" in answer.text
    assert target.ask("TA", "/_history?_since=2000-01-01T00:00:00Z").status_code == 403
    whole = target.ask("ALL", "/_history?_count=1000").json()["entry"]
    assert len(whole) == len([step for step in steps() if hasattr(step, "body")])


def test_62_adding_to_a_meta_makes_nothing_visible(target: Target) -> None:
    body = {"resourceType": "Parameters", "parameter": [{"name": "meta", "valueMeta": {"tag": [{"code": "x"}]}}]}
    for path in ("/Observation/ob-lab/$meta-add", "/Observation/none/$meta-add"):
        answer = target.ask("TAW", path, "POST", json=body, headers={"Content-Type": "application/fhir+json"})
        assert answer.status_code == 404
    assert target.ask("TA", "/Observation/oa-lab/$meta-add", "POST", json=body).status_code == 403


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A database with only what TA may see."""
    from tests.attacks.test_invisible import is_shown

    with open_shared_app(tmp_path_factory.mktemp("alone"), patients=0) as desk:

        async def load(flow: Flow) -> None:
            await flow.http.get("/general/r4/Patient/x")
            from tests.attacks.fixture import RESOURCES

            visible: list[Json] = [content for content in RESOURCES if is_shown("TA", content)]
            moved = [step for step in steps() if getattr(step, "id", "") == "moved"][1:]
            await flow.sandbox.runtime.store.transaction(
                [
                    *(save(content) for content in visible),
                    *(save(json.loads(step.body)) for step in moved),  # type: ignore[union-attr]
                    *(step for step in steps() if isinstance(step, Put)),
                ]
            )

        desk.do(load)
        yield Target(desk)


@pytest.mark.parametrize(
    "path",
    [
        "/Patient/A/$everything",
        "/Patient/$everything",
        "/Patient/$everything?_count=2",
        "/Encounter/ea/$everything",
        "/Observation/$lastn?max=3",
        "/DocumentReference/$docref?patient=A",
        "/Patient/B/$everything",
        "/Patient/A/$everything?_type=Observation,List&end=2030",
        "/Patient/A/$meta",
    ],
)
def test_invisible_resources_do_not_affect_operations(target: Target, alone: Target, path: str) -> None:
    def pages_of(runtime: Target) -> list[Any]:
        pages: list[Any] = []
        page: str | None = path
        while page is not None:
            answer: httpx2.Response = runtime.ask("TA", page)
            bundle = answer.json()
            pages.append((answer.status_code, bundle.get("total"), len(bundle.get("entry", ()))))
            pages += sorted(str(entry["resource"]["id"]) + entry["search"]["mode"] for entry in bundle.get("entry", ()))
            page = following(answer) if "link" in bundle else None
        return pages

    assert sorted(map(str, pages_of(target))) == sorted(map(str, pages_of(alone)))
    assert "TA" in TOKENS
