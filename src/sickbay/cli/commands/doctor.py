"""`sickbay doctor`: its options. `cli.plain_doctor` reads the most frequent ones without this file."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from sickbay.cli.argument_types import Data
from sickbay.cli.doctor import examine


def doctor(
    exchange: Annotated[str | None, Parameter(name="EXCHANGE", allow_leading_hyphen=True)] = None,
    /,
    *,
    live: str | None = None,
    self: bool = False,
    data: Data = None,
    everything: Annotated[bool, Parameter(name="--all", negative="")] = False,
    json: bool = False,
    jsonl: bool = False,
) -> int:
    """Explain what is wrong with a request or an error.

    Parameters
    ----------
    exchange
        A URL in quotes, a file, or - for standard input, which is the default. A HAR file is a launch that you saved in the
        developer tools of a browser; doctor examines each exchange in it and prints no secrets.
    live
        The FHIR base URL of a server. Prints the addresses that it contacts, fetches the server's discovery documents, and
        examines the exchange against them. Without an exchange, only the documents are examined.
    self
        Check this installation instead: versions, data folder, database, clock, and the server that runs on the folder.
    everything
        Print all findings and likely causes, not only the first one.
    json
        Print everything as JSON.
    jsonl
        Read one JSON object per line, with "id" and "input", and print one line for each. The exit code is the highest one.
    """
    return examine(exchange, live=live, installation=self, data=data, everything=everything, json=json, jsonl=jsonl)
