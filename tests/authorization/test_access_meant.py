"""Where a token cannot be read, the one that was meant is: for the corrected request alone."""

from __future__ import annotations

import pytest
from tests.authorization.test_access import asked

from sickbay.authorization import access


@pytest.mark.parametrize(
    ("header", "query", "token"),
    [
        ("t1", "", "t1"), ('Bearer "t1"', "", "t1"), ('"Bearer t1"', "", "t1"), ("Bearer: t1", "", "t1"),
        ("Token t1", "", "t1"),
        ("Bearer t1, Bearer t2", "", None), ("Basic dTpw", "", None), ("Bearer", "", None), ("Bearer t!", "", None),
        (None, "access_token=t1", "t1"), (None, "access_token=t%201", None), (None, "", None), ("t1", "access_token=t2", "t1"),
    ],
)  # fmt: skip
def test_the_token_that_was_meant_is_read_without_what_clings_to_it(
    header: str | None, query: str, token: str | None
) -> None:
    assert access.meant(asked(authorization=header, query=query)) == token
