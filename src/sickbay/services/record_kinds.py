"""The kinds of records that the store keeps, and what a reset does with each of them."""

from __future__ import annotations

from enum import Enum, auto


class AtReset(Enum):
    """CLEARED: by every reset. ADDED: only if added apps and users are removed too. KEPT: never cleared."""

    CLEARED = auto()
    ADDED = auto()
    KEPT = auto()


KINDS = {
    "app": AtReset.ADDED,
    "app-before": AtReset.CLEARED,
    "app-state": AtReset.CLEARED,
    "changes": AtReset.KEPT,
    "class": AtReset.ADDED,
    "code": AtReset.CLEARED,
    "condition": AtReset.CLEARED,
    "consent": AtReset.CLEARED,
    "exchange": AtReset.CLEARED,
    "export": AtReset.CLEARED,
    "failure": AtReset.CLEARED,
    "fault": AtReset.CLEARED,
    "family": AtReset.CLEARED,
    "hospital": AtReset.ADDED,
    "injected": AtReset.CLEARED,
    "jti": AtReset.CLEARED,
    "key": AtReset.KEPT,
    "launch": AtReset.CLEARED,
    "loaded": AtReset.CLEARED,
    "login": AtReset.CLEARED,
    "meta": AtReset.KEPT,
    "pending": AtReset.CLEARED,
    "session": AtReset.CLEARED,
    "snapshot": AtReset.ADDED,
    "student": AtReset.ADDED,
    "student-progress": AtReset.CLEARED,
    "token": AtReset.CLEARED,
    "undone-token": AtReset.CLEARED,
    "user": AtReset.ADDED,
}
"""Every kind that the sources write. tests/services/test_record_kinds.py finds kinds that are missing here."""

NOT_IN_SNAPSHOTS = frozenset(
    """
    changes class exchange failure fault hospital injected key meta snapshot student student-progress undone-token
    """.split()
)
"""The journal, faults, throttling, hospitals, students and signing keys stay as they are when a snapshot is restored."""
IN_SNAPSHOTS = tuple(kind for kind in KINDS if kind not in NOT_IN_SNAPSHOTS)


def list_cleared_kinds(everything: bool) -> tuple[str, ...]:
    """The kinds that a reset clears. everything: also added apps and users."""
    cleared_at = {AtReset.CLEARED, AtReset.ADDED} if everything else {AtReset.CLEARED}
    return tuple(kind for kind, at_reset in KINDS.items() if at_reset in cleared_at)
