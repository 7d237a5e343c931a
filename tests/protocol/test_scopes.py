"""The grammars of v1 and v2, strictly; and how far a scope that is none can be understood."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.protocol import scopes
from sickbay.protocol.scope_spelling import Spelling, spelling
from sickbay.protocol.scopes import LaunchScope, PlainScope, ResourceScope

LETTERS = ["".join(some) for count in range(1, 6) for some in combinations(scopes.LETTERS, count)]
RESOURCES = st.builds(
    "{}/{}.{}{}".format,
    st.sampled_from(["patient", "user", "system"]),
    st.sampled_from(["*", "Patient", "Observation"]),
    st.sampled_from([*LETTERS, "read", "write", "*"]),
    st.sampled_from(["", "?category=a", "?category=a|b,c&code=d"]),
)
SCOPES = st.one_of(RESOURCES, st.sampled_from([*scopes.PLAIN, "launch", "launch/patient", "launch/patient?role=x"]))


def resource(text: str) -> ResourceScope:
    found = scopes.parse(text)
    assert isinstance(found, ResourceScope)
    return found


@pytest.mark.parametrize(
    ("text", "found"),
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
def test_the_grammar(text: str, found: object) -> None:
    assert scopes.parse(text) == found


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
def test_what_is_none_of_its(text: str) -> None:
    assert scopes.parse(text) is None


@pytest.mark.parametrize("letters", LETTERS)
def test_all_of_the_letters_in_their_order(letters: str) -> None:
    assert resource(f"user/Patient.{letters}").letters == letters


@given(st.lists(SCOPES, max_size=6))
def test_blanks_separate_and_each_counts_once(some: list[str]) -> None:
    assert scopes.split("  ".join(some)) == tuple(dict.fromkeys(some))
    assert spelling(" ".join(some)) == Spelling(tuple(dict.fromkeys(some)))


@given(st.lists(SCOPES, min_size=1, max_size=6))
def test_commas_separate_where_a_server_takes_them(some: list[str]) -> None:
    assert scopes.split(",".join(some), " ,") == tuple(dict.fromkeys(some))


@pytest.mark.parametrize(
    ("text", "twice", "decoded"),
    [
        ("launch%2Fpatient", True, "launch/patient"),
        ("openid%20launch%252fpatient", True, "openid launch/patient"),
        ("patient/A.rs?code=s%2Fx", False, "patient/A.rs?code=s%2Fx"),
        ("openid", False, "openid"),
    ],
)
def test_what_was_encoded_twice(text: str, twice: bool, decoded: str) -> None:
    assert scopes.is_encoded_twice(text) is twice
    assert scopes.decoded_again(text) == decoded


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
def test_letter_case_alone_is_corrected(token: str, right: str | None) -> None:
    assert scopes.recased(token, ("MedicationRequest",)) == right


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
def test_letters_in_another_order_are_put_in_theirs(token: str, right: str | None) -> None:
    assert scopes.reordered(token) == right


@pytest.mark.parametrize(
    ("text", "version", "expected"),
    [
        ("user/Patient.read", "v2", "user/Patient.rs"),
        ("user/Patient.write", "v2", "user/Patient.cud"),
        ("user/*.*", "v2", "user/*.cruds"),
        ("user/Patient.rs", "v1", "user/Patient.read"),
        ("user/Patient.cruds", "v1", "user/Patient.*"),
        ("user/Patient.rs?code=x", "v1", "user/Patient.read?code=x"),
        ("user/Patient.r", "v1", "user/Patient.r"),
        ("user/Patient.rs", "v2", "user/Patient.rs"),
        ("user/Patient.read", "v1", "user/Patient.read"),
    ],
)
def test_the_same_in_the_letters_of_the_other_version(text: str, version: str, expected: str) -> None:
    assert scopes.in_version(resource(text), version) == expected


@pytest.mark.parametrize(
    ("held", "asked", "covered"),
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
def test_what_holds_what(held: str, asked: str, covered: bool) -> None:
    found = scopes.parse(asked)
    assert found is not None
    assert scopes.covered(found, scopes.parse_all(scopes.split(held))) is covered


@given(RESOURCES, RESOURCES, RESOURCES)
def test_covering_is_an_order(one: str, two: str, three: str) -> None:
    a, b, c = resource(one), resource(two), resource(three)
    assert scopes.covers(a, a)
    assert not (scopes.covers(a, b) and scopes.covers(b, c)) or scopes.covers(a, c)


def test_the_resource_scopes_of_a_grant() -> None:
    assert [one.text for one in scopes.resources("openid launch user/*.rs nonsense user/Patient.r")] == [
        "user/*.rs",
        "user/Patient.r",
    ]
    assert [one.wildcard for one in scopes.resources("user/*.rs user/Patient.r")] == [True, False]


def test_a_text_is_not_decoded_for_each_of_its_pieces() -> None:
    """Each of these would ask for one decoding more than the one before, and each decodes all of them."""
    text = " ".join("%" + "25" * depth + "20" for depth in range(1500))
    left = scopes.decoded_again(text)
    assert scopes.is_encoded_twice(left)
    assert len(text) - len(left) < 2 * 1500 * (scopes.ROUNDS + 1)


def test_commas_of_a_text_that_nobody_writes_separate_nothing() -> None:
    assert scopes.split("openid,launch" + "," * scopes.MANY + "x", " ,") == ("openid,launch" + "," * scopes.MANY + "x",)
    assert len(scopes.split("openid,launch" + "," * 200_000 + "x y", " ,")) == 2
