"""Collects the error responses in pasted text, in an input of `diagnose()` and in an exchange of a HAR file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote, unquote_plus

from sickbay.diagnosis.answers.values import CODES, FALSY, ErrorAnswer, oauth_error, rank_answers
from sickbay.doctor.errors import in_json, in_text
from sickbay.doctor.errors.in_json import format_as_members
from sickbay.kernel.late_patterns import compile_late
from sickbay.kernel.lenient_json import load_json
from sickbay.protocol.unicode import decode_html_escapes

SEARCHED_CHARACTERS = 2_000_000
"""The maximum number of characters that are searched. Of a longer text, the beginning and the end are searched."""
DEPTH = 6
"""How many levels of JSON inside JSON strings are parsed."""
_WORD = compile_late(r"(?<![^\s<>\"'`])[^\s<>\"'`:=%]*+[:=%][^\s<>\"'`]*+")
"""Only a word with such a character can be an address."""
_PARAMETER = compile_late(r"[?&]\w{1,60}=")
_RESPONSE = ("response", "answer", "json", "status", "status_code", "error")


def find_in_paste(text: str, *, is_url: bool = False) -> tuple[ErrorAnswer, ...]:
    """`is_url`: the text is a single URL, perhaps broken into lines."""
    half = SEARCHED_CHARACTERS // 2
    text = (text if len(text) <= SEARCHED_CHARACTERS else f"{text[:half]}\n{text[-half:]}").strip()
    whole = find_errors(text) if is_url else ()
    answers = rank_answers((*whole, *_errors_in_text(text if is_url else format_as_members(text), DEPTH)))
    return answers if is_url else tuple(_assign_to_api(answer, text) for answer in answers)


_OF_LOGIN = compile_late(r"error=access_denied|authorize\b|callback|redirect", re.I)
_OF_API = compile_late(
    r"\b40[13]\b|\"(?:message\"\s{0,3}:|code\"\s{0,3}:\s{0,3}\"access_d)|\b(?:access|permission)\b[^\n]{0,40}\b(?:resource|endpoint)\b"
)


def _assign_to_api(answer: ErrorAnswer, text: str) -> ErrorAnswer:
    """access_denied is an error of the authorization endpoint in OAuth, but APIs that refuse an access token send it too."""
    is_from_api = (answer.kind, answer.code) == ("authorization", "access_denied") and not _OF_LOGIN.search(text)
    return answer._replace(kind="bearer") if is_from_api and _OF_API.search(text) else answer


def find_in_input(evidence: Mapping[str, Any]) -> tuple[ErrorAnswer, ...]:
    """The error responses in an input. Its context, request body and registration aren't searched."""
    if evidence.get("kind") == "error_answer":
        return find_in_paste(str(evidence.get("text") or ""))
    return rank_answers(_errors_of_input(evidence))


def _errors_of_input(evidence: Mapping[str, Any]) -> Iterator[ErrorAnswer]:
    for name in ("url", "error_uri"):
        if isinstance(evidence.get(name), str):
            yield from find_errors(str(evidence[name]))
    answer = {name: evidence[name] for name in _RESPONSE if name in evidence}
    if "status" in evidence and "body" in evidence:
        answer |= {"body": evidence["body"], "headers": _headers_with_errors(evidence.get("headers"))}
    if isinstance(answer.get("response"), Mapping):
        answer["response"] = {**answer["response"], "headers": _headers_with_errors(answer["response"].get("headers"))}
    yield from _errors_in_document(answer, 2, text=False)


def find_in_exchange(status: int, headers: Mapping[str, str], body: str | None, *, launch: bool) -> tuple[ErrorAnswer, ...]:
    """Returns the errors in an exchange of a HAR file. `launch`: it belongs to a launch. In others, only clear errors count."""
    answers = list(
        _errors_in_document({"status": status, "headers": _headers_with_errors(headers), "body": body or ""}, 2, text=False)
    )
    if status <= 0:
        answers.append(ErrorAnswer("no-answer", "0"))
    return rank_answers(
        answer for answer in answers if launch or answer.kind not in ("message", "oauth") or answer.code in CODES
    )


def _headers_with_errors(headers: Any) -> dict[str, Any]:
    """The headers that may contain an error."""
    pairs = headers if isinstance(headers, Mapping) else {}
    return {name: value for name, value in pairs.items() if str(name).lower() in ("www-authenticate", "location")}


