"""Attacks, section A: reads, versions and history. A resource that a token may not see looks like one that never existed."""

from __future__ import annotations

import pytest
from tests.attacks.asking import Target, assert_same
from tests.flows.flow import Flow

READS = (200, 304)
HIDDEN: list[tuple[str, str, str, str, str, dict[str, str]]] = [
    # number, path, the id in it, method, a token that may, headers
    ("1", "/Patient/B", "B", "GET", "TB", {}),
    ("1 user", "/Patient/A2", "A2", "GET", "ALL", {}),
    ("2", "/Observation/ob-lab", "ob-lab", "GET", "TB", {}),
    ("2 focus", "/Observation/o-focus", "o-focus", "GET", "TB", {}),
    ("2 orphan", "/Observation/o-orphan", "o-orphan", "GET", "ALL", {}),
    ("3", "/Observation/ob-lab/_history/1", "ob-lab", "GET", "TB", {}),
    ("4", "/Observation/ob-lab/_history", "ob-lab", "GET", "TB", {}),
    ("8 head", "/Patient/B", "B", "HEAD", "TB", {}),
    ("8 etag", "/Patient/B", "B", "GET", "TB", {"If-None-Match": 'W/"7"'}),
    ("8 any", "/Patient/B", "B", "GET", "ALL", {"If-None-Match": 'W/"2"'}),
    ("8 since", "/Patient/B", "B", "GET", "TB", {"If-Modified-Since": "Tue, 14 Nov 2023 22:13:21 GMT"}),
    ("9 elements", "/Observation/ob-lab?_elements=id", "ob-lab", "GET", "TB", {}),
    ("9 summary", "/Observation/ob-lab?_summary=true", "ob-lab", "GET", "TB", {}),
    ("9 pretty", "/Observation/ob-lab?_pretty=true", "ob-lab", "GET", "TB", {}),
    ("39", "/Group/g", "g", "GET", "ALL", {}),
    ("25", "/Device/dev-b", "dev-b", "GET", "ALL", {}),
    ("25 free", "/Device/dev-free", "dev-free", "GET", "ALL", {}),
    ("65", "/Binary/bb", "bb", "GET", "ALL", {}),
    ("65 without", "/Binary/bx", "bx", "GET", "ALL", {}),
    ("41", "/Provenance/pv-b", "pv-b", "GET", "ALL", {}),
    ("41 audit", "/AuditEvent/ae-b", "ae-b", "GET", "ALL", {}),
]


@pytest.mark.parametrize(("number", "path", "id", "method", "may", "headers"), HIDDEN, ids=[case[0] for case in HIDDEN])
def test_a_hidden_resource_looks_absent(
    target: Target, number: str, path: str, id: str, method: str, may: str, headers: dict[str, str]
) -> None:
    absent = path.replace(f"/{id}", "/no-such-thing")
    for token in ("TA", "TU"):
        hidden = target.ask(token, path, method, headers=headers)
        assert hidden.status_code == 404
        assert_same(hidden, target.ask(token, absent, method, headers=headers), (f"/{id}", "/no-such-thing"))
    assert target.ask(may, path, method, headers=headers).status_code in READS


def test_9_another_format_is_checked_in_the_same_way(target: Target) -> None:
    hidden = target.ask("TA", "/Observation/ob-lab?_format=xml")
    assert hidden.status_code in (404, 406)
    assert_same(hidden, target.ask("TA", "/Observation/none?_format=xml"), ("ob-lab", "none"))


@pytest.mark.parametrize("path", ["/_history", "/_history?_count=1"])
def test_5_the_whole_server_s_history_needs_a_system_scope(target: Target, path: str) -> None:
    answer = target.ask("TA", path)
    assert answer.status_code == 403
    assert target.ask("ALL", path).status_code in READS


@pytest.mark.parametrize("path", ["/Observation/_history", "/Observation/_history?_count=2"])
def test_5_a_type_s_history_contains_only_versions_that_were_and_are_visible(target: Target, path: str) -> None:
    answer = target.ask("TA", path)
    assert answer.status_code == 200
    versions = {(entry["resource"]["id"], entry["resource"]["meta"]["versionId"]) for entry in answer.json()["entry"]}
    own_versions = {("oa-lab", "1"), ("oa-vit", "1"), ("oa-cont", "1"), ("moved", "2")}
    assert versions <= own_versions
    assert len(versions) == (2 if "_count" in path else 4)
    assert answer.json().get("total", len(own_versions)) == len(own_versions)


def test_6_a_version_that_belonged_to_another_patient_is_absent(target: Target) -> None:
    assert target.ask("TA", "/Observation/moved/_history/1").status_code == 404
    assert target.ask("TA", "/Observation/moved/_history/2").status_code in READS
    assert target.ask("TA", "/Observation/moved").status_code == 200
    assert target.ask("TB", "/Observation/moved").status_code == 404


def test_7_a_deleted_resource_is_gone_only_for_tokens_that_could_see_it(target: Target) -> None:
    assert_same(target.ask("TA", "/Patient/D"), target.ask("TA", "/Patient/none"), ("/D ", "/none "))
    assert target.ask("TA", "/Patient/D").status_code == 404
    assert target.ask("ALL", "/Patient/D").status_code == 410


CONFUSING = (
    "/observation/ob-lab",
    "/Observation/%6fb-lab",
    "/Observation//ob-lab",
    "/Observation/ob-lab/",
    "/Observation/ob-lab%00",
    "/x/../Patient/B",
    "/Patient/../Patient/B",
    "/Patient/B%2f",
    "//Patient/B",
    "/Patient/B;x=1",
    "/%50atient/B",
    "/Patient%2fB",
    "/Patient/A/../B",
    "/./Patient/B",
    "/Patient/B%20",
)


@pytest.mark.parametrize("path", CONFUSING)
def test_10_a_path_has_only_one_spelling(target: Target, path: str) -> None:
    """Sends the raw bytes, because an HTTP client would normalise the path."""

    async def steps(flow: Flow, token: str) -> tuple[int, bytes]:
        sent: list[dict[str, object]] = []

        async def receive() -> dict[str, object]:
            return {"type": "http.request", "body": b""}

        async def send(message: dict[str, object]) -> None:
            sent.append(message)

        raw = f"/general/r4{path}".encode()
        await flow.application(
            {
                "type": "http",
                "method": "GET",
                "path": f"/general/r4{path}",
                "raw_path": raw,
                "query_string": b"",
                "headers": [(b"host", b"localhost:7425"), (b"authorization", f"Bearer {token}".encode())],
                "client": ("127.0.0.1", 1),
                "scheme": "http",
                "http_version": "1.1",
            },
            receive,
            send,
        )
        return int(str(sent[0]["status"])), bytes(sent[1]["body"])  # type: ignore[call-overload]

    for token in ("TA", "ALL"):
        status, body = target.desk.do(lambda flow: steps(flow, token))  # noqa: B023
        assert status in (400, 404)
        assert b"Bravo" not in body


def test_10_the_correct_spelling_is_read(target: Target) -> None:
    assert target.ask("TB", "/Observation/ob-lab").json()["id"] == "ob-lab"
    assert target.ask("ALL", "/Patient/B").json()["name"] == [{"family": "Bravo"}]
