"""What every store must find; a file per engine runs it: it defines the fixture `store`."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from tests.storage.contract import ids
from tests.storage.making import SPACE, asked, number, observation, of_patients, parameter, patient, saved, where

from sickbay.fhir.search.index_entries import IndexEntries
from sickbay.fhir.search.query import DateValue, Filter, Include, Prefix, Query, ReferenceValue, Sort, StringValue, TokenValue
from sickbay.fhir.visibility import EVERYTHING, Clause, Granular, Visibility
from sickbay.storage.interface import BadCursor, Clear, ResourceSpace, Save, Store
from sickbay.storage.query import search as searching


@pytest.mark.anyio
class SearchContract:
    async def test_a_patients_list_is_newest_first_and_the_undated_last(self, store: Store) -> None:
        await store.transaction([observation(f"o{n}", "p", date=date) for n, date in enumerate((2, None, 9, -4, 9))])
        query = asked("Observation", where("Observation", "patient", ReferenceValue("Patient", "p")))
        for seen in (EVERYTHING, of_patients("p")):
            page = await store.search(SPACE, query, seen)
            assert ids(page) == ["o2", "o4", "o0", "o3", "o1"]
            assert (page.next, page.total) == (None, 5)

    async def test_a_patients_codes_are_found_newest_first_on_every_page(self, store: Store) -> None:
        steps = [observation(f"v{n}", "p", date=n) for n in range(5)]
        steps += [observation("lab", "p", date=9, category="laboratory"), observation("other", "q", date=9)]
        steps += [observation("apart", "p", date=7, member=False)]
        await store.transaction(steps)
        of = where("Observation", "patient", ReferenceValue("Patient", "p"))
        query = asked("Observation", of, where("Observation", "category", TokenValue("http://category", "vital-signs")))
        for seen, expected in (
            (EVERYTHING, ["apart", "v4", "v3", "v2", "v1", "v0"]),
            (of_patients("p"), ["v4", "v3", "v2", "v1", "v0"]),
        ):
            found, cursor = [], None
            for _ in range(3):
                page = await store.search(SPACE, replace(query, count=2, cursor=cursor), seen)
                found += ids(page)
                assert page.total == len(expected)
                cursor = page.next
            assert (found, cursor) == (expected, None)

    async def test_a_day_is_found_whole_and_by_its_parts_in_the_order_of_writing(self, store: Store) -> None:
        day, hour = 86_400_000, 3_600_000

        def dated(id: str, low: int, high: int) -> Save:
            facts = IndexEntries(dates=((number("Observation", "date"), low, high),))
            return saved("Observation", id, facts)

        async def found() -> list[str]:
            query = asked("Observation", where("Observation", "date", DateValue("eq", day, 2 * day)), count=2)
            each, pages = [await store.search(SPACE, query, EVERYTHING)], list[str]()
            while each[-1].next is not None:
                each.append(await store.search(SPACE, replace(query, cursor=each[-1].next), EVERYTHING))
            for page in each:
                pages += ids(page)
                assert page.total == sum(len(one.matches) for one in each)
            return pages

        whole = [dated(f"whole{n}", day, 2 * day) for n in range(3)]
        await store.transaction(
            [dated("before", 0, day), dated("longer", day, 3 * day), dated("after", 2 * day, 3 * day), *whole]
        )
        assert await found() == ["whole0", "whole1", "whole2"]
        await store.transaction([dated("late", 2 * day - 1, 2 * day)])
        assert await found() == ["whole0", "whole1", "whole2", "late"]
        await store.transaction([saved("Observation", "late", version_id=2, body=b"", interaction="delete")])
        await store.transaction([dated("early", day, day + hour), dated("whole3", day, 2 * day)])
        assert await found() == ["whole0", "whole1", "whole2", "early", "whole3"]

    @pytest.mark.parametrize("prefix", ["gt", "ge", "lt", "le"])
    async def test_of_a_wide_range_a_page_is_the_first_of_the_type(
        self, store: Store, monkeypatch: pytest.MonkeyPatch, prefix: Prefix
    ) -> None:
        day, high = 86_400_000, prefix in ("gt", "ge")
        await store.transaction(
            [observation(f"o{n}", "p" if n % 3 else "q", date=n % 2 * 9 if high else 9 - n % 2 * 9) for n in range(24)]
        )
        query = asked("Observation", where("Observation", "date", DateValue(prefix, 5 * day, 6 * day)), count=2)
        monkeypatch.setattr(searching, "WIDE", 5)
        monkeypatch.setattr(searching, "NEAR", 8)
        for seen, expected in (
            (EVERYTHING, [f"o{n}" for n in range(1, 24, 2)]),
            (of_patients("q"), [f"o{n}" for n in range(3, 24, 6)]),
            (of_patients("p", "q"), [f"o{n}" for n in range(1, 24, 2)]),
        ):
            found, cursor, first = list[str](), None, True
            while first or cursor is not None:
                page = await store.search(SPACE, replace(query, cursor=cursor), seen)
                assert (len(ids(page)), page.total) == (2, len(expected))
                found, cursor, first = found + ids(page), page.next, False
            assert found == expected

    async def test_a_wide_range_is_not_sorted(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        await store.transaction([observation(f"o{n}", "p", date=n) for n in range(9)])
        monkeypatch.setattr(searching, "WIDE", 5)
        monkeypatch.delattr(searching, "_sorted")
        day = where("Observation", "date", DateValue("ge", 86_400_000, 2 * 86_400_000))
        assert ids(await store.search(SPACE, asked("Observation", day, count=3), EVERYTHING)) == ["o1", "o2", "o3"]
        with pytest.raises(NameError):
            await store.search(SPACE, asked("Observation", day, count=8), EVERYTHING)

    async def test_what_many_lead_to_is_not_sorted(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        await store.transaction([patient(f"p{n}", gender="male" if n == 2 else "female") for n in range(9)])
        await store.transaction([observation(f"o{n}", f"p{n}") for n in range(9)])
        monkeypatch.setattr(searching, "WIDE", 5)
        monkeypatch.delattr(searching, "_sorted")
        gender = where("Patient", "gender", TokenValue(None, "female"))
        query = asked("Observation", Filter(parameter("Observation", "subject"), (), chain=("Patient", gender)), count=3)
        assert ids(await store.search(SPACE, query, EVERYTHING)) == ["o0", "o1", "o3"]
        hidden = Visibility((Clause("Observation", "s", None), Clause("Patient", "s", frozenset({"p1"}))))
        with pytest.raises(NameError):
            await store.search(SPACE, query, hidden)

    async def test_a_code_that_is_no_longer_said_is_no_longer_found(self, store: Store) -> None:
        await store.transaction([observation("changed", "p"), observation("gone", "p"), observation("moved", "p")])
        await store.transaction(
            [
                observation("changed", "p", category="laboratory", version_id=2),
                observation("moved", "q", version_id=2),
                saved("Observation", "gone", version_id=2, body=b"", interaction="delete"),
            ]
        )
        for patient_, category, expected in (
            ("p", "vital-signs", []),
            ("p", "laboratory", ["changed"]),
            ("q", "vital-signs", ["moved"]),
        ):
            of = where("Observation", "patient", ReferenceValue("Patient", patient_))
            by = where("Observation", "category", TokenValue(None, category))
            assert ids(await store.search(SPACE, asked("Observation", of, by), EVERYTHING)) == expected

    async def test_what_was_looked_up_is_looked_up_again_once_anything_was_written(self, store: Store) -> None:
        of = where("Observation", "patient", ReferenceValue("Patient", "p"))
        by = where("Observation", "category", TokenValue(None, "vital-signs"))
        query = asked("Observation", of, by)
        assert ids(await store.search(SPACE, query, EVERYTHING)) == []
        await store.transaction([observation("o1", "p")])
        assert ids(await store.search(SPACE, query, EVERYTHING)) == ["o1"]
        await store.transaction([Clear("resources", "general")])
        await store.transaction([observation("o2", "p")])
        assert ids(await store.search(SPACE, query, EVERYTHING)) == ["o2"]

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
        other = ResourceSpace("cerner", "r4")
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
        await store.transaction([observation("v", "p"), observation("l", "p", category="laboratory"), observation("x", "q")])
        for system in (None, "http://category"):
            filters = (Granular("category", ((system, "vital-signs"),)),)
            seen = Visibility((Clause("Observation", "rs", frozenset({"p"}), filters),))
            assert ids(await store.search(SPACE, asked("Observation"), seen)) == ["v"]
            assert await store.read(SPACE, "Observation", "v", seen) is not None
            assert await store.read(SPACE, "Observation", "l", seen) is None
            assert await store.count(SPACE, asked("Observation"), seen) == 1
        wrong = Visibility((Clause("Observation", "rs", None, (Granular("category", (("http://x", "vital-signs"),)),)),))
        assert ids(await store.search(SPACE, asked("Observation"), wrong)) == []

    async def test_by_which_parameter_a_patient_is_referred_to_counts_also_where_the_whole_range_does_so(
        self, store: Store
    ) -> None:
        """A range that refers by `patient` alone, then one more that refers by `performer`, and is deleted again."""
        other = IndexEntries(
            patients=("p", "q"),
            clinical_date=0,
            references=(
                (number("Observation", "patient"), "Patient", "q"),
                (number("Observation", "performer"), "Patient", "p"),
            ),
        )
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

    async def test_a_chain_to_several_types_follows_each_to_what_is_visible(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await store.transaction([patient("p", names=("peters",)), patient("q", names=("miller",))])
        await store.transaction([observation("o", "p"), observation("n", "q"), observation("m", "x")])
        by = parameter("Observation", "subject")
        there = where("Location", "_id", TokenValue(None, "x"))

        def anyone(inner: Filter) -> Query:
            each = (Filter(by, (), chain=("Location", there)), Filter(by, (), chain=("Patient", inner)))
            return asked("Observation", Filter(by, (), either=each), total="accurate")

        # From the far end, where an index leads there or fewer are there; from each match otherwise.
        for inner in (
            where("Patient", "name", StringValue("pet", "Pet")),
            where("Patient", "name", StringValue("mil", "Mil"), modifier="not"),
        ):
            query = anyone(inner)
            page = await store.search(SPACE, query, EVERYTHING)
            assert (ids(page), page.total, await store.count(SPACE, query, EVERYTHING)) == (["o"], 1, 1)
            assert ids(await store.search(SPACE, query, of_patients("p", "q"))) == ["o"]
            hidden = Visibility((Clause("Observation", "s", None), Clause("Patient", "s", frozenset({"q"}))))
            assert ids(await store.search(SPACE, query, hidden)) == []
            blind = Visibility((Clause("Observation", "s", None), Clause("Location", "s", None)))
            assert ids(await store.search(SPACE, query, blind)) == []

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
