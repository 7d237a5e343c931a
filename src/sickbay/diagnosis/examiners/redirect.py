"""Examines redirects back to the app, and addresses of error pages."""

from __future__ import annotations

from typing import Any

from sickbay.authorization import redirect
from sickbay.authorization.requests import UrlRequest
from sickbay.diagnosis.evidence import url as read
from sickbay.diagnosis.examiner import Examiner, examine_always
from sickbay.diagnosis.kinds import Kind
from sickbay.diagnosis.stages import REDIRECT

EXAMINER: Examiner[UrlRequest, Any] = Examiner(
    checks=examine_always(*redirect.CHECKS), to_evidence=lambda request: read.to_evidence("redirect_url", request)
)
KINDS = {
    "redirect_url": Kind(REDIRECT, read.read_request, read.context_of),
    "error_page_url": Kind(REDIRECT, read.read_error_page, read.context_of, examine_always(*redirect.ERROR_PAGE_CHECKS)),
}
