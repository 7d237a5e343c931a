"""Placeholders and stray characters are recognised and described; real values are left unchanged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.diagnosis.values import describe_placeholder, first_stray_character, is_no_secret, strip_stray_characters


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ("undefined", "without a value"),
        ("null", "missing value"),
        ("None", "missing value"),
        ("NaN", "number"),
        ("[object Object]", "object"),
        ("function () { [native code] }", "wasn't called"),
        ("() => id", "wasn't called"),
        ("<bound method Config.id of x>", "wasn't called"),
        ("${CLIENT_ID}", "wasn't replaced by its value"),
        ("$CLIENT_ID", "wasn't replaced by its value"),
        ("$(CLIENT_ID)", "wasn't replaced by its value"),
        ("{{ client_id }}", "wasn't replaced by its value"),
        ("{client_id}", "wasn't replaced by its value"),
        ("#{client_id}", "wasn't replaced by its value"),
        ("%CLIENT_ID%", "wasn't replaced by its value"),
        ("%(client_id)s", "wasn't replaced by its value"),
        ("<%= client_id %>", "wasn't replaced by its value"),
        ("@client_id@", "wasn't replaced by its value"),
        ("__CLIENT_ID__", "wasn't replaced by its value"),
        ("process.env.CLIENT_ID", "wasn't replaced by its value"),
        ("import.meta.env.VITE_ID", "wasn't replaced by its value"),
        ("<client id>", "sample"),
        ("your-client-id", "sample"),
        ("https://your-app.example.org/callback", "sample"),
        ("REPLACE_ME", "sample"),
        ("changeme", "sample"),
        ("TODO", "sample"),
        ("xxxx-xxxx", "sample"),
        ("undefined/callback", "without a value"),
        ("http://localhost:undefined/callback", "without a value"),
        ("http://a/${BASE}/r4", "wasn't replaced by its value"),
        ("https://{{host}}/r4", "wasn't replaced by its value"),
        ("http://a/r4/null", "missing value"),
    ],
)
def test_a_placeholder_is_described(value: str, word: str) -> None:
    assert word in (describe_placeholder(value) or "")


@pytest.mark.parametrize(
    "value",
    [
        "",
        "abc",
        "5f0c2b1e-7d34-4a6b-9c88-1e2f3a4b5c6d",
        "http://localhost:8100/todo",
        "http://a/null-object",
        "growth-chart",
        "http://a/x?price=$5",
        "https://a.example/%41bc",
        "env-1",
        "S256",
        "code",
        "$ecret",
        "123xxxxxxyyyyzzz456",
        "urn:a:b",
        "com.example.app:/callback",
        "nullable",
        "http://[::1]:8100/callback",
        "todolist",
    ],
)
def test_a_possible_value_is_not_a_placeholder(value: str) -> None:
    assert describe_placeholder(value) is None


@given(st.text(alphabet="abcdefghijklmnopqrstuvwyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", min_size=22, max_size=64))
def test_a_random_value_is_not_taken_for_a_placeholder(value: str) -> None:
    assert describe_placeholder(f"a1{value}") is None or "your" in value.lower()


@given(st.sampled_from(["", "x", "X", "-", "é", "/"]), st.sampled_from(["your", "YOUR", "Your"]), st.text("_-a.", max_size=2))
def test_your_something_is_sample_text_unless_a_letter_precedes_it(before: str, word: str, after: str) -> None:
    is_sample = before.lower() != "x" and after.startswith(("_", "-"))
    assert (describe_placeholder(f"{before}{word}{after}") is not None) is is_sample


@pytest.mark.parametrize(
    ("value", "left", "what"),
    [
        (" a", "a", "a space"),
        ("a\n", "a", "a line break"),
        ("a\t", "a", "a tab"),
        ("\u201ca\u201d", "a", "a quotation mark"),
        ("a\u200b", "a", "the invisible character U+200B"),
        ('["a"]', "a", "a bracket"),
        ("<a>", "a", "an angle bracket"),
        ("a\u00a0", "a", "a non-breaking space"),
    ],
)
def test_stray_characters_around_a_value_are_removed_and_named(value: str, left: str, what: str) -> None:
    assert (strip_stray_characters(value), first_stray_character(value)) == (left, what)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("undefined", True),
        ("${SECRET}", True),
        ("{{secret}}", True),
        ("your-secret", False),
        ("{secret}", False),
        ("", False),
    ],
)
def test_a_text_is_shown_only_if_it_is_certainly_not_a_secret(value: str, shown: bool) -> None:
    assert is_no_secret(value) is shown


@given(st.text(max_size=20))
def test_a_bare_value_is_shorter_and_the_removed_character_has_a_name(value: str) -> None:
    left = strip_stray_characters(value)
    assert left in value.replace("\u200b", "") or len(left) < len(value)
    if left != value and value:
        assert first_stray_character(value) or value.startswith("[")


def test_a_long_run_of_spaces_inside_a_value_is_kept() -> None:
    """A pattern that backtracks would take quadratic time here."""
    value = "x" + " " * 500_000 + "x"
    assert strip_stray_characters(f" {value} ") == value
