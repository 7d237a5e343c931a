"""A token that may write but not read learns nothing by writing: the responses don't depend on the stored data.

Each request is sent to two records that differ in only one value. If the responses differ, they reveal that value.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from tests.attacks.charts import JSON_PATCH, MERGE_PATCH, Server, bundle, entry, serving
from tests.attacks.fixture import Json, observation, ref, resource
from tests.flows.writing import rules


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, engine: Callable[[], str | None]) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("reads"), engine()) as running:
        yield running


def operation(**parts: Any) -> Json:
    kinds = {
        "type": "valueCode",
        "path": "valueString",
        "name": "valueString",
        "index": "valueInteger",
        "source": "valueInteger",
        "destination": "valueInteger",
        "value": "valueString",
    }
    return {"name": "operation", "part": [{"name": key, kinds[key]: value} for key, value in parts.items()]}


def by_path(*operations: Json) -> Json:
    return {"resourceType": "Parameters", "parameter": [*operations]}


def in_binary(patch: Any) -> Json:
    data = base64.b64encode(json.dumps(patch).encode()).decode()
    return {"resourceType": "Binary", "contentType": JSON_PATCH, "data": data}


GUESS = {"op": "test", "path": "/valueString", "value": "secret"}
NOTE, LAST = [{"text": "secret"}, {"text": "x"}], {"op": "replace", "path": "/status", "value": "amended"}
WORSE = {"op": "replace", "path": "/status", "value": "no such code"}
READING: dict[str, tuple[str, Any]] = {
    "test": (JSON_PATCH, [GUESS]),
    "test of all": (JSON_PATCH, [{"op": "test", "path": "", "value": {}}]),
    "test at the end": (JSON_PATCH, [LAST, GUESS]),
    "test of what is added": (JSON_PATCH, [LAST, {**GUESS, "path": "/status"}]),
    "copy": (JSON_PATCH, [{"op": "copy", "from": "/valueString", "path": "/note/0/text"}]),
    "move": (JSON_PATCH, [{"op": "move", "from": "/valueString", "path": "/note/0/text"}]),
    "where": ("", by_path(operation(type="delete", path="Observation.note.where(text = 'secret')"))),
    "where in the middle": (
        "",
        by_path(operation(type="replace", path="Observation.note.where(text='secret').text", value="y")),
    ),
    "moved": ("", by_path(operation(type="move", path="Observation.note", source=0, destination=1))),
}
"""Patches that require the permission to read."""
BLIND: dict[str, tuple[str, Any]] = {
    "no operations": (JSON_PATCH, []),
    "no parameters": ("", by_path()),
    "nothing to merge": (MERGE_PATCH, {}),
    "the same value": (JSON_PATCH, [{"op": "replace", "path": "/valueString", "value": "secret"}]),
    "the same, merged": (MERGE_PATCH, {"valueString": "secret"}),
    "the same, added": (JSON_PATCH, [{"op": "add", "path": "/valueString", "value": "secret"}]),
    "the same, by path": ("", by_path(operation(type="replace", path="Observation.valueString", value="secret"))),
    "removed": (JSON_PATCH, [{"op": "remove", "path": "/valueString"}]),
    "removed, merged": (MERGE_PATCH, {"valueString": None}),
    "a status": (JSON_PATCH, [LAST]),
    "not valid": (JSON_PATCH, [WORSE]),
    "not valid, merged": (MERGE_PATCH, {"status": "no"}),
    "nowhere": (JSON_PATCH, [{"op": "remove", "path": "/valueString/no"}]),
    "nowhere, by path": ("", by_path(operation(type="replace", path="Observation.component", value="x"))),
    "out of the list": (JSON_PATCH, [{"op": "remove", "path": "/note/9"}]),
    "a second value": (MERGE_PATCH, {"valueBoolean": True}),
    "to another patient": (JSON_PATCH, [{"op": "replace", "path": "/subject/reference", "value": "Patient/B"}]),
}
"""Patches that are applied without the permission to read, if they can be."""


def variants(server: Server, name: str) -> tuple[str, str]:
    """Creates two records of A that differ in one value."""
    ids = f"{name}-1", f"{name}-2"
    server.load(
        *(
            observation(id, "Patient/A", valueString=text, note=[{"text": text}, {"text": "x"}])
            for id, text in zip(ids, ("secret", "two"), strict=True)
        )
    )
    return ids


def content(answer: httpx2.Response, id: str) -> tuple[int, str, dict[str, str]]:
    """The content of the response, without times and exchange ids."""
    headers = {name: value.replace(id, "ID") for name, value in answer.headers.items() if name in COMPARED}
    text = re.sub(r'"lastModified":"[^"]*"', "", answer.text.replace(id, "ID"))
    return answer.status_code, re.sub(r"/exchanges/[\w-]+", "", text), headers


COMPARED = ("etag", "location", "www-authenticate", "content-type", "content-length")
number = iter(range(10_000))


def ask_both(server: Server, token: str, ask: Callable[[str], httpx2.Response], name: str = "v") -> httpx2.Response:
    first, second = variants(server, f"{name}{next(number)}")
    answers = ask(first), ask(second)
    assert content(answers[0], first) == content(answers[1], second)
    return answers[0]


PREFER = ("return=representation", "return=minimal", "return=OperationOutcome")


@pytest.mark.parametrize("name", READING)
def test_a_patch_that_reads_is_refused_before_the_record_is_examined(server: Server, name: str) -> None:
    type, patch = READING[name]
    headers = {"Content_Type": type} if type else {}
    for token, address in (
        ("blind", "/Observation/{}"),
        ("searching", "/Observation/{}"),
        ("searching", "/Observation?_id={}"),
    ):
        answer = ask_both(server, token, lambda id: server.ask(token, "PATCH", address.format(id), patch, **headers))  # noqa: B023
        assert (answer.status_code, rules(answer)) == (403, {"fhir-patch-reads"})
    absent = server.ask("blind", "PATCH", "/Observation/never", patch, **headers)
    assert (absent.status_code, rules(absent)) == (403, {"fhir-patch-reads"})
    for kind in ("batch", "transaction"):
        sent = patch if not type else in_binary(patch)
        answer = ask_both(
            server,
            "blind",
            lambda id: server.ask("blind", "POST", "", bundle(kind, entry("PATCH", f"Observation/{id}", sent))),  # noqa: B023
        )
        assert "fhir-patch-reads" in answer.text
    first, second = variants(server, f"control{next(number)}")
    answers = [server.ask("A", "PATCH", f"/Observation/{id}", patch, **headers) for id in (first, second)]
    assert all("fhir-patch-reads" not in response.text for response in answers)


@pytest.mark.parametrize("prefer", PREFER)
@pytest.mark.parametrize("name", BLIND)
def test_a_patch_that_does_not_read_reveals_nothing_about_the_record(server: Server, name: str, prefer: str) -> None:
    type, patch = BLIND[name]
    headers = {"Prefer": prefer} | ({"Content_Type": type} if type else {})
    answer = ask_both(server, "blind", lambda id: server.ask("blind", "PATCH", f"/Observation/{id}", patch, **headers))
    assert answer.status_code in (200, 422)
    assert "secret" not in answer.text
    if answer.status_code == 422:
        assert rules(answer) == {"fhir-patch-failed"}
        assert "may not read" in answer.text
        assert not any(word in answer.text for word in ("valueString", "component", "valueBoolean", "note", "Patient/B"))


WRITES: dict[str, Callable[[str], tuple[str, str, Any, dict[str, str]]]] = {
    "update": lambda id: ("PUT", f"/Observation/{id}", observation(id, "Patient/A"), {}),
    "update to the same": lambda id: (
        "PUT",
        f"/Observation/{id}",
        observation(id, "Patient/A", valueString="secret", note=NOTE),
        {},
    ),
    "update of a version": lambda id: ("PUT", f"/Observation/{id}", observation(id, "Patient/A"), {"If_Match": 'W/"1"'}),
    "update of another version": lambda id: ("PUT", f"/Observation/{id}", observation(id, "Patient/A"), {"If_Match": 'W/"7"'}),
    "update of what is new": lambda id: ("PUT", f"/Observation/{id}", observation(id, "Patient/A"), {"If_None_Match": "*"}),
    "update that is not valid": lambda id: ("PUT", f"/Observation/{id}", observation(id, "Patient/A", status="no"), {}),
    "delete": lambda id: ("DELETE", f"/Observation/{id}", None, {}),
    "delete of a version": lambda id: ("DELETE", f"/Observation/{id}", None, {"If_Match": 'W/"7"'}),
    "create": lambda id: ("POST", "/Observation", {**observation(id, "Patient/A"), "id": id}, {}),
    "tags": lambda id: (
        "POST",
        f"/Observation/{id}/$meta-add",
        {"resourceType": "Parameters", "parameter": [{"name": "meta", "valueMeta": {"tag": [{"code": "x"}]}}]},
        {},
    ),
    "tags taken away": lambda id: (
        "POST",
        f"/Observation/{id}/$meta-delete",
        {"resourceType": "Parameters", "parameter": [{"name": "meta", "valueMeta": {"tag": [{"code": "x"}]}}]},
        {},
    ),
    "batch": lambda id: (
        "POST",
        "",
        bundle("batch", entry("PUT", f"Observation/{id}", observation(id, "Patient/A")), entry("GET", f"Observation/{id}")),
        {},
    ),
    "transaction": lambda id: (
        "POST",
        "",
        bundle("transaction", entry("PUT", f"Observation/{id}", observation(id, "Patient/A"), ifMatch='W/"1"')),
        {},
    ),
}


@pytest.mark.parametrize("prefer", PREFER)
@pytest.mark.parametrize("name", WRITES)
def test_no_other_write_reveals_anything_about_the_record(server: Server, name: str, prefer: str) -> None:
    def ask(id: str) -> httpx2.Response:
        method, path, body, headers = WRITES[name](id)
        answer = server.ask("blind", method, path, body, Prefer=prefer, **headers)
        return _without_new_ids(answer)

    ask_both(server, "blind", ask)


def _without_new_ids(answer: httpx2.Response) -> httpx2.Response:
    match = re.search(r"Observation/(\w{32})", answer.headers.get("location", "") or answer.text)
    if match:
        text = answer.text.replace(match[1], "NEW")
        headers = {name: value.replace(match[1], "NEW") for name, value in answer.headers.items()}
        return httpx2.Response(
            answer.status_code, text=text, headers={k: v for k, v in headers.items() if k in ("etag", "location")}
        )
    return answer


CONDITIONS: dict[str, Callable[[str], tuple[str, str, Any, dict[str, str]]]] = {
    "create": lambda id: (
        "POST",
        "/Observation",
        observation(id, "Patient/A"),
        {"If_None_Exist": "value-string=secret"},
    ),
    "update": lambda id: ("PUT", "/Observation?value-string=secret", observation(id, "Patient/A"), {}),
    "patch": lambda id: ("PATCH", "/Observation?value-string=secret", {}, {"Content_Type": MERGE_PATCH}),
    "delete": lambda id: ("DELETE", "/Observation?value-string=secret", None, {}),
}


@pytest.mark.parametrize("kind", ["", "batch", "transaction"])
@pytest.mark.parametrize("name", CONDITIONS)
def test_a_condition_requires_the_permission_to_search(server: Server, name: str, kind: str) -> None:
    method, path, body, headers = CONDITIONS[name]("x")
    if kind:
        body_in_bundle = in_binary([]) if method == "PATCH" else body
        more = {"ifNoneExist": headers["If_None_Exist"]} if "If_None_Exist" in headers else {}
        method, path, body, headers = "POST", "", bundle(kind, entry(method, path[1:], body_in_bundle, **more)), {}
    answer = server.ask("blind", method, path, body, **headers)
    assert "fhir-insufficient-scope" in answer.text
    assert "fhir-insufficient-scope" not in server.ask("A", method, path, body, **headers).text


def test_participants_cannot_be_guessed_by_naming_them(server: Server) -> None:
    """A token that may read can keep the named participants; one that may not can't guess them by trying."""
    both, alone = observation("takes", "Patient/A", performer=[ref("Patient/B")]), observation("alone", "Patient/A")
    server.load(both, alone)
    answers = [
        server.ask("blind", "PUT", f"/Observation/{record['id']}", {**both, "id": record["id"]}) for record in (both, alone)
    ]
    assert content(answers[0], "takes") == content(answers[1], "alone")
    assert answers[0].status_code == 403
    assert server.ask("A", "PUT", "/Observation/takes", both).status_code == 200


