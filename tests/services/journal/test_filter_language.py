"""The language of filters: what each word finds, and what is said about a word that isn't understood."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.laws import for_each

from sickbay.services.journal.filter_language import (
    EXAMPLES,
    MAXIMUM_CHARACTERS,
    MAXIMUM_VALUES,
    MAXIMUM_WORDS,
    NAMES,
    RECORDED_STAGES,
    KnownNames,
    format_word,
    parse_filter,
    split_filter,
)
from sickbay.services.journal.outcomes import KINDS, format_line
from sickbay.storage.exchange_filter import ExchangeRow, is_wanted

KNOWN = KnownNames(
    {"finder": ("c1", "c2"), "growth chart": ("c3",), "c_3": ("c3",)},
    ("general", "epic"),
    ("pkce-missing", "pkce-plain", "aud-missing"),
)


def row(
    status: int = 400,
    *,
    app: str = "c1",
    tenant: str = "general",
    launch: str = "L1",
    stage: str = "token",
    kind: str = "",
    rules: tuple[str, ...] = ("pkce-missing",),
    url: str = "http://localhost:7425/general/oauth/token",
    injected: bool = False,
) -> ExchangeRow:
    entry = {
        "stage": stage,
        "request": {"method": "POST", "url": url},
        "response": {"status": status},
        "findings": [{"id": rule, "severity": "error"} for rule in rules],
        "decided": rules[0] if rules else None,
        "injected": {"kind": "status"} if injected else None,
    }
    return ExchangeRow(1, "id", 1, tenant, app, launch, stage, format_line(entry, kind))


def finds(text: str, found: ExchangeRow) -> bool:
    reading = parse_filter(text, KNOWN)
    assert not reading.problems, reading.problems
    return is_wanted(found, reading.wanted)


@for_each(
    "text, found",
    [
        ("", row()),
        ("status:400", row()),
        ("STATUS:4XX", row()),
        ("status:40x", row()),
        ("status:5xx,4xx", row()),
        ("-status:5xx", row()),
        ("app:finder", row()),
        ("app:Finder", row(app="c2")),
        ('app:"Growth Chart"', row(app="c3")),
        ("app:grow*", row(app="c3")),
        ("app:c_3", row(app="c3")),
        ("-app:finder", row(app="c3")),
        ("-app:finder", row(app="")),
        ("hospital:general", row()),
        ("hospital:gen*,epic", row()),
        ("stage:token", row()),
        ("stage:refresh", row(kind="refresh")),
        ("stage:token", row(kind="refresh")),
        ("stage:search", row(stage="access", kind="search")),
        ("stage:tok*", row()),
        ("rule:pkce-missing", row()),
        ("rule:pkce*", row()),
        ("rule:*missing", row()),
        ("rule:*kce-mis*", row()),
        ("rule:aud-missing,pkce-plain", row(rules=("aud-missing",))),
        ("rule:pkce-plain", row(rules=("aud-missing", "pkce-plain"))),
        ("launch:L1", row()),
        ("is:refused", row()),
        ("is:granted", row(200, rules=())),
        ("is:failed", row(404, rules=())),
        ("is:injected", row(503, rules=(), injected=True)),
        ("oauth/TOKEN", row()),
        ('"stage:x"', row(url="http://localhost:7425/stage:x")),
        ("post pkce status:4xx app:finder", row()),
        ("http://localhost", row(url="http://localhost:7425/x?redirect_uri=http://localhost")),
        ("100%", row(url="http://localhost:7425/x?a=100%")),
    ],
)
def test_a_filter_finds(text: str, found: ExchangeRow) -> None:
    assert finds(text, found)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("status:401", row()),
        ("status:4xx", row(200, rules=())),
        ("status:4xx -app:finder", row()),
        ("app:finder", row(app="c3")),
        ("app:finder", row(app="")),
        ("hospital:epic", row()),
        ("stage:access", row()),
        ("stage:refresh", row()),
        ("rule:pkce-plain", row()),
        ("rule:pkce*", row(rules=("aud-missing",))),
        ("-rule:pkce*", row()),
        ("launch:l1", row()),
        ("launch:L1", row(launch="")),
        ("is:granted", row()),
        ("is:refused", row(200, rules=(), url="http://localhost:7425/x?a= refused ")),
        ("stage:access", row(url="http://localhost:7425/x?a= @access ")),
        ("rule:aud-missing", row(url="http://localhost:7425/x?a= #aud-missing ")),
        ("100%", row(url="http://localhost:7425/x?a=100")),
        ("a_c", row(url="http://localhost:7425/abc")),
        ("-post", row()),
    ],
    ids=str,
)
def test_a_filter_does_not_find(text: str, other: ExchangeRow) -> None:
    assert not finds(text, other)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("stauts:404", "There is no filter stauts. Did you mean status:?"),
        ("foo:bar", 'put it in quotes: "foo:bar"'),
        ("status:", "status: has no value. For example: status:4xx."),
        ("app:", "app: has no value"),
        ('rule:""', "has no value"),
        ("status:99", "99 is not a status. Write three digits such as 404, or 4xx for all from 400 to 499."),
        ("status:4xx,abc", "abc is not a status"),
        ("app:findr", "There is no app findr. Did you mean finder?"),
        ("hospital:nowhere", "There is no hospital nowhere. Hospitals: general and epic."),
        ("stage:tokn", "No exchange has the stage tokn. Did you mean token?"),
        ("stage:pkce", "Requests of the stage pkce are recorded as token: write stage:token."),
        ("rule:pkce-mising", "There is no rule pkce-mising. Did you mean pkce-missing?"),
        ("rule:nothing*", "There is no rule nothing*."),
        ("is:bad", "is:bad has no meaning. Write is: and refused, failed, granted or injected."),
        ("a " * (MAXIMUM_WORDS + 1), f"at most {MAXIMUM_WORDS} are read"),
        ("x" * (MAXIMUM_CHARACTERS + 1), f"at most {MAXIMUM_CHARACTERS} are read"),
        ("status:" + ",".join(["404"] * (MAXIMUM_VALUES + 1)), f"at most {MAXIMUM_VALUES} are read"),
    ],
)
def test_a_wrong_word_is_explained(text: str, says: str) -> None:
    (problem,) = parse_filter(text, KNOWN).problems
    assert says in problem


def test_the_other_words_count_beside_a_wrong_one() -> None:
    reading = parse_filter("stauts:404 status:400", KNOWN)
    assert len(reading.problems) == 1
    assert is_wanted(row(), reading.wanted)
    assert not is_wanted(row(404), reading.wanted)


def test_every_name_has_an_example() -> None:
    assert {*EXAMPLES} == {*NAMES}


def test_stages_that_are_only_in_the_line_are_recorded_stages() -> None:
    assert {*KINDS} < {*RECORDED_STAGES}


@given(st.text(alphabet=st.characters(codec="utf-8") | st.sampled_from(':"*-, statuappl%_!'), max_size=60))
def test_no_text_is_too_odd_to_be_read(text: str) -> None:
    reading = parse_filter(text, KNOWN)
    is_wanted(row(), reading.wanted)
    assert all(reading.problems)


@given(st.sampled_from(NAMES), st.text(min_size=1).map(lambda text: text.replace('"', "").strip()).filter(bool))
def test_a_written_word_is_read_as_one_word_with_this_value(name: str, value: str) -> None:
    (word,) = split_filter(format_word(name, value))
    assert (word.name, word.excluded) == (name, False)
    assert word.values == (value,)
