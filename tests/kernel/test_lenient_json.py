from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from sickbay.kernel.lenient_json import load_json

VALUES = st.recursive(st.booleans() | st.integers() | st.text(), lambda each: st.lists(each) | st.dictionaries(st.text(), each))


@given(VALUES)
def test_json_is_parsed_and_what_is_left_of_it_is_nothing(value: object) -> None:
    text = json.dumps([value])
    assert load_json(text) == [value]
    assert load_json(text[:-1]) is None


def test_json_that_is_nested_too_deep_is_nothing() -> None:
    assert load_json("[" * 200_000) is None
