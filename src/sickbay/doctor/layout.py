"""What documentation leaves open in a request, and how it lays the request out: neither is a fault of the request."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sickbay.diagnosis.lists import LISTS
from sickbay.diagnosis.rule import Finding
from sickbay.doctor import prose
from sickbay.doctor.diagnose import Diagnosis
from sickbay.doctor.pieces.inputs import Input
from sickbay.kernel.late_patterns import compile_late

UNFILLED = compile_late(r"=(?:<|%3C)[a-z][\w -]{1,40}(?:>|%3E)", re.I)
"""A value such as `<code>`. If a request that succeeded has one, the text is an example, and others aren't sent so either."""
_SLOT = compile_late(r"(?<=[=:/\"'\s])(?:<[A-Za-z][\w -]{1,40}>|\{[A-Za-z]\w{2,40}\}|\[[A-Za-z]\w{1,30}\](?=&|$))")
"""A name in brackets. A request with several of them is a template of documentation, or nothing was filled in."""
_OPEN_STRING = compile_late(r"[\"'`]<[A-Za-z][\w -]{1,60}>[\"'`]")
_OPEN_NAME = compile_late(r"\b([\w-]{2,40})=(?:<|%3C|\{|\[[A-Za-z])")
BUILT = compile_late(
    r"(?:diagnostics|error_?description)[\"']?\s?(?:=>|[:=,])\s?(?:str\(|f[\"']|\$?(?:e|err|exc?|exception)\b)", re.I
)
"""A description that a program makes. An object with it isn't a response that came, unless a message is behind the code."""
OF_VALUES = frozenset(("value-is-placeholder", "value-has-stray-characters", "basic-malformed"))
OF_EXAMPLES = ("value-is-placeholder", "client-id-placeholder")
OF_TEMPLATES = (*OF_VALUES, "client-id-placeholder", "url-has-whitespace")
TEMPLATE = compile_late(r"https?://[^/?]{0,100}[{<]")
_ID_TEMPLATE = compile_late(r"/[A-Z]\w{2,40}/(?:\{|<|\[|:[a-z])")
_WITH_TEMPLATE = compile_late(r"(?:[?&]|\A)([\w.:-]{1,60})=[^&=]{0,100}?\{\{")


def find_templates(evidence: Mapping[str, Any]) -> frozenset[str]:
    """The parameters with a variable in double braces, which a tool replaces, and `id` if the path has a variable."""
    names = {name for part in ("url", "body") for name in _WITH_TEMPLATE.findall(str(evidence.get(part) or ""))}
    return frozenset(names | {"id"} if _ID_TEMPLATE.search(str(evidence.get("url"))) else names)


_FIELD = compile_late(r"(?:^|&)[ \t]*([\w-]{2,40})=[^\s&]", re.M)


def allow_layout(diagnosis: Diagnosis, each: Input, found: Sequence[Input], text: str) -> Diagnosis:
    """Without what a form lacks only because of a blank line or no & between two fields. A template has only advice."""
    end = min((other.piece.start for other in found if other.piece.start > each.piece.start), default=len(text))
    shown = f"{body}\n{text[each.piece.end : end]}" if (body := str(each.evidence.get("body") or "")) else ""
    there = {*_FIELD.findall(shown)} - {"client_assertion"}  # an assertion is there although it lacks a claim
    kept = [it for it in diagnosis.explanation.findings if it.parameter not in there or "-missing" not in it.id]
    if each.evidence["kind"] == "registration":  # whose scopes may be those of another API
        kept = [it for it in kept if (it.id, it.severity) != ("scope-malformed", "info")]
    url = str(each.evidence.get("url") or "").strip()
    masked = () if shows_what_was_sent(text) or "%7B" in str(each.evidence) else _find_masked(kept)
    return diagnosis.select(kept).turn_into_advice((*masked, *_find_open_values(kept, each, text), *_list_excused(url)))


def builds_error(text: str) -> bool:
    """Whether it has a description that a program makes, and ends with code, not with a message."""
    last = text.strip().rpartition("\n")[2].strip()
    return BUILT.search(text) is not None and (last.endswith((")", "}", "]", ";")) or prose.is_code(last))


def shows_what_was_sent(text: str) -> bool:
    """Whether it tells of a problem, comes from a log, or has what programs write for missing values."""
    return prose.tells_of_a_problem(text) or _SENT.search(text) is not None


_SENT = compile_late(r"\b(?:log(?:s|ged)?|received|sent|actual|undefined|null|NaN)\b|\[object ", re.I)


def _find_masked(findings: Sequence[Finding]) -> tuple[str, ...]:
    """The IDs of findings about secrets whose names are shown in place of them, as in `Bearer {access_token}`."""
    open_values = [it.facts for it in findings if it.id == "value-is-placeholder" and "replaced" in it.facts["what"]]
    names = {name for facts in open_values for name in facts["names"]}
    return tuple(it.id for it in findings if names and _SECRETS.issuperset({*names, it.parameter or min(names)}))


_SECRETS = frozenset(("Authorization", "client_secret", "code", "code_verifier", "refresh_token", "token", "client_assertion"))
"""Values that people leave out when they show a request."""


def _find_open_values(findings: Sequence[Finding], each: Input, text: str) -> tuple[str, ...]:
    """The IDs of findings about values that a template leaves open."""
    names, shown = {*_OPEN_NAME.findall(str(each.evidence))}, f"{each.evidence} {text[each.piece.start : each.piece.end]}"
    if len({*_SLOT.findall(shown)}) < 2 and len({*_OPEN_STRING.findall(text)}) < 2:
        return ()
    is_open = (it.id for it in findings if it.parameter in names or _SLOT.search(f"={it.facts.get('received')}"))
    return (*OF_TEMPLATES, *is_open)


def _list_excused(url: str) -> tuple[str, ...]:
    """The IDs of findings about line breaks between parameters, and about parameters in the URL where they belong there."""
    joined, count = _LAYOUT.subn("", url)
    breaks = ("url-has-whitespace",) if count >= LINES_OF_A_LAYOUT and not re.search(r"\s", joined) else ()
    return (*breaks, *(_OF_A_FORM if url.startswith(LISTS["servers_with_parameters_in_the_url"]) else ()))


_OF_A_FORM = ("token-wrong-method", "grant-type-invalid", "grant-type-unsupported")
LINES_OF_A_LAYOUT = 3
_LAYOUT = compile_late(r"(?<=[?&])[ \t\r]{0,9}\n\s{0,80}|\n\s{0,80}(?=[?&])")
"""A URL with so many lines, each of which begins or ends with ? or &, is laid out for readers, as specifications do."""
