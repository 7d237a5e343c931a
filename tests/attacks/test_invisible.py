"""Resources that a token may not see don't affect any response (non-interference).

The full database and one with only the visible resources give the same status, matches, includes, totals and pages. Only
the order may depend on invisible resources, so it is compared only if the request sorts.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.attacks.asking import Target, following, names
from tests.attacks.fixture import RESOURCES, TOKENS, Json, observation, patient, ref, resource, save, steps
from tests.flows.flow import Flow
from tests.flows.shared_app import open_shared_app
from tests.laws import examples

from sickbay.authorization.access.visibility import visibility_of
from sickbay.authorization.models import Policy, User
from sickbay.fhir.search.parameters import compartment_types
from sickbay.storage.interface import Put, Save

EYES = ("TA", "TB", "TAO", "TAL", "TALV", "TAPS", "TAW", "TU", "two", "s")
PEOPLE = ("A", "B", *(f"P{number}" for number in range(8)))
CODES = ("1-1", "8867-4", "59419-2")
QUICK = settings(max_examples=examples(120), deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
LONG_SETTINGS = settings(QUICK, max_examples=10_000, derandomize=False)


def many_resources() -> list[Json]:
    """More patients, with unusual references between their records."""
    dice, resources = random.Random(7), list(RESOURCES)
    for id in PEOPLE[2:]:
        resources.append(
            patient(
                id,
                f"Name{id}",
                birthDate=f"19{dice.randint(30, 99)}-01-01",
                link=[{"other": ref(f"Patient/{dice.choice(PEOPLE)}"), "type": "seealso"}],
            )
        )
        resources.append(
            resource(
                "Encounter",
                f"e{id}",
                status="finished",
                subject=ref(f"Patient/{id}"),
                partOf=ref(f"Encounter/e{dice.choice(PEOPLE[2:])}"),
            )
        )
    for number in range(50):
        resources.append(
            observation(
                f"x{number}",
                f"Patient/{dice.choice(PEOPLE)}",
                dice.choice(("laboratory", "vital-signs")),
                dice.choice(CODES),
                encounter=ref(f"Encounter/e{dice.choice(PEOPLE[2:])}"),
                focus=[ref(f"Patient/{dice.choice(PEOPLE)}")],
                hasMember=[ref(f"Observation/x{dice.randrange(50)}")],
                valueQuantity={"value": dice.randint(1, 9)},
                effectiveDateTime=f"20{dice.randint(10, 23)}-0{dice.randint(1, 9)}-01",
                **_narrative(dice),
            )
        )
    for number in range(12):
        resources.append(
            resource(
                "DiagnosticReport",
                f"d{number}",
                status="final",
                subject=ref(f"Patient/{dice.choice(PEOPLE)}"),
                result=[ref(f"Observation/x{dice.randrange(50)}") for _ in range(3)],
            )
        )
        resources.append(
            resource(
                "Coverage",
                f"c{number}",
                status="active",
                beneficiary=ref(f"Patient/{dice.choice(PEOPLE)}"),
                subscriber=ref(f"Patient/{dice.choice(PEOPLE)}"),
            )
        )
    return resources


def _narrative(dice: random.Random) -> Json:
    """Sometimes a narrative and a note."""
    div = f"<div xmlns='http://www.w3.org/1999/xhtml'>{dice.choice(('Calm', 'Not calm, at rest', 'Bravo'))}</div>"
    narrative = {"text": {"status": "generated", "div": div}} if dice.random() < 0.5 else {}
    label = {"tag": [{"system": "urn:label", "code": str(dice.randint(1, 40))}]}
    return (
        narrative
        | {"meta": label}
        | ({"note": [{"text": dice.choice(("Resting", "Bravo was there"))}]} if dice.random() < 0.5 else {})
    )


def is_shown(token: str, content: Json) -> bool:
    """Whether the token may see the resource, decided only by its content, without a query or a store."""
    access_token = TOKENS[token]
    user = User("papa", "general", "Practitioner/p", patients=("A",)) if access_token.user else None
    facts = save(content).facts
    sees = visibility_of(access_token, user, Policy(), frozenset(compartment_types("r4")))
    return sees.allows(content["resourceType"], "rs", facts.patients, facts.codes)


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory, engine: Callable[[], str | None]) -> Iterator[dict[str, Target]]:
    """The servers by name: "" has all data, and a token's name has only what that token may see."""
    with ExitStack() as stack:
        targets = {}
        for name in ("", *EYES):
            desk = stack.enter_context(open_shared_app(tmp_path_factory.mktemp("world"), engine(), patients=0))
            visible_resources = [content for content in many_resources() if not name or is_shown(name, content)]

            async def load(flow: Flow, visible_resources: list[Json] = visible_resources, name: str = name) -> None:
                await flow.http.get("/general/r4/Patient/x")
                others = [record for record in steps() if isinstance(record, Put) or (not name and _is_extra(record))]
                await flow.sandbox.runtime.store.transaction([*(save(record) for record in visible_resources), *others])

            desk.do(load)
            targets[name] = Target(desk)
        yield targets


