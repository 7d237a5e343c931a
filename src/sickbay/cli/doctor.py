"""Explains what is wrong with an exchange, offline and without importing the server's libraries: `sickbay doctor`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import orjson

from sickbay.cli import byte_order_mark
from sickbay.cli.findings import full_text, short_text
from sickbay.cli.output import CommandError, format_json, print_note, print_result, reject_argument
from sickbay.doctor.diagnose import Diagnosis, diagnose_line
from sickbay.doctor.text import diagnose_text
from sickbay.doctor.verdict import Verdict, find_worst
from sickbay.kernel.english import join
from sickbay.services.redaction import pasted_diagnosis

if TYPE_CHECKING:
    from sickbay.doctor.har import HarExchange

MAXIMUM_INPUT_BYTES, MAXIMUM_LINE_BYTES = 64_000_000, 1_000_000
"""Largest size in bytes of a file or standard input, and of a line with --jsonl."""


def examine(
    exchange: str | None = None,
    *,
    live: str | None = None,
    installation: bool = False,
    data: str | None = None,
    everything: bool = False,
    json: bool = False,
    jsonl: bool = False,
) -> int:
    """Does what the options say, which `commands.doctor` describes. Returns the exit code.

    installation: check Sickbay itself instead (--self).
    """
    if installation:
        return _examine_installation(data, json=json)
    if jsonl:
        return max(map(_diagnose_line, _read_lines(_named_source(exchange))), default=0)
    try:
        if live is not None:
            return _examine_live_server(live, exchange, everything=everything, json=json)
        return _examine_text(_read_input(_named_source(exchange)), everything=everything, json=json)
    except CommandError as error:
        if not json:
            raise
        print_result(format_json(pasted_diagnosis.describe_nothing(str(error))))
        return 2


def _examine_installation(data: str | None, *, json: bool) -> int:
    from sickbay.cli import self_check  # the other uses of this command don't need it

    checked = self_check.examine(data)
    print_result(
        format_json({"checks": [check.to_json() for check in checked]})
        if json
        else "\n".join(map(self_check.format_check, checked))
    )
    return int(not all(check.passed for check in checked))


def _named_source(exchange: str | None) -> str:
    return "-" if exchange is None else exchange


def _examine_live_server(live: str, exchange: str | None, *, everything: bool, json: bool) -> int:
    """Examines the discovery documents of a server, then the exchange as that server would see it."""
    from sickbay.cli import live_server  # fetching needs libraries that take a while to import

    text = None if exchange is None else _reject_empty_text(_read_input(exchange))
    server = live_server.examine(live)
    examined = [({}, server.diagnosis), *([_diagnose_text(text, server.context)] if text else [])]
    verdicts = [diagnosis.verdict for _, diagnosis in examined]
    if json:
        masked = [pasted_diagnosis.mask_diagnosis(evidence, diagnosis) for evidence, diagnosis in examined]
        findings = [finding for result in masked for finding in result["findings"]]
        print_result(format_json(masked[-1] | {"verdict": find_worst(verdicts), "findings": findings}))
    else:
        print_result(
            "\n\n".join(_format_diagnosis(evidence, diagnosis, everything=everything) for evidence, diagnosis in examined)
        )
    return find_worst(verdicts).exit_code


def _examine_text(text: str, *, everything: bool, json: bool) -> int:
    if (exchanges := _read_har(text)) is not None:
        from sickbay.cli import har_doctor  # other texts don't need it

        return har_doctor.print_report(exchanges, everything=everything, json=json)
    evidence, diagnosis = _diagnose_text(_reject_empty_text(text))
    if json:
        print_result(format_json(pasted_diagnosis.mask_diagnosis(evidence, diagnosis)))
    elif diagnosis.verdict == Verdict.UNKNOWN:
        reject_argument(_format_diagnosis(evidence, diagnosis, everything=everything))
    else:
        print_result(_format_diagnosis(evidence, diagnosis, everything=everything))
    return diagnosis.verdict.exit_code


def _read_har(text: str) -> tuple[HarExchange, ...] | None:
    """The exchanges of a HAR file; None if the text isn't one."""
    try:
        parsed = orjson.loads(text.lstrip("\ufeff")) if text.lstrip("\ufeff \t\r\n").startswith("{") else None
    except orjson.JSONDecodeError:
        return None
    if parsed is None or "log" not in parsed:
        return None
    from sickbay.doctor import har  # only JSON with a log may be a HAR file

    return har.read(parsed) if har.is_har(parsed) else None


