"""Snippets of code with the requests that they send, as text files.

Regenerate them with python -m tests.doctor.code.snippet, and read the difference.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from sickbay.doctor.code.find import requests_in
from sickbay.doctor.code.models import CodeRequest
from sickbay.doctor.code.request_mistakes import mistakes_in
from sickbay.doctor.copying import undo_copying

FOLDER = Path(__file__).parent / "snippets"
START, RESULT = "=== ", "--- "


class Snippet(NamedTuple):
    title: str
    code: str
    expected: str


def snippets() -> list[Snippet]:
    return [snippet for path in sorted(FOLDER.glob("*.txt")) for snippet in read(path)]


def read(path: Path) -> list[Snippet]:
    result = []
    for part in ("\n" + path.read_text(encoding="utf-8")).split("\n" + START)[1:]:
        title, _, rest = part.partition("\n")
        lines = rest.rstrip("\n").split("\n")
        code = [line for line in lines if not line.startswith(RESULT)]
        result.append(Snippet(title, "\n".join(code), "\n".join(line for line in lines if line.startswith(RESULT))))
    return result


def find_in(code: str) -> str:
    """What is read from a snippet, in the form of the text files."""
    return "\n".join(RESULT + line for request in requests_in(undo_copying(code)) for line in describe(request, code))


def describe(request: CodeRequest, code: str) -> list[str]:
    """The request on a few lines: a dot stands for an unknown method or URL."""
    lines = [
        f"{request.language} {request.method or '.'} {request.url or '.'} (lines {request.first_line}-{request.last_line})"
    ]
    lines += [f"  {name}: {value}" for name, value in request.headers.items()]
    lines += [f"  {request.body_format or 'body'} {request.body!r}"] if request.body else []
    lines += ["  unknown: " + ", ".join(sorted(request.variables))] if request.variables else []
    return lines + [f"  ! {mistake.id} ({mistake.lines[0]}-{mistake.lines[1]})" for mistake in mistakes_in(request, code)]


def write() -> None:
    for path in FOLDER.glob("*.txt"):
        parts = (f"{START}{item.title}\n{item.code}\n{find_in(item.code)}".rstrip("\n") + "\n" for item in read(path))
        path.write_text("".join(parts), encoding="utf-8")


if __name__ == "__main__":
    write()
