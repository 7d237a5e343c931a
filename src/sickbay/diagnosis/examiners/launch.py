"""Examines launch URLs."""

from __future__ import annotations

from typing import Any

from sickbay.authorization import launch
from sickbay.authorization.requests import UrlRequest
from sickbay.diagnosis.evidence import url as read
from sickbay.diagnosis.examiner import Examiner, examine_always
from sickbay.diagnosis.kinds import Kind
from sickbay.diagnosis.stages import LAUNCH

EXAMINER: Examiner[UrlRequest, Any] = Examiner(
    checks=examine_always(*launch.CHECKS), to_evidence=lambda request: read.to_evidence("launch_url", request)
)
KINDS = {"launch_url": Kind(LAUNCH, read.read_request, read.context_of)}
