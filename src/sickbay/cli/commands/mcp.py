"""`sickbay mcp`: the tools for coding agents over standard input and output."""

from __future__ import annotations

from sickbay.cli import stdio_tools
from sickbay.cli.argument_types import Data


def mcp(*, read_only: bool = False, data: Data = None) -> None:
    """Offer the tools for coding agents over standard input and output.

    Parameters
    ----------
    read_only
        Offer only tools that change nothing.
    """
    stdio_tools.serve(data, read_only=read_only)
