"""What the client_id of an app may be (RFC 6749, Appendix A.1: VSCHAR), wherever it comes from."""

from __future__ import annotations

import re
from typing import Final

from sickbay.authorization.client_document import MAXIMUM_URL_CHARACTERS, is_document_id

MAXIMUM_CHARACTERS: Final = 200
_VISIBLE = re.compile(r"[\x20-\x7e]*")


def find_problem(client_id: str, member: str = "client_id") -> str:
    """Returns what is wrong with it, in one sentence; "" if nothing is. Only the URL of a metadata document may be longer."""
    most = MAXIMUM_URL_CHARACTERS if is_document_id(client_id) else MAXIMUM_CHARACTERS
    if not 0 < len(client_id) <= most:
        return f"`{member}` must have 1 to {most:,} characters, and this one has {len(client_id):,}"
    if not _VISIBLE.fullmatch(client_id):
        return f"`{member}` may contain only letters, digits, punctuation and spaces of ASCII (RFC 6749, A.1)"
    return ""
