"""The check of regular expressions: finds those whose time grows faster than the text, and accepts the others."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from tests.tools.trees import faults
from tools.checks import patterns
from tools.patterns import cost, sources

SLOW = {
    "each start of a match": (
        r"a+b",
        r"\$a=[^;]*;",
        r'"(?:\\.|[^"\\])*"',
        r"a(?:[^;]*;)?",
        r"(?=a[^;]*;)a",
        r"(?m)^\s*x",
        r".*x",
        r"(?:a|b)[^;]{0,500};",
        r"\w+\s*=",
        r"[A-Z][a-z]+|(?=[a-z]*\d)\w",
        r"\[[^\]]*\]",
    ),
    "a loop reads the same text": (
        r"(?:a*)*b",
        r"(?:a|a)*b",
        r"(?:\w+\s?)*!",
        r"\AHTTP\n(?:[\w-]{1,60}: ?[^\n]{0,2000}\n)*content-type",
        r"\A(?:;\s*\w+=[^;]*\s*)*!",
    ),
    "two loops read the same": (r"\Ax\s*,?\s*y", r"\A.*a.*b", r"\A[\w.]*token[\w.]*uri", r"\A(\w+)[^}]*\}"),
}
LINEAR = (
    r'"[^"]*"',
    r"(?<!a)a+b",
    r"(?<!a)a++b",
    r"\ba+\b!",
    r"https?://\S+",
    r"(?m)^[ \t]*+x",
    r"(?<!\w)\w++\s*+=",
    r"a{0,80}b",
    r"(?:ab)*",
    r"(?<![a-z])[a-z]++(?:_[a-z]++)+",
    r'"(?:[^"\\]++|\\.)*+"?',
    r"\[[^\[\]]*\]",
    r"\A(?:\s*+;\s*+\w++=[^;]*+)*+!",
    r"\A(\w++)[^}]{0,80}\}",
    r"(?i)(?<!\S)-u\s++\S+",
)


@pytest.mark.parametrize(("kind", "pattern"), [(kind, pattern) for kind in SLOW for pattern in SLOW[kind]])
def test_a_slow_expression_is_found_with_its_reason(kind: str, pattern: str) -> None:
    found = cost.find_problems(pattern)
    assert kind in " ".join(map(str, found)), found


@pytest.mark.parametrize("pattern", LINEAR)
def test_a_linear_expression_is_accepted(pattern: str) -> None:
    assert cost.find_problems(pattern) == []


def test_a_match_at_one_place_may_read_to_the_end() -> None:
    assert cost.find_problems(r"a+b") != []
    assert cost.find_problems(r"a+b", anywhere=False) == []
    assert cost.find_problems(r"(?:a|aa)*", anywhere=False) == []
    assert cost.find_problems(r"(?:a|aa)*", anywhere=False, whole=True) != []


def test_the_message_names_a_text_that_is_slow_if_it_is_repeated() -> None:
    assert cost.find_problems(r"x[^;]*;")[0].word.count("x") == 1
    assert sorted(set(cost.find_problems(r"\A(?:ab|a|b)*!")[0].word)) == ["a", "b"]


def test_flags_decide_what_is_read() -> None:
    assert cost.find_problems(r"(?<!a)a+b") == []
    assert cost.find_problems(r"(?<!a)a+b", re.I) == []
    assert cost.find_problems(r"(?<![a-z])[A-Z]+1") != []
    assert cost.find_problems(r"(?<![a-z])[A-Z]+1", re.I) == []


MODULE = """
import re
PLAIN = re.compile(r"a+b")
_AT = re.compile(r"a+b")
_PLACED = re.compile(r"a+b")
_WHOLE = re.compile("a+b", re.I | re.M)
def f(text):
    re.search(r"c+d", text)
    re.search(text, text)
    return _AT.match(text), _PLACED.match(text, 3), _WHOLE.fullmatch(text), PLAIN.match(text)
