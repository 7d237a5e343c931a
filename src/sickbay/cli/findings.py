"""Formats a diagnosis as text: its findings, likely causes, and the corrected request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from sickbay.cli.output import format_json
from sickbay.doctor.verdict import KNOWN, LABELS, summarize_findings

RULES = "/rules/"
REQUEST_KEYS = frozenset(("method", "url", "headers", "body"))
MARKS = {"error": "✗", "warning": "!", "info": "i"}


def short_text(shown: Mapping[str, Any]) -> str:
    """The first finding with its check and remedy, the corrected request, related topics, and the number of further findings.

    shown: a diagnosis as JSON. "" if there is nothing to show.
    """
    finding, cause, known, rest = summarize_findings(shown["findings"], shown.get("causes", ()))
    parts = [finding_text(finding, cause)] if finding else []
    if known:
        listed = (f"  • {each['title']}\n    Check: {each['why']}" for each in known)
        first, *others = listed
        parts.append("\n".join((f"{KNOWN}:", first, f"    → {known[0]['fix']}", *others)))
    if cause and not finding:
        parts.append(
            f"If a server refuses it, check this first: {cause['title']}.\n  Check: {cause['why']}\n  → {cause['fix']}"
        )
    parts += _correction_texts(shown)
    if rest:
        parts.append(f"Not shown: {rest}. To see everything, add --all.")
    return "\n\n".join(parts)


def full_text(shown: Mapping[str, Any]) -> str:
    """All findings and causes."""
    parts = [finding_text(finding) for finding in shown["findings"]]
    if causes := shown.get("causes"):
        heading = "If a server refuses it, compare"
        if shown["findings"]:
            heading = KNOWN if summarize_findings(shown["findings"], causes).known else "Likely causes"
        parts.append(f"{heading}, the most likely first:\n{causes_text(causes)}")
    return "\n\n".join([*parts, *_correction_texts(shown)])


def _correction_texts(shown: Mapping[str, Any]) -> Iterator[str]:
    if shown["corrected"]:
        yield f"Send this instead:\n\n  {sent_text(shown['corrected'])}"
    if shown.get("related"):
        yield related_text(shown["related"])


def related_text(related: Sequence[Mapping[str, str]]) -> str:
    """Lists topics that share words with the text. `sickbay rules` shows a rule or a cause."""
    lines = [f"  {topic['title']}  ({_replace_url_with_command(topic['url'])})" for topic in related]
    return "\n".join(("Related topics:", *lines))


def _replace_url_with_command(url: str) -> str:
    return f"sickbay rules {url.removeprefix(RULES)}" if url.startswith(RULES) else url


def finding_text(finding: Mapping[str, Any], cause: Mapping[str, str] | None = None) -> str:
    """finding: the JSON of `Finding.to_json`. cause: its JSON as a cause, if it is only likely, with how to check it."""
    because = f", caused by [{finding['because']}]" if finding.get("because") else ""
    likely = LABELS[cause["confidence"]] if cause else ""
    lines = [f"{MARKS[finding['severity']]} {likely}{finding['title']}  [{finding['id']}]{because}", f"  {finding['why']}"]
    lines += [f"  Check: {cause['why']}"] if cause else []
    return "\n".join((*lines, f"  → {finding['fix']}", f"  {_spec_text(finding['spec'])}")).rstrip()


def _spec_text(spec: Mapping[str, str]) -> str:
    """The name of the source and its URL. The host is left out of the name, because the URL contains it."""
    name, url = spec["name"], spec["url"]
    return f"{name.removesuffix(f': {urlsplit(url).netloc}')}: {url}" if url else name


def causes_text(causes: Sequence[Mapping[str, str]]) -> str:
    """A numbered list. Each cause has its check and its remedy."""
    return "\n".join(
        f"  {number}. {cause['title']}  ({cause['confidence']})\n     Check: {cause['why']}\n     → {cause['fix']}"
        for number, cause in enumerate(causes, 1)
    )


def sent_text(corrected: Mapping[str, Any]) -> str:
    """The request as curl, or only its URL or registration if that is all of it. A new pair replaces a placeholder for PKCE."""
    import secrets  # most answers need no pair

    from sickbay.diagnosis.corrections import fill_challenge

    verifier = secrets.token_urlsafe(32)
    filled = fill_challenge(corrected, verifier)
    if filled is None:
        return _request_text(corrected)
    note = "The code_challenge belongs to this new code_verifier. Keep it for the token request; Sickbay doesn't store it."
    return f"{_request_text(filled)}\n\n  {note}\n\n  {verifier}"


def _request_text(corrected: Mapping[str, Any]) -> str:
    shown = {key: value for key, value in corrected.items() if key not in ("kind", "context")}
    whole = next(iter(shown.values())) if shown.keys() <= {"url", "app"} and len(shown) == 1 else shown
    if isinstance(whole, str):
        return whole
    text = _curl_text(shown) if shown.keys() <= REQUEST_KEYS and "url" in shown else format_json(whole)
    return text.replace("\n", "\n  ")


def _curl_text(request: Mapping[str, Any]) -> str:
    from sickbay.web.exchanges import code_samples  # most answers need none

    tabs = code_samples.make_tabs(code_samples.read_request_parts(request), {})
    return next(tab.text for tab in tabs if tab.id == "curl")