def _errors_in_text(text: str, depth: int) -> Iterator[ErrorAnswer]:
    document = _parse_json(text)
    if document is not None and depth:
        evidence = document.get("input", document) if isinstance(document, dict) else None
        if isinstance(evidence, dict) and isinstance(evidence.get("kind"), str):
            yield from find_in_input(evidence)
        else:
            yield from _errors_in_document(document, depth)
        return
    lines = text.splitlines() if depth and "\n" in text else []
    for line in lines:
        if _parse_json(line) is not None:
            yield from _errors_in_text(line, depth - 1)
    addresses = [*filter(_is_address, _WORD.findall(text))]
    named = [answer for word in addresses for answer in find_errors(word)]
    yield from named
    has_code = any(answer.code in CODES for answer in named)
    prose = _WORD.sub(lambda match: _name_address(match[0]), text) if addresses else text
    yield from in_text.find_errors(prose, in_words=not has_code)


def _name_address(word: str) -> str:
    """The word "URL" for an address, with the text after its closing quotation mark, if that was escaped."""
    return "URL" + word[word.rfind("&quot;") :] * ("&quot;" in word) if _is_address(word) else word


def _is_address(word: str) -> bool:
    """Whether the word is a URL (also without scheme and host) or a form. Only in_url reads those."""
    if "://" in word or "%3a%2f%2f" in word.lower() or _PARAMETER.search(word):
        return True
    return word[0] in "/?" and ("=" in word or "%3d" in word.lower())


def _errors_in_document(document: Any, depth: int, *, text: bool = True) -> Iterator[ErrorAnswer]:
    """`text`: strings are searched as free text too, unless they are a page or a script, which may mention errors."""
    for item in in_json.find_errors(document):
        if not isinstance(item, str):
            yield item
        elif "://" in item[:40] and not re.search(r"\s", item):
            yield from find_errors(item)
        elif text or not _is_page(item):
            yield from _errors_in_text(item, depth - 1)


def _is_page(text: str) -> bool:
    """Whether the text isn't JSON, an OperationOutcome in XML, a form or a Bearer challenge, which are searched."""
    text = text.lstrip("\ufeff \t\r\n")
    if text.startswith(("{", "[")):
        return _parse_json(text) is None
    return "OperationOutcome" not in text[:2000] and not re.match(r"(?:error(?:_description)?=|\w+ (?:.*[\s,])?error=)", text)


def _parse_json(text: str) -> Any:
    """None if it isn't a JSON object or array."""
    text = text.lstrip("\ufeff \t\r\n")
    return load_json(text) if text.startswith(("{", "[")) else None


_ERROR = compile_late(
    r"(?:^|[?&#;])\s*(?P<name>(?:[a-z]{1,20}[_-])?err(?:or)?(?:_?(?:code|reason|type|subtype|subcode|msg|message))?)"
    r"(?:\[\w{0,20}\])?=(?P<value>[^&#;\s]{0,300})",
    re.I,
)
_DESCRIPTION = compile_late(r"[?&#;]error_?description=(?P<value>[^&#\s]{0,600})", re.I)
_VALUE = compile_late(r"[?&#;](?P<name>[\w.-]{1,40})=(?P<value>[a-z_]{8,40})(?=[&#;\s]|$)", re.I)
_URN = compile_late(r"urn:[\w-]{1,40}:error:[\w:.-]{1,200}", re.I)
"""The error code in the URL of a vendor's error page."""
_ECHOED = frozenset(("state", "nonce", "code", "scope", "launch", "client_id"))
"""Parameters with arbitrary values, where an error code means nothing."""
DECODINGS = 3


def decoded_texts(text: str) -> tuple[str, ...]:
    """The text as it is and with its percent-encoding removed, at most three times."""
    decodings = [decode_html_escapes(text)]
    while len(decodings) <= DECODINGS and "%" in decodings[-1] and (decoded := unquote(decodings[-1])) != decodings[-1]:
        decodings.append(decoded)
    return tuple(decodings)


def find_errors(url: str) -> Iterator[ErrorAnswer]:
    """`url` may be broken over several lines."""
    joined = "".join(line.strip() for line in url.splitlines())
    for view in decoded_texts(joined):
        described = _DESCRIPTION.search(view)
        description = unquote_plus(described["value"]) if described else ""
        yield from _find_errors(view, description)
        for match in _VALUE.finditer(view):
            if match["value"].lower() in CODES and match["name"].lower() not in _ECHOED:
                yield oauth_error(match["value"], description, redirected=True)
        if described and description.strip():
            yield ErrorAnswer("authorization", "", description)
        yield from (ErrorAnswer("vendor", match[0]) for match in _URN.finditer(view))


def _find_errors(view: str, description: str) -> Iterator[ErrorAnswer]:
    granted = re.search(r"[?&#;]code=[^&#\s]", view) is not None
    for match in _ERROR.finditer(view):
        value = unquote_plus(match["value"]).strip("\"'.,;:!()[]{}")
        if value.lower() not in FALSY or (not value and not granted and match["name"].lower() == "error"):
            yield oauth_error(value, description, redirected=True)
