"""Token requests of a confidential client."""

from __future__ import annotations

from tests.authorization.token_requests import (
    SYMMETRIC,
    token_context,
)

CONFIDENTIAL = token_context(client=SYMMETRIC)
