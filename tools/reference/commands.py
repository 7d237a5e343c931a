"""The reference of the commands: their help pages."""

from __future__ import annotations

import re

from tools.reference.tables import WRITTEN

from sickbay.cli.command_line import app
from sickbay.cli.output import EVERY_OPTION


def make_page() -> str:
    """The help of all commands. What every help page repeats about options appears once."""
    text = re.sub(
        r"^# sickbay$", f"# Commands\n\n{WRITTEN} `sickbay COMMAND --help` shows the same.", app.generate_docs(), flags=re.M
    )
    return f"{text.replace(EVERY_OPTION, '').strip()}\n\n## Options in files and in the environment\n\n{EVERY_OPTION}\n"
