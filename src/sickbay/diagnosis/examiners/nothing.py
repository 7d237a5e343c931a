"""Examines nothing: what an app received has no checks, only rules. Also for stages that are part of another one."""

from __future__ import annotations

from typing import Any

import msgspec

from sickbay.diagnosis.evidence import answer
from sickbay.diagnosis.evidence.context import Json
from sickbay.diagnosis.examiner import Examiner
from sickbay.diagnosis.kinds import Kind
from sickbay.diagnosis.silence.progress import Silence, find_silence
from sickbay.diagnosis.silence.trail import Trail
from sickbay.diagnosis.stages import ANSWER, BROWSER, DISCOVERY, ID_TOKEN, SILENCE


def _read_silence(evidence: Json) -> Silence | None:
    """The step of a launch that didn't come. Raises ValueError if a member has the wrong type."""
    members = {name: evidence[name] for name in Trail.__struct_fields__ if name in evidence}
    return find_silence(msgspec.convert(members, Trail))


EXAMINER: Examiner[Any, Any] = Examiner()
KINDS = {
    "token_response": Kind(ID_TOKEN, answer.read_token_response, answer.context_of),
    "smart_configuration": Kind(DISCOVERY, answer.read_document, answer.context_of),
    "error_answer": Kind(ANSWER, answer.read_nothing, answer.context_of),
    "http_exchange": Kind(BROWSER, answer.read_exchange, answer.context_of),
    "launch_trail": Kind(SILENCE, _read_silence, answer.context_of),
}
