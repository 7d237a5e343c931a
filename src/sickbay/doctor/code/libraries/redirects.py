"""Authorization requests: code that builds an authorization URL, and sends the browser there."""

from __future__ import annotations

from sickbay.doctor.code.draft import RequestDraft
from sickbay.doctor.code.libraries.support import new_draft
from sickbay.doctor.code.values import CodeObject, CodeText, CodeValue, Invocation, text_of
from sickbay.kernel.late_patterns import compile_late

_LOCATIONS = frozenset({"window.location", "window.location.href", "location.href", "location", "document.location"})
_AUTHORIZES = compile_late(r"[?&](?:response_type|client_id|redirect_uri)=")
_OF_AUTHORIZE = (compile_late(r"\bresponse_type="), compile_late(r"\b(?:client_id|redirect_uri)="))
"""Both are in the query of an authorization URL."""
LANGUAGE = "redirect"


def read_assignment(path: str, value: CodeValue) -> RequestDraft | None:
    """`window.location = url`, or a variable with an authorization URL."""
    if not isinstance(value, CodeText | CodeObject):
        return None
    url = text_of(value)
    is_found = _AUTHORIZES.search(str(url)) is not None if path in _LOCATIONS else _is_authorization_url(str(url))
    return RequestDraft(path, language=LANGUAGE, method="GET", url=url) if is_found else None


def _is_authorization_url(url: str) -> bool:
    """Whether the text is an authorization URL, and not a part of one."""
    query = url.partition("?")[2]
    return all(pattern.search(query) for pattern in _OF_AUTHORIZE)


def read_redirect(call: Invocation) -> RequestDraft | None:
    """`window.open(url)`, `res.redirect(url)`, `header("Location: …")`."""
    if not call.arguments or not isinstance(call.arguments[-1].value, CodeText | CodeObject):
        return None
    url = text_of(call.arguments[-1].value)
    if call.name == "header" and url.parts and url.parts[0].lower().startswith("location:"):
        url = CodeText((url.parts[0][9:].lstrip(), *url.parts[1:]))
    return new_draft(call, LANGUAGE, "GET", url) if _AUTHORIZES.search(str(url)) else None


def drop_duplicates(drafts: list[RequestDraft]) -> list[RequestDraft]:
    """The requests without authorization URLs that occur twice, as a variable and where it is used. The last one counts."""
    last = {str(item.url): position for position, item in enumerate(drafts) if item.language == LANGUAGE}
    return [item for position, item in enumerate(drafts) if item.language != LANGUAGE or last[str(item.url)] == position]


CALLS = {
    **dict.fromkeys(("open", "assign", "replace", "redirect", "redirectto", "openurl", "sendredirect"), (read_redirect,)),
    "header": (read_redirect,),
    "navigate": (read_redirect,),
}