def test_stored_search_references_cannot_be_guessed_by_repeating_them(server: Server) -> None:
    search = [{"reference": "Practitioner?identifier=urn:x|1"}]
    with_search, other = observation("kept", "Patient/A", performer=search), observation("other", "Patient/A")
    server.load(with_search, other)
    answers = [
        server.ask("blind", "PUT", f"/Observation/{record['id']}", {**with_search, "id": record["id"]})
        for record in (with_search, other)
    ]
    assert content(answers[0], "kept") == content(answers[1], "other")
    assert server.ask("A", "PUT", "/Observation/kept", with_search).status_code == 200
    assert server.ask("A", "PUT", "/Observation/other", {**with_search, "id": "other"}).status_code == 422


def test_a_reader_learns_why_a_patch_fails_and_an_empty_patch_creates_no_version(server: Server) -> None:
    (first, _) = variants(server, "reader")
    failed = server.ask("A", "PATCH", f"/Observation/{first}", [{"op": "remove", "path": "/no"}], Content_Type=JSON_PATCH)
    assert "there is no 'no'" in failed.text
    for type, patch in [
        BLIND["the same value"],
        BLIND["no operations"],
        BLIND["no parameters"],
        BLIND["nothing to merge"],
    ]:
        headers = {"Content_Type": type} if type else {}
        answer = server.ask("A", "PATCH", f"/Observation/{first}", patch, **headers)
        assert (answer.status_code, answer.headers["etag"], answer.json()["id"]) == (200, 'W/"1"', first)
    assert resource("Observation", first)["id"] == first
