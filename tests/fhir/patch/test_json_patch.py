"""JSON Patch: the examples of RFC 6902, and that a failed patch changes nothing."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from sickbay.fhir.patch.json_patch import PatchFailed, apply, read

RESOURCE: dict[str, Any] = {"a": {"b": [1, 2]}, "c/d": 1, "e~f": {"g": True}, "n": None}

GOOD = [
    ({"op": "add", "path": "/a/b/1", "value": 9}, {"a": {"b": [1, 9, 2]}}),
    ({"op": "add", "path": "/a/b/-", "value": 9}, {"a": {"b": [1, 2, 9]}}),
    ({"op": "add", "path": "/new", "value": [1]}, {"new": [1]}),
    ({"op": "replace", "path": "/a/b/0", "value": 9}, {"a": {"b": [9, 2]}}),
    ({"op": "replace", "path": "/c~1d", "value": 9}, {"c/d": 9}),
    ({"op": "remove", "path": "/a/b"}, {"a": {}}),
    ({"op": "remove", "path": "/a/b/0"}, {"a": {"b": [2]}}),
    ({"op": "move", "from": "/a/b/0", "path": "/a/b/1"}, {"a": {"b": [2, 1]}}),
    ({"op": "copy", "from": "/a", "path": "/x"}, {"x": {"b": [1, 2]}}),
    ({"op": "test", "path": "/e~0f/g", "value": True}, {}),
    ({"op": "test", "path": "/n", "value": None}, {}),
]

BAD = [
    {"op": "add", "path": "/a/b/4", "value": 9},
    {"op": "add", "path": "/a/b/01", "value": 9},
    {"op": "add", "path": "/x/y", "value": 9},
    {"op": "add", "path": "/c~1d/y", "value": 9},
    {"op": "replace", "path": "/x", "value": 9},
    {"op": "remove", "path": "/a/b/-"},
    {"op": "remove", "path": ""},
    {"op": "move", "from": "/a", "path": "/a/b/0"},
    {"op": "copy", "from": "/x", "path": "/y"},
    {"op": "test", "path": "/e~0f/g", "value": 1},
    {"op": "test", "path": "/c~1d", "value": True},
]


@pytest.mark.parametrize(("operation", "change"), GOOD)
def test_an_operation_changes_the_resource_as_the_rfc_describes(operation: dict[str, Any], change: dict[str, Any]) -> None:
    assert apply(RESOURCE, [operation]) == RESOURCE | change


@pytest.mark.parametrize("operation", BAD)
def test_an_operation_that_fails_changes_nothing(operation: dict[str, Any]) -> None:
    before = copy.deepcopy(RESOURCE)
    with pytest.raises(PatchFailed, match="operation 1"):
        apply(RESOURCE, [{"op": "add", "path": "/a/b/0", "value": 0}, operation])
    assert before == RESOURCE


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[1]",
        '[{"op":"x","path":"/a"}]',
        '[{"op":"add","path":"a","value":1}]',
        '[{"op":"add","path":"/a"}]',
        '[{"op":"move","path":"/a"}]',
        '[{"op":["add"],"path":"/a"}]',
    ],
)
def test_a_text_that_is_not_a_json_patch_is_refused(text: str) -> None:
    with pytest.raises(PatchFailed):
        read(text)


def test_copies_of_copies_are_limited_in_size() -> None:
    """Each copy doubles the size of the one before. Forty of them would have a million million values."""
    doubled = [{"op": "copy", "from": "/a", "path": "/a/b/-"}]
    assert len(apply(RESOURCE, doubled * 3)["a"]["b"]) == 5
    with pytest.raises(PatchFailed, match=r"the copies of a patch must not exceed 1000000 bytes in total"):
        apply(RESOURCE, doubled * 40)


def test_copies_of_many_small_values_count_more_than_their_bytes() -> None:
    doubling: list[dict[str, Any]] = [
        {"op": "add", "path": "/a", "value": ["x"]},
        *[{"op": "copy", "from": "/a", "path": "/a/-"}] * 40,
    ]
    with pytest.raises(PatchFailed, match=r"operation 1[0-6], copy .*: the copies of a patch must not exceed"):
        apply({}, doubling)
    large = [{"op": "add", "path": "/a", "value": "x" * 100_000}, *[{"op": "copy", "from": "/a", "path": "/b"}] * 9]
    assert len(apply({}, large)["b"]) == 100_000
