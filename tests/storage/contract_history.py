"""The contract for histories that every store must meet. One file per engine runs it, as for contract.py."""

from __future__ import annotations

from typing import Any

import pytest
from tests.storage.making import SPACE, observation, patient

from sickbay.fhir.search.index_entries import IndexEntries
from sickbay.fhir.visibility import EVERYTHING, Clause, Granular, Visibility
from sickbay.storage.answers import BadCursor, HistoryQuery, Versions
from sickbay.storage.interface import Save, Store
from sickbay.storage.query import history


@pytest.mark.anyio
class HistoryContract:
    async def test_the_system_history_is_newest_first_and_can_be_paged_and_limited_by_time(self, store: Store) -> None:
        first = [patient("a", at=1000), patient("b", at=2000), observation("o", "a", at=3000)]
        await store.transaction(first)
        await store.transaction([patient("a", version_id=2, at=4000, interaction="update")])

        async def entries(visibility: Visibility = EVERYTHING, type: str | None = None, **more: Any) -> list[tuple[str, int]]:
            versions = await store.history(SPACE, HistoryQuery(type, None, 10, **more), visibility)
            return [(version.id, version.version_id) for version, _ in versions.entries]

        assert await entries() == [("a", 2), ("o", 1), ("b", 1), ("a", 1)]
        assert await entries(type="Patient") == [("a", 2), ("b", 1), ("a", 1)]
        assert await entries(since=3000) == [("a", 2), ("o", 1)]
        assert await entries(at=(2500, 3001)) == [("o", 1), ("b", 1), ("a", 1)]
        assert await entries(at=(4000, 4001)) == [("a", 2), ("o", 1), ("b", 1)]
        assert await entries(Visibility((Clause("Patient", "rs", None),))) == []
        page = await store.history(SPACE, HistoryQuery(None, None, 3), EVERYTHING)
        next_page = await store.history(SPACE, HistoryQuery(None, None, 3, cursor=page.next), EVERYTHING)
        assert [version.id for version, _ in next_page.entries] == ["a"]
        assert next_page.next is None
        with pytest.raises(BadCursor):
            await store.history(SPACE, HistoryQuery("Patient", None, 3, cursor=page.next), EVERYTHING)

    @pytest.mark.parametrize("few", [0, 1000])
    async def test_a_type_history_covers_the_visible_compartments(
        self, store: Store, few: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The result doesn't depend on the access path: by the resources of the type, by time, or by the patients."""
        monkeypatch.setattr(history, "SORTED_RESOURCES", few)
        await store.transaction([patient("a"), patient("b"), patient("c")])
        await store.transaction([observation("o1", "a"), observation("o2", "b"), observation("o3", "c")])
        await store.transaction([observation("o1", "a", version_id=2, date=5, interaction="update")])
        gone = Save(SPACE, "Observation", "o2", 2, b"", IndexEntries(), 9000, "delete")
        await store.transaction([gone])

        async def entries(*patients: str, type: str = "Observation") -> list[tuple[str, int]]:
            visibility = Visibility((Clause("Observation", "rs", frozenset(patients)),)) if patients else EVERYTHING
            versions = await store.history(SPACE, HistoryQuery(type, None, 10), visibility)
            return [(version.id, version.version_id) for version, _ in versions.entries]

        assert await entries("a") == [("o1", 2), ("o1", 1)]
        assert await entries("b") == [("o2", 2), ("o2", 1)]
        assert await entries("a", "b") == [("o2", 2), ("o1", 2), ("o2", 1), ("o1", 1)]
        assert await entries("none") == []
        assert await entries("a", type="Patient") == []
        assert len(await entries()) == 5
        for patients in ((), ("a",), ("a", "b"), ("none",)):
            visibility = Visibility((Clause("Observation", "rs", frozenset(patients)),)) if patients else EVERYTHING
            counted = await store.history(SPACE, HistoryQuery("Observation", None, 0), visibility)
            assert counted == Versions([], None, len(await entries(*patients)))

    async def test_a_history_with_count_zero_returns_the_total(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(history, "COUNTED", 2)
        await store.transaction([observation("o", "a", at=1000), observation("n", "b", at=2000)])
        for version in range(2, 7):
            category = "laboratory" if version % 2 else "vital-signs"
            step = observation("o", "a", version_id=version, at=version * 1000, category=category, interaction="update")
            await store.transaction([step])
        coded = (Granular("category", (("http://category", "laboratory"),)),)
        more: dict[str, Any]
        for visibility in (
            EVERYTHING,
            Visibility((Clause("Observation", "rs", None),)),
            Visibility((Clause("Observation", "rs", None, coded),)),
            Visibility((Clause("Observation", "rs", frozenset({"b"})),)),
            Visibility(()),
        ):
            for type, id in ((None, None), ("Observation", None), ("Observation", "o"), ("Observation", "x")):
                for more in ({}, {"since": 3000}, {"at": (2500, 3001)}):
                    entries = await store.history(SPACE, HistoryQuery(type, id, 100, **more), visibility)
                    counted = await store.history(SPACE, HistoryQuery(type, id, 0, **more), visibility)
                    assert counted == Versions([], None, len(entries.entries))
        assert (await store.history(SPACE, HistoryQuery(None, None, 0), EVERYTHING)).total == 7

    async def test_an_update_that_created_the_resource_is_recorded_as_such(self, store: Store) -> None:
        await store.transaction([patient("a", interaction="update-create"), patient("b")])
        await store.transaction([Save(SPACE, "Patient", "a", 2, b"", IndexEntries(), 9000, "delete")])
        await store.transaction([patient("a", version_id=3, interaction="update-create")])
        versions = await store.history(SPACE, HistoryQuery("Patient", "a", 10), EVERYTHING)
        assert [interaction for _, interaction in versions.entries] == ["update-create", "delete", "update-create"]
        stored = await store.read(SPACE, "Patient", "a", EVERYTHING)
        assert stored is not None
        assert (stored.version_id, stored.deleted) == (3, False)
