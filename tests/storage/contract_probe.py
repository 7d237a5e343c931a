"""The contract for the questions of an explanation that every store must meet: counts, values and extents of visible data."""

from __future__ import annotations

import pytest
from tests.storage.making import (
    SPACE,
    limit_lists,
    make_save,
    number,
    observation,
    of_patients,
    parameter,
    patient,
    query_for,
    where,
)

from sickbay.fhir.search.index_entries import IndexEntries
from sickbay.fhir.search.query import DateValue, Query, ReferenceValue, TokenValue
from sickbay.fhir.visibility import EVERYTHING, NOTHING, Clause, Granular, Visibility
from sickbay.storage.interface import Store
from sickbay.storage.probe import COUNT_LIMIT, Extent, Occurrence, Probe, TooCostly

DAY = 86_400_000
ROWS = 10_000_000
"""Far more than any of these jobs reads."""
ALL = query_for("Observation")
VITALS = Visibility((Clause("*", "rs", None, (Granular("category", (("http://category", "vital-signs"),)),)),))


def codes(probe: Probe, query: Query = ALL) -> list[Occurrence]:
    return probe.occurrences(query, parameter("Observation", "code")).values


async def fill(store: Store, patients: int, each: int, codes: int = 3) -> list[str]:
    """Store patients with so many observations each, and one of the last patient with a code that no other has."""
    names = [f"p{number}" for number in range(patients)]
    for name in names:
        saves = [observation(f"{name}-{number}", name, code=str(number % codes), date=number) for number in range(each)]
        await store.transaction([patient(name), *saves])
    await store.transaction([observation("rare", names[-1], code="rare", category="laboratory", date=each)])
    return names


