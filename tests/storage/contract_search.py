"""The contract for searching that every store must meet. One file per engine runs it and defines the fixture `store`."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from tests.storage.contract import ids
from tests.storage.making import SPACE, make_save, number, observation, of_patients, parameter, patient, query_for, where

from sickbay.fhir.search.index_entries import IndexEntries
from sickbay.fhir.search.query import DateValue, Filter, Include, Prefix, Query, ReferenceValue, Sort, StringValue, TokenValue
from sickbay.fhir.visibility import EVERYTHING, Clause, Granular, Visibility
from sickbay.storage.answers import BadCursor
from sickbay.storage.interface import Clear, ResourceSpace, Save, Store
from sickbay.storage.query import search as searching


@pytest.mark.anyio
class SearchContract:
    async def test_a_patients_resources_are_newest_first_and_undated_ones_last(self, store: Store) -> None:
        await store.transaction([observation(f"o{n}", "p", date=date) for n, date in enumerate((2, None, 9, -4, 9))])
        query = query_for("Observation", where("Observation", "patient", ReferenceValue("Patient", "p")))
        for visibility in (EVERYTHING, of_patients("p")):
            page = await store.search(SPACE, query, visibility)
            assert ids(page) == ["o2", "o4", "o0", "o3", "o1"]
            assert (page.next, page.total) == (None, 5)

    async def test_a_patients_resources_with_a_code_are_newest_first_on_every_page(self, store: Store) -> None:
        steps = [observation(f"v{n}", "p", date=n) for n in range(5)]
        steps += [observation("lab", "p", date=9, category="laboratory"), observation("other", "q", date=9)]
        steps += [observation("apart", "p", date=7, member=False)]
        await store.transaction(steps)
        of = where("Observation", "patient", ReferenceValue("Patient", "p"))
        query = query_for("Observation", of, where("Observation", "category", TokenValue("http://category", "vital-signs")))
        for visibility, expected in (
            (EVERYTHING, ["apart", "v4", "v3", "v2", "v1", "v0"]),
            (of_patients("p"), ["v4", "v3", "v2", "v1", "v0"]),
        ):
            found_ids, cursor = [], None
            for _ in range(3):
                page = await store.search(SPACE, replace(query, count=2, cursor=cursor), visibility)
                found_ids += ids(page)
                assert page.total == len(expected)
                cursor = page.next
            assert (found_ids, cursor) == (expected, None)

    async def test_a_date_search_finds_whole_days_and_parts_in_the_order_of_writing(self, store: Store) -> None:
        day, hour = 86_400_000, 3_600_000

        def save_dated(id: str, low: int, high: int) -> Save:
            facts = IndexEntries(dates=((number("Observation", "date"), low, high),))
            return make_save("Observation", id, facts)

        async def find() -> list[str]:
            query = query_for("Observation", where("Observation", "date", DateValue("eq", day, 2 * day)), count=2)
            pages, found_ids = [await store.search(SPACE, query, EVERYTHING)], list[str]()
            while pages[-1].next is not None:
                pages.append(await store.search(SPACE, replace(query, cursor=pages[-1].next), EVERYTHING))
            for page in pages:
                found_ids += ids(page)
                assert page.total == sum(len(page_.matches) for page_ in pages)
            return found_ids

        whole = [save_dated(f"whole{n}", day, 2 * day) for n in range(3)]
        await store.transaction(
            [save_dated("before", 0, day), save_dated("longer", day, 3 * day), save_dated("after", 2 * day, 3 * day), *whole]
        )
        assert await find() == ["whole0", "whole1", "whole2"]
        await store.transaction([save_dated("late", 2 * day - 1, 2 * day)])
        assert await find() == ["whole0", "whole1", "whole2", "late"]
        await store.transaction([make_save("Observation", "late", version_id=2, body=b"", interaction="delete")])
        await store.transaction([save_dated("early", day, day + hour), save_dated("whole3", day, 2 * day)])
        assert await find() == ["whole0", "whole1", "whole2", "early", "whole3"]

    @pytest.mark.parametrize("prefix", ["gt", "ge", "lt", "le"])
    async def test_a_page_of_a_wide_range_starts_with_the_first_of_the_type(
        self, store: Store, monkeypatch: pytest.MonkeyPatch, prefix: Prefix
    ) -> None:
        day, high = 86_400_000, prefix in ("gt", "ge")
        await store.transaction(
            [observation(f"o{n}", "p" if n % 3 else "q", date=n % 2 * 9 if high else 9 - n % 2 * 9) for n in range(24)]
        )
        query = query_for("Observation", where("Observation", "date", DateValue(prefix, 5 * day, 6 * day)), count=2)
        monkeypatch.setattr(searching, "WIDE", 5)
        monkeypatch.setattr(searching, "NEAR", 8)
        for visibility, expected in (
            (EVERYTHING, [f"o{n}" for n in range(1, 24, 2)]),
            (of_patients("q"), [f"o{n}" for n in range(3, 24, 6)]),
            (of_patients("p", "q"), [f"o{n}" for n in range(1, 24, 2)]),
        ):
            found_ids, cursor, first = list[str](), None, True
            while first or cursor is not None:
                page = await store.search(SPACE, replace(query, cursor=cursor), visibility)
                assert (len(ids(page)), page.total) == (2, len(expected))
                found_ids, cursor, first = found_ids + ids(page), page.next, False
            assert found_ids == expected

    async def test_a_wide_range_is_not_sorted(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        await store.transaction([observation(f"o{n}", "p", date=n) for n in range(9)])
        monkeypatch.setattr(searching, "WIDE", 5)
        monkeypatch.setattr(searching, "NEAR", 8)
        monkeypatch.delattr(searching, "_render_sort")
        day = where("Observation", "date", DateValue("ge", 86_400_000, 2 * 86_400_000))
        assert ids(await store.search(SPACE, query_for("Observation", day, count=3), EVERYTHING)) == ["o1", "o2", "o3"]
        with pytest.raises(NameError):
            await store.search(SPACE, query_for("Observation", day, count=8), EVERYTHING)

    async def test_a_chain_to_many_resources_is_not_sorted(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        await store.transaction([patient(f"p{n}", gender="male" if n == 2 else "female") for n in range(9)])
        await store.transaction([observation(f"o{n}", f"p{n}") for n in range(9)])
        monkeypatch.setattr(searching, "WIDE", 5)
        monkeypatch.setattr(searching, "NEAR", 8)
        monkeypatch.delattr(searching, "_render_sort")
        gender = where("Patient", "gender", TokenValue(None, "female"))
        query = query_for("Observation", Filter(parameter("Observation", "subject"), (), chain=("Patient", gender)), count=3)
        assert ids(await store.search(SPACE, query, EVERYTHING)) == ["o0", "o1", "o3"]
        hidden = Visibility((Clause("Observation", "s", None), Clause("Patient", "s", frozenset({"p1"}))))
        with pytest.raises(NameError):
            await store.search(SPACE, query, hidden)

    async def test_a_code_that_was_removed_is_no_longer_found(self, store: Store) -> None:
        await store.transaction([observation("changed", "p"), observation("gone", "p"), observation("moved", "p")])
        await store.transaction(
            [
                observation("changed", "p", category="laboratory", version_id=2),
                observation("moved", "q", version_id=2),
                make_save("Observation", "gone", version_id=2, body=b"", interaction="delete"),
            ]
        )
        for patient_, category, expected in (
            ("p", "vital-signs", []),
            ("p", "laboratory", ["changed"]),
            ("q", "vital-signs", ["moved"]),
        ):
            of = where("Observation", "patient", ReferenceValue("Patient", patient_))
            by = where("Observation", "category", TokenValue(None, category))
            assert ids(await store.search(SPACE, query_for("Observation", of, by), EVERYTHING)) == expected

    async def test_cached_lookups_are_repeated_after_a_write(self, store: Store) -> None:
        of = where("Observation", "patient", ReferenceValue("Patient", "p"))
        by = where("Observation", "category", TokenValue(None, "vital-signs"))
        query = query_for("Observation", of, by)
        assert ids(await store.search(SPACE, query, EVERYTHING)) == []
        await store.transaction([observation("o1", "p")])
        assert ids(await store.search(SPACE, query, EVERYTHING)) == ["o1"]
        await store.transaction([Clear("resources", "general")])
        await store.transaction([observation("o2", "p")])
        assert ids(await store.search(SPACE, query, EVERYTHING)) == ["o2"]

    async def test_pages_are_consecutive_and_have_the_same_total(self, store: Store) -> None:
        await store.transaction([observation(f"o{n:02}", "p", date=n) for n in range(25)])
        for query in (query_for("Observation", count=10), query_for("Observation", count=10, sort=(Sort("date", True),))):
            for visibility in (EVERYTHING, of_patients("p")):
                found_ids, cursor, totals = [], None, []
                for _ in range(3):
                    page = await store.search(SPACE, _at(query, cursor), visibility)
                    found_ids += ids(page)
                    totals.append(page.total)
                    cursor = page.next
                assert cursor is None
                assert sorted(found_ids) == [f"o{n:02}" for n in range(25)]
                assert totals == [25, 25, 25]

    async def test_a_modified_cursor_or_one_of_another_query_is_refused(self, store: Store) -> None:
        await store.transaction([patient(f"p{n}") for n in range(5)])
        page = await store.search(SPACE, query_for("Patient", count=2), EVERYTHING)
        assert page.next is not None
        other = query_for("Patient", where("Patient", "gender", TokenValue(None, "female")), cursor=page.next)
        with pytest.raises(BadCursor):
            await store.search(SPACE, other, EVERYTHING)
        for cursor in ("", "x", "ä", page.next[:-2] + "AA", "A" + page.next[1:], page.next + "A"):
            if cursor != page.next:
                with pytest.raises(BadCursor):
                    await store.search(SPACE, query_for("Patient", cursor=cursor), EVERYTHING)

    async def test_a_cursor_of_another_tenant_is_refused(self, store: Store) -> None:
        other = ResourceSpace("cerner", "r4")
        await store.transaction([patient(f"p{n}", space=space) for n in range(5) for space in (SPACE, other)])
        page = await store.search(SPACE, query_for("Patient", count=2), EVERYTHING)
        with pytest.raises(BadCursor):
            await store.search(other, query_for("Patient", count=2, cursor=page.next), EVERYTHING)

    async def test_totals_are_exact_on_request_and_otherwise_omitted_beyond_a_thousand(self, store: Store) -> None:
        await store.transaction([patient(f"p{n}") for n in range(1005)])
        assert (await store.search(SPACE, query_for("Patient"), EVERYTHING)).total is None
        assert (await store.search(SPACE, query_for("Patient", total="accurate"), EVERYTHING)).total == 1005
        assert (await store.search(SPACE, query_for("Patient", total="none"), EVERYTHING)).total is None
        assert await store.count(SPACE, query_for("Patient"), EVERYTHING) == 1005
        narrowed = query_for("Patient", where("Patient", "gender", TokenValue(None, "female")))
        assert await store.count(SPACE, narrowed, EVERYTHING) == 1005

    async def test_the_patient_is_included_if_visible(self, store: Store) -> None:
        await store.transaction([patient("p"), patient("q"), observation("o", "p"), observation("n", "q")])
        query = query_for("Observation", includes=(Include("Observation", "patient"),))
        page = await store.search(SPACE, query, EVERYTHING)
        assert {(resource.type, resource.id) for resource in page.included} == {("Patient", "p"), ("Patient", "q")}
        page = await store.search(SPACE, query, of_patients("p"))
        assert [resource.id for resource in page.included] == ["p"]
        page = await store.search(SPACE, query, of_patients("p", type="Observation"))
        assert (ids(page), page.included) == (["o"], [])

    @pytest.mark.parametrize("parameter", ["patient", "*"])
    async def test_revinclude_adds_resources_that_refer_to_a_match(self, store: Store, parameter: str) -> None:
        await store.transaction([patient("p"), patient("q"), observation("o", "p"), observation("n", "q")])
        query = query_for("Patient", ids=("p",), includes=(Include("Observation", parameter, reverse=True),))
        page = await store.search(SPACE, query, EVERYTHING)
        assert (ids(page), [resource.id for resource in page.included]) == (["p"], ["o"])
        assert (await store.search(SPACE, query, of_patients("p", type="Patient"))).included == []

    async def test_a_granular_scope_shows_only_its_codes(self, store: Store) -> None:
        await store.transaction([observation("v", "p"), observation("l", "p", category="laboratory"), observation("x", "q")])
        for system in (None, "http://category"):
            filters = (Granular("category", ((system, "vital-signs"),)),)
            visibility = Visibility((Clause("Observation", "rs", frozenset({"p"}), filters),))
            assert ids(await store.search(SPACE, query_for("Observation"), visibility)) == ["v"]
            assert await store.read(SPACE, "Observation", "v", visibility) is not None
            assert await store.read(SPACE, "Observation", "l", visibility) is None
            assert await store.count(SPACE, query_for("Observation"), visibility) == 1
        wrong = Visibility((Clause("Observation", "rs", None, (Granular("category", (("http://x", "vital-signs"),)),)),))
        assert ids(await store.search(SPACE, query_for("Observation"), wrong)) == []

    async def test_the_reference_parameter_matters_even_if_the_whole_range_uses_it(self, store: Store) -> None:
        """All resources refer by `patient`; then another one refers by `performer`, and is deleted again."""
        other = IndexEntries(
            patients=("p", "q"),
            clinical_date=0,
            references=(
                (number("Observation", "patient"), "Patient", "q"),
                (number("Observation", "performer"), "Patient", "p"),
            ),
        )
        by = {
            code: query_for("Observation", where("Observation", code, ReferenceValue("Patient", "p")))
            for code in ("patient", "performer")
        }
        await store.transaction([observation(f"o{n}", "p") for n in range(3)])
        for visibility in (EVERYTHING, of_patients("p")):
            assert ids(await store.search(SPACE, by["patient"], visibility)) == ["o0", "o1", "o2"]
            assert ids(await store.search(SPACE, by["performer"], visibility)) == []
        await store.transaction([make_save("Observation", "by", other)])
        for visibility in (EVERYTHING, of_patients("p")):
            assert ids(await store.search(SPACE, by["patient"], visibility)) == ["o0", "o1", "o2"]
            assert ids(await store.search(SPACE, by["performer"], visibility)) == ["by"]
        await store.transaction([make_save("Observation", "by", version_id=2, body=b"", interaction="delete")])
        for visibility in (EVERYTHING, of_patients("p")):
            assert ids(await store.search(SPACE, by["patient"], visibility)) == ["o0", "o1", "o2"]
            assert ids(await store.search(SPACE, by["performer"], visibility)) == []

    async def test_a_reference_from_outside_the_compartment_is_found_but_not_visible_to_the_patient(self, store: Store) -> None:
        await store.transaction([observation("in", "p"), observation("out", "p", member=False)])
        query = query_for("Observation", where("Observation", "patient", ReferenceValue("Patient", "p")))
        assert set(ids(await store.search(SPACE, query, EVERYTHING))) == {"in", "out"}
        assert ids(await store.search(SPACE, query, of_patients("p"))) == ["in"]

    async def test_a_chain_follows_references_to_visible_resources(self, store: Store) -> None:
        await store.transaction([patient("p", names=("peters",)), patient("q", names=("miller",))])
        await store.transaction([observation("o", "p"), observation("n", "q")])
        name = where("Patient", "name", StringValue("pet", "Pet"))
        chained = Filter(parameter("Observation", "subject"), (), chain=("Patient", name))
        assert ids(await store.search(SPACE, query_for("Observation", chained), EVERYTHING)) == ["o"]
        assert ids(await store.search(SPACE, query_for("Observation", chained), of_patients("p", "q"))) == ["o"]
        hidden = Visibility((Clause("Observation", "s", None), Clause("Patient", "s", frozenset({"q"}))))
        assert ids(await store.search(SPACE, query_for("Observation", chained), hidden)) == []

    async def test_a_chain_to_several_types_follows_each_to_visible_resources(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await store.transaction([patient("p", names=("peters",)), patient("q", names=("miller",))])
        await store.transaction([observation("o", "p"), observation("n", "q"), observation("m", "x")])
        by = parameter("Observation", "subject")
        there = where("Location", "_id", TokenValue(None, "x"))

        def anyone(inner: Filter) -> Query:
            chains = (Filter(by, (), chain=("Location", there)), Filter(by, (), chain=("Patient", inner)))
            return query_for("Observation", Filter(by, (), either=chains), total="accurate")

        # This starts at the far end if an index leads there or fewer resources are there, and otherwise at each match.
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

    async def test_slow_searches_return_results_too(self, store: Store) -> None:
        await store.transaction([observation(f"o{n}", f"p{n % 7}", date=n % 50) for n in range(6000)])
        query = query_for("Observation", sort=(Sort("date", True),), count=3, total="accurate")
        page = await store.search(SPACE, query, EVERYTHING)
        assert page.total == 6000
        assert len(page.matches) == 3
        assert await store.count(SPACE, query_for("Observation", without_absent_code()), EVERYTHING) == 6000


def without_absent_code() -> Filter:
    return where("Observation", "code", TokenValue(None, "absent"), modifier="not")


def _at(query: Query, cursor: str | None) -> Query:
    return replace(query, cursor=cursor)
