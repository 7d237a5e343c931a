"""The law of writes, for every type of every version: no chart is added, and only the subject's record is changed.

The oracle is written from the published compartments and expressions alone: it walks plain dicts and knows which parameters
name somebody who only takes part.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as counted
from hypothesis import strategies as st
from tests.conftest import SHARED
from tools.definitions import DSTU2_PATIENT

from sickbay.authorization import access, writes
from sickbay.authorization.contexts import AccessContext
from sickbay.authorization.models import AccessToken, Client, Server, User
from sickbay.authorization.requests import AccessRequest
from sickbay.fhir import body as bodies
from sickbay.fhir.search.parameters import parameters
from sickbay.fhir.subjects import Before, subjects_of
from sickbay.fhir.versions import VERSIONS
from sickbay.kernel.checks import examine

PARTICIPATION = frozenset(
    (
        "asserter",
        "attester",
        "author",
        "information-provider",
        "link",
        "operator",
        "orderer",
        "participant",
        "participant-actor",
        "payee",
        "paymentby-party",
        "payor",
        "performer",
        "policy-holder",
        "receiver",
        "recipient",
        "recorder",
        "reporter",
        "sender",
        "source",
        "subscriber",
    )
)
"""Parameters of a compartment that never name the subject of a record."""
ALSO = {
    "CommunicationRequest": ("requester",),
    "DeviceRequest": ("requester",),
    "ReferralRequest": ("requester",),
    "Task": ("focus",),
}
"""The same, of some types."""
BESIDE = {"r5 Appointment": ("Appointment.subject",), "r5 SupplyRequest": ("SupplyRequest.deliverFor",)}
"""Subjects that the definition of the compartment leaves out."""
OURS = re.compile(r"(?:http://h/general/\w+/)?Patient/([A-Za-z0-9.-]+)(?:/_history/\w+)?")
NOW = 1_764_000_000
PEOPLE = ("A", "B", "C")


def base(version: str) -> str:
    return f"http://h/general/{version}"


@cache
def compartment(version: str) -> dict[str, tuple[str, ...]]:
    table: dict[str, list[str]] = {**DSTU2_PATIENT}
    if version != "dstu2":
        table = json.loads((SHARED / "data" / "definitions" / f"{version}-compartments.json").read_text("utf-8"))["Patient"]
    more = {} if version == "r5" else {"Device": ["patient"]}
    return {type: tuple(codes) for type, codes in {**table, **more}.items() if type != "Group"}


def paths(version: str, type: str, code: str) -> Iterator[list[str]]:
    """The names from the resource down, choices as their key."""
    held = parameters(version, type).get(code)
    for text in held.expression.split(" | ") if held else ():
        plain = re.sub(r"\.where\(resolve\(\) is Patient\)|\.ofType\(canonical\)", "", text)
        plain = re.sub(r"\.ofType\(Reference\)", "Reference", plain)
        plain = re.sub(r"^\((\S+) as Reference\)$", r"\1Reference", plain)
        yield plain.split(".")[1:]


@cache
def split(version: str, type: str) -> tuple[list[list[str]], list[list[str]]]:
    """The places of the compartment, and those of them that name the subject."""
    every, subject = [], []
    for code in compartment(version)[type]:
        way = [*paths(version, type, code)]
        every += way
        if code not in PARTICIPATION and code not in ALSO.get(type, ()):
            subject += way
    return every, subject + [one.split(".")[1:] for one in BESIDE.get(f"{version} {type}", ())]


def walked(value: Any, way: list[str]) -> Iterator[Any]:
    if isinstance(value, list):
        for one in value:
            yield from walked(one, way)
    elif not way:
        yield value
    elif isinstance(value, dict) and way[0] in value:
        yield from walked(value[way[0]], way[1:])


def people(resource: dict[str, Any], ways: list[list[str]]) -> set[str]:
    found = [one.get("reference") for way in ways for one in walked(resource, way) if isinstance(one, dict)]
    return {match[1] for one in found if isinstance(one, str) and (match := OURS.fullmatch(one))}


def put(resource: dict[str, Any], way: list[str], references: list[dict[str, Any]]) -> None:
    """One element with all references in it, or as many elements; the code under test has to cope with either."""
    head, *rest = way
    if not rest:
        resource[head] = references if len(references) > 1 else references[0]
    elif len(references) > 1:
        for one in references:
            inner: dict[str, Any] = {}
            put(inner, rest, [one])
            resource.setdefault(head, [])
            resource[head] = [*(resource[head] if isinstance(resource[head], list) else [resource[head]]), inner]
    else:
        inner = resource.setdefault(head, {})
        put(inner if isinstance(inner, dict) else inner[0], rest, references)


@cache
def references(version: str) -> st.SearchStrategy[list[dict[str, Any]]]:
    spelled = st.sampled_from(("Patient/{}", f"{base(version)}/Patient/{{}}", "Patient/{}/_history/2"))
    patients = st.builds(lambda text, id: {"reference": text.format(id)}, spelled, st.sampled_from(PEOPLE))
    others = st.sampled_from(
        [
            {"reference": "Practitioner/A"},
            {"reference": "#A"},
            {"reference": "http://elsewhere/fhir/Patient/B"},
            {"identifier": {"system": "urn:mrn", "value": "B"}},
            {"display": "B"},
            {"reference": "Group/A"},
        ]
    )
    return st.lists(st.one_of(patients, patients, others.map(dict)), min_size=0, max_size=2)  # `put` adds to them


@st.composite
def resources(draw: st.DrawFn, version: str, type: str) -> dict[str, Any]:
    made: dict[str, Any] = {"resourceType": type, "id": "x"}
    every, subject = split(version, type)
    ways = [one for number, one in enumerate([*every, *subject]) if one not in [*every, *subject][:number]]
    for way in ways:
        held = draw(references(version))
        if held:
            put(made, way, held)
    if draw(st.booleans()):
        made["contained"] = [{"resourceType": "Patient", "id": "A"}]
    return made


def known(version: str, scope: str, patients: tuple[str, ...]) -> AccessContext:
    token = AccessToken("app", scope, base(version), NOW + 100, "f", user="anna", patient=patients[0])
    user = User("anna", "general", "Practitioner/p", patients=patients)
    server = Server(fhir_bases=(base(version),))
    return AccessContext(now=NOW, server=server, client=Client("app"), token=token, user=user, version=version)


LAW = (
    *access.CHECKS,
    writes.body_is_such_a_resource,
    writes.resource_stays_within_the_scope,
    writes.record_is_of_the_tokens_patient,
    writes.no_chart_is_added,
)


def allowed(
    version: str, interaction: str, before: dict[str, Any] | None, after: dict[str, Any] | None, asking: AccessContext
) -> bool:
    """Whether the checks let it pass. They are asked as services.writing asks them."""
    type, id = str((before or after or {})["resourceType"]), str((after or before or {})["id"])
    letter = {"create": "c", "delete": "d"}.get(interaction, "u")
    request = AccessRequest("PUT", base(version), f"/{type}/{id}", type=type, id=id, interaction=interaction, letters=letter)
    if after is not None:
        asking = replace(asking, body=bodies.of(version, type, str(after["id"]), after, base(version)))
    if before is not None:
        asking = replace(asking, before=Before(subjects_of(version, before, base(version))))
    request = replace(request, headers={"authorization": "Bearer t"})
    names = {one.name for one in examine(LAW, request, asking).refusals}
    return names.isdisjoint({"fhir-write-outside-scope", "fhir-write-not-subject"})


def named(resource: dict[str, Any], ways: list[list[str]]) -> bool:
    return any(True for way in ways for _ in walked(resource, way))


def lawful(version: str, interaction: str, before: dict[str, Any] | None, after: dict[str, Any] | None, own: set[str]) -> bool:
    """The law in words of its own. A Patient is its own subject."""
    type = str((before or after or {})["resourceType"])
    every, subject = split(version, type)

    def subjects(one: dict[str, Any]) -> set[str]:
        return {str(one["id"])} if type == "Patient" else people(one, subject)

    def within(one: dict[str, Any]) -> set[str]:
        return people(one, every) | subjects(one)

    def is_record_of_own(one: dict[str, Any]) -> bool:
        return bool(subjects(one)) and subjects(one) <= own

    if before is not None and not is_record_of_own(before):
        return False
    if after is None:
        return True
    if interaction == "create":
        says_nothing = type != "Patient" and not named(after, subject)
        return (
            bool(people(after, every) & own or type == "Patient")
            and within(after) <= own
            and (says_nothing or bool(subjects(after)))
        )
    visible = type == "Patient" or bool(people(after, every) & own)
    return visible and is_record_of_own(after) and within(after) - (people(before or {}, every)) <= own


CASES = [(version, type) for version in VERSIONS for type in sorted(compartment(version))]


@pytest.mark.parametrize(("version", "type"), CASES, ids=[" ".join(one) for one in CASES])
def test_no_write_adds_or_changes_the_chart_of_another(version: str, type: str) -> None:
    @counted(max_examples=7, database=None)
    @given(st.data())
    def holds(data: st.DataObject) -> None:
        scope, patients = data.draw(st.sampled_from([("patient/*.cruds", ("A",)), ("user/*.cruds", ("A", "C"))]))
        asking = known(version, scope, patients)
        interaction = data.draw(st.sampled_from(["create", "update", "delete"]))
        before = data.draw(resources(version, type)) if interaction != "create" else None
        after = data.draw(resources(version, type)) if interaction != "delete" else None
        if type == "Patient":
            id = data.draw(st.sampled_from(PEOPLE))
            before, after = (one if one is None else {**one, "id": id} for one in (before, after))
        expected = lawful(version, interaction, before, after, set(patients))
        assert allowed(version, interaction, before, after, asking) is expected, (interaction, before, after)

    holds()


@pytest.mark.parametrize("version", VERSIONS)
def test_everyone_may_write_their_own_record_of_every_type(version: str) -> None:
    asking = known(version, "patient/*.cruds", ("A",))
    for type in compartment(version):
        _, subject = split(version, type)
        own: dict[str, Any] = {"resourceType": type, "id": "A"}
        if type != "Patient":
            put(own, subject[0], [{"reference": "Patient/A"}])
        for interaction in ("create", "update", "delete"):
            before, after = own if interaction != "create" else None, own if interaction != "delete" else None
            assert allowed(version, interaction, before, after, asking), (type, interaction)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_patient_who_only_takes_part_changes_nothing(version: str) -> None:
    asking, tried = known(version, "patient/*.cruds", ("A",)), 0
    for type in compartment(version):
        every, subject = split(version, type)
        for way in every:
            if type == "Patient" or way in subject or way[0] == subject[0][0]:
                continue
            record: dict[str, Any] = {"resourceType": type, "id": "x"}
            put(record, subject[0], [{"reference": "Patient/B"}])
            put(record, way, [{"reference": "Patient/A"}])
            own: dict[str, Any] = {"resourceType": type, "id": "x"}
            put(own, subject[0], [{"reference": "Patient/A"}])
            assert not allowed(version, "create", None, record, asking)
            assert not allowed(version, "update", record, own, asking)
            assert not allowed(version, "delete", record, None, asking)
            tried += 1
    assert tried > 15
