"""Examines registrations of apps."""

from __future__ import annotations

from typing import Any, TypeVar

from sickbay.authorization import registration
from sickbay.authorization.requests import RegistrationRequest
from sickbay.diagnosis.evidence import registration as read
from sickbay.diagnosis.examiner import Decided, Examiner, examine_always
from sickbay.diagnosis.kinds import Kind
from sickbay.diagnosis.stages import REGISTRATION

R_co = TypeVar("R_co", covariant=True)
K_co = TypeVar("K_co", covariant=True)


def _recheck_registration(refused: Decided[R_co, K_co], corrected: Any) -> tuple[Any, K_co]:
    """For registrations, whose context doesn't depend on the request."""
    return corrected, refused.context


EXAMINER: Examiner[RegistrationRequest, Any] = Examiner(
    checks=examine_always(*registration.CHECKS), to_evidence=read.to_evidence, recheck=_recheck_registration
)
KINDS = {"registration": Kind(REGISTRATION, read.read_request, read.context_of)}
