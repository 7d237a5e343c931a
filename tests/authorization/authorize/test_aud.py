"""aud must name one of the server's FHIR bases; only one trailing slash and a loopback name may differ."""

from __future__ import annotations

import pytest
from msgspec import structs
from tests.authorization import samples
from tests.authorization.samples import refusals, sample_request

from sickbay.authorization.authorize.aud import find_nearest
from sickbay.authorization.authorize.parameters import find_base
from sickbay.authorization.bases import base_of

BASES = (samples.BASE, samples.OLD)


@pytest.mark.parametrize(
    "aud",
    [
        samples.BASE,
        samples.BASE + "/",
        "http://127.0.0.1:7425/general/r4",
        "http://[::1]:7425/general/r4/",
        "HTTP://LOCALHOST:7425/general/r4",
    ],
)
def test_an_equivalent_url_means_the_base(aud: str) -> None:
    assert base_of(aud, BASES) == samples.BASE
    assert not refusals(sample_request(aud=aud))


@pytest.mark.parametrize(
    "aud",
    [
        samples.BASE + "//",
        samples.BASE + "/Patient",
        "http://localhost:7426/general/r4",
        "https://localhost:7425/general/r4",
        "http://localhost.evil.example:7425/general/r4",
        "http://localhost:7425/general/R4",
        "http%3A%2F%2Flocalhost%3A7425%2Fgeneral%2Fr4",
        "http://user@localhost:7425/general/r5",
        "not a url",
        "http://[",
        samples.BASE + "#",
        samples.BASE + "/#/",
        samples.BASE + "?",
        samples.BASE + "#x",
    ],
)
def test_a_url_that_only_resembles_the_base_is_refused(aud: str) -> None:
    assert refusals(sample_request(aud=aud)) == ["aud-mismatch"]


def test_resource_is_accepted_instead_of_aud() -> None:
    assert not refusals(sample_request(aud=None, resource=samples.BASE))
    assert refusals(sample_request(aud=None, audience=samples.BASE)) == ["aud-missing"]


def test_without_known_bases_any_aud_is_accepted() -> None:
    nowhere = samples.sample_context(server=structs.replace(samples.SERVER, fhir_bases=()))
    assert not refusals(sample_request(aud="https://ehr.example.org/fhir"), nowhere)
    assert refusals(sample_request(aud=None), nowhere) == ["aud-missing"]


def test_the_nearest_base_is_the_most_similar_one() -> None:
    assert find_nearest("http://localhost:7425/general/dstu", BASES) == samples.OLD
    assert find_nearest("HTTP://LOCALHOST:7425/GENERAL/R", BASES) == samples.BASE
    assert find_nearest("", BASES) == samples.BASE


@pytest.mark.parametrize(("fhir", "expected"), [("r4", samples.BASE), ("dstu2", samples.OLD), ("r9", samples.BASE)])
def test_the_base_of_the_apps_fhir_version_is_named_first(fhir: str, expected: str) -> None:
    context = samples.sample_context(client=structs.replace(samples.CLIENT, fhir=fhir), launch=None)
    for aud in (None, "http://localhost:7425/general"):
        facts = samples.examination(sample_request(**samples.STANDALONE, aud=aud), context).refusals[0].facts
        assert facts["bases"][0] == facts.get("closest", facts.get("base")) == expected
        assert set(facts["bases"]) == set(BASES)


def test_resource_must_be_encoded_only_once() -> None:
    encoded_twice = "http%3A%2F%2Flocalhost%3A7425%2Fgeneral%2Fr4"
    assert refusals(sample_request(aud=None, resource=encoded_twice)) == ["aud-mismatch"]
    assert refusals(sample_request(resource=encoded_twice)) == ["aud-mismatch"]


def test_only_a_configured_alias_of_a_base_means_the_base() -> None:
    short = "http://localhost:7425/general/short"
    server = structs.replace(samples.SERVER, also={short: samples.OLD})
    assert find_base(sample_request(aud=short), server) == samples.OLD
    assert find_base(sample_request(aud=f"{short}/"), server) == samples.OLD
    assert find_base(sample_request(aud=samples.BASE), server) == samples.BASE
    assert find_base(sample_request(aud=f"{short}er"), server) is None
    assert find_base(sample_request(aud=None), server) is None
