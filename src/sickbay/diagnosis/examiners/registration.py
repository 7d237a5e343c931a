"""Examines registrations of apps."""

from __future__ import annotations

from typing import Any

from sickbay.authorization import registration
from sickbay.authorization.requests import RegistrationRequest
from sickbay.diagnosis.evidence import registration as read
from sickbay.diagnosis.examiner import Examiner, examine_always
from sickbay.diagnosis.kinds import Kind
from sickbay.diagnosis.stages import REGISTRATION

EXAMINER: Examiner[RegistrationRequest, Any] = Examiner(
    checks=examine_always(*registration.CHECKS),
    to_evidence=read.to_evidence,
    recheck=lambda refused, corrected: (corrected, refused.context),  # which doesn't depend on the request
)
KINDS = {"registration": Kind(REGISTRATION, read.read_request, read.context_of)}
