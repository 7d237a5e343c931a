"""Reads pasted source code: the HTTP requests that it sends, the settings of its OAuth library, and its mistakes.

The code is never run. Text that isn't code gives nothing, and no text raises an exception.
"""

from sickbay.doctor.code.budget import Meter
from sickbay.doctor.code.find import requests_in, settings_in
from sickbay.doctor.code.models import AppSettings, CodeRequest, Mistake
from sickbay.doctor.code.request_mistakes import mistakes_in
from sickbay.doctor.code.text_mistakes import mistakes_in_text

__all__ = ["AppSettings", "CodeRequest", "Meter", "Mistake", "mistakes_in", "mistakes_in_text", "requests_in", "settings_in"]
