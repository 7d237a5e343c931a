"""Examines decisions of the user: sign-in, the choice of a patient, and consent."""

from __future__ import annotations

from sickbay.authorization import login
from sickbay.authorization.contexts import LoginContext
from sickbay.authorization.requests import LoginRequest
from sickbay.diagnosis.evidence import login as read
from sickbay.diagnosis.examiner import Examiner, examine_always
from sickbay.diagnosis.kinds import Kind
from sickbay.diagnosis.stages import LOGIN

EXAMINER: Examiner[LoginRequest, LoginContext] = Examiner(checks=examine_always(*login.CHECKS), to_evidence=read.to_evidence)
KINDS = {"login": Kind(LOGIN, read.read_request, read.context_of)}
