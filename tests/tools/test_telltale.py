"""Telltale words are found in every kind of text, and only there."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.tools.trees import faults, write
from tools.checks import telltale

FOUND = {
    "a.md": "The token is made anew.\n",
    "a.html.j2": "<p>The token is made\n anew.</p>\n",
    "b.html.j2": '<input placeholder="Whoever asks">\n',
    "c.html.j2": "<p>{{ 'the page is made anew' if x }}</p>\n",
    "a.py": '"""Made anew."""\n',
    "b.py": "x = 1\n'''Made anew.'''\n",
    "c.py": "x = 1  # made anew\n",
    "d.py": "x = 'the token is made anew'\n",
    "e.py": "x = f'the {token} is made anew'\n",
    "f.py": "def test_a_token_is_made_anew(): ...\n",
    "src/sickbay/diagnosis/cases/a.md": "## Fix\n\nPut right the address.\n",
}
NOT_FOUND = {
    "a.md": "Call `anew()`, and renew it.\n\n```\nanew\n```\n",
    "a.html.j2": '<p class="anew">{{ anew }}{# anew #}</p><script>anew</script>\n',
    "a.py": "anew = 'anew'\nx = '`anew` is a name here'\ndef anew(): ...\n",
}


@pytest.mark.parametrize("name", FOUND)
def test_a_refused_word_is_found(tmp_path: Path, name: str) -> None:
    assert len(faults(telltale.find_problems, tmp_path, {name: FOUND[name]})) == 1


@pytest.mark.parametrize("name", NOT_FOUND)
def test_code_and_short_values_are_not_checked(tmp_path: Path, name: str) -> None:
    assert faults(telltale.find_problems, tmp_path, {name: NOT_FOUND[name]}) == []


@pytest.mark.parametrize("words", ["whoever", "mended", "astray", "put right", "stands in", "stand in the way"])
def test_telltale_words_are_refused(tmp_path: Path, words: str) -> None:
    assert len(faults(telltale.find_problems, tmp_path, {"a.md": f"So it {words} there.\n"})) >= 1


@pytest.mark.parametrize(
    ("sentence", "number"),
    [
        ("Nobody may read it.", 1),
        ("It is no JWT.", 1),
        ("It is no longer valid.", 0),
        ("There is no token.", 0),
        ("Only this alone.", 1),
        ("It stands alone, here.", 1),
        ("It alone may stand.", 0),
        ("It is not valid.", 0),
        ("The user is told.", 1),
    ],
)
def test_other_words_are_counted(tmp_path: Path, sentence: str, number: int) -> None:
    paths = write(tmp_path, {"a.md": sentence + "\n"})
    assert len(telltale.count(tuple(paths), tmp_path).suspect) == number
    assert [*telltale.find_problems(paths, tmp_path)] == []


def test_more_words_in_a_thousand_than_allowed_are_a_fault(tmp_path: Path) -> None:
    text = "word " * 998 + "nobody somebody\n"
    listed = {"tools/checks/ceilings.toml": "telltale_in_a_thousand = 2\n"}
    assert faults(telltale.find_problems, tmp_path / "a", {"a.md": text} | listed) == []
    assert len(faults(telltale.find_problems, tmp_path / "b", {"a.md": text + "nobody\n"} | listed)) == 1
