"""Whatever came in a request, no text reaches the terminal with a character that it obeys."""

from __future__ import annotations

import ast
import json
import logging
import time
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.laws import for_each

import sickbay.cli
from sickbay.cli import output, streams, terminal
from sickbay.services.context import LogLine

CLI = Path(sickbay.cli.__file__).parent
PRINTING = {"output.py": {"print"}, "terminal.py": {"sys.stdout.write"}, "progress.py": {"self._console.print"}}
"""The only places that write: what they write went through `shown`."""
NASTY = (
    "\x1b[2J",
    "\x1b]0;title\x07",
    "\x9b1m",
    "\r",
    "\b",
    "\x7f",
    "\u202e",
    "\u2066",
    "\u200b",
    "\ufeff",
    "\u2028",
    "\ud800",
    "\0",
)
texts = st.one_of(st.text(), st.lists(st.sampled_from((*NASTY, "ä", "😀", "名", " ", "\n", "\\")), max_size=6).map("".join))


def obey(text: str, keep: str) -> list[str]:
    """Characters of controls, formats, surrogates and separators."""
    return [char for char in text if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") and char not in keep]


@given(texts)
def test_shown_text_has_no_control_characters_and_is_otherwise_unchanged(text: str) -> None:
    for keep in ("\n\t", ""):
        seen = streams.escape_text(text, keep)
        assert not obey(seen, keep)
        seen.encode()
        if not obey(text, keep):
            assert seen == text


@given(st.recursive(texts, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3)))
def test_json_stays_the_same_json(value: object) -> None:
    for pretty in (True, False):
        assert json.loads(streams.escape_text(output.format_json(value, pretty=pretty))) == value


@given(texts, texts, texts, texts)
def test_an_exchange_is_one_line_regardless_of_the_apps_name(tenant: str, stage: str, app: str, finding: str) -> None:
    line = LogLine(time.time(), tenant, stage, app, 400, finding, "id")
    assert not obey(terminal.format_plain(line), "")
    ours = terminal.format_coloured(line)
    for colour in (terminal.GREY, terminal.RED, terminal.GREEN, terminal.PLAIN):
        ours = ours.replace(colour, "")
    assert not obey(ours, "")


@given(st.lists(st.tuples(texts, texts), max_size=4))
def test_a_table_has_one_line_for_each_row(rows: list[tuple[str, ...]]) -> None:
    text = output.format_table(rows, ("ONE", "TWO"))
    assert not obey(text, "\n")
    assert text.count("\n") == len(rows)


def test_printed_noted_and_logged_text_is_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_result("a\x1b[2Jb")
    output.print_note("c\u202ed")
    streams.prepare_streams()
    streams.escape_log()
    assert logging.lastResort is not None
    record = logging.LogRecord("sickbay", logging.ERROR, "x", 1, "%s failed", ("e\x9bf\ng",), None)
    assert logging.lastResort.format(record) == "e\\u009bf\ng failed"
    assert capsys.readouterr() == ("a\\u001b[2Jb\n", "c\\u202ed\n")


@for_each("path", sorted(CLI.rglob("*.py")))
def test_no_other_module_writes_to_the_terminal(path: Path) -> None:
    calls = [node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    named = {ast.unparse(name) for name in calls}
    writing = {name for name in named if name == "print" or name.endswith((".print", "stdout.write", "stderr.write"))}
    assert writing <= PRINTING.get(path.name, set())


STALLED = LogLine(0, "general", "silence", "app-1", 0, "code-not-redeemed", "t", "Notes received the code 15 s ago: http://x/t")


def test_a_launch_that_stalled_has_no_status_and_says_what_is_missing() -> None:
    text = terminal.format_plain(STALLED)
    assert text.endswith("silence        app-1  -  code-not-redeemed  Notes received the code 15 s ago: http://x/t")
    painted = terminal.format_coloured(STALLED)
    assert f"{terminal.YELLOW}code-not-redeemed{terminal.PLAIN}  Notes received" in painted


def test_a_launch_that_stalled_is_a_warning_in_the_json_log(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.log_stall(STALLED)
    line = json.loads(capsys.readouterr().out)
    assert (line["level"], line["rule"], line["launch"]) == ("warning", "code-not-redeemed", "t")