"""
OTHER = "from sickbay.a import PLAIN\ndef g(text): return PLAIN.search(text)\n"


def test_the_use_of_an_expression_is_found_in_all_modules() -> None:
    trees = {"src/sickbay/a.py": ast.parse(MODULE), "src/sickbay/b.py": ast.parse(OTHER)}
    found = {entry.name or entry.pattern: entry for entry in sources.list_expressions(trees, [], Path("/"))}
    assert {name: (entry.anywhere, entry.whole) for name, entry in found.items()} == {
        "PLAIN": (True, False),
        "_AT": (False, False),
        "_PLACED": (True, False),
        "_WHOLE": (False, True),
        "c+d": (True, False),
        None: (True, False),
    }
    assert found["_WHOLE"].flags == re.I | re.M


def test_an_expression_that_is_built_from_parts_is_read_when_the_module_is_imported(tmp_path: Path) -> None:
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").write_text("import re\n_PART = 'a+'\nALL = re.compile(\n    rf'{_PART}b')\n")
    path = str((tmp_path / "package" / "__init__.py").resolve())
    compiled = sources.list_compiled("package", tmp_path)
    assert (path, 3, "a+b") in [(name, line, pattern) for name, line, pattern, _ in compiled]
    tree = ast.parse((tmp_path / "package" / "__init__.py").read_text())
    assert [entry.pattern for entry in sources.list_expressions({path: tree}, compiled, Path("/"))] == ["a+b"]


def test_an_expression_that_is_compiled_late_is_read_when_the_module_is_imported_too(tmp_path: Path) -> None:
    source = "from sickbay.kernel.late_patterns import compile_late\n_PART = 'a+'\n_ALL = compile_late(rf'{_PART}b')\n"
    (tmp_path / "late").mkdir()
    (tmp_path / "late" / "__init__.py").write_text(source + "def f(text): return _ALL.fullmatch(text)\n")
    path = str((tmp_path / "late" / "__init__.py").resolve())
    tree = ast.parse((tmp_path / "late" / "__init__.py").read_text())
    (entry,) = sources.list_expressions({path: tree}, sources.list_compiled("late", tmp_path), Path("/"))
    assert (entry.pattern, entry.name, entry.anywhere, entry.whole) == ("a+b", "_ALL", False, True)


def test_an_unknown_slow_expression_fails_and_an_unneeded_exception_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sources, "list_compiled", lambda package, root: [])
    files = {"src/sickbay/a.py": 'import re\n_SLOW = re.compile(r"a+b")\n'}
    reported = faults(patterns.find_problems, tmp_path / "1", files)
    assert [(line.partition(": ")[0], "'aa'" in line) for line in reported] == [("src/sickbay/a.py:2", True)]
    exceptions = "slow src/sickbay/a.py _SLOW  a reason\nslow src/sickbay/b.py _GONE  a reason\n"
    allowed = files | {"tools/checks/allowed_patterns.txt": exceptions}
    assert faults(patterns.find_problems, tmp_path / "2", allowed) == [
        "tools/checks/allowed_patterns.txt: nothing needs the exception `slow src/sickbay/b.py _GONE`"
    ]
    built = {"src/sickbay/a.py": "import re\ndef f(word): return re.search(word, word)\n"}
    assert len(faults(patterns.find_problems, tmp_path / "3", built)) == 1


def test_an_expression_of_the_doctors_knowledge_is_found_with_its_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sources, "list_compiled", lambda package, root: [])
    table = "[fact]\nmeans = 'a+b'\npatterns = ['(?<!a)a+b']\nsends = { code = 'a+c' }\n"
    reported = faults(patterns.find_problems, tmp_path, {(sources.KNOWLEDGE / "facts.toml").as_posix(): table})
    assert [line.partition(": ")[0] for line in reported] == ["src/sickbay/doctor/knowledge/facts.toml:4"]
