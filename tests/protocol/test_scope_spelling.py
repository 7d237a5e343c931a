"""Scopes are read as they were meant; wrong separators and stray characters are reported, correct scopes are unchanged."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.protocol.test_scopes import SCOPES

from sickbay.protocol.scope_spelling import Spelling, parse_registered_scopes, read_spelling
from sickbay.protocol.scopes import MAXIMUM_SCOPE_CHARACTERS, MAXIMUM_SCOPE_SEPARATORS

MEANT = ("launch/patient", "openid", "patient/Patient.rs")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("openid,launch", Spelling(("openid", "launch"), commas=True)),
        ("openid+launch", Spelling(("openid", "launch"), pluses=True)),
        ("openid, launch", Spelling(("openid", "launch"), commas=True)),
        ("openid\tlaunch\r\nprofile", Spelling(("openid", "launch", "profile"), tabs=True)),
        ("openid launch\n", Spelling(("openid", "launch"), tabs=True)),
        ("patient/A.rs?c=x,y z", Spelling(("patient/A.rs?c=x,y", "z"))),
        ("patient/A.rs?c=x,launch/patient", Spelling(("patient/A.rs?c=x", "launch/patient"), commas=True)),
        (
            "patient/A.rs?c=x+user/B.rs?d=y,openid",
            Spelling(("patient/A.rs?c=x", "user/B.rs?d=y", "openid"), True, True),
        ),
        ("patient/A.rs?c=x,openid-like", Spelling(("patient/A.rs?c=x", "openid-like"), commas=True)),
        ("patient/A.rs?c=x,openid|y", Spelling(("patient/A.rs?c=x,openid|y",))),
    ],
)
def test_wrong_separators_are_reported_except_inside_a_filter(text: str, expected: Spelling) -> None:
    assert read_spelling(text) == expected


@pytest.mark.parametrize("joint", [";", "|", "&", "\u00a0", "; ", "\u3000"])
def test_any_other_character_between_scopes_is_a_wrong_separator(joint: str) -> None:
    assert read_spelling(joint.join(MEANT)) == Spelling(MEANT, separators=joint[0])


@pytest.mark.parametrize(
    ("text", "array"),
    [
        (json.dumps(MEANT), "["),
        (json.dumps(MEANT, indent=2), "["),
        (str(list(MEANT)), "["),
        (str(MEANT), "("),
        ("{'launch/patient', 'openid', 'patient/Patient.rs'}", "{"),
        ("[launch/patient, openid, patient/Patient.rs]", "["),
    ],
)
def test_a_list_is_recognised_by_its_bracket_and_its_commas_are_not_reported(text: str, array: str) -> None:
    read = read_spelling(text)
    assert (read.tokens, read.array, read.commas, read.stray) == (MEANT, array, False, "")


@pytest.mark.parametrize(
    ("text", "stray"),
    [
        ("\u201c" + " ".join(MEANT) + "\u201d", "\u201c\u201d"),
        (" ".join(f'"{scope}"' for scope in MEANT), '"'),
        ("'launch/patient openid patient/Patient.rs'", "'"),
        ("launch/patient\u200b openid patient/Pat\u200bient.rs", "\u200b"),
        ("\ufefflaunch/patient openid patient/Patient.rs", "\ufeff"),
        ("launch/patient\u200bopenid\u200bpatient/Patient.rs", "\u200b"),
    ],
)
def test_stray_characters_around_scopes_are_reported(text: str, stray: str) -> None:
    assert read_spelling(text) == Spelling(MEANT, stray=stray)


def test_the_name_of_the_parameter_is_not_part_of_its_value() -> None:
    assert read_spelling("scope=" + " ".join(MEANT)) == Spelling(MEANT, name="scope=")


def test_several_problems_are_reported_together() -> None:
    assert read_spelling('"launch/patient","openid";patient/Patient.rs') == Spelling(
        MEANT, commas=True, separators=";", stray='"'
    )


def test_an_unreadable_scope_does_not_affect_the_others() -> None:
    assert read_spelling("launch;openid;banana").tokens == ("launch", "openid", "banana")


@given(st.lists(SCOPES, min_size=1, max_size=5, unique=True))
def test_correct_scopes_are_unchanged(texts: list[str]) -> None:
    assert read_spelling(" ".join(texts)) == Spelling(tuple(texts))


def test_a_filter_survives_a_wrong_separator() -> None:
    texts = ("launch", "patient/Observation.rs?category=http://a|b,c&code=d", "user/Patient.rs", "openid")
    assert read_spelling(";".join(texts)) == Spelling(texts, separators=";")


@given(st.text(max_size=60))
def test_any_text_can_be_read(text: str) -> None:
    assert read_spelling(text).tokens or not text.strip() or not any(map(str.isalnum, text))


def test_registered_scopes_are_read_as_they_were_meant() -> None:
    assert [scope.text for scope in parse_registered_scopes(";".join(MEANT))] == list(MEANT)


@pytest.mark.parametrize(
    "text",
    [
        "a" + '"' * 200_000 + "b",
        "a?" + "\u00a0" * 200_000 + "b",
        "\u200b" * 200_000 + "x",
        "patient/A.r?x=y," * 20_000,
        "a" + '"' * 19_000 + "b",
        "a?" + "\u00a0" * 19_000 + "b",
        "\u200b" * 19_000 + "x",
        "patient/A.r?x=y,launch," * 400,
    ],
)
def test_a_text_of_any_length_is_read(text: str) -> None:
    """Backtracking or recursion would take too long or overflow the stack here."""
    assert read_spelling(text).tokens


@pytest.mark.parametrize(
    "text",
    [
        "x " * (MAXIMUM_SCOPE_SEPARATORS + 1),
        "launch," * (MAXIMUM_SCOPE_SEPARATORS + 1),
        "openid " + "x" * MAXIMUM_SCOPE_CHARACTERS,
    ],
)
def test_an_excessively_long_text_is_not_split_into_scopes(text: str) -> None:
    """A dozen checks examine each scope, and each of them in several ways."""
    assert read_spelling(text) == Spelling((text,))
    assert parse_registered_scopes(text) == ()


def test_hundreds_of_scopes_are_read() -> None:
    texts = [f"{level}/{name}.rs" for level in ("patient", "user") for name in (f"T{'x' * length}" for length in range(1, 80))]
    assert read_spelling(" ".join(texts)).tokens == tuple(texts)