@pytest.mark.anyio
class ProbeContract:
    async def test_the_other_codes_of_many_resources_have_every_code_of_the_patients(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        names = await fill(store, 6, 8)
        visibility = of_patients(*names)

        def values(probe: Probe) -> list[set[str]]:
            wanted = (parameter("Observation", code) for code in ("code", "category"))
            return [
                {found.value for found in (*probe.occurrences(ALL, each).values, *probe.other_codes(each))} for each in wanted
            ]

        exact = [{"0", "1", "2", "rare"}, {"vital-signs", "laboratory"}]
        assert await store.probe(SPACE, visibility, values, ROWS) == exact
        limit_lists(monkeypatch, 6)
        assert await store.probe(SPACE, visibility, values, ROWS) == exact
        await store.transaction([patient("q"), observation("hidden", "q", code="hidden")])
        assert await store.probe(SPACE, visibility, values, ROWS) == exact

    async def test_what_a_sample_says_is_never_more_than_what_is_there(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        names = await fill(store, 5, 7)
        visibility, absent = of_patients(*names), where("Observation", "code", TokenValue(None, "absent"))
        exact = {found.value: found.matches for found in await store.probe(SPACE, visibility, codes, ROWS)}
        for size in (4, 5, 10, 20):
            limit_lists(monkeypatch, size)
            sampled = await store.probe(SPACE, visibility, codes, ROWS)
            assert sampled
            assert all(found.matches <= exact[found.value] for found in sampled)
            assert len(await store.probe(SPACE, visibility, lambda probe: probe.bodies(ALL, 3), ROWS)) == 3
            assert await store.probe(SPACE, visibility, lambda probe: probe.has_match(ALL), ROWS)
            with pytest.raises(TooCostly):
                await store.probe(SPACE, visibility, lambda probe: probe.count(ALL), ROWS)
            assert await store.probe(SPACE, visibility, lambda probe: probe.count(query_for("Observation", absent)), ROWS) == 0

    async def test_a_patient_among_many_is_read_apart_from_the_sample(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        names = await fill(store, 5, 7)
        limit_lists(monkeypatch, 10)
        last = query_for("Observation", where("Observation", "patient", ReferenceValue("Patient", names[-1])))
        assert await store.probe(SPACE, of_patients(*names), lambda probe: probe.count(last), ROWS) == 8

    async def test_a_sample_follows_a_scope_with_a_filter(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        names = await fill(store, 4, 5)
        limit_lists(monkeypatch, 12)
        limited = Visibility((Clause("*", "rs", frozenset(names), VITALS.clauses[0].filters),))
        found = await store.probe(SPACE, limited, codes, ROWS)
        assert {occurrence.value for occurrence in found} == {"0", "1", "2"}

    async def test_values_are_counted_among_the_matches_and_the_most_frequent_comes_first(self, store: Store) -> None:
        await store.transaction([observation("a", "p"), observation("b", "q"), observation("c", "p", code="1-8")])
        loinc = "http://loinc.org"
        found = await store.probe(SPACE, EVERYTHING, codes, ROWS)
        assert found == [Occurrence(loinc, "8867-4", 2), Occurrence(loinc, "1-8", 1)]
        assert await store.probe(SPACE, of_patients("q"), codes, ROWS) == [Occurrence(loinc, "8867-4", 1)]

    async def test_an_invisible_record_changes_no_answer(self, store: Store) -> None:
        def every(probe: Probe) -> list[object]:
            when = parameter("Observation", "date")
            return [
                probe.count(ALL),
                codes(probe),
                probe.occurrences(ALL, parameter("Observation", "patient")).values,
                probe.extent(ALL, when, 0),
                probe.systems_of(parameter("Observation", "code"), "8867-4"),
                probe.bodies(ALL, 3),
                probe.texts_near(parameter("Patient", "name"), "pe"),
                probe.count(query_for("Patient")),
            ]

        await store.transaction([patient("p", names=("Peters",)), observation("a", "p", date=5)])
        limits = (of_patients("p"), NOTHING)
        before = [await store.probe(SPACE, limit, every, ROWS) for limit in limits]
        hidden = [patient("q", names=("Peterson",)), observation("b", "q", date=9), observation("c", "q", code="9")]
        await store.transaction(hidden)
        assert [await store.probe(SPACE, limit, every, ROWS) for limit in limits] == before
        assert before[0][0] == 1
        assert before[1] == [0, [], [], None, [], [], [], 0]

    async def test_a_scope_with_a_filter_limits_every_answer(self, store: Store) -> None:
        await store.transaction([observation("a", "p"), observation("b", "p", code="1-8", category="laboratory")])
        found = await store.probe(SPACE, VITALS, lambda probe: (probe.count(ALL), codes(probe)), ROWS)
        assert found == (1, [Occurrence("http://loinc.org", "8867-4", 1)])

    async def test_counts_stop_at_their_limit(self, store: Store) -> None:
        await store.transaction([observation(f"o{place}", "p") for place in range(COUNT_LIMIT + 5)])
        assert await store.probe(SPACE, EVERYTHING, lambda probe: probe.count(ALL), ROWS) == COUNT_LIMIT
        assert (await store.probe(SPACE, EVERYTHING, codes, ROWS))[0].matches == COUNT_LIMIT

    async def test_dates_have_a_first_a_last_and_a_nearest_one_also_of_many(self, store: Store) -> None:
        when = parameter("Observation", "date")
        await store.transaction([observation(f"o{day}", "p", date=day) for day in (2, 5, 9)])
        expected = Extent(2 * DAY, 9 * DAY, (5 * DAY, 6 * DAY))
        assert await store.probe(SPACE, EVERYTHING, lambda probe: probe.extent(ALL, when, 6 * DAY), ROWS) == expected
        await store.transaction([observation(f"many{place}", "q", date=5) for place in range(COUNT_LIMIT)])
        for visibility in (EVERYTHING, of_patients("p", "q")):
            found = await store.probe(SPACE, visibility, lambda probe: probe.extent(ALL, when, 6 * DAY), ROWS)
            assert found == expected

    async def test_the_last_change_is_found_also_of_many(self, store: Store) -> None:
        changed = parameter("Observation", "_lastUpdated")
        steps = [observation(f"o{place}", "p", at=5_000) for place in range(COUNT_LIMIT)]
        await store.transaction([*steps, observation("first", "p", at=1_000), observation("last", "p", at=9_000)])
        for visibility in (EVERYTHING, of_patients("p")):
            found = await store.probe(SPACE, visibility, lambda probe: probe.extent(ALL, changed, 8_000), ROWS)
            assert found == Extent(1_000, 9_000, (9_000, 9_001))

    async def test_texts_with_the_same_beginning_are_in_order(self, store: Store) -> None:
        names = ("Peters", "Pedersen", "Petrov", "Adams")
        await store.transaction([patient(f"p{place}", names=(name,)) for place, name in enumerate(names)])
        job = parameter("Patient", "name")
        assert await store.probe(SPACE, EVERYTHING, lambda probe: probe.texts_near(job, "pet"), ROWS) == [
            "peters",
            "petrov",
        ]

    async def test_a_code_is_found_in_the_systems_that_use_it(self, store: Store) -> None:
        facts = IndexEntries(tokens=((number("Observation", "code"), "urn:other", "8867-4"),))
        await store.transaction([observation("a", "p"), make_save("Observation", "b", facts)])
        code = parameter("Observation", "code")
        systems = await store.probe(SPACE, EVERYTHING, lambda probe: probe.systems_of(code, "8867-4"), ROWS)
        assert systems == ["http://loinc.org", "urn:other"]

    async def test_the_position_grows_with_every_write_of_a_resource(self, store: Store) -> None:
        positions = [await store.position(SPACE)]
        for id in ("a", "b"):
            await store.transaction([observation(id, "p")])
            positions.append(await store.position(SPACE))
            assert await store.probe(SPACE, NOTHING, lambda probe: probe.position(), ROWS) == positions[-1]
        assert positions == sorted(set(positions))

    async def test_a_job_that_may_read_nothing_gets_no_answer_and_the_next_one_does(self, store: Store) -> None:
        await store.transaction([observation("a", "p")])

        def count(probe: Probe) -> int | None:
            try:
                return probe.count(ALL)
            except TooCostly:
                return None

        assert await store.probe(SPACE, EVERYTHING, count, 0) is None
        assert await store.probe(SPACE, EVERYTHING, count, ROWS) == 1

    async def test_an_error_in_a_job_reaches_its_caller(self, store: Store) -> None:
        def fails(probe: Probe) -> int:
            raise KeyError("job")

        with pytest.raises(KeyError):
            await store.probe(SPACE, EVERYTHING, fails, ROWS)

    async def test_a_search_without_matches_has_no_values(self, store: Store) -> None:
        await store.transaction([observation("a", "p")])
        nothing = query_for("Observation", where("Observation", "code", TokenValue(None, "absent")))
        later = query_for("Observation", where("Observation", "date", DateValue("gt", 900 * DAY, 901 * DAY)))
        for query in (nothing, later):
            assert await store.probe(SPACE, EVERYTHING, lambda probe, query=query: codes(probe, query), ROWS) == []  # type: ignore[misc]
