from __future__ import annotations

import textwrap

from tests.laws import for_each

from sickbay.kernel.wrapped_lines import join_lines


@for_each("width", [40, 60, 76])
def test_wrapped_lines_are_joined_and_others_not(width: int) -> None:
    sentence = (
        "The issuer of the token is https://login.example.org/a, which is not the same as https://login.example.org/b at all."
    )
    wrapped = "\n".join(textwrap.wrap(sentence, width, break_long_words=False))
    assert join_lines(wrapped) == sentence
    short = "Location: /login\nContent-Length: 0\nConnection: close"
    assert join_lines(f"{short}\n\n{wrapped}\n\n{short}") == f"{short}\n\n{sentence}\n\n{short}"
