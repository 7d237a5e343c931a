"""The v1 and v2 scope grammars are parsed strictly, and common mistakes are understood."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.protocol import scopes
from sickbay.protocol.scope_spelling import Spelling, read_spelling
from sickbay.protocol.scopes import LaunchScope, PlainScope, ResourceScope

LETTERS = ["".join(texts) for count in range(1, 6) for texts in combinations(scopes.LETTERS, count)]
FILTERS = ("", "?category=a", "?category=a|b,c&code=d")
RESOURCES = st.builds(
    "{}/{}.{}".format,
    st.sampled_from(["patient", "user", "system"]),
    st.sampled_from(["*", "Patient", "Observation"]),
    st.sampled_from([*scopes.V1, *(letters + filter for letters in LETTERS for filter in FILTERS)]),
)
SCOPES = st.one_of(RESOURCES, st.sampled_from([*scopes.PLAIN, "launch", "launch/patient", "launch/patient?role=x"]))


def resource(text: str) -> ResourceScope:
    scope = scopes.parse(text)
    assert isinstance(scope, ResourceScope)
    return scope


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("openid", PlainScope("openid")),
        ("launch", LaunchScope("launch")),
        ("launch/encounter", LaunchScope("launch/encounter", "encounter")),
        ("launch/imagingstudy?role=x", LaunchScope("launch/imagingstudy?role=x", "imagingstudy", "x")),
        (
            "launch/list?role=https://x.org/?a=b&c=d",
            LaunchScope("launch/list?role=https://x.org/?a=b&c=d", "list", "https://x.org/?a=b&c=d"),
        ),
        ("user/Patient.read", ResourceScope("user/Patient.read", "user", "Patient", "rs", "v1")),
        ("user/*.write", ResourceScope("user/*.write", "user", "*", "cud", "v1")),
        ("system/*.*", ResourceScope("system/*.*", "system", "*", "cruds", "v1")),
        ("patient/A1.rs", None),
        ("patient/Patient.s", ResourceScope("patient/Patient.s", "patient", "Patient", "s", "v2")),
        (
            "patient/Observation.rs?category=s|a&code=b",
            ResourceScope(
                "patient/Observation.rs?category=s|a&code=b",
                "patient",
                "Observation",
                "rs",
                "v2",
                (("category", "s|a"), ("code", "b")),
            ),
        ),
    ],
)
def test_valid_scopes_are_parsed(text: str, expected: object) -> None:
    assert scopes.parse(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        " openid",
        "OpenID",
        "launch/",
        "launch/Patient",
        "launch/x?role=",
        "Launch",
        "launch/x?role=a&role=b",
        "launch/x?role=a b",
        "patient/Patient",
        "patient/Patient.",
        "patient/.rs",
        "patient/patient.rs",
        "patient/Patient.sr",
        "patient/Patient.rr",
        "patient/Patient.rs?",
        "patient/Patient.Read",
        "patient/Patient.read.write",
        "group/Patient.rs",
        "patient/**.rs",
        "patient/Patient.rs\n",
        "patient/Patient.rs\u00a0",
    ],
)
def test_invalid_scopes_are_refused(text: str) -> None:
    assert scopes.parse(text) is None


@pytest.mark.parametrize("letters", LETTERS)
def test_all_combinations_of_letters_in_their_order_are_parsed(letters: str) -> None:
    assert resource(f"user/Patient.{letters}").letters == letters


@given(st.lists(SCOPES, max_size=6))
def test_spaces_separate_scopes_and_each_counts_once(texts: list[str]) -> None:
    assert scopes.split("  ".join(texts)) == tuple(dict.fromkeys(texts))
    assert read_spelling(" ".join(texts)) == Spelling(tuple(dict.fromkeys(texts)))


@given(st.lists(SCOPES, min_size=1, max_size=6))
def test_commas_separate_scopes_if_the_server_allows_them(texts: list[str]) -> None:
    assert scopes.split_at(",".join(texts), " ,") == tuple(dict.fromkeys(texts))


@pytest.mark.parametrize(
    ("text", "twice", "decoded"),
    [
        ("launch%2Fpatient", True, "launch/patient"),
        ("openid%20launch%252fpatient", True, "openid launch/patient"),
        ("patient/A.rs?code=s%2Fx", False, "patient/A.rs?code=s%2Fx"),
        ("openid", False, "openid"),
    ],
)
def test_scopes_that_were_encoded_twice_are_decoded(text: str, twice: bool, decoded: str) -> None:
    assert scopes.is_encoded_twice(text) is twice
    assert scopes.decode_again(text) == decoded


@pytest.mark.parametrize(
    ("token", "right"),
    [
        ("OpenID", "openid"),
        ("FHIRUSER", "fhirUser"),
        ("Launch/Patient", "launch/patient"),
        ("Launch?role=X", "launch?role=X"),
        ("Patient/patient.READ", "patient/Patient.read"),
        ("user/medicationrequest.rs?code=X", "user/MedicationRequest.rs?code=X"),
        ("user/something.rs", "user/Something.rs"),
        ("USER/*.*", "user/*.*"),
        ("user/Patient.rs", None),
        ("User/Patient.sr", None),
        ("Patient.read", None),
        ("User/Patient.nonsense", None),
    ],
)
def test_only_upper_and_lower_case_is_corrected(token: str, right: str | None) -> None:
    assert scopes.correct_case(token, ("MedicationRequest",)) == right


@pytest.mark.parametrize(
    ("token", "right"),
    [
        ("user/Patient.sr", "user/Patient.rs"),
        ("user/*.sdurc?code=x", "user/*.cruds?code=x"),
        ("user/Patient.rs", None),
        ("user/Patient.rrs", None),
        ("user/Patient.xr", None),
        ("sr", None),
    ],
)
def test_letters_in_the_wrong_order_are_sorted(token: str, right: str | None) -> None:
    assert scopes.reorder_letters(token) == right


@pytest.mark.parametrize(
    ("text", "version", "expected"),
    [
        ("user/Patient.read", "v2", "user/Patient.rs"),
        ("user/Patient.write", "v2", "user/Patient.cud"),
        ("user/*.*", "v2", "user/*.cruds"),
        ("user/Patient.rs", "v1", "user/Patient.read"),
        ("user/Patient.cruds", "v1", "user/Patient.*"),
        ("user/Patient.rs?code=x", "v1", "user/Patient.rs?code=x"),
        ("user/Patient.r", "v1", "user/Patient.r"),
        ("user/Patient.rs", "v2", "user/Patient.rs"),
        ("user/Patient.read", "v1", "user/Patient.read"),
    ],
)
def test_a_scope_is_converted_to_the_other_version(text: str, version: str, expected: str) -> None:
    assert scopes.convert_to_version(resource(text), version) == expected


@pytest.mark.parametrize(
    ("granted", "requested", "covered"),
    [
        ("user/*.cruds", "user/Patient.rs", True),
        ("user/Patient.rs", "user/Patient.read", True),
        ("user/Patient.rs", "user/*.rs", False),
        ("user/Patient.rs", "patient/Patient.rs", False),
        ("user/Patient.r", "user/Patient.rs", False),
        ("user/Patient.r user/Patient.s", "user/Patient.rs", True),
        ("user/Patient.r user/Observation.s", "user/Patient.rs", False),
        ("user/Patient.rs?a=b", "user/Patient.rs", False),
        ("user/Patient.rs", "user/Patient.rs?a=b", True),
        ("user/Patient.rs?a=b", "user/Patient.rs?c=d&a=b", True),
        ("user/Patient.r?a=b user/Patient.s", "user/Patient.rs?a=b", True),
        ("launch/patient", "launch/patient?role=x", True),
        ("launch", "launch/patient", False),
        ("launch/patient", "launch", False),
        ("openid", "openid", True),
        ("openid", "fhirUser", False),
        ("openid launch", "user/Patient.rs", False),
        ("user/*.cruds", "openid", False),
        ("", "openid", False),
    ],
)
def test_a_scope_is_covered_by_granted_scopes(granted: str, requested: str, covered: bool) -> None:
    scope = scopes.parse(requested)
    assert scope is not None
    assert scopes.is_covered(scope, scopes.parse_scopes(scopes.split(granted))) is covered


@pytest.mark.parametrize("text", ["openid", "launch/patient", "user/Patient.rs", "user/Patient.rs?a=b"])
def test_a_scope_covers_itself(text: str) -> None:
    first, second = scopes.parse(text), scopes.parse(text)
    assert first is not None
    assert second is not None
    assert scopes.is_included(first, second)


@given(RESOURCES, RESOURCES, RESOURCES)
def test_covering_is_reflexive_and_transitive(first: str, second: str, third: str) -> None:
    a, b, c = resource(first), resource(second), resource(third)
    assert scopes.is_included(a, a)
    assert not (scopes.is_included(a, b) and scopes.is_included(b, c)) or scopes.is_included(a, c)


def test_the_resource_scopes_of_a_grant_are_found() -> None:
    assert [scope.text for scope in scopes.list_resources("openid launch user/*.rs nonsense user/Patient.r")] == [
        "user/*.rs",
        "user/Patient.r",
    ]
    assert [scope.wildcard for scope in scopes.list_resources("user/*.rs user/Patient.r")] == [True, False]


def test_the_number_of_decodings_is_limited() -> None:
    """Each piece would need one more decoding than the one before, and each decoding processes all of them."""
    text = " ".join("%" + "25" * depth + "20" for depth in range(1500))
    left = scopes.decode_again(text)
    assert scopes.is_encoded_twice(left)
    assert len(text) - len(left) < 2 * 1500 * (scopes.ROUNDS + 1)


def test_commas_are_not_separators_in_an_excessively_long_text() -> None:
    assert scopes.split_at("openid,launch" + "," * scopes.MAXIMUM_SCOPE_SEPARATORS + "x", " ,") == (
        "openid,launch" + "," * scopes.MAXIMUM_SCOPE_SEPARATORS + "x",
    )
    assert len(scopes.split_at("openid,launch" + "," * 200_000 + "x y", " ,")) == 2


@pytest.mark.parametrize("access", ["read", "write", "*"])
def test_only_a_scope_of_smart_2_has_a_filter(access: str) -> None:
    assert scopes.parse(f"patient/Observation.{access}?category=laboratory") is None
    assert scopes.parse(f"patient/Observation.{scopes.V1[access]}?category=laboratory")


def test_what_a_v1_scope_shares_with_a_filtered_one_has_the_filter() -> None:
    common = scopes.intersect(resource("patient/*.read"), resource("patient/Observation.rs?category=laboratory"))
    assert common is not None
    assert common.text == "patient/Observation.rs?category=laboratory"
