"""The server's log as lines of JSON (`serve --log-format json`). `terminal` writes its exchanges."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime
from typing import Any

from sickbay.cli import output, streams


class JsonFormatter(logging.Formatter):
    """Formats a record as one line of JSON. A traceback is the member `exception`."""

    def format(self, record: logging.LogRecord) -> str:
        traceback = self.formatException(record.exc_info) if record.exc_info else None
        id = getattr(record, "correlation_id", None)
        return format_line(
            record.created, record.levelname.lower(), record.getMessage(), correlation_id=id, exception=traceback
        )


def format_line(at: float, level: str, message: str, **members: Any) -> str:
    """One line, without the members that are None. at: in seconds of the real clock."""
    moment = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    present = {name: value for name, value in members.items() if value is not None}
    return streams.escape_text(
        output.format_json({"time": moment, "level": level, "message": message} | present, pretty=False), ""
    )


def choose_format(log_format: str) -> None:
    """For "json", writes notes, errors, and the records and warnings of Python as JSON from now on."""
    if log_format != "json":
        return
    output.format_notes(lambda text, level: format_line(time.time(), level, text))
    logging.captureWarnings(True)
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(JsonFormatter())
