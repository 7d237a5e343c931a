"""The rules, one file or folder for each stage."""

from __future__ import annotations

from sickbay.diagnosis.lists import LISTS

FILES = LISTS["files_of_rules"]
"""The files of rules in order of precedence, by their place below this folder."""
