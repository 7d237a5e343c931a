"""Numbered steps from an empty file to the newest schema, in migrations.sql. The version is stored in `user_version`.

A released step is never edited. A change in `tests/storage/schema.py` needs a new step there; tests compare the result of the
steps with the declared tables, and start from every released schema.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sickbay.storage.migration_steps import read_steps

STEPS: Final = read_steps(Path(__file__).with_suffix(".sql"))
"""Step n upgrades version n - 1 to n."""
