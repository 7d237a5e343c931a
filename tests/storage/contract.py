"""The contract that every store must meet. One file per engine runs it and defines the fixture `store`."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.storage.making import SPACE, make_save, observation, of_patients, patient, query_for

from sickbay.fhir.search.index_entries import IndexEntries
from sickbay.fhir.visibility import EVERYTHING, NOTHING
from sickbay.storage.answers import Page, Stored
from sickbay.storage.interface import (
    Clear,
    Conflict,
    Delete,
    DeleteFamily,
    Put,
    Record,
    ResourceSpace,
    Save,
    Step,
    Store,
    UseOnce,
)

CODE = Record("code", "k", b'{"a":1}', "general", "client", "family", "token", at=10, expires_at=70)


def ids(page: Page) -> list[str]:
    return [match.id for match in page.matches]


@pytest.mark.anyio
class RecordsContract:
    async def test_a_record_is_returned_as_it_was_put(self, store: Store) -> None:
        await store.transaction([Put(CODE)])
        assert await store.get("code", "k") == Record(
            "code", "k", b'{"a":1}', "general", "client", "family", "token", 10, 70, None, 1
        )
        assert await store.get("launch", "k") is None

    async def test_each_put_increments_the_revision(self, store: Store) -> None:
        await store.transaction([Put(CODE), Put(CODE)])
        record = await store.get("code", "k")
        assert record is not None
        assert record.revision == 2

    async def test_a_put_if_absent_conflicts_with_an_existing_record(self, store: Store) -> None:
        await store.transaction([Put(CODE, if_revision=0)])
        with pytest.raises(Conflict):
            await store.transaction([Put(CODE, if_revision=0)])

    @pytest.mark.parametrize(("puts", "if_revision"), [(0, 1), (1, 2), (2, 1)])
    async def test_a_put_with_another_revision_conflicts(self, store: Store, puts: int, if_revision: int) -> None:
        await store.transaction([Put(CODE)] * puts)
        with pytest.raises(Conflict):
            await store.transaction([Put(CODE, if_revision=if_revision)])

    async def test_a_put_with_the_current_revision_succeeds(self, store: Store) -> None:
        await store.transaction([Put(CODE)])
        await store.transaction([Put(CODE, if_revision=1)])
        record = await store.get("code", "k")
        assert record is not None
        assert record.revision == 2

    async def test_only_one_of_many_concurrent_uses_of_a_code_succeeds(self, store: Store) -> None:
        await store.transaction([Put(CODE)])
        tries = [store.transaction([UseOnce("code", "k", now)]) for now in range(20, 40)]
        outcomes = await asyncio.gather(*tries, return_exceptions=True)
        assert sum(outcome is None for outcome in outcomes) == 1
        assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 19

    async def test_an_absent_record_cannot_be_used(self, store: Store) -> None:
        with pytest.raises(Conflict) as raised:
            await store.transaction([UseOnce("code", "k", 1)])
        assert raised.value.step == UseOnce("code", "k", 1)

    async def test_a_conflict_undoes_every_step_of_its_transaction(self, store: Store) -> None:
        other = Record("token", "t", b"{}")
        with pytest.raises(Conflict):
            await store.transaction([Put(other), saved_patient(), UseOnce("code", "absent", 1)])
        assert await store.get("token", "t") is None
        assert await store.read(SPACE, "Patient", "p", EVERYTHING) is None

    async def test_a_conflict_does_not_affect_concurrent_transactions(self, store: Store) -> None:
        good = [store.transaction([Put(Record("token", str(n), b"{}"))]) for n in range(5)]
        bad = store.transaction([Put(Record("token", "bad", b"{}")), UseOnce("code", "absent", 1)])
        await asyncio.gather(*good, bad, return_exceptions=True)
        assert {record.key for record in await store.find("token")} == {"0", "1", "2", "3", "4"}

    @pytest.mark.parametrize("place", [0, 1, 2])
    @pytest.mark.parametrize("condition", [UseOnce("code", "absent", 1), Put(CODE, if_revision=0), Put(CODE, if_revision=7)])
    async def test_a_conflict_at_any_position_changes_nothing(self, store: Store, place: int, condition: UseOnce | Put) -> None:
        await store.transaction([Put(CODE), Put(Record("launch", "there", b"{}"))])
        steps: list[Step] = [Put(Record("token", "new", b"{}")), Delete("launch", "there")]
        steps.insert(place, condition)
        good = [store.transaction([UseOnce("code", "k", 20), Put(Record("token", str(n), b"{}"))]) for n in range(2)]
        first, middle, second = await asyncio.gather(good[0], store.transaction(steps), good[1], return_exceptions=True)
        assert isinstance(middle, Conflict)
        winner = "0" if first is None else "1"  # with separate connections, either of the two may be first
        assert isinstance(second if first is None else first, Conflict)
        assert None in (first, second)
        assert [record.key for record in await store.find("token")] == [winner]
        assert await store.get("launch", "there") is not None

    async def test_find_returns_matching_records_newest_first(self, store: Store) -> None:
        records = [
            Record("token", "a", b"{}", "general", "one", "f1", at=1),
            Record("token", "b", b"{}", "general", "one", "f2", "refresh", at=3),
            Record("token", "c", b"{}", "cerner", "two", "f1", at=2),
            Record("code", "d", b"{}", "general", "one", "f1", at=9),
        ]
        await store.transaction([Put(record) for record in records])

        async def keys(**conditions: str | int) -> list[str]:
            return [record.key for record in await store.find("token", **conditions)]  # type: ignore[arg-type]

        assert await keys() == ["b", "c", "a"]
        assert await keys(tenant="general") == ["b", "a"]
        assert await keys(owner="two") == ["c"]
        assert await keys(family="f1") == ["c", "a"]
        assert await keys(label="refresh") == ["b"]
        assert await keys(owner="") == []
        assert [record.key for record in await store.find("token", limit=1)] == ["b"]
        assert await keys(since=2) == ["b", "c"]
        assert await keys(until=3) == ["c", "a"]
        assert await keys(since=1, until=3, family="f1", owner="two") == ["c"]
        assert await keys(since=3, until=3) == []

    async def test_revocation_deletes_the_named_kinds_of_one_family(self, store: Store) -> None:
        records = [Record("token", "a", b"{}", family="f"), Record("code", "b", b"{}", family="f")]
        await store.transaction([Put(record) for record in [*records, Record("token", "c", b"{}", family="g")]])
        await store.transaction([DeleteFamily("f", ("token", "family"))])
        assert await store.get("token", "a") is None
        assert await store.get("code", "b") is not None
        assert await store.get("token", "c") is not None

    async def test_delete_and_clear_remove_records(self, store: Store) -> None:
        records = [Record("app", key, b"{}", tenant) for key, tenant in (("a", "x"), ("b", "x"), ("c", "y"))]
        await store.transaction([Put(record) for record in records])
        await store.transaction([Delete("app", "a"), Delete("app", "absent")])
        assert {record.key for record in await store.find("app")} == {"b", "c"}
        await store.transaction([Clear("app", "x")])
        assert {record.key for record in await store.find("app")} == {"c"}
        await store.transaction([Clear("app")])
        assert await store.find("app") == []

    async def test_an_expired_record_is_purged_after_a_day(self, store: Store) -> None:
        await store.transaction([Put(CODE), Put(Record("app", "forever", b"{}"))])
        assert await store.purge(70 + 86_400, 10) == 0
        assert await store.get("code", "k") is not None
        assert await store.purge(71 + 86_400, 10) == 1
        assert await store.get("code", "k") is None
        assert await store.get("app", "forever") is not None


def saved_patient(**more: Any) -> Save:
    return patient("p", names=("peters", "anna"), **more)


@pytest.mark.anyio
class ResourcesContract:
    async def test_reading_returns_the_saved_bytes(self, store: Store) -> None:
        await store.transaction([saved_patient(at=5)])
        resource = await store.read(SPACE, "Patient", "p", EVERYTHING)
        assert resource == Stored("Patient", "p", 1, 5, b"Patient/p/1", '["p"]\n[]')

    async def test_a_resource_is_only_visible_with_access_and_in_its_own_space(self, store: Store) -> None:
        await store.transaction([saved_patient()])
        assert await store.read(SPACE, "Patient", "p", NOTHING) is None
        assert await store.read(SPACE, "Patient", "q", EVERYTHING) is None
        assert await store.read(ResourceSpace("cerner", "r4"), "Patient", "p", EVERYTHING) is None
        assert await store.read(ResourceSpace("general", "dstu2"), "Patient", "p", EVERYTHING) is None

    async def test_reading_needs_the_letter_r_and_the_compartment(self, store: Store) -> None:
        await store.transaction([patient("p"), patient("q"), observation("o", "p")])
        assert await store.read(SPACE, "Observation", "o", of_patients("p")) is not None
        assert await store.read(SPACE, "Observation", "o", of_patients("q")) is None
        assert await store.read(SPACE, "Observation", "o", of_patients("p", letters="s")) is None
        assert await store.read(SPACE, "Observation", "o", of_patients("p", type="Patient")) is None

    async def test_concurrent_reads_each_use_their_own_visibility(self, store: Store) -> None:
        patient_ids = [f"p{number}" for number in range(6)]
        await store.transaction(
            [*map(patient, patient_ids), *(observation(f"o-{patient_id}", patient_id) for patient_id in patient_ids)]
        )
        gone = Save(SPACE, "Observation", "o-p5", 2, b"", IndexEntries(), 2000, "delete")
        await store.transaction([gone])
        visibilities = [NOTHING, EVERYTHING, of_patients("p0", "p5"), of_patients("p5", "p0"), of_patients("p1", letters="s")]
        reads = [
            (visibility, patient_id) for patient_id in (*patient_ids, "absent") for visibility in visibilities for _ in range(3)
        ]
        results = await asyncio.gather(
            *(store.read(SPACE, "Observation", f"o-{patient_id}", visibility) for visibility, patient_id in reads)
        )
        for (visibility, patient_id), resource in zip(reads, results, strict=True):
            assert (resource is not None) == (
                patient_id != "absent" and visibility.allows("Observation", "r", (patient_id,), ())
            )
            assert resource is None or (resource.id, resource.deleted) == (f"o-{patient_id}", patient_id == "p5")

    async def test_versions_are_kept(self, store: Store) -> None:
        await store.transaction([saved_patient()])
        await store.transaction([saved_patient(version_id=2, interaction="update", if_version=1)])
        current = await store.read(SPACE, "Patient", "p", EVERYTHING)
        assert current is not None
        assert (current.version_id, current.body) == (2, b"Patient/p/2")
        for version in (1, 2):
            resource = await store.version(SPACE, "Patient", "p", version, EVERYTHING)
            assert resource is not None
            assert resource.body == f"Patient/p/{version}".encode()
        assert await store.version(SPACE, "Patient", "p", 3, EVERYTHING) is None
        assert await store.version(SPACE, "Patient", "p", 1, of_patients("q")) is None

    async def test_an_old_version_is_visible_only_if_the_current_one_is_too(self, store: Store) -> None:
        await store.transaction([observation("o", "p")])
        await store.transaction([observation("o", "q", version_id=2, interaction="update")])
        assert await store.version(SPACE, "Observation", "o", 1, of_patients("p")) is None
        assert await store.version(SPACE, "Observation", "o", 1, of_patients("q")) is None
        assert await store.version(SPACE, "Observation", "o", 1, of_patients("p", "q")) is not None

    @pytest.mark.parametrize("more", [{"version_id": 1}, {"version_id": 3}, {"version_id": 2, "if_version": 2}])
    async def test_saving_a_version_other_than_the_next_conflicts(self, store: Store, more: dict[str, int]) -> None:
        await store.transaction([saved_patient()])
        with pytest.raises(Conflict):
            await store.transaction([saved_patient(interaction="update", **more)])

    async def test_only_one_of_many_concurrent_updates_succeeds(self, store: Store) -> None:
        await store.transaction([saved_patient()])
        tries = [store.transaction([saved_patient(version_id=2, if_version=1)]) for _ in range(8)]
        outcomes = await asyncio.gather(*tries, return_exceptions=True)
        assert sum(outcome is None for outcome in outcomes) == 1

    async def test_a_deleted_resource_is_reported_as_deleted_to_those_who_could_see_it(self, store: Store) -> None:
        await store.transaction([patient("p"), observation("o", "p")])
        await store.transaction([make_save("Observation", "o", version_id=2, body=b"", interaction="delete")])
        resource = await store.read(SPACE, "Observation", "o", of_patients("p"))
        assert resource is not None
        assert (resource.deleted, resource.body, resource.version_id) == (True, b"", 2)
        assert await store.read(SPACE, "Observation", "o", of_patients("q")) is None
        assert ids(await store.search(SPACE, query_for("Observation"), EVERYTHING)) == []
        assert ids(await store.search(SPACE, query_for("Observation"), of_patients("p"))) == []
        first = await store.version(SPACE, "Observation", "o", 1, of_patients("p"))
        assert first is not None
        assert first.body == b"Observation/o/1"
        with pytest.raises(Conflict):
            await store.transaction([make_save("Observation", "o", version_id=3, body=b"", interaction="delete")])
        await store.transaction([observation("o", "p", version_id=3, if_version=0)])
        assert ids(await store.search(SPACE, query_for("Observation"), of_patients("p"))) == ["o"]

    async def test_a_resource_that_is_only_referenced_is_absent(self, store: Store) -> None:
        await store.transaction([observation("o", "p")])
        assert await store.read(SPACE, "Patient", "p", EVERYTHING) is None
        assert await store.count(SPACE, query_for("Patient"), EVERYTHING) == 0
        assert ids(await store.search(SPACE, query_for("Patient"), EVERYTHING)) == []
        await store.transaction([patient("p")])
        assert ids(await store.search(SPACE, query_for("Observation"), of_patients("p"))) == ["o"]
        assert await store.count(SPACE, query_for("Patient"), EVERYTHING) == 1

    async def test_what_a_transaction_saves_is_saved_again_after_it_clears_the_tenant(self, store: Store) -> None:
        steps = [patient("p"), observation("o", "p")]
        await store.transaction([*steps, Clear("resources", "general"), *steps, Clear("resources", "general"), *steps])
        assert ids(await store.search(SPACE, query_for("Observation"), of_patients("p"))) == ["o"]
        assert await store.count(SPACE, query_for("Patient"), EVERYTHING) == 1

    async def test_clearing_a_tenant_leaves_other_tenants_filled(self, store: Store) -> None:
        other = ResourceSpace("cerner", "r4")
        assert not await store.has_resources(SPACE)
        await store.transaction([patient("p"), observation("o", "p"), patient("p", space=other)])
        assert await store.has_resources(SPACE)
        await store.transaction([Clear("resources", "general")])
        assert not await store.has_resources(SPACE)
        assert await store.has_resources(other)
        assert await store.count(SPACE, query_for("Observation"), EVERYTHING) == 0
        await store.transaction([patient("p")])
        assert ids(await store.search(SPACE, query_for("Patient"), EVERYTHING)) == ["p"]
