"""A pattern that is compiled late finds what one that is compiled at once finds."""

from __future__ import annotations

import re

import pytest

from sickbay.kernel.late_patterns import compile_late


def test_a_late_pattern_is_used_like_any_other() -> None:
    late, ready = compile_late(r"a+(?P<rest>b?)", re.I), re.compile(r"a+(?P<rest>b?)", re.I)
    text = "xAab aa b"
    for _ in range(2):
        assert [match.span() for match in late.finditer(text)] == [match.span() for match in ready.finditer(text)]
        assert late.findall(text) == ready.findall(text)
        assert (late.sub("-", text), late.split(text)) == (ready.sub("-", text), ready.split(text))
        assert (late.pattern, late.flags, late.groupindex) == (ready.pattern, ready.flags, ready.groupindex)
    assert late.match(text) is None


def test_it_is_compiled_when_it_is_first_used() -> None:
    late = compile_late("(")
    with pytest.raises(re.error):
        late.search("a")
