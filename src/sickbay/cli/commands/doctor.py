"""`sickbay doctor`: say what is wrong with an exchange, offline. It must not need the server's libraries."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Annotated, Any

import orjson
from cyclopts import Parameter

from sickbay.cli import har_doctor
from sickbay.cli.findings import finding_text, sent_text
from sickbay.cli.output import CommandError, as_json, note, say, wrong
from sickbay.diagnosis import har
from sickbay.diagnosis.doctor import PROBLEMS, Diagnosis, diagnose_line, diagnose_text

MOST, LINE = 64_000_000, 1_000_000
"""Bytes of a file or of standard input; with --jsonl of a line."""


def doctor(
    exchange: Annotated[str, Parameter(name="EXCHANGE", allow_leading_hyphen=True)] = "-",
    /,
    *,
    json: bool = False,
    jsonl: bool = False,
) -> int:
    """Say what is wrong with an authorize, launch or redirect URL, an error answer, an exchange as JSON, or a HAR file.

    Nothing leaves your machine. The exit code is 0 if it found no problem, 1 if it found one (a finding of severity error
    or warning, or an error answer in the input), and 2 if it didn't understand the input.

    Parameters
    ----------
    exchange
        A URL in quotes, a file, or - for standard input. A HAR file is what a browser's developer tools save of a launch:
        each exchange of it is looked at, and no secret of it is printed.
    json
        Print the findings and the corrected exchange as JSON.
    jsonl
        Read one case a line, with "id" and "input", and write one line for each. The exit code is the highest of a line.
    """
    if jsonl:
        return max(map(_line, _lines(exchange)), default=0)
    try:
        return _examined(_text(exchange), json=json)
    except CommandError as trouble:
        if not json:
            raise
        say(as_json({"findings": [], "corrected": None, "recognised": [], "help": str(trouble)}))
        return 2


def _examined(text: str, *, json: bool) -> int:
    seen = _har(text)
    if seen is not None:
        return har_doctor.told(seen, json=json)
    diagnosis = _diagnosed(_some(text))
    say(as_json(_as_json(diagnosis)) if json else _as_text(diagnosis))
    return int(diagnosis.has_problem)


def _har(text: str) -> tuple[har.HarExchange, ...] | None:
    """None where it is no HAR file."""
    try:
        given = orjson.loads(text.lstrip("\ufeff")) if text.lstrip("\ufeff \t\r\n").startswith("{") else None
    except orjson.JSONDecodeError:
        return None
    return har.read(given) if given is not None and har.is_har(given) else None


def _text(exchange: str) -> str:
    if exchange == "-":
        if sys.stdin.isatty():
            note("Paste a URL, a curl line or an exchange as JSON, and end with Ctrl-D on a line of its own.")
        return _decoded(_read(sys.stdin.buffer, "Standard input"), "Standard input")
    if "://" in exchange or exchange.lstrip().startswith("{"):
        exchange.encode()  # `main` explains what the locale could not decode
        return exchange
    if not exchange.strip():
        return ""
    try:
        with Path(exchange).open("rb") as file:
            return _decoded(_read(file, exchange), exchange)
    except OSError as error:
        wrong(f"{exchange} is neither a URL nor a file that can be read ({error.strerror}).")


def _read(file: IO[bytes], source: str) -> bytes:
    """Raises Trouble."""
    text = file.read(MOST + 1)
    if len(text) > MOST:
        wrong(f"{source} has more than {MOST:,} bytes. Save only the requests of the launch.")
    return text


def _some(text: str) -> str:
    if not text.strip():
        wrong("There is nothing to examine: give a URL in quotes, a file, or - for standard input.")
    return text


def _decoded(read: bytes, source: str) -> str:
    try:
        return read.decode()
    except UnicodeDecodeError:
        wrong(f"{source} isn't valid UTF-8: give a URL, a curl line, or an exchange as JSON.")


def _diagnosed(text: str) -> Diagnosis:
    try:
        return diagnose_text(text)[1]
    except ValueError as error:
        wrong(str(error))
    except KeyError as error:
        wrong(f"Sickbay cannot read an exchange of the kind {error}.")
    except (AttributeError, TypeError):
        wrong("Sickbay cannot read this exchange: a member of it has the wrong type.")


def _lines(source: str) -> Iterator[bytes]:
    try:
        if source == "-":
            yield from _not_blank(sys.stdin.buffer)
        else:
            with Path(source).open("rb") as file:
                yield from _not_blank(file)
    except OSError as error:
        wrong(f"{source} is no file that can be read ({error.strerror}).")


def _not_blank(file: IO[bytes]) -> Iterator[bytes]:
    """The lines that are not blank; of a line that is too long, the beginning."""
    for line in iter(lambda: file.readline(LINE + 1), b""):
        if line.strip():
            yield line
        rest = line
        while len(rest) > LINE and not rest.endswith(b"\n"):
            rest = file.readline(LINE + 1)


def _line(line: bytes) -> int:
    """Each line alone: one that cannot be read is answered with its trouble, and the next is read all the same."""
    said = diagnose_line(_case(line))
    say(as_json(said, pretty=False))
    if "trouble" in said:
        return 2
    return int(bool(said.get("recognised")) or any(one["severity"] in PROBLEMS for one in said["findings"]))


def _case(line: bytes) -> Any:
    if len(line) > LINE:
        return None
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return None


def _as_json(diagnosis: Diagnosis) -> dict[str, Any]:
    findings = [finding.to_json() for finding in diagnosis.explanation.findings]
    recognised = {"recognised": diagnosis.recognised} if diagnosis.recognised else {}
    return {"findings": findings, "corrected": diagnosis.corrected} | recognised


def _as_text(diagnosis: Diagnosis) -> str:
    findings = diagnosis.explanation.findings
    if not findings:
        return f"Nothing is wrong with this ({diagnosis.stage}), so far as can be told without its registration."
    parts = [finding_text(one.to_json()) for one in findings]
    if diagnosis.corrected:
        parts.append(f"What to send instead:\n\n  {sent_text(diagnosis.corrected)}")
    return "\n\n".join(parts)
