"""The evaluator of pasted code stops when it has taken too many steps or made too long values, and says so."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.laws import examples, for_each

from sickbay.doctor.code import values as budget
from sickbay.doctor.code.find import requests_in, settings_in
from sickbay.doctor.code.values import CHARACTERS_OF_A_TEXT, PAIRS_OF_FIELDS, BudgetSpent, Meter
from sickbay.doctor.text import diagnose_text

SEND = 'fetch("https://a.example/token", {method: "POST", body: BODY});\n'
BOMBS = {
    "a template that doubles itself": "let b = `xx${c}`;\n" + "b = `${b}${b}`;\n" * 200 + SEND.replace("BODY", "b"),
    "a sum that doubles itself": 'let b = "xx";\n' + "b = b + b;\n" * 200 + SEND.replace("BODY", "b"),
    "lists of lists": "a = ["
    + "1," * 300
    + "];\nb = ["
    + "a," * 300
    + "];\nc = ["
    + "b," * 300
    + "];\nd = ["
    + "c," * 300
    + "];\n"
    + SEND.replace("BODY", "JSON.stringify(d)"),
    "a list in itself": "a = [];\n" + "a.push(a);\n" * 500 + SEND.replace("BODY", "JSON.stringify(a)"),
    "fields added to themselves": "p = new URLSearchParams({a: 1});\n" + "p.update(p);\n" * 100 + SEND.replace("BODY", "p"),
    "a long value sent again and again": f'const b = "{"x" * 15_000}";\n' + SEND.replace("BODY", "b") * 150,
    "a long shell variable": f"B={'x' * 15_000}\n" + 'curl https://a.example/token -d "$B"\n' * 150,
    "commands in commands": "Invoke-RestMethod -Uri https://a.example -d " * 200,
    "encoded again and again": "let b = {a: 1};\n" + "b = JSON.stringify(b);\n" * 500 + SEND.replace("BODY", "b"),
}


@for_each("name", BOMBS)
def test_what_is_made_of_the_code_is_limited_by_its_length(name: str) -> None:
    text = BOMBS[name]
    sent = [len(request.url) + len(request.body) + sum(map(len, request.headers.values())) for request in requests_in(text)]
    assert sum(sent) <= 3 * (budget.WRITTEN_AT_LEAST + budget.WRITTEN_PER_CHARACTER * len(text))
    assert max(sent, default=0) <= 3 * CHARACTERS_OF_A_TEXT
    settings_in(text)


def test_the_requests_that_were_read_until_then_are_kept_and_the_diagnosis_says_that_it_stopped() -> None:
    text = SEND.replace("BODY", '"grant_type=authorization_code"') + BOMBS["a sum that doubles itself"]
    meter = Meter(len(text))
    requests = requests_in(text, meter)
    assert requests[0].body == "grant_type=authorization_code"
    assert meter.is_spent
    findings = {finding.id: finding.severity for finding in diagnose_text(text)[1].explanation.findings}
    assert findings["code-read-in-part"] == "info"


def test_an_ordinary_program_is_read_whole() -> None:
    fields = "".join(f'p.append("name{number}", "value");\n' for number in range(100))
    text = f"const p = new URLSearchParams();\n{fields}{SEND.replace('BODY', 'p')}" * 5
    meter = Meter(len(text))
    assert len(requests_in(text, meter)) == 5
    settings_in(text, meter)
    assert not meter.is_spent


def test_a_mapping_has_a_limited_number_of_fields() -> None:
    text = (
        "const h = {};\n"
        + "".join(f'h.a{number} = "b";\n' for number in range(1_000))
        + SEND.replace("BODY", "JSON.stringify(h)")
    )
    (request,) = requests_in(text)
    assert request.body.count('"b"') == PAIRS_OF_FIELDS


@given(st.integers(min_value=0, max_value=5_000), st.lists(st.integers(min_value=1, max_value=500), max_size=200))
@settings(max_examples=examples(50), deadline=None)
def test_the_meter_stops_exactly_at_its_limit(length: int, amounts: list[int]) -> None:
    limit = budget.STEPS_AT_LEAST + budget.STEPS_PER_CHARACTER * length
    meter = Meter(length)
    taken = 0
    with meter.limit():
        for amount in amounts:
            budget.spend(amount)
            taken += amount
    assert taken <= limit
    assert meter.is_spent == (sum(amounts) > limit)


def test_nothing_is_limited_outside_a_meter() -> None:
    budget.spend(10**9, 10**9)
    with pytest.raises(ZeroDivisionError), Meter(1).limit():
        raise ZeroDivisionError
    with Meter(0).limit(), pytest.raises(BudgetSpent):
        budget.spend(budget.STEPS_AT_LEAST + 1)
