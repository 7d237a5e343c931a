"""Examines a text that was pasted into the doctor's page, in this process. `doctor_process.py` uses a separate one."""

from __future__ import annotations

import secrets

from sickbay.doctor.text import diagnose_text
from sickbay.doctor.verdict import Verdict
from sickbay.web.portal.diagnosis_views import doctor_view, join_texts
from sickbay.web.portal.doctor_views import DoctorView


def examine(text: str, added: str) -> DoctorView:
    """text, added: the contents of the two boxes."""
    try:
        parsed, diagnosis = diagnose_text(join_texts(text, added))
        if diagnosis.verdict == Verdict.UNKNOWN and not diagnosis.recognised:
            return DoctorView(input=text, added=added, fault=diagnosis.help, related=diagnosis.related)
        return doctor_view(text, parsed, diagnosis, secrets.token_urlsafe(32), added)
    except ValueError as error:
        return DoctorView(input=text, added=added, fault=str(error))
    except (AttributeError, KeyError, TypeError):
        return DoctorView(input=text, added=added, fault="Sickbay doesn’t support this kind of exchange yet.")
