"""Reads the events of a launch from a case, and finds the step that didn't come."""

from __future__ import annotations

from typing import Final

import msgspec

from sickbay.diagnosis.evidence.context import Json
from sickbay.diagnosis.silence.progress import Silence, silence
from sickbay.diagnosis.silence.trail import Trail

MEMBERS: Final = Trail.__struct_fields__


def request(evidence: Json) -> Silence | None:
    """Raises ValueError if a member has the wrong type."""
    return silence(msgspec.convert({name: evidence[name] for name in MEMBERS if name in evidence}, Trail))
