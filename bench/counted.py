"""Is a Sickbay server whose instructions are counted: it writes the journal only when an exchange is read, never explains
an empty search, closes no connection, and looks for garbage only among the youngest objects.

Otherwise the time that a run takes would decide how many exchanges it writes and how many searches it explains. On a busy
machine, a connection can wait for minutes until it is its turn again, and the server would close it. Python looks at the tables
of FHIR definitions once after the first create has loaded them: as many instructions as five creates, which chance would add to
one count and not to another.
"""

from __future__ import annotations

import gc
import sys
from importlib import import_module
from importlib.util import find_spec

from sickbay.cli import worker
from sickbay.cli.limits import Limits, limits
from sickbay.cli.main import main
from sickbay.sandbox import sandbox
from sickbay.settings import Settings

NEVER = 86_400.0
PERIODS = ("EVERY", "SOON", "LEAST_PAUSE_SECONDS")
"""Names of the constants for the seconds between two writes or explanations. Older revisions don't have all of them."""
EXPLAINING = "sickbay.services.empty_searches.explain"


def _limits_without_sweep(settings: Settings) -> Limits:
    """The limits of connections, which are never checked."""
    return limits(settings)._replace(sweep=NEVER)


if __name__ == "__main__":
    vars(worker)["limits"] = _limits_without_sweep
    journal = sys.modules[vars(sandbox)["Journal"].__module__]  # older revisions have it elsewhere
    explaining = import_module(EXPLAINING) if find_spec(EXPLAINING.rpartition(".")[0]) else None
    for module in (journal, explaining):
        for period in PERIODS:
            if hasattr(module, period):
                setattr(module, period, NEVER)
    gc.set_threshold(gc.get_threshold()[0], int(NEVER), int(NEVER))
    main()
