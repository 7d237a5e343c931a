"""Kinds of records: those whose changes are counted, and those that no cache depends on."""

from __future__ import annotations

from typing import Final

from sickbay.storage.interface import Put, Record

COUNTED = frozenset(("app", "app-before"))
"""Kinds whose changes are counted."""
CHANGES = Put(Record("changes", "app", b"{}"))
"""Written with every change of those kinds, so that every worker sees a new revision of this record."""

UNDONE_TOKEN: Final = "undone-token"
"""Tokens that were issued after a snapshot that has been restored, so that their refusal can be explained."""
ADMINISTRATOR: Final = "administrator"
"""The label of sessions that may administer Sickbay. No snapshot contains or changes them."""
STUDENT: Final = "student session"
"""The label of sessions of students. No snapshot contains or changes them either."""

UNCACHED = frozenset(("code", "condition", "consent", "failure", "family", "jti", "launch", "login", "pending", "session"))
"""Kinds of records that aren't cached, so their changes leave the stamp unchanged.

So do new tokens, because nothing caches that a token is absent. Changing or deleting a token, as revocation does, changes it.
"""