def _is_extra(step: object) -> bool:
    return isinstance(step, Save) and step.id == "D"


WORDS = st.sampled_from(("bravo", "name", "calm", "calm OR bravo", "calm rest", "rest"))
PAIRS = st.builds("{}${}".format, st.sampled_from(CODES), st.sampled_from(("gt3", "le5", "4", "gt1000")))
VISITS = st.sampled_from(tuple(f"e{id}" for id in PEOPLE[2:]))
IDS = st.sampled_from((*PEOPLE, "none"))
SUBJECT = {
    "subject": IDS,
    "patient": IDS,
    "subject:Patient.name": st.sampled_from(("bravo", "alfa", "name")),
    "patient.birthdate": st.sampled_from(("lt1970", "ge1970", "ne1980-01-01")),
    "subject:missing": st.just("false"),
}
POOL: dict[str, dict[str, st.SearchStrategy[str]]] = {
    "Patient": {
        "_id": IDS,
        "name": st.sampled_from(("bravo", "name", "a", "namep1")),
        "birthdate": st.sampled_from(("lt1970", "ge1970")),
        "_content": WORDS,
        "_has:Observation:patient:_text": WORDS,
        "_has:Observation:patient:code": st.sampled_from(CODES),
        "_has:Observation:subject:code-value-quantity": PAIRS,
        "_has:Observation:focus:status": st.just("final"),
        "_has:Coverage:subscriber:beneficiary": IDS,
        "_has:DiagnosticReport:subject:result:Observation.code": st.sampled_from(CODES),
        "_has:Observation:patient:_has:DiagnosticReport:result:status": st.just("final"),
        "_has:Observation:patient:_has:DiagnosticReport:result:_id": st.sampled_from(("d1,d2,d3", "d4,d5", "drb")),
        "_list": st.just("l"),
        "name:exact": st.sampled_from(("Bravo", "bravo")),
        "gender:missing": st.just("true"),
        "link": IDS,
        "link:Patient.name": st.sampled_from(("bravo", "name")),
        "identifier": st.sampled_from(("mrn-B", "mrn-A")),
    },
    "Observation": SUBJECT
    | {
        "code": st.sampled_from(CODES),
        "code:not": st.sampled_from(CODES),
        "category": st.just("laboratory"),
        "focus": IDS,
        "value-quantity": st.sampled_from(("gt4", "le4", "4")),
        "date": st.sampled_from(("ge2015", "lt2015")),
        "has-member:Observation.code": st.sampled_from(CODES),
        "encounter:Encounter.patient": IDS,
        "has-member:Observation.subject:Patient.name": st.just("name"),
        "_id": st.sampled_from(("x1,x2,x3", "ob-lab", "oa-lab")),
        "_content": WORDS,
        "_text": WORDS,
        "subject:Patient._content": WORDS,
        "has-member:Observation._text": WORDS,
        "code-value-quantity": PAIRS,
        "combo-code-value-quantity": PAIRS,
        "_list": st.sampled_from(("l", "none")),
        "status": st.sampled_from(("http://hl7.org/fhir/observation-status|final", "|final", "http://x|final")),
        "_has:DiagnosticReport:result:patient": IDS,
        "_has:Observation:has-member:code": st.sampled_from(CODES),
        "_has:List:item:patient": IDS,
        "subject._has:Coverage:beneficiary:subscriber": IDS,
        "patient._has:Observation:patient:code": st.sampled_from(CODES),
        "focus:identifier": st.just("mrn-B"),
        "code:text": st.just("x"),
        "_id:not": st.sampled_from(("ob-lab", "oa-lab,x1")),
        "status:below": st.just("final"),
        "category:in": st.just("http://hl7.org/fhir/ValueSet/observation-status"),
        "_has:Provenance:target:_id": st.just("pv-b"),
    },
    "Encounter": SUBJECT | {"status": st.just("finished"), "part-of:below": VISITS, "part-of:above": VISITS},
    "DiagnosticReport": SUBJECT | {"result:Observation.code": st.sampled_from(CODES), "result": st.sampled_from(("x1", "x2"))},
    "Coverage": {"beneficiary": IDS, "subscriber": IDS, "subscriber:Patient.name": st.sampled_from(("bravo", "name"))},
    "List": {"patient": IDS, "item": st.sampled_from(("Observation/oa-lab", "Observation/ob-lab"))},
    "Appointment": {"patient": IDS, "actor": st.sampled_from(("Patient/A", "Patient/B"))},
    "Group": {"member": st.sampled_from(("Patient/A", "Patient/B"))},
}
SHAPES = st.sampled_from(
    [
        "_include=*",
        "_revinclude=*",
        "_include=Observation:has-member",
        "_include=DiagnosticReport:result",
        "_include=Coverage:subscriber",
        "_include=Observation:focus",
        "_revinclude=Observation:has-member",
        "_revinclude=DiagnosticReport:result",
        "_revinclude=Observation:focus",
        "_include=Observation:encounter",
        "_include:iterate=Observation:has-member",
        "_include:iterate=Observation:focus&_include=DiagnosticReport:result",
        "_revinclude:iterate=Observation:has-member",
        "_include:iterate=*",
        "_revinclude:iterate=Patient:link",
        "_count=1",
        "_count=3",
        "_count=7",
        "_count=0",
        "_summary=count",
        "_total=accurate",
        "_total=none",
        "_sort=_id",
        "_sort=-_id",
        "_sort=-date",
        "_sort=code",
        "_sort=subject",
        "_sort=-encounter,_id",
        "bogus=1",
    ]
)


