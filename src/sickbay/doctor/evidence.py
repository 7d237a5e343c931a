"""What is known about a pasted text: its pieces, requests and error responses, and what the rules found in them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from msgspec import Struct, structs

from sickbay.diagnosis.answers.values import ErrorAnswer
from sickbay.doctor import phrases
from sickbay.doctor.errors import in_text
from sickbay.doctor.errors.in_json import leave_out_milder_issues
from sickbay.doctor.pieces.piece import Piece
from sickbay.kernel.late_patterns import compile_late
from sickbay.kernel.text_search import fold_case
from sickbay.kernel.wrapped_lines import join_lines
from sickbay.protocol import urls
from sickbay.protocol.parameters import parse

PLAIN_CHARACTERS = 100_000
_PLACEHOLDER = compile_late(r"\byour[_-][\w-]{1,60}|<your [\w ]{1,60}>", re.I)


class Evidence(Struct, frozen=True, eq=False, dict=True):
    """requests: inputs of `diagnose()`. rules: the ids of the rules that found a fault in them."""

    text: str
    answers: Sequence[ErrorAnswer] = ()
    requests: Sequence[Mapping[str, Any]] = ()
    pieces: Sequence[Piece] = ()
    rules: frozenset[str] = frozenset()

    @cached_property
    def words(self) -> list[str]:
        """The words of the text, without placeholders such as YOUR_REDIRECT_URI and, if there is an error, without warnings."""
        text = leave_out_milder_issues(self.text) if "severity" in self.lowered or "@" in self.text else self.text
        return phrases.split_words(_PLACEHOLDER.sub(f" {phrases.GAP} ", text) if "your" in self.lowered else text)

    @cached_property
    def lowered(self) -> str:
        """The text in lower case: looking for a word takes a tenth of what a pattern does that ignores case."""
        return fold_case(self.text)

    @cached_property
    def plain(self) -> Evidence | None:
        """The same with a text without escapes and without line breaks within sentences; None if it has none."""
        plain = join_lines(in_text.unescape(self.text[:PLAIN_CHARACTERS]))
        return None if plain == self.text else structs.replace(self, text=plain)

    @cached_property
    def codes(self) -> frozenset[str]:
        """The error codes, HTTP statuses and issue types of the error responses."""
        return frozenset(answer.code for answer in self.answers if answer.code)

    @cached_property
    def kinds(self) -> frozenset[str]:
        """The kinds of the requests, such as token_request."""
        return frozenset(str(request.get("kind")) for request in self.requests)

    @cached_property
    def sent(self) -> dict[str, str]:
        """The parameters of the requests; of the first one, if several have the same. `aud` is `audience` too."""
        sent: dict[str, str] = {}
        for name, value in self._parameter_pairs():
            sent.setdefault(name, value)
        return sent | ({"audience": sent["aud"]} if sent.get("aud") else {})

    def _parameter_pairs(self) -> Iterator[tuple[str, str]]:
        for request in self.requests:
            yield from parse(urls.split(str(request.get("url", ""))).query).pairs
            yield from parse(str(request.get("body") or "")).pairs

    @cached_property
    def forms(self) -> list[str]:
        """The bodies of the token requests."""
        return [str(request.get("body") or "") for request in self.requests if request.get("kind") == "token_request"]

    @cached_property
    def claims(self) -> list[Mapping[str, Any]]:
        """The claims of all JSON Web Tokens in the text, including those that were pasted decoded."""
        tokens = [piece.values["claims"] for piece in self.pieces if piece.kind == "jwt"]
        return [*tokens, *(piece.values for piece in self.pieces if piece.subkind == "jwt_claims")]

    @cached_property
    def addresses(self) -> list[str]:
        """The URLs in the text, each once, in its order."""
        return list(dict.fromkeys(str(piece.values["url"]) for piece in self.pieces if piece.kind == "url"))
