"""Names the SICKBAY_ variables in the environment that Sickbay doesn't know, which are usually misspelt."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sickbay.cli.config_file import OPTIONS
from sickbay.cli.streams import escape_text

PREFIX = "SICKBAY_"
OTHER_OPTIONS = ("live", "self")
"""Options that a file can't set."""
OTHER_VARIABLES = (
    "config",  # --config
    "caches",  # switches caches off
    "command",  # how the test packages start Sickbay
    "url",
    "base",  # set by the CI recipes, the dev container and compose files
    "admin",
    "ready",
    "python",
    "package",
    "public_name",
    "published_address",
    "published_port",
    "published_sample_port",
    "shared",  # read by this project's tests
    "require",
    "examples",
    "exhaustion_seconds",
)
"""Variables that aren't options."""
KNOWN = frozenset(f"{PREFIX}{name.upper()}" for name in (*OPTIONS, *OTHER_OPTIONS, *OTHER_VARIABLES, "options"))
SERVICE_LINK = re.compile(r"SICKBAY_(SERVICE_(HOST|PORT)\w*|(PORT|ENV)_\w+)")
"""Variables that Kubernetes and Docker set in each container for a service named sickbay."""
NAMED_VARIABLES = 5
"""Maximum number of unknown variables that are named."""


def unknown_variables(environment: Mapping[str, str]) -> list[str]:
    """Returns a sentence for each variable that isn't a setting, with the setting that was probably meant."""
    unknown = sorted(name for name in environment if name.startswith(PREFIX) and not _is_known(name))
    sentences = [_describe_variable(name) for name in unknown[:NAMED_VARIABLES]]
    if more := len(unknown) - len(sentences):
        rest = "variables aren't settings" if more > 1 else "variable isn't a setting"
        sentences.append(f"{more} more {PREFIX} {rest} either.")
    return sentences


def _is_known(name: str) -> bool:
    return name in KNOWN or SERVICE_LINK.fullmatch(name) is not None


def _describe_variable(name: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name.removeprefix(PREFIX).lower(), (*OPTIONS, *OTHER_VARIABLES), 1, 0.7)
    meant = f" Did you mean {PREFIX}{near[0].upper()}?" if near else ""
    return f"{escape_text(name, '')} isn't a setting, so Sickbay ignores it.{meant}"