SEVERAL = (
    "/?_type=Patient,Observation,Coverage&_id={0},x1,x2,c1{1}",
    "/?_type=Observation,DiagnosticReport&_list=l{1}",
    "/Patient/{0}/*?_type=Observation,Encounter{1}",
    "/Patient/{0}/*?_lastUpdated=ge2020{1}",
    "/Patient/{0}/Observation?_sort=-date{1}",
    "/?_type=Encounter,Coverage&_lastUpdated=ge2020{1}",
    "/?_id={0},x5,e{0}{1}",
)
"""Searches across several types, and in compartments."""
ENDS = st.sampled_from(("", "&_count=2", "&_sort=-_id&_count=3", "&_summary=count", "&_revinclude=*"))


@st.composite
def searches(draw: st.DrawFn) -> str:
    if draw(st.integers(0, 7)) == 0:
        return draw(st.sampled_from(SEVERAL)).format(draw(IDS), draw(ENDS))
    type = draw(st.sampled_from(sorted(POOL)))
    chosen = draw(st.lists(st.sampled_from(sorted(POOL[type])), max_size=3))
    pairs = [f"{name}={draw(POOL[type][name])}" for name in chosen]
    return f"/{type}?{'&'.join((*pairs, *draw(st.lists(SHAPES, max_size=3, unique=True))))}"


PLACES = (
    *(f"/Patient/{id}/$everything" for id in (*PEOPLE, "none")),
    "/Patient/$everything",
    *(f"/Encounter/e{id}/$everything" for id in PEOPLE[2:5]),
    "/Encounter/ea/$everything",
)
NARROWED = st.sampled_from(
    [
        "_count=1",
        "_count=4",
        "_count=50",
        "_type=Observation",
        "_type=Patient,Encounter",
        "start=2015",
        "end=2016-05",
        "_since=2020-01-01T00:00:00Z",
        "_since=2024-01-01T00:00:00Z",
    ]
)


