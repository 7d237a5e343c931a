"""A path that asks for metadata gets a hint, whatever else it contains."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sickbay.authorization.protected_resource import WELL_KNOWN as OF_RESOURCE
from sickbay.web.oauth.metadata_hints import OF_OPENID, OF_SERVER, OF_SMART, find_hint

KINDS = (OF_SERVER, OF_OPENID, OF_RESOURCE, OF_SMART)
PARTS = ("/", "general", ".well-known", "/oauth-authorization-server", "/mcp", "x", *KINDS)


@given(st.lists(st.sampled_from(PARTS)).map("".join))
def test_a_path_that_ends_with_a_well_known_path_has_a_hint(path: str) -> None:
    hint = find_hint(path, {})
    assert hint is None or hint.text
    assert hint is not None or not path.endswith(KINDS)
