"""If-Match and Prefer as they are written."""

from __future__ import annotations

import pytest

from sickbay.fhir.preconditions import etag, versions, wanted


@pytest.mark.parametrize(("header", "named"), [
    (None, None), ("*", None), ('W/"3"', (3,)), ('"3"', (3,)), ("3", (3,)), ('W/"3", W/"4"', (3, 4)), ("x", ()), ("", ()),
    ('W/"٣"', ()),
])  # fmt: skip
def test_if_match_names_versions(header: str | None, named: tuple[int, ...] | None) -> None:
    assert versions(header) == named


def test_a_tag_of_ours_is_read_back() -> None:
    assert versions(etag(17)) == (17,)


@pytest.mark.parametrize(("prefer", "said"), [
    (None, None), ("respond-async", None), ("return=minimal", "minimal"),
    ('handling=strict, return="representation"', "representation"),
    ("return = OperationOutcome", "OperationOutcome"), ("return=everything", None),
])  # fmt: skip
def test_prefer_asks_for_one_of_three(prefer: str | None, said: str | None) -> None:
    assert wanted(prefer) == said
