"""One sentence says who revoked a token and when."""

from __future__ import annotations

from typing import get_args

import pytest

from sickbay.authorization.models import RevokedBy
from sickbay.diagnosis.revocations import describe_revocation

RECORDED = [by for by in get_args(RevokedBy) if by and by != "restore"]  # not a revocation: the token has its own refusal


@pytest.mark.parametrize("by", RECORDED)
def test_every_recorded_reason_has_its_own_sentence_with_the_time(by: str) -> None:
    sentence = describe_revocation({"by": by, "at": 1764000000})
    assert sentence.endswith(" on 2025-11-24 at 16:00:00 UTC.")
    assert [other for other in RECORDED if describe_revocation({"by": other, "at": 1764000000}) == sentence] == [by]


@pytest.mark.parametrize("facts", [{}, {"by": "", "at": 0}])
def test_a_revocation_without_a_recorded_reason_has_no_time(facts: dict[str, object]) -> None:
    assert describe_revocation(facts) == "There is no record of who revoked it."
