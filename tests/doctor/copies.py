"""What copying does to texts, by the places from which people copy."""

from __future__ import annotations

import html
import inspect
import json
import re
from collections.abc import Callable, Iterable
from typing import TypeAlias
from urllib.parse import quote

TERMINAL_WIDTH = 80


def _each_line(text: str, change: Callable[[int, str], str]) -> str:
    return "\n".join(change(number, line) for number, line in enumerate(text.splitlines(), 1))


def from_windows(text: str) -> str:
    return text.replace("\n", "\r\n")


def with_tabs(text: str) -> str:
    return re.sub(r"^(?: {2})+", lambda match: "\t" * (len(match[0]) // 2), text, flags=re.M)


def with_indentation(text: str) -> str:
    return _each_line(text, lambda _, line: f"    {line}")


def from_a_word_processor(text: str) -> str:
    return re.sub(r"'([^'\n]*)'", r"‘\1’", re.sub(r'"([^"\n]*)"', r"“\1”", text)).replace("'", "’")


def from_a_german_mail(text: str) -> str:
    return re.sub(r'"([^"\n]*)"', r"„\1“", text)


def from_a_chat(text: str) -> str:
    return text.replace(" ", "\u00a0")


def from_html(text: str) -> str:
    return html.escape(text)


def from_html_with_numbers(text: str) -> str:
    return html.escape(text).replace("&quot;", "&#34;").replace("&#x27;", "&#39;").replace(" ", "&nbsp;")


def with_line_numbers(text: str) -> str:
    return _each_line(text, lambda number, line: f"{number:4}  {line}")


def from_grep(text: str) -> str:
    return _each_line(text, lambda number, line: f"{number + 16}: {line}")


def from_a_code_view(text: str) -> str:
    return _each_line(text, lambda number, line: f"{number:3} | {line}")


def in_colours(text: str) -> str:
    return _each_line(text, lambda _, line: f"\x1b[1;31m{line}\x1b[0m")


def with_codes_of_colours(text: str) -> str:
    return _each_line(text, lambda _, line: f"[1;31m{line}[0m")


def in_a_narrow_terminal(text: str) -> str:
    """A terminal breaks words. If it does so only once, that can't be told from a break between words."""
    lines = [part for line in text.splitlines() for part in _parts(line)]
    return "\n".join(lines) if sum(len(line) == TERMINAL_WIDTH for line in lines) > 1 else text


def _parts(line: str) -> Iterable[str]:
    return (line[place : place + TERMINAL_WIDTH] for place in range(0, max(len(line), 1), TERMINAL_WIDTH))


def with_times(text: str) -> str:
    return _each_line(text, lambda number, line: f"2026-11-30T09:12:{number % 60:02}.123Z {line}")


def from_spring(text: str) -> str:
    start = "2026-11-30 09:12:{:02}.123 ERROR 1 --- [nio-8080-exec-{}] c.e.auth.CallbackHandler : {}"
    return _each_line(text, lambda number, line: start.format(number % 60, number, line))


def from_syslog(text: str) -> str:
    return _each_line(text, lambda number, line: f"Nov 30 09:12:{number % 60:02} web-01 app[1234]: {line}")


def from_compose(text: str) -> str:
    return _each_line(text, lambda _, line: f"app-1  | {line}")


def from_kubernetes(text: str) -> str:
    return _each_line(text, lambda number, line: f"2026-11-30T09:12:{number % 60:02}.123456789Z stderr F {line}")


def from_android(text: str) -> str:
    return _each_line(text, lambda number, line: f"11-30 09:12:{number % 60:02}.123  4321  4321 E AuthService: {line}")


def from_docker(text: str) -> str:
    record = {"stream": "stderr", "time": "2026-11-30T09:12:01.123Z"}
    return _each_line(text, lambda _, line: json.dumps({"log": f"{line}\n", **record}))


def from_a_log_viewer(text: str) -> str:
    return json.dumps({"level": "error", "message": text, "timestamp": "2026-11-30T09:12:01.123Z"}, indent=2)


def in_a_fence(text: str) -> str:
    return f"```json\n{text}\n```"


def in_a_list(text: str) -> str:
    return _each_line(text, lambda _, line: f"- {line}" if line.strip() else line)


def from_a_markdown_editor(text: str) -> str:
    return re.sub(r"(?<=\w)_(?=\w)", r"\\_", text)


def as_json(text: str) -> str:
    return json.dumps(text)


def as_json_twice(text: str) -> str:
    return json.dumps(json.dumps(text))


def from_inside_json(text: str) -> str:
    return json.dumps(text)[1:-1]


def from_a_spreadsheet(text: str) -> str:
    doubled = text.replace('"', '""')
    return f'"{doubled}"'


def with_percent_signs(text: str) -> str:
    return quote(text, safe="")


def in_a_mail_of_a_mail(text: str) -> str:
    return _each_line(text, lambda _, line: f">> {line}")


def below_the_name_of_its_author(text: str) -> str:
    return f"Maria wrote on Monday:\n{_each_line(text, lambda _, line: f'> {line}')}\n\nSame here."


Copy: TypeAlias = Callable[[str], str]
COPIES: tuple[Copy, ...] = tuple(
    function
    for name, function in list(globals().items())
    if inspect.isfunction(function) and not name.startswith("_") and function.__module__ == __name__
)
