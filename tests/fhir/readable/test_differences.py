"""Differences between two versions."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sickbay.fhir import lossless_json
from sickbay.fhir.readable.differences import Difference, compare_versions

VALUES = st.recursive(
    st.booleans() | st.integers(0, 3) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.sampled_from("abcd"), VALUES, max_size=4)


def test_changed_added_and_removed_elements_are_named_by_their_path() -> None:
    before = {"status": "preliminary", "code": {"text": "a"}, "name": [{"family": "A"}, {"family": "B"}], "gone": {"x": [1]}}
    after = {"status": "final", "code": {"text": "a"}, "name": [{"family": "A"}, {"family": "C"}], "new": True}
    assert list(compare_versions(before, after)) == [
        Difference("status", "preliminary", "final"),
        Difference("name[1].family", "B", "C"),
        Difference("new", None, "true"),
        Difference("gone.x[0]", "1", None),
    ]


def test_an_inserted_item_changes_nothing_else_and_moved_items_are_one_change() -> None:
    assert list(compare_versions({"a": ["x", "y"]}, {"a": ["new", "x", "y"]})) == [Difference("a[0]", None, "new")]
    (moved,) = compare_versions({"a": ["x", "y"]}, {"a": ["y", "x"]})
    assert moved.path == "a"


def test_a_decimal_with_another_precision_is_a_change() -> None:
    before, after = (lossless_json.loads(text) for text in ('{"value": 1.0}', '{"value": 1.00}'))
    assert list(compare_versions(before, after)) == [Difference("value", "1.0", "1.00")]


@given(OBJECTS, OBJECTS)
def test_there_are_differences_exactly_if_the_versions_differ(before: dict[str, Any], after: dict[str, Any]) -> None:
    def without_empty(value: Any) -> Any:
        """FHIR has no empty objects and lists."""
        if isinstance(value, dict):
            return {key: inner for key, item in value.items() if (inner := without_empty(item)) not in ({}, [])}
        return [inner for item in value if (inner := without_empty(item)) not in ({}, [])] if isinstance(value, list) else value

    before, after = without_empty(before), without_empty(after)
    assert list(compare_versions(before, copy.deepcopy(before))) == []
    assert (
        bool(list(compare_versions(before, after))) == (lossless_json.dumps(before) != lossless_json.dumps(after))
        or before == after
    )


def test_deep_values_are_compared_as_a_whole() -> None:
    deep: Any = "x"
    for _ in range(200):
        deep = {"a": deep}
    (difference,) = compare_versions({"a": deep}, {"a": {"a": deep}})
    assert difference.before != difference.after
