"""The diagnosis of each case, made once for all laws about cases."""

from __future__ import annotations

from functools import cache

from sickbay.diagnosis import case
from sickbay.doctor.diagnose import Diagnosis, diagnose


@cache
def diagnose_case(id: str) -> Diagnosis:
    """What the doctor says about the refused request of a case."""
    return diagnose(case.load(case.list_paths()[id]).refused)