def _read_input(exchange: str) -> str:
    if exchange == "-":
        if sys.stdin.isatty():
            print_note("Paste a URL, a curl command or an exchange as JSON. Then press Enter and Ctrl-D.")
        return _decode_text(_read_at_most(sys.stdin.buffer, "Standard input"), "Standard input")
    if "://" in exchange or exchange.lstrip().startswith("{"):
        exchange.encode()  # raises UnicodeEncodeError for bytes that the locale can't decode; `main` explains it
        return exchange
    if not exchange.strip():
        return ""
    try:
        with Path(exchange).open("rb") as file:
            text = _decode_text(_read_at_most(file, exchange), exchange)
    except OSError as error:
        reject_argument(f"{exchange} isn't a URL, and it can't be read as a file ({error.strerror}).")
    if not text.strip():
        reject_argument(f"{exchange} is empty. It must contain a request, a response, a log or code.")
    return text


def _read_at_most(file: IO[bytes], source: str) -> bytes:
    """Raises CommandError if the text is too long."""
    text = file.read(MAXIMUM_INPUT_BYTES + 1)
    if len(text) > MAXIMUM_INPUT_BYTES:
        reject_argument(f"{source} has more than {MAXIMUM_INPUT_BYTES:,} bytes. Save only the requests of the launch.")
    return text


def _reject_empty_text(text: str) -> str:
    if not text.strip():
        reject_argument("There is nothing to examine. Pass a URL in quotes, a file, or - for standard input.")
    return text


def _decode_text(read: bytes, source: str) -> str:
    try:
        return byte_order_mark.decode(read)
    except byte_order_mark.EncodedInUtf16 as error:
        reject_argument(f"{source} can't be read: {error}.")
    except UnicodeDecodeError:
        reject_argument(f"{source} isn't valid UTF-8. Pass a URL, a curl command, or an exchange as JSON.")


def _diagnose_text(text: str, context: dict[str, Any] | None = None) -> tuple[dict[str, Any], Diagnosis]:
    try:
        return diagnose_text(text, context)
    except ValueError as error:
        reject_argument(str(error))
    except KeyError as error:
        reject_argument(f"Unknown kind of exchange: {error}.")
    except (AttributeError, TypeError):
        reject_argument("This exchange can't be read: a member has the wrong JSON type.")


def _read_lines(source: str) -> Iterator[bytes]:
    try:
        if source == "-":
            yield from _skip_blank_lines(sys.stdin.buffer)
        else:
            with Path(source).open("rb") as file:
                yield from _skip_blank_lines(file)
    except OSError as error:
        reject_argument(f"{source} can't be read ({error.strerror}).")


def _skip_blank_lines(file: IO[bytes]) -> Iterator[bytes]:
    """The lines that aren't blank; a line that is too long is cut."""
    for line in iter(lambda: file.readline(MAXIMUM_LINE_BYTES + 1), b""):
        if line.strip():
            yield line
        rest = line
        while len(rest) > MAXIMUM_LINE_BYTES and not rest.endswith(b"\n"):
            rest = file.readline(MAXIMUM_LINE_BYTES + 1)


def _diagnose_line(line: bytes) -> int:
    """Prints the diagnosis of a line, or why it can't be read. Returns its exit code."""
    result = diagnose_line(_case_of_line(line))
    print_result(format_json(result, pretty=False))
    if "trouble" in result:
        return 2
    return Verdict(result["verdict"]).exit_code


def _case_of_line(line: bytes) -> Any:
    if len(line) > MAXIMUM_LINE_BYTES:
        return None
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return None


def _format_diagnosis(evidence: Mapping[str, Any], diagnosis: Diagnosis, *, everything: bool = False) -> str:
    """evidence: the first exchange of the text."""
    shown = pasted_diagnosis.mask_diagnosis(evidence, diagnosis)
    parts = [_list_recognised_pieces(diagnosis)] if everything else []
    parts += [diagnosis.help] if diagnosis.begins_with_summary else []
    return "\n\n".join(filter(None, (*parts, full_text(shown) if everything else short_text(shown))))


def _list_recognised_pieces(diagnosis: Diagnosis) -> str:
    tells = len(diagnosis.recognised) > 1 or any(piece.kind in ("code", "settings") for piece in diagnosis.pieces)
    tells = tells and diagnosis.verdict not in (Verdict.UNEXAMINED, Verdict.UNKNOWN)
    return f"This is what was recognised: {join(diagnosis.recognised)}." if tells else ""
