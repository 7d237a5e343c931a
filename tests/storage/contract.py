"""What every store must do; a file per engine runs it: it defines the fixture `store`."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from tests.storage.making import SPACE, asked, number, observation, of_patients, parameter, patient, saved, where

from sickbay.fhir.facts import ResourceFacts
from sickbay.fhir.query import Filter, Include, Query, ReferenceValue, Sort, StringValue, TokenValue
from sickbay.fhir.visibility import EVERYTHING, NOTHING, Clause, Granular, Visibility
from sickbay.storage.store import (
    BadCursor,
    Clear,
    Conflict,
    Delete,
    DeleteFamily,
    Page,
    Put,
    Record,
    Save,
    Space,
    Store,
    UseOnce,
)

CODE = Record("code", "k", b'{"a":1}', "general", "client", "family", "token", at=10, expires_at=70)


def ids(page: Page) -> list[str]:
    return [one.id for one in page.matches]


@pytest.mark.anyio
class RecordsContract:
    async def test_a_record_comes_back_as_it_was_put(self, store: Store) -> None:
        await store.transaction([Put(CODE)])
        assert await store.get("code", "k") == Record(
            "code", "k", b'{"a":1}', "general", "client", "family", "token", 10, 70, None, 1
        )
        assert await store.get("launch", "k") is None

    async def test_each_put_counts_as_a_revision(self, store: Store) -> None:
        await store.transaction([Put(CODE), Put(CODE)])
        found = await store.get("code", "k")
        assert found is not None
        assert found.revision == 2

    async def test_a_put_on_condition_of_absence_conflicts_with_what_is_there(self, store: Store) -> None:
        await store.transaction([Put(CODE, if_revision=0)])
        with pytest.raises(Conflict):
            await store.transaction([Put(CODE, if_revision=0)])

    @pytest.mark.parametrize(("there", "asked"), [(0, 1), (1, 2), (2, 1)])
    async def test_a_put_on_condition_of_a_revision_conflicts_with_another(
        self, store: Store, there: int, asked: int
    ) -> None:
        await store.transaction([Put(CODE)] * there)
        with pytest.raises(Conflict):
            await store.transaction([Put(CODE, if_revision=asked)])

    async def test_a_put_on_condition_of_the_revision_there_succeeds(self, store: Store) -> None:
        await store.transaction([Put(CODE)])
        await store.transaction([Put(CODE, if_revision=1)])
        found = await store.get("code", "k")
        assert found is not None
        assert found.revision == 2

    async def test_of_many_who_use_a_code_at_once_one_succeeds(self, store: Store) -> None:
        await store.transaction([Put(CODE)])
        tries = [store.transaction([UseOnce("code", "k", now)]) for now in range(20, 40)]
        outcomes = await asyncio.gather(*tries, return_exceptions=True)
        assert sum(one is None for one in outcomes) == 1
        assert sum(isinstance(one, Conflict) for one in outcomes) == 19

    async def test_what_is_absent_cannot_be_used(self, store: Store) -> None:
        with pytest.raises(Conflict) as raised:
            await store.transaction([UseOnce("code", "k", 1)])
        assert raised.value.step == UseOnce("code", "k", 1)

    async def test_a_conflict_undoes_every_step_of_its_transaction(self, store: Store) -> None:
        other = Record("token", "t", b"{}")
        with pytest.raises(Conflict):
            await store.transaction([Put(other), saved_patient(), UseOnce("code", "absent", 1)])
        assert await store.get("token", "t") is None
        assert await store.read(SPACE, "Patient", "p", EVERYTHING) is None

    async def test_a_conflict_leaves_its_neighbours_alone(self, store: Store) -> None:
        good = [store.transaction([Put(Record("token", str(n), b"{}"))]) for n in range(5)]
        bad = store.transaction([Put(Record("token", "bad", b"{}")), UseOnce("code", "absent", 1)])
        await asyncio.gather(*good, bad, return_exceptions=True)
        assert {one.key for one in await store.find("token")} == {"0", "1", "2", "3", "4"}

    async def test_find_gives_the_newest_first_and_only_what_is_asked(self, store: Store) -> None:
        records = [
            Record("token", "a", b"{}", "general", "one", "f1", at=1),
            Record("token", "b", b"{}", "general", "one", "f2", "refresh", at=3),
            Record("token", "c", b"{}", "cerner", "two", "f1", at=2),
            Record("code", "d", b"{}", "general", "one", "f1", at=9),
        ]
        await store.transaction([Put(one) for one in records])

        async def keys(**asked: str) -> list[str]:
            return [one.key for one in await store.find("token", **asked)]  # type: ignore[arg-type]

        assert await keys() == ["b", "c", "a"]
        assert await keys(tenant="general") == ["b", "a"]
        assert await keys(owner="two") == ["c"]
        assert await keys(family="f1") == ["c", "a"]
        assert await keys(label="refresh") == ["b"]
        assert await keys(owner="") == []
        assert [one.key for one in await store.find("token", limit=1)] == ["b"]

    async def test_revocation_takes_the_named_kinds_of_one_family(self, store: Store) -> None:
        records = [Record("token", "a", b"{}", family="f"), Record("code", "b", b"{}", family="f")]
        await store.transaction([Put(one) for one in [*records, Record("token", "c", b"{}", family="g")]])
        await store.transaction([DeleteFamily("f", ("token", "family"))])
        assert await store.get("token", "a") is None
        assert await store.get("code", "b") is not None
        assert await store.get("token", "c") is not None

    async def test_delete_and_clear(self, store: Store) -> None:
        records = [Record("app", key, b"{}", tenant) for key, tenant in (("a", "x"), ("b", "x"), ("c", "y"))]
        await store.transaction([Put(one) for one in records])
        await store.transaction([Delete("app", "a"), Delete("app", "absent")])
        assert {one.key for one in await store.find("app")} == {"b", "c"}
        await store.transaction([Clear("app", "x")])
        assert {one.key for one in await store.find("app")} == {"c"}
        await store.transaction([Clear("app")])
        assert await store.find("app") == []

    async def test_the_expired_is_known_for_a_day_and_then_forgotten(self, store: Store) -> None:
        await store.transaction([Put(CODE), Put(Record("app", "forever", b"{}"))])
        assert await store.purge(70 + 86_400) == 0
        assert await store.get("code", "k") is not None
        assert await store.purge(71 + 86_400) == 1
        assert await store.get("code", "k") is None
        assert await store.get("app", "forever") is not None


def saved_patient(**more: object) -> Save:
    return patient("p", names=("peters", "anna"), **more)


@pytest.mark.anyio
class ResourcesContract:
    async def test_the_bytes_that_were_saved_are_read(self, store: Store) -> None:
        await store.transaction([saved_patient(at=5)])
        found = await store.read(SPACE, "Patient", "p", EVERYTHING)
        assert found == ("Patient", "p", 1, 5, b"Patient/p/1", ("p",), (), False)

    async def test_nothing_is_visible_to_nobody_and_nowhere_else(self, store: Store) -> None:
        await store.transaction([saved_patient()])
        assert await store.read(SPACE, "Patient", "p", NOTHING) is None
        assert await store.read(SPACE, "Patient", "q", EVERYTHING) is None
        assert await store.read(Space("cerner", "r4"), "Patient", "p", EVERYTHING) is None
        assert await store.read(Space("general", "dstu2"), "Patient", "p", EVERYTHING) is None

    async def test_reading_needs_the_letter_r_and_the_compartment(self, store: Store) -> None:
        await store.transaction([patient("p"), patient("q"), observation("o", "p")])
        assert await store.read(SPACE, "Observation", "o", of_patients("p")) is not None
        assert await store.read(SPACE, "Observation", "o", of_patients("q")) is None
        assert await store.read(SPACE, "Observation", "o", of_patients("p", letters="s")) is None
        assert await store.read(SPACE, "Observation", "o", of_patients("p", type="Patient")) is None

    async def test_versions_are_kept(self, store: Store) -> None:
        await store.transaction([saved_patient()])
        await store.transaction([saved_patient(version_id=2, interaction="update", if_version=1)])
        now = await store.read(SPACE, "Patient", "p", EVERYTHING)
        assert now is not None
        assert (now.version_id, now.body) == (2, b"Patient/p/2")
        for version in (1, 2):
            found = await store.version(SPACE, "Patient", "p", version, EVERYTHING)
            assert found is not None
            assert found.body == f"Patient/p/{version}".encode()
        assert await store.version(SPACE, "Patient", "p", 3, EVERYTHING) is None
        assert await store.version(SPACE, "Patient", "p", 1, of_patients("q")) is None

    async def test_an_old_version_is_seen_only_by_who_may_see_both(self, store: Store) -> None:
        await store.transaction([observation("o", "p")])
        await store.transaction([observation("o", "q", version_id=2, interaction="update")])
        assert await store.version(SPACE, "Observation", "o", 1, of_patients("p")) is None
        assert await store.version(SPACE, "Observation", "o", 1, of_patients("q")) is None
        assert await store.version(SPACE, "Observation", "o", 1, of_patients("p", "q")) is not None

    @pytest.mark.parametrize("more", [{"version_id": 1}, {"version_id": 3}, {"version_id": 2, "if_version": 2}])
    async def test_a_version_that_is_not_the_next_conflicts(self, store: Store, more: dict[str, int]) -> None:
        await store.transaction([saved_patient()])
        with pytest.raises(Conflict):
            await store.transaction([saved_patient(interaction="update", **more)])

    async def test_of_many_who_update_at_once_one_succeeds(self, store: Store) -> None:
        await store.transaction([saved_patient()])
        tries = [store.transaction([saved_patient(version_id=2, if_version=1)]) for _ in range(8)]
        outcomes = await asyncio.gather(*tries, return_exceptions=True)
        assert sum(one is None for one in outcomes) == 1

    async def test_the_deleted_is_known_as_deleted_to_who_could_see_it(self, store: Store) -> None:
        await store.transaction([patient("p"), observation("o", "p")])
        await store.transaction([saved("Observation", "o", version_id=2, body=b"", interaction="delete")])
        found = await store.read(SPACE, "Observation", "o", of_patients("p"))
        assert found is not None
        assert (found.deleted, found.body, found.version_id) == (True, b"", 2)
        assert await store.read(SPACE, "Observation", "o", of_patients("q")) is None
        assert ids(await store.search(SPACE, asked("Observation"), EVERYTHING)) == []
        assert ids(await store.search(SPACE, asked("Observation"), of_patients("p"))) == []
        first = await store.version(SPACE, "Observation", "o", 1, of_patients("p"))
        assert first is not None
        assert first.body == b"Observation/o/1"
        with pytest.raises(Conflict):
            await store.transaction([saved("Observation", "o", version_id=3, body=b"", interaction="delete")])
        await store.transaction([observation("o", "p", version_id=3, if_version=0)])
        assert ids(await store.search(SPACE, asked("Observation"), of_patients("p"))) == ["o"]

    async def test_the_history_of_everything_is_newest_first_by_pages_and_by_time(self, store: Store) -> None:
        first = [patient("a", at=1000), patient("b", at=2000), observation("o", "a", at=3000)]
        await store.transaction(first)
        await store.transaction([patient("a", version_id=2, at=4000, interaction="update")])

        async def told(
            visibility: Visibility = EVERYTHING, type: str | None = None, **more: Any
        ) -> list[tuple[str, int]]:
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

    async def test_what_is_only_referred_to_is_absent(self, store: Store) -> None:
        await store.transaction([observation("o", "p")])
        assert await store.read(SPACE, "Patient", "p", EVERYTHING) is None
        assert await store.count(SPACE, asked("Patient"), EVERYTHING) == 0
        assert ids(await store.search(SPACE, asked("Patient"), EVERYTHING)) == []
        await store.transaction([patient("p")])
        assert ids(await store.search(SPACE, asked("Observation"), of_patients("p"))) == ["o"]
        assert await store.count(SPACE, asked("Patient"), EVERYTHING) == 1

    async def test_filled_and_clear(self, store: Store) -> None:
        other = Space("cerner", "r4")
        assert not await store.filled(SPACE)
        await store.transaction([patient("p"), observation("o", "p"), patient("p", space=other)])
        assert await store.filled(SPACE)
        await store.transaction([Clear("resources", "general")])
        assert not await store.filled(SPACE)
        assert await store.filled(other)
        assert await store.count(SPACE, asked("Observation"), EVERYTHING) == 0
        await store.transaction([patient("p")])
        assert ids(await store.search(SPACE, asked("Patient"), EVERYTHING)) == ["p"]

    async def test_filling_happens_once_and_copies_are_whole(self, store: Store) -> None:
        other = Space("epic", "r4")
        everything = [patient("p", names=("peters",)), *(observation(f"o{n}", "p", date=n) for n in range(20))]
        assert await store.fill(SPACE, iter(everything)) == 21
        assert await store.fill(SPACE, iter(everything)) == 0
        await store.transaction([patient("old", space=other)])
        assert await store.copy_space(SPACE, other) == 21
        for query in (asked("Patient", where("Patient", "name", StringValue("pet", "Pet"))), asked("Observation")):
            for seen in (EVERYTHING, of_patients("p")):
                one, two = [await store.search(space, query, seen) for space in (SPACE, other)]
                assert one.matches == two.matches != []
        assert await store.read(other, "Patient", "old", EVERYTHING) is None
        await store.transaction([observation("new", "p", space=other)])
        assert await store.count(other, asked("Observation"), EVERYTHING) == 21
        assert await store.count(SPACE, asked("Observation"), EVERYTHING) == 20


@pytest.mark.anyio
class SearchContract:
    async def test_a_patients_list_is_newest_first_and_the_undated_last(self, store: Store) -> None:
        await store.transaction([observation(f"o{n}", "p", date=date) for n, date in enumerate((2, None, 9, -4, 9))])
        query = asked("Observation", where("Observation", "patient", ReferenceValue("Patient", "p")))
        for seen in (EVERYTHING, of_patients("p")):
            page = await store.search(SPACE, query, seen)
            assert ids(page) == ["o2", "o4", "o0", "o3", "o1"]
            assert (page.next, page.total) == (None, 5)

    async def test_pages_follow_each_other_and_the_total_stays(self, store: Store) -> None:
        await store.transaction([observation(f"o{n:02}", "p", date=n) for n in range(25)])
        for query in (asked("Observation", count=10), asked("Observation", count=10, sort=(Sort("date", True),))):
            for seen in (EVERYTHING, of_patients("p")):
                found, cursor, totals = [], None, []
                for _ in range(3):
                    page = await store.search(SPACE, _at(query, cursor), seen)
                    found += ids(page)
                    totals.append(page.total)
                    cursor = page.next
                assert cursor is None
                assert sorted(found) == [f"o{n:02}" for n in range(25)]
                assert totals == [25, 25, 25]

    async def test_a_cursor_of_another_query_or_a_changed_one_is_refused(self, store: Store) -> None:
        await store.transaction([patient(f"p{n}") for n in range(5)])
        page = await store.search(SPACE, asked("Patient", count=2), EVERYTHING)
        assert page.next is not None
        other = asked("Patient", where("Patient", "gender", TokenValue(None, "female")), cursor=page.next)
        with pytest.raises(BadCursor):
            await store.search(SPACE, other, EVERYTHING)
        for cursor in ("", "x", "ä", page.next[:-2] + "AA", "A" + page.next[1:], page.next + "A"):
            if cursor != page.next:
                with pytest.raises(BadCursor):
                    await store.search(SPACE, asked("Patient", cursor=cursor), EVERYTHING)

    async def test_a_cursor_of_another_tenant_is_refused(self, store: Store) -> None:
        other = Space("cerner", "r4")
        await store.transaction([patient(f"p{n}", space=space) for n in range(5) for space in (SPACE, other)])
        page = await store.search(SPACE, asked("Patient", count=2), EVERYTHING)
        with pytest.raises(BadCursor):
            await store.search(other, asked("Patient", count=2, cursor=page.next), EVERYTHING)

    async def test_totals_are_exact_where_asked_and_left_out_beyond_a_thousand(self, store: Store) -> None:
        await store.fill(SPACE, (patient(f"p{n}") for n in range(1005)))
        assert (await store.search(SPACE, asked("Patient"), EVERYTHING)).total is None
        assert (await store.search(SPACE, asked("Patient", total="accurate"), EVERYTHING)).total == 1005
        assert (await store.search(SPACE, asked("Patient", total="none"), EVERYTHING)).total is None
        assert await store.count(SPACE, asked("Patient"), EVERYTHING) == 1005
        narrowed = asked("Patient", where("Patient", "gender", TokenValue(None, "female")))
        assert await store.count(SPACE, narrowed, EVERYTHING) == 1005

    async def test_the_patient_is_included_where_visible(self, store: Store) -> None:
        await store.transaction([patient("p"), patient("q"), observation("o", "p"), observation("n", "q")])
        query = asked("Observation", includes=(Include("Observation", "patient"),))
        page = await store.search(SPACE, query, EVERYTHING)
        assert {(one.type, one.id) for one in page.included} == {("Patient", "p"), ("Patient", "q")}
        page = await store.search(SPACE, query, of_patients("p"))
        assert [one.id for one in page.included] == ["p"]
        page = await store.search(SPACE, query, of_patients("p", type="Observation"))
        assert (ids(page), page.included) == (["o"], [])

    @pytest.mark.parametrize("parameter", ["patient", "*"])
    async def test_what_refers_to_a_match_is_included_backwards(self, store: Store, parameter: str) -> None:
        await store.transaction([patient("p"), patient("q"), observation("o", "p"), observation("n", "q")])
        query = asked("Patient", ids=("p",), includes=(Include("Observation", parameter, reverse=True),))
        page = await store.search(SPACE, query, EVERYTHING)
        assert (ids(page), [one.id for one in page.included]) == (["p"], ["o"])
        assert (await store.search(SPACE, query, of_patients("p", type="Patient"))).included == []

    async def test_a_granular_scope_shows_only_its_codes(self, store: Store) -> None:
        await store.transaction(
            [observation("v", "p"), observation("l", "p", category="laboratory"), observation("x", "q")]
        )
        for system in (None, "http://category"):
            filters = (Granular("category", ((system, "vital-signs"),)),)
            seen = Visibility((Clause("Observation", "rs", frozenset({"p"}), filters),))
            assert ids(await store.search(SPACE, asked("Observation"), seen)) == ["v"]
            assert await store.read(SPACE, "Observation", "v", seen) is not None
            assert await store.read(SPACE, "Observation", "l", seen) is None
            assert await store.count(SPACE, asked("Observation"), seen) == 1
        wrong = Visibility(
            (Clause("Observation", "rs", None, (Granular("category", (("http://x", "vital-signs"),)),)),)
        )
        assert ids(await store.search(SPACE, asked("Observation"), wrong)) == []

    async def test_by_which_parameter_a_patient_is_referred_to_counts_also_where_the_whole_range_does_so(
        self, store: Store
    ) -> None:
        """A range that refers by `patient` alone, then one more that refers by `performer`, and is deleted again."""
        other = ResourceFacts(
            patients=("p", "q"), clinical_date=0,
            references=(
                (number("Observation", "patient"), "Patient", "q"), (number("Observation", "performer"), "Patient", "p"),
            ),
        )  # fmt: skip
        by = {
            code: asked("Observation", where("Observation", code, ReferenceValue("Patient", "p")))
            for code in ("patient", "performer")
        }
        await store.transaction([observation(f"o{n}", "p") for n in range(3)])
        for seen in (EVERYTHING, of_patients("p")):
            assert ids(await store.search(SPACE, by["patient"], seen)) == ["o0", "o1", "o2"]
            assert ids(await store.search(SPACE, by["performer"], seen)) == []
        await store.transaction([saved("Observation", "by", other)])
        for seen in (EVERYTHING, of_patients("p")):
            assert ids(await store.search(SPACE, by["patient"], seen)) == ["o0", "o1", "o2"]
            assert ids(await store.search(SPACE, by["performer"], seen)) == ["by"]
        await store.transaction([saved("Observation", "by", version_id=2, body=b"", interaction="delete")])
        for seen in (EVERYTHING, of_patients("p")):
            assert ids(await store.search(SPACE, by["patient"], seen)) == ["o0", "o1", "o2"]
            assert ids(await store.search(SPACE, by["performer"], seen)) == []

    async def test_who_refers_to_a_patient_without_being_in_the_compartment_is_found_but_not_shown_to_the_patient(
        self, store: Store
    ) -> None:
        await store.transaction([observation("in", "p"), observation("out", "p", member=False)])
        query = asked("Observation", where("Observation", "patient", ReferenceValue("Patient", "p")))
        assert set(ids(await store.search(SPACE, query, EVERYTHING))) == {"in", "out"}
        assert ids(await store.search(SPACE, query, of_patients("p"))) == ["in"]

    async def test_a_chain_follows_the_reference_to_what_is_visible(self, store: Store) -> None:
        await store.transaction([patient("p", names=("peters",)), patient("q", names=("miller",))])
        await store.transaction([observation("o", "p"), observation("n", "q")])
        name = where("Patient", "name", StringValue("pet", "Pet"))
        chained = Filter(parameter("Observation", "subject"), (), chain=("Patient", name))
        assert ids(await store.search(SPACE, asked("Observation", chained), EVERYTHING)) == ["o"]
        assert ids(await store.search(SPACE, asked("Observation", chained), of_patients("p", "q"))) == ["o"]
        hidden = Visibility((Clause("Observation", "s", None), Clause("Patient", "s", frozenset({"q"}))))
        assert ids(await store.search(SPACE, asked("Observation", chained), hidden)) == []

    async def test_what_takes_long_is_answered_all_the_same(self, store: Store) -> None:
        await store.fill(SPACE, (observation(f"o{n}", f"p{n % 7}", date=n % 50) for n in range(6000)))
        query = asked("Observation", sort=(Sort("date", True),), count=3, total="accurate")
        page = await store.search(SPACE, query, EVERYTHING)
        assert page.total == 6000
        assert len(page.matches) == 3
        assert await store.count(SPACE, asked("Observation", modified()), EVERYTHING) == 6000


def modified() -> Filter:
    return where("Observation", "code", TokenValue(None, "absent"), modifier="not")


def _at(query: Query, cursor: str | None) -> Query:
    return replace(query, cursor=cursor)
