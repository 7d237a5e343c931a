"""Where a session of the administrator counts: in the portal, and at two kinds of pages of a hospital."""

from __future__ import annotations

import pytest

from sickbay.authorization.administration import may_use_session


@pytest.mark.parametrize(
    ("path", "counts"),
    [
        ("/", True),
        ("/developer", True),
        ("/developer/apps/a", True),
        ("/exchanges/x", True),
        ("/timelines/x", True),
        ("/general/ehr/launch", True),
        ("/general/errors/x", True),
        ("/general/ehr", False),
        ("/general/ehr/launch/x", False),
        ("/general/oauth/authorize", False),
        ("/general/r4/Patient", False),
        ("/elsewhere/ehr/launch", False),
        ("/elsewhere/errors/x", False),
        ("/admin/apps", False),
        ("/developers", False),
    ],
)
def test_a_session_counts_only_in_the_portal_and_at_two_pages_of_a_hospital(path: str, counts: bool) -> None:
    assert may_use_session(path, {"general"}) == counts
