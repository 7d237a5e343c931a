"""Reads the requests that pasted programs send, in all languages but shells."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from sickbay.doctor.code import conversions
from sickbay.doctor.code.draft import RequestDraft, request_of
from sickbay.doctor.code.libraries import angular, building, dotnet, go, java, javascript, php, python, redirects
from sickbay.doctor.code.libraries.support import Handler
from sickbay.doctor.code.models import CodeRequest
from sickbay.doctor.code.tokens import CodeToken
from sickbay.doctor.code.values import (
    CodeBody,
    CodeFields,
    CodeObject,
    CodeText,
    CodeValue,
    Hole,
    Invocation,
    Meter,
    fields_of,
    text_of,
)
from sickbay.kernel.late_patterns import compile_late
from sickbay.kernel.text_search import Lines

_PHP = compile_late(r"<\?php|\bcurl_(?:setopt|init|exec)|\$\w+\s*(?:->\w|=[^=>])|\$this->|=>\s*\$\w|['\"]\s*\.\s*\$\w")
_DOLLAR = compile_late(r"<\?php|\bcurl_|\$\w+->|\bval\s+\w+\s*[=:]|\bfun\s+\w+\s*\(|^[^\S\n]*+\$\w++\s*+=", re.M)
_LOOP = compile_late(r"\bfor\s*+\(\s*+(?:(?:var|let|const)\s++)?(\w++)\s++(?:in|of)\s++(?:Object\.keys\(\s*+)?(\w+)")
_LIBRARIES = (javascript, go, python, dotnet, java, php, redirects, angular)


@cache
def _find_handlers(*, is_php: bool) -> dict[str, tuple[Handler, ...]]:
    """The functions that can explain a call, by its last name in lower case."""
    result: dict[str, tuple[Handler, ...]] = {}
    for library in _LIBRARIES:
        if library is php and not is_php:
            continue
        for name, functions in library.CALLS.items():
            result[name] = (*result.get(name, ()), *functions)
    return result


class RequestReader:
    """Collects the requests while an Evaluator runs the code. dollar: as in `CodePlaces`."""

    def __init__(self, text: str) -> None:
        self.is_php = _PHP.search(text) is not None
        self.dollar = '"' if _DOLLAR.search(text) else ""
        self._has_search_params = "searchParams" in text
        self._loops = {match[1]: match[2] for match in _LOOP.finditer(text)}
        self.resolve: Callable[[str], CodeValue | None] = lambda path: None
        self.drafts: list[RequestDraft] = []
        self._excerpts: dict[str, RequestDraft] = {}
        self._handlers: dict[str, tuple[Handler, ...]] = _find_handlers(is_php=self.is_php)

    def list_requests(self, tokens: list[CodeToken], lines: Lines, meter: Meter) -> list[CodeRequest]:
        """The requests in the order in which they are sent."""
        requests: list[CodeRequest] = []
        with meter.limit():
            for draft in redirects.drop_duplicates(self.drafts):
                requests.append(request_of(draft, tokens, lines))
        return [request for request in requests if request.url or request.body or request.header("authorization")]

    def call(self, invocation: Invocation) -> CodeValue | None:
        if isinstance(invocation.base, RequestDraft):
            return building.call_method(invocation.base, invocation)
        if invocation.name.startswith("curl_setopt"):
            return self._curl_option(invocation)
        if isinstance(invocation.base, CodeFields) and invocation.name == "push" and self._pushes_all(invocation):
            return invocation.base
        if invocation.path == "URL" and self._has_search_params:
            return CodeObject("URL", properties={"href": invocation.text(0), "searchParams": CodeFields([], "form")})
        if invocation.base is None and (result := self._continue_request(invocation)):
            return result
        for handler in self._handlers.get(invocation.name.lower(), ()):
            value = handler(invocation)
            if value is not None:
                return self._add_request(value)
        value = conversions.read_conversion(invocation)
        if value is None and isinstance(invocation.base, CodeObject):
            value = _add_client_headers(invocation.base, invocation)
        return value if value is not None else self._request_of_excerpt(invocation)

    def _pushes_all(self, call: Invocation) -> bool:
        """Whether a loop over the names of an object pushes its fields to a list: then they are added at once."""
        value = call.value(0)
        hole = value.parts[0] if isinstance(value, CodeText) and value.parts else ""
        fields = fields_of(self.resolve(self._loops.get(hole, ""))) if isinstance(hole, Hole) else None
        if fields is None or not isinstance(call.base, CodeFields):
            return False
        call.base.extend(fields.pairs)
        return True

    def _curl_option(self, call: Invocation) -> CodeValue | None:
        """An option of PHP's curl. The paste need not show curl_init()."""
        name = str(call.text(0))
        result = php.curl_option(call, self._excerpts.get(name))
        if not isinstance(call.value(0), RequestDraft):
            self._excerpts[name] = result
        return self._add_request(result)

    def note_assignment(self, path: str, value: CodeValue, start: int, end: int) -> None:
        result = redirects.read_assignment(path, value)
        if result is not None:
            result.first, result.last = start, max(start, end)
            self.drafts.append(result)

    def imply(self, owner: str, name: str, start: int) -> RequestDraft | None:
        return self._excerpts.get(owner)

    def _add_request(self, value: CodeValue) -> CodeValue:
        if isinstance(value, RequestDraft) and not any(value is draft for draft in self.drafts[-20:]):
            self.drafts.append(value)
        return value

    def _continue_request(self, call: Invocation) -> RequestDraft | None:
        """Another call on a request that the paste doesn't show being made."""
        result = self._excerpts.get(call.path.partition(".")[0])
        if result is not None and "." in call.path:
            building.call_method(result, call)
        return result if "." in call.path else None

    def _request_of_excerpt(self, call: Invocation) -> RequestDraft | None:
        result = building.read_excerpt(call)
        if result is not None:
            self._excerpts[call.path.partition(".")[0]] = result
            self.drafts.append(result)
        return result

    def assign(self, base: CodeValue, name: str, value: CodeValue, end: int) -> None:
        match base:
            case RequestDraft():
                building.assign_property(base, name, value, end)
            case CodeFields():
                base.set(name, text_of(value) if isinstance(value, CodeBody) else value)
            case CodeObject():
                _assign_property(base, name, value)


def _assign_property(target: CodeObject, name: str, value: CodeValue) -> None:
    if name.startswith("DefaultRequestHeaders."):
        header = RequestDraft("")
        building.assign_property(header, name, value, 0)
        _headers_of_object(target).extend(header.headers)
    else:
        target.properties[name] = value


def _headers_of_object(target: CodeObject) -> CodeFields:
    headers = target.properties.setdefault("headers", CodeFields())
    return headers if isinstance(headers, CodeFields) else CodeFields()


def _add_client_headers(target: CodeObject, call: Invocation) -> CodeValue | None:
    """`client.DefaultRequestHeaders.Add(name, value)` and `session.headers.update(fields)`."""
    path = call.path.lower()
    if path.endswith((".defaultrequestheaders.add", ".adddefaultheader", ".headers.add")) and len(call.arguments) >= 2:
        _headers_of_object(target).add(str(call.text(0)), call.text(1))
        return target
    if path.endswith(".headers.update") and (fields := fields_of(call.value(0))):
        _headers_of_object(target).extend(fields.pairs)
        return target
    if target.path == "URL" and call.name == "toString":
        return target
    return None
