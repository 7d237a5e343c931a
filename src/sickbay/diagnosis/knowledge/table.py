"""All known errors."""

from __future__ import annotations

from sickbay.diagnosis.knowledge.known_error import KnownError
from sickbay.diagnosis.knowledge.servers import oauth

ALL: tuple[KnownError, ...] = (*oauth.ERRORS,)
BY_ID: dict[str, KnownError] = {entry.id: entry for entry in ALL}
