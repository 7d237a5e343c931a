"""fhirpy, unmodified: runs the examples of its README."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fhirpy import AsyncFHIRClient, SyncFHIRClient
from fhirpy.base.exceptions import OperationOutcome, ResourceNotFound
from tests.clients.client_kit import AdminClient

IDENTIFIER = {"system": "http://example.com/env", "value": "fhirpy"}


@pytest.fixture
def client(sickbay: AdminClient) -> SyncFHIRClient:
    return SyncFHIRClient(sickbay.fhir("r4"), authorization=f"Bearer {sickbay.token('system/*.cruds')}")


def test_create_update_read_and_delete(client: SyncFHIRClient) -> None:
    organization = client.resource("Organization", name="beda.software", active=False)
    organization.save()
    organization.active = True
    organization.save(fields=["active"])
    assert client.reference("Organization", organization.id).to_resource()["active"] is True
    organization.patch(name="beda")
    assert organization.refresh()["name"] == "beda"
    organization["name"] = "software"
    organization.save()
    assert organization["meta"]["versionId"] == "4"
    organization.delete()
    with pytest.raises(ResourceNotFound):
        client.reference("Organization", organization.id).to_resource()
    with pytest.raises(ResourceNotFound):
        client.reference("Organization", "none").to_resource()


def test_search_sets(client: SyncFHIRClient) -> None:
    patients = client.resources("Patient")
    assert patients.search(name="Peters").limit(10).sort("name").fetch()
    assert patients.search(birthdate__gt="1900", birthdate__lt="2020").count() > 0
    assert patients.search(family__exact="Peters").fetch()[0]["name"][0]["family"] == "Peters"
    neither = patients.search(gender="other,unknown").count() + patients.search(gender__missing=True).count()
    assert patients.search(gender__not=["male", "female"]).count() == neither < patients.count()
    practitioner = client.resources("Practitioner").search(_id="pr-1").get()
    count = patients.search(general_practitioner=practitioner).count()
    assert count > 0
    assert patients.search(general_practitioner__Practitioner__name="Okafor").count() == count
    all_patients = patients.limit(7).fetch_all()
    assert len({patient.id for patient in all_patients}) == patients.count()
    assert len(list(client.resources("Slot").limit(100))) == client.resources("Slot").count()
    bundle = client.resources("Encounter").include("Encounter", "patient", target_resource_type="Patient").fetch_raw()
    assert {entry.resource["resourceType"] for entry in bundle.entry} == {"Encounter", "Patient"}
    bundle = patients.search(_id=all_patients[0].id).revinclude("Group", "member").fetch_raw()
    assert {entry.resource["resourceType"] for entry in bundle.entry} == {"Patient", "Group"}


def test_conditional_update_patch_and_delete(client: SyncFHIRClient) -> None:
    matches = client.resources("Patient").search(identifier="http://example.com/env|fhirpy")
    saved: Any = client.resource("Patient", identifier=[IDENTIFIER], active=False)
    assert matches.update(saved)[1] is True
    assert matches.update(client.resource("Patient", identifier=[IDENTIFIER], active=True))[1] is False
    assert matches.patch(name=[{"text": "Mr. Smith"}])["name"] == [{"text": "Mr. Smith"}]
    assert matches.delete()[1] == 204
    assert matches.count() == 0


def test_invalid_resources_are_rejected(client: SyncFHIRClient) -> None:
    with pytest.raises(OperationOutcome):
        client.resource("Patient", birthDate="date", custom_prop="123", telecom=True).is_valid(raise_exception=True)
    assert client.resource("Patient", birthDate="1998-01-01").is_valid()


def test_operations_and_batches(client: SyncFHIRClient) -> None:
    everything = client.execute("Patient/p-0001/$everything", method="get")
    assert {entry["resource"]["resourceType"] for entry in everything["entry"]} > {"Patient", "Observation"}
    history = client.execute("Patient/p-0001/_history", method="get")
    assert history["total"] == 1
    entry = [{"request": {"method": "GET", "url": "Patient/p-0001"}}]
    bundle = client.resource("Bundle", type="batch", entry=entry)
    answered = client.execute("", method="post", data=bundle.serialize())
    assert answered["entry"][0]["resource"]["id"] == "p-0001"


def test_the_asynchronous_example_runs(sickbay: AdminClient) -> None:
    async def main() -> int:
        client = AsyncFHIRClient(sickbay.fhir("r4"), authorization=f"Bearer {sickbay.token('system/*.cruds')}")
        organization = client.resource("Organization", name="asynchronous")
        await organization.save()
        count = 0
        async for _ in client.resources("Organization").limit(100):
            count += 1
        await organization.delete()
        return count

    assert asyncio.run(main()) >= 2