@st.composite
def operations(draw: st.DrawFn) -> str:
    """Operations that return bundles like a search."""
    kind = draw(st.sampled_from(("everything", "everything", "lastn", "docref")))
    if kind == "docref":
        return f"/DocumentReference/$docref?patient={draw(IDS)}&{draw(st.sampled_from(('', 'start=2015', '_count=1')))}"
    if kind == "lastn":
        names = draw(st.lists(st.sampled_from(sorted(SUBJECT)), max_size=2, unique=True))
        pairs = [f"{name}={draw(SUBJECT[name])}" for name in names]
        return f"/Observation/$lastn?{'&'.join((*pairs, f'max={draw(st.integers(1, 4))}'))}"
    return f"{draw(st.sampled_from(PLACES))}?{'&'.join(draw(st.lists(NARROWED, max_size=2, unique_by=_name)))}"


def _name(pair: str) -> str:
    return pair.partition("=")[0]


def summary(answer: httpx2.Response) -> Any:
    """The status, total and links of a page, without cursors and order."""
    if answer.status_code != 200:
        return answer.status_code, answer.text
    bundle = answer.json()
    links = [(link["relation"], re.sub(r"_cursor=[^&]*", "", link["url"])) for link in bundle["link"]]
    return bundle.get("total"), len(names(answer, "match")), links


def read(runtime: Target, token: str, path: str) -> tuple[list[Any], list[str], set[str]]:
    """The summaries of the pages, the matches in order, and all resources byte for byte."""
    pages: list[Any] = []
    order: list[str] = []
    bodies: set[str] = set()
    following_page: str | None = path
    while following_page is not None and len(pages) < 8:
        answer = runtime.ask(token, following_page)
        pages.append(summary(answer))
        if answer.status_code != 200:
            break
        entries = answer.json().get("entry", [])
        order += [entry["fullUrl"] for entry in entries if entry["search"]["mode"] == "match"]
        bodies |= {f"{entry['search']['mode']} {sorted(entry['resource'].items(), key=str)}" for entry in entries}
        following_page = following(answer)
    return pages, order, bodies


def check(worlds: dict[str, Target], token: str, path: str) -> None:
    whole, visible = read(worlds[""], token, path), read(worlds[token], token, path)
    assert whole[0] == visible[0]
    complete = len(whole[0]) < 8
    if complete:
        assert sorted(whole[1]) == sorted(visible[1])
    if "_sort=_id" in path or "_sort=-_id" in path:
        assert whole[1] == visible[1]
    if complete:
        assert whole[2] == visible[2]


@given(token=st.sampled_from(EYES), path=operations())
@QUICK
def test_invisible_resources_do_not_affect_operations(worlds: dict[str, Target], token: str, path: str) -> None:
    check(worlds, token, path)


@given(token=st.sampled_from(EYES), path=searches())
@QUICK
def test_invisible_resources_do_not_affect_searches(worlds: dict[str, Target], token: str, path: str) -> None:
    check(worlds, token, path)


@pytest.mark.prove
@pytest.mark.timeout(1800)
@given(token=st.sampled_from(EYES), path=st.one_of(searches(), operations()))
@LONG_SETTINGS
def test_invisible_resources_do_not_affect_many_random_requests(worlds: dict[str, Target], token: str, path: str) -> None:
    check(worlds, token, path)


def test_labels_of_invisible_resources_do_not_affect_meta(worlds: dict[str, Target]) -> None:
    """$meta of a type and of the server returns only labels of resources that the token may see."""
    labelled = 0
    for token in EYES:
        for path in ("/$meta", "/Observation/$meta", "/Patient/$meta"):
            whole, visible = worlds[""].ask(token, path), worlds[token].ask(token, path)
            assert (whole.status_code, whole.text) == (visible.status_code, visible.text), (token, path)
            labelled += "urn:label" in whole.text
        all_labels = worlds[""].ask("ALL", "/$meta").text
        assert "urn:label" in all_labels
    assert labelled >= len(EYES)


def test_visible_resources_do_affect_searches(worlds: dict[str, Target]) -> None:
    """The control: without it, a server that returns nothing would pass the tests above."""
    for token in EYES:
        assert names(worlds[token].ask(token, "/Observation")) or names(worlds[token].ask(token, "/Patient"))
        visible, total = (len(read(worlds[name], "ALL", "/Observation?_count=1000")[1]) for name in (token, ""))
        assert visible < total
