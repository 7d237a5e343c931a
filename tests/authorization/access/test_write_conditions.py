"""Conditions of writes, patches, and chosen ids."""

from __future__ import annotations

import pytest
from msgspec import structs
from tests.authorization.write_requests import (
    KNOWN,
    PATCH,
    TOKEN,
    facts,
    observation,
    refused_writes,
    with_body,
    write_request,
)

from sickbay.authorization.access import writes
from sickbay.kernel.checks import UNKNOWN
from sickbay.protocol.parameters import parse


@pytest.mark.parametrize(
    ("sent", "received"),
    [
        (PATCH, None),
        ("", "it is empty"),
        ("{", "it isn't valid JSON: "),
        ("{}", "it must be "),
        ('[{"op": "dance", "path": "/a"}]', "operation 0 must have an op of "),
    ],
)
def test_an_unreadable_patch_is_refused(sent: str, received: str | None) -> None:
    request = write_request("patch", body=sent)
    assert refused_writes(request, KNOWN) == ([] if received is None else [("fhir-patch-failed", "structure", 400)])
    if received is not None:
        assert str(facts(request, KNOWN)["received"]).startswith(received)


@pytest.mark.parametrize("name", ["_cascade", "_cascade:x"])
def test_a_cascading_delete_is_refused(name: str) -> None:
    request = write_request("delete", method="DELETE", letters="d", parameters=parse(f"{name}=delete"))
    assert refused_writes(request, KNOWN) == [("fhir-delete-cascade", "forbidden", 403)]
    assert facts(request, KNOWN) == {"parameter": name, "received": "delete"}
    assert refused_writes(structs.replace(request, parameters=parse("name=_cascade")), KNOWN) == []
    assert refused_writes(structs.replace(request, method="GET"), KNOWN) == []


@pytest.mark.parametrize(
    ("sent", "current", "saved"),
    [
        (None, 3, True),
        ("*", 3, True),
        ("*", None, False),
        ('W/"3"', 3, True),
        ('W/"2", W/"3"', 3, True),
        ('W/"2"', 3, False),
        ("nonsense", 3, False),
        ('W/"3"', None, False),
    ],
)
def test_if_match_must_be_the_stored_version(sent: str | None, current: int | None, saved: bool) -> None:
    request = write_request(headers={"authorization": "Bearer t"} | ({} if sent is None else {"if-match": sent}))
    known = structs.replace(with_body(observation()), current=current)
    assert refused_writes(request, known) == ([] if saved else [("fhir-version-conflict", "conflict", 412)])
    if not saved:
        assert facts(request, known) == {"received": sent, "expected": None if current is None else f'W/"{current}"'}


@pytest.mark.parametrize(
    ("sent", "current", "saved"),
    [
        (None, 3, True),
        ("*", None, True),
        ("*", 3, False),
        ('W/"3"', 3, False),
        ('W/"2"', 3, True),
        ('W/"3"', None, True),
    ],
)
def test_if_none_match_prevents_overwriting(sent: str | None, current: int | None, saved: bool) -> None:
    request = write_request(headers={"authorization": "Bearer t"} | ({} if sent is None else {"if-none-match": sent}))
    known = structs.replace(with_body(observation()), current=current)
    assert refused_writes(request, known) == ([] if saved else [("fhir-resource-exists", "conflict", 412)])
    if not saved:
        expected = {"type": "Observation", "received": f"If-None-Match: {sent}", "current": 'W/"3"'}
        assert facts(request, known) == expected


@pytest.mark.parametrize(("matches", "saved"), [(UNKNOWN, True), (0, True), (1, True), (2, False), (9, False)])
def test_a_condition_may_match_at_most_one_resource(matches: int, saved: bool) -> None:
    request = write_request("delete", id=None, method="DELETE", letters="d", parameters=parse("code=8480-6"))
    known = structs.replace(KNOWN, matches=matches)
    assert refused_writes(request, known) == ([] if saved else [("fhir-condition-ambiguous", "multiple-matches", 412)])
    if not saved:
        assert facts(request, known) == {"type": "Observation", "received": "code=8480-6", "interaction": "delete"}


def test_the_condition_of_a_write_is_in_its_header_or_url() -> None:
    search = parse("code=8480-6")
    assert writes.read_condition(write_request("create", headers={"if-none-exist": "code=1"}, parameters=search)) == "code=1"
    assert writes.read_condition(write_request("create", id=None, parameters=search)) is None
    for interaction in ("update", "patch", "delete"):
        assert writes.read_condition(write_request(interaction, id=None, parameters=search)) == "code=8480-6"
        assert writes.read_condition(write_request(interaction, parameters=search)) is None
    assert writes.read_condition(write_request("read", id=None, parameters=search)) is None


@pytest.mark.parametrize(
    ("scope", "may"),
    [
        ("system/Observation.cruds", True),
        ("system/*.u", True),
        ("system/Observation.crds", False),
        ("system/Patient.cruds", False),
        ("system/Observation.cruds?code=1", False),
        ("user/Observation.cruds", False),
        ("patient/*.cruds", False),
    ],
)
def test_only_a_system_scope_may_choose_an_id(scope: str, may: bool) -> None:
    assert writes.may_choose_the_id(structs.replace(TOKEN, scope=scope), "Observation") is may


@pytest.mark.parametrize("token", [None, UNKNOWN])
def test_without_a_token_no_id_can_be_chosen(token: object) -> None:
    assert not writes.may_choose_the_id(token, "Observation")


@pytest.mark.parametrize(
    ("type", "text", "fails"),
    [
        ("application/merge-patch+json", '{"status": "final"}', False),
        ("application/json-patch+json", '{"a": 1}', True),
        ("application/json-patch+json", '[{"op": "remove", "path": "/a"}]', False),
    ],
)
def test_the_content_type_decides_how_a_patch_is_read(type: str, text: str, fails: bool) -> None:
    request = write_request("patch", method="PATCH", body=text, headers={"authorization": "Bearer t", "content-type": type})
    assert (writes.patch_is_well_formed.decide(request, KNOWN) is not None) is fails
