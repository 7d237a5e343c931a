"""What the histories of every store must hold; a file per engine runs it, as contract.py."""

from __future__ import annotations

from typing import Any

import pytest
from tests.storage.making import SPACE, observation, patient

from sickbay.fhir.search.index_entries import IndexEntries
from sickbay.fhir.visibility import EVERYTHING, Clause, Granular, Visibility
from sickbay.storage.interface import BadCursor, Save, Store, Versions
from sickbay.storage.query import history


@pytest.mark.anyio
class HistoryContract:
    async def test_the_history_of_everything_is_newest_first_by_pages_and_by_time(self, store: Store) -> None:
        first = [patient("a", at=1000), patient("b", at=2000), observation("o", "a", at=3000)]
        await store.transaction(first)
        await store.transaction([patient("a", version_id=2, at=4000, interaction="update")])

        async def told(visibility: Visibility = EVERYTHING, type: str | None = None, **more: Any) -> list[tuple[str, int]]:
            found = await store.history(SPACE, type, None, visibility, count=10, **more)
            return [(one.id, one.version_id) for one, _ in found.entries]

        assert await told() == [("a", 2), ("o", 1), ("b", 1), ("a", 1)]
        assert await told(type="Patient") == [("a", 2), ("b", 1), ("a", 1)]
        assert await told(since=3000) == [("a", 2), ("o", 1)]
        assert await told(at=(2500, 3001)) == [("o", 1), ("b", 1), ("a", 1)]
        assert await told(at=(4000, 4001)) == [("a", 2), ("o", 1), ("b", 1)]
        assert await told(Visibility((Clause("Patient", "rs", None),))) == []
        page = await store.history(SPACE, None, None, EVERYTHING, count=3)
        rest = await store.history(SPACE, None, None, EVERYTHING, count=3, cursor=page.next)
        assert [one.id for one, _ in rest.entries] == ["a"]
        assert rest.next is None
        with pytest.raises(BadCursor):
            await store.history(SPACE, "Patient", None, EVERYTHING, count=3, cursor=page.next)

    @pytest.mark.parametrize("few", [0, 1000])
    async def test_a_type_s_history_is_that_of_the_compartments_that_are_visible(
        self, store: Store, few: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """However it is found: by what there is of the type, by time, by the patients."""
        monkeypatch.setattr(history, "FEW", few)
        await store.transaction([patient("a"), patient("b"), patient("c")])
        await store.transaction([observation("o1", "a"), observation("o2", "b"), observation("o3", "c")])
        await store.transaction([observation("o1", "a", version_id=2, date=5, interaction="update")])
        gone = Save(SPACE, "Observation", "o2", 2, b"", IndexEntries(), 9000, "delete")
        await store.transaction([gone])

        async def told(*patients: str, type: str = "Observation") -> list[tuple[str, int]]:
            sees = Visibility((Clause("Observation", "rs", frozenset(patients)),)) if patients else EVERYTHING
            found = await store.history(SPACE, type, None, sees, count=10)
            return [(one.id, one.version_id) for one, _ in found.entries]

        assert await told("a") == [("o1", 2), ("o1", 1)]
        assert await told("b") == [("o2", 2), ("o2", 1)]
        assert await told("a", "b") == [("o2", 2), ("o1", 2), ("o2", 1), ("o1", 1)]
        assert await told("none") == []
        assert await told("a", type="Patient") == []
        assert len(await told()) == 5
        for patients in ((), ("a",), ("a", "b"), ("none",)):
            sees = Visibility((Clause("Observation", "rs", frozenset(patients)),)) if patients else EVERYTHING
            counted = await store.history(SPACE, "Observation", None, sees, count=0)
            assert counted == Versions([], None, len(await told(*patients)))

    async def test_a_history_of_no_entries_counts_what_it_would_tell(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(history, "COUNTED", 2)
        await store.transaction([observation("o", "a", at=1000), observation("n", "b", at=2000)])
        for version in range(2, 7):
            category = "laboratory" if version % 2 else "vital-signs"
            step = observation("o", "a", version_id=version, at=version * 1000, category=category, interaction="update")
            await store.transaction([step])
        coded = (Granular("category", (("http://category", "laboratory"),)),)
        more: dict[str, Any]
        for sees in (
            EVERYTHING,
            Visibility((Clause("Observation", "rs", None),)),
            Visibility((Clause("Observation", "rs", None, coded),)),
            Visibility((Clause("Observation", "rs", frozenset({"b"})),)),
            Visibility(()),
        ):
            for type, id in ((None, None), ("Observation", None), ("Observation", "o"), ("Observation", "x")):
                for more in ({}, {"since": 3000}, {"at": (2500, 3001)}):
                    told = await store.history(SPACE, type, id, sees, count=100, **more)
                    counted = await store.history(SPACE, type, id, sees, count=0, **more)
                    assert counted == Versions([], None, len(told.entries))
        assert (await store.history(SPACE, None, None, EVERYTHING, count=0)).total == 7

    async def test_an_update_that_made_what_was_not_there_is_told_as_such(self, store: Store) -> None:
        await store.transaction([patient("a", interaction="update-create"), patient("b")])
        await store.transaction([Save(SPACE, "Patient", "a", 2, b"", IndexEntries(), 9000, "delete")])
        await store.transaction([patient("a", version_id=3, interaction="update-create")])
        found = await store.history(SPACE, "Patient", "a", EVERYTHING, count=10)
        assert [interaction for _, interaction in found.entries] == ["update-create", "delete", "update-create"]
        stored = await store.read(SPACE, "Patient", "a", EVERYTHING)
        assert stored is not None
        assert (stored.version_id, stored.deleted) == (3, False)
