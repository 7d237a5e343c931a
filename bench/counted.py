"""Is a Sickbay server whose instructions are counted: it writes the journal only when an exchange is read.

Otherwise the time that a run takes would decide how many exchanges it writes.
"""

from __future__ import annotations

from sickbay.cli.main import main
from sickbay.services.journal import write as journal

NEVER = 86_400.0
PERIODS = ("EVERY", "SOON")
"""Names of the journal's constants for the seconds between two writes. Older revisions don't have all of them."""

if __name__ == "__main__":
    for period in PERIODS:
        if hasattr(journal, period):
            setattr(journal, period, NEVER)
    main()
