"""The declaration of a known error: how to recognise it in a pasted text, what it means, and its likely causes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

Confidence: TypeAlias = Literal["documented", "observed", "inferred"]
"""documented: the server's documentation or source says so. observed: users found it out, and others confirmed it.
inferred: it follows from the specification or from how such servers work."""


class Cause(NamedTuple):
    """One possible cause.

    cause:  what is wrong, in one sentence.
    sign:   the observation that confirms or excludes it, in one sentence.
    remedy: what to do about it, in one imperative sentence.
    """

    cause: str
    sign: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownError:
    """An error that a server or a library is known to report.

    id:         names the problem, begins with the server's name: "entra-redirect-uri-not-registered".
    servers:    names from `servers.py`. The entry applies if one of them is recognised in the text, or if no server is
                recognised and `text` matches. Empty: any server.
    codes:      OAuth error codes, HTTP statuses ("403") or issue types; one of them must have been recognised. Empty: any.
    text:       groups of phrases in lower case; of each group one must be in the text. Spaces in a row count as one.
    without:    phrases that must not be in the text.
    captures:   regular expressions with named groups, searched only if the entry matches. The groups fill the texts:
                {redirect_uri}. `VALUES` in `fill.py` has the words for a group that isn't found.
    title, why: what happened, in one sentence, and the mechanism.
    causes:     the most likely first. The remedy of the first is the fix.
    where:      the place in the server's console or in the library's options; "" if there is none.
    source:     the URL of what the entry rests on.
    is_general: a checklist for a bare HTTP status or error code. An entry that knows more comes before it.
    is_evident: the phrases show the cause itself, such as a blank in a configured value. It comes before entries that explain
                the message, and before the rules.
    """

    id: str
    title: str
    why: str
    causes: tuple[Cause, ...]
    source: str
    confidence: Confidence
    servers: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    text: tuple[tuple[str, ...], ...] = ()
    without: tuple[str, ...] = ()
    captures: tuple[str, ...] = ()
    where: str = ""
    is_general: bool = False
    is_evident: bool = False
