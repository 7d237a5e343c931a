"""The view of the page with Sickbay's clock and its snapshots."""

from __future__ import annotations

from msgspec import Struct


class SnapshotRow(Struct, frozen=True):
    name: str
    at: str
    size: str


class SecretRow(Struct, frozen=True):
    """The new secret of an app in an imported snapshot."""

    app: str
    client_id: str
    secret: str


class TimeView(Struct, frozen=True, kw_only=True):
    """now, real: Sickbay's time and real time. offset: how far they are apart. fault: why nothing was changed."""

    now: str
    real: str
    offset: str
    frozen: bool
    is_real: bool
    moves: tuple[str, ...]
    action: str
    fault: str = ""
    text: str = ""
    """The text that was entered, if it is invalid."""
    snapshots: tuple[SnapshotRow, ...] = ()
    snapshot_fault: str = ""
    snapshot_name: str = ""
    import_fault: str = ""
    """Why a file wasn't imported or exported."""
    done: str = ""
    """The completed action on a snapshot, as a sentence."""
    secrets: tuple[SecretRow, ...] = ()
    """Shown only once."""
