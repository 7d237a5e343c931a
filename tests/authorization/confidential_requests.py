"""Token requests of a confidential client."""

from __future__ import annotations

from tests.authorization.token_requests import (
    SYMMETRIC,
    knowing,
)

CONFIDENTIAL = knowing(client=SYMMETRIC)
