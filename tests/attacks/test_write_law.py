"""For every type of every version: no write adds a chart, and only the subject's own record can be changed.

The oracle uses only the published compartments and expressions. It reads plain dicts, and knows which parameters name a
mere participant.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as counted
from hypothesis import strategies as st
from msgspec import structs
from tests.conftest import SHARED
from tools.definitions import DSTU2_PATIENT

from sickbay.authorization import access
from sickbay.authorization.access import writes
from sickbay.authorization.contexts import AccessContext
from sickbay.authorization.models import AccessToken, Client, Server, User
from sickbay.authorization.requests import AccessRequest
from sickbay.fhir import body as bodies
from sickbay.fhir.search.parameters import load_parameters
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
"""Compartment parameters that never name the subject of a record."""
PARTICIPATION_BY_TYPE = {
    "CommunicationRequest": ("requester",),
    "DeviceRequest": ("requester",),
    "ReferralRequest": ("requester",),
    "Task": ("focus",),
}
"""More such parameters of some types."""
EXTRA_SUBJECTS = {"r5 Appointment": ("Appointment.subject",), "r5 SupplyRequest": ("SupplyRequest.deliverFor",)}
"""Subjects that are missing from the definition of the compartment."""
PATIENT_REFERENCE = re.compile(r"(?:http://h/general/\w+/)?Patient/([A-Za-z0-9.-]+)(?:/_history/\w+)?")
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
    """The element names from the resource down. A choice element has its JSON name. A canonical refers to no patient."""
    parameter = load_parameters(version, type).get(code)
    texts = parameter.expression.split(" | ") if parameter else []
    for text in (text for text in texts if not text.endswith(".ofType(canonical)")):
        plain = text.replace(".where(resolve() is Patient)", "")
        plain = re.sub(r"\.ofType\(Reference\)", "Reference", plain)
        plain = re.sub(r"^\((\S+) as Reference\)$", r"\1Reference", plain)
        yield plain.split(".")[1:]


@cache
def split(version: str, type: str) -> tuple[list[list[str]], list[list[str]]]:
    """The paths of the compartment, and those among them that name the subject."""
    all_paths, subject = [], []
    for code in compartment(version)[type]:
        found_paths = [*paths(version, type, code)]
        all_paths += found_paths
        if code not in PARTICIPATION and code not in PARTICIPATION_BY_TYPE.get(type, ()):
            subject += found_paths
    return all_paths, subject + [path.split(".")[1:] for path in EXTRA_SUBJECTS.get(f"{version} {type}", ())]


def walk(value: Any, path: list[str]) -> Iterator[Any]:
    if isinstance(value, list):
        for item in value:
            yield from walk(item, path)
    elif not path:
        yield value
    elif isinstance(value, dict) and path[0] in value:
        yield from walk(value[path[0]], path[1:])


def people(resource: dict[str, Any], element_paths: list[list[str]]) -> set[str]:
    references = [
        reference.get("reference")
        for path in element_paths
        for reference in walk(resource, path)
        if isinstance(reference, dict)
    ]
    return {
        match[1] for reference in references if isinstance(reference, str) and (match := PATIENT_REFERENCE.fullmatch(reference))
    }


def put(resource: dict[str, Any], path: list[str], references: list[dict[str, Any]]) -> None:
    """Adds the references to one element or to several elements. The tested code must handle both."""
    head, *rest = path
    if not rest:
        resource[head] = references if len(references) > 1 else references[0]
    elif len(references) > 1:
        for reference in references:
            inner: dict[str, Any] = {}
            put(inner, rest, [reference])
            resource.setdefault(head, [])
            resource[head] = [*(resource[head] if isinstance(resource[head], list) else [resource[head]]), inner]
    else:
        inner = resource.setdefault(head, {})
        put(inner if isinstance(inner, dict) else inner[0], rest, references)


@cache
def references(version: str) -> st.SearchStrategy[list[dict[str, Any]]]:
    spelled = st.sampled_from(("Patient/{}", f"{base(version)}/Patient/{{}}", "Patient/{}/_history/2"))
    patients = st.builds(lambda text, id: {"reference": text.format(id)}, spelled, st.sampled_from(PEOPLE))
    others: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
        [
            {"reference": "Practitioner/A"},
            {"reference": "#A"},
            {"reference": "http://elsewhere/fhir/Patient/B"},
            {"identifier": {"system": "urn:mrn", "value": "B"}},
            {"display": "B"},
            {"reference": "Group/A"},
        ]
    )
    return st.lists(
        st.one_of(patients, patients, others.map(lambda reference: dict(reference))), min_size=0, max_size=2
    )  # `put` adds to them


@st.composite
def resources(draw: st.DrawFn, version: str, type: str) -> dict[str, Any]:
    record: dict[str, Any] = {"resourceType": type, "id": "x"}
    all_paths, subject = split(version, type)
    all_distinct = [path for number, path in enumerate([*all_paths, *subject]) if path not in [*all_paths, *subject][:number]]
    for path in all_distinct:
        references_here = draw(references(version))
        if references_here:
            put(record, path, references_here)
    if draw(st.booleans()):
        record["contained"] = [{"resourceType": "Patient", "id": "A"}]
    return record


def sample_context(version: str, scope: str, patients: tuple[str, ...]) -> AccessContext:
    token = AccessToken("app", scope, base(version), NOW + 100, "f", user="anna", patient=patients[0])
    user = User("anna", "general", "Practitioner/p", patients=patients)
    server = Server(fhir_bases=(base(version),))
    return AccessContext(now=NOW, server=server, client=Client("app"), token=token, user=user, version=version)


WRITE_CHECKS = (
    *access.CHECKS,
    writes.body_is_a_resource_of_the_type_in_the_url,
    writes.resource_stays_within_the_scope,
    writes.record_belongs_to_the_patient_of_the_token_if_it_has_one,
    writes.resource_is_not_added_to_another_record,
)


def is_allowed(
    version: str, interaction: str, before: dict[str, Any] | None, after: dict[str, Any] | None, asking: AccessContext
) -> bool:
    """Whether the checks allow it. They are called in the same way as by services.writing."""
    type, id = str((before or after or {})["resourceType"]), str((after or before or {})["id"])
    letter = {"create": "c", "delete": "d"}.get(interaction, "u")
    request = AccessRequest("PUT", base(version), f"/{type}/{id}", type=type, id=id, interaction=interaction, letters=letter)
    if after is not None:
        asking = structs.replace(asking, body=bodies.make_body(version, type, str(after["id"]), after, base(version)))
    if before is not None:
        asking = structs.replace(asking, before=Before(subjects_of(version, before, base(version))))
    request = structs.replace(request, headers={"authorization": "Bearer t"})
    names = {refusal.name for refusal in examine(WRITE_CHECKS, request, asking).refusals}
    return names.isdisjoint({"fhir-write-outside-scope", "fhir-write-not-subject"})


def is_named(resource: dict[str, Any], element_paths: list[list[str]]) -> bool:
    return any(True for path in element_paths for _ in walk(resource, path))


def lawful(version: str, interaction: str, before: dict[str, Any] | None, after: dict[str, Any] | None, own: set[str]) -> bool:
    """The rule, written independently of the checks. A Patient is its own subject."""
    type = str((before or after or {})["resourceType"])
    all_paths, subject = split(version, type)

    def subjects(record: dict[str, Any]) -> set[str]:
        return {str(record["id"])} if type == "Patient" else people(record, subject)

    def within(record: dict[str, Any]) -> set[str]:
        return people(record, all_paths) | subjects(record)

    def is_record_of_own(record: dict[str, Any]) -> bool:
        return bool(subjects(record)) and subjects(record) <= own

    if before is not None and not is_record_of_own(before):
        return False
    if after is None:
        return True
    if interaction == "create":
        says_nothing = type != "Patient" and not is_named(after, subject)
        return (
            bool(people(after, all_paths) & own or type == "Patient")
            and within(after) <= own
            and (says_nothing or bool(subjects(after)))
        )
    visible = type == "Patient" or bool(people(after, all_paths) & own)
    return visible and is_record_of_own(after) and within(after) - (people(before or {}, all_paths)) <= own


CASES = [(version, type) for version in VERSIONS for type in sorted(compartment(version))]


@pytest.mark.parametrize(("version", "type"), CASES, ids=[" ".join(pair) for pair in CASES])
def test_no_write_adds_or_changes_the_chart_of_another(version: str, type: str) -> None:
    @counted(max_examples=7, database=None)
    @given(st.data())
    def holds(data: st.DataObject) -> None:
        scope, patients = data.draw(st.sampled_from([("patient/*.cruds", ("A",)), ("user/*.cruds", ("A", "C"))]))
        asking = sample_context(version, scope, patients)
        interaction = data.draw(st.sampled_from(["create", "update", "delete"]))
        before = data.draw(resources(version, type)) if interaction != "create" else None
        after = data.draw(resources(version, type)) if interaction != "delete" else None
        if type == "Patient":
            id = data.draw(st.sampled_from(PEOPLE))
            before, after = (record if record is None else {**record, "id": id} for record in (before, after))
        expected = lawful(version, interaction, before, after, set(patients))
        assert is_allowed(version, interaction, before, after, asking) is expected, (interaction, before, after)

    holds()


@pytest.mark.parametrize("version", VERSIONS)
def test_patients_may_write_their_own_records_of_every_type(version: str) -> None:
    asking = sample_context(version, "patient/*.cruds", ("A",))
    for type in compartment(version):
        _, subject = split(version, type)
        own: dict[str, Any] = {"resourceType": type, "id": "A"}
        if type != "Patient":
            put(own, subject[0], [{"reference": "Patient/A"}])
        for interaction in ("create", "update", "delete"):
            before, after = own if interaction != "create" else None, own if interaction != "delete" else None
            assert is_allowed(version, interaction, before, after, asking), (type, interaction)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_patient_who_is_only_a_participant_changes_nothing(version: str) -> None:
    asking, count = sample_context(version, "patient/*.cruds", ("A",)), 0
    for type in compartment(version):
        all_paths, subject = split(version, type)
        for path in all_paths:
            if type == "Patient" or path in subject or path[0] == subject[0][0]:
                continue
            record: dict[str, Any] = {"resourceType": type, "id": "x"}
            put(record, subject[0], [{"reference": "Patient/B"}])
            put(record, path, [{"reference": "Patient/A"}])
            own: dict[str, Any] = {"resourceType": type, "id": "x"}
            put(own, subject[0], [{"reference": "Patient/A"}])
            assert not is_allowed(version, "create", None, record, asking)
            assert not is_allowed(version, "update", record, own, asking)
            assert not is_allowed(version, "delete", record, None, asking)
            count += 1
    assert count > 15
