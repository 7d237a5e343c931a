"""Reads the events of a launch from a case, and finds the step that didn't come."""

from __future__ import annotations

from typing import Final

import msgspec

from sickbay.diagnosis.evidence.context import Json
from sickbay.diagnosis.silence.progress import Silence, find_silence
from sickbay.diagnosis.silence.trail import Trail

MEMBERS: Final = Trail.__struct_fields__


def read_silence(evidence: Json) -> Silence | None:
    """Raises ValueError if a member has the wrong type."""
    return find_silence(msgspec.convert({name: evidence[name] for name in MEMBERS if name in evidence}, Trail))
