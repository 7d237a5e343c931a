"""Compares the requests that an app sent with one that a test expects, and says what it sent instead."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from re import Pattern
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import parse_qsl, urlsplit

from .http_client import SickbayError

REQUESTS_LISTED = 10
"""Maximum number of other requests that are listed."""
ENDPOINTS = ("authorize", "token")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
ParameterValue: TypeAlias = bool | str | int | Pattern[str]
Exchange: TypeAlias = dict[str, Any]


class ExpectedRequest(NamedTuple):
    """request: an endpoint, or a method and a path. times: None for at least once. line: the output of `serve --json`."""

    request: str
    times: int | None
    parameters: Mapping[str, ParameterValue]
    line: dict[str, Any]

    def __str__(self) -> str:
        return f"`{self.request}`" + (
            f" with {_join_words(list(map(_describe_parameter, self.parameters.items())))}" if self.parameters else ""
        )


def check_sent(expected: ExpectedRequest, exchanges: Sequence[Exchange]) -> list[Exchange]:
    """The exchanges with the expected request. Raises SickbayError if there aren't as many as expected."""
    __tracebackhide__ = True
    _check_spelling(expected)
    sent = [exchange for exchange in exchanges if exchange["request"]["method"] != "OPTIONS" or "OPTIONS" in expected.request]
    found = [exchange for exchange in sent if _is_for(expected, exchange) and not _describe_difference(expected, exchange)]
    if len(found) == expected.times or (expected.times is None and found):
        return found
    wanted = "at least 1 request" if expected.times is None else count(expected.times, "request")
    raise SickbayError(f"Expected {wanted} {expected}, but the app sent {len(found)}.\n\n{_what_was_sent(expected, sent)}")


def count(number: int, noun: str) -> str:
    """'1 request', '2 requests'."""
    return f"{number} {noun if number == 1 else noun + 's'}"


def _check_spelling(expected: ExpectedRequest) -> None:
    method, _, path = expected.request.partition(" ")
    if expected.request not in ENDPOINTS and (method not in METHODS or not path):
        raise SickbayError(
            f"assert_sent doesn't know the request `{expected.request}`. Use {' or '.join(map(repr, ENDPOINTS))}, or a method "
            "and a path, such as 'GET Patient/*' or 'POST /general/oauth/revoke'."
        )


def _is_for(expected: ExpectedRequest, exchange: Exchange) -> bool:
    """Whether it was sent to the expected endpoint."""
    address = str(exchange["request"]["url"]).partition("?")[0]
    if expected.request in ENDPOINTS:
        return address in {tenant[expected.request] for tenant in expected.line["tenants"].values()}
    method, _, path = expected.request.partition(" ")
    place = urlsplit(address).path if path.startswith("/") else _fhir_path(address, expected.line)
    return method == exchange["request"]["method"] and place is not None and _path_matches(place, path)


def _fhir_path(address: str, line: dict[str, Any]) -> str | None:
    """The path below its FHIR base; None for another address."""
    bases = (f"{base}/" for tenant in line["tenants"].values() for base in tenant["fhir"].values())
    return next((address.removeprefix(base) for base in bases if address.startswith(base)), None)


def _path_matches(path: str, pattern: str) -> bool:
    """`*` stands for anything but a slash."""
    return re.fullmatch("[^/]*".join(map(re.escape, pattern.split("*"))), path) is not None


def _describe_difference(expected: ExpectedRequest, exchange: Exchange) -> str:
    """Returns why a request to the same endpoint isn't the expected one; "" if it is."""
    sent = parse_parameters(exchange)
    for name, value in expected.parameters.items():
        if name not in sent and value is not False and not _has_known_body(exchange):
            return f"its body isn't recorded, so {name} can't be checked"
        if difference := _parameter_difference(name, value, sent):
            return difference
    return ""


def _has_known_body(exchange: Exchange) -> bool:
    """Whether all parameters are known: Sickbay records the form of an OAuth request, and no resource or search form."""
    body = exchange["request"].get("body")
    return exchange["request"]["method"] in ("GET", "HEAD", "DELETE") or (isinstance(body, str) and not _is_masked(body[:1]))


def _parameter_difference(name: str, value: ParameterValue, sent: Mapping[str, list[str]]) -> str:
    if value is True:
        return "" if name in sent else f"no {name}"
    if value is False:
        return f"it has {name}" if name in sent else ""
    if name not in sent:
        return f"no {name}"
    if any(map(_is_masked, sent[name])):
        raise SickbayError(
            f"Sickbay doesn't record the value of `{name}`. A test can only check whether it was sent: {name}=True."
        )
    equal = any(value.search(text) for text in sent[name]) if isinstance(value, Pattern) else str(value) in sent[name]
    return "" if equal else f"{name} is {' and '.join(sent[name])}"


def parse_parameters(exchange: Exchange) -> dict[str, list[str]]:
    """The values of each parameter in the query and the form, as Sickbay recorded them."""
    request, values = exchange["request"], dict[str, list[str]]()
    body = request.get("body")
    for text in (urlsplit(str(request["url"])).query, body if isinstance(body, str) and not _is_masked(body[:1]) else ""):
        for name, value in parse_qsl(text, keep_blank_values=True):
            values.setdefault(name, []).append(value)
    return values


def _is_masked(value: str) -> bool:
    """Whether it stands for a value that isn't recorded: `…`, `NIUj…(43)` or `‹6 characters›`."""
    return "…" in value or value.startswith("‹")


def _describe_parameter(parameter: tuple[str, ParameterValue]) -> str:
    name, value = parameter
    if isinstance(value, bool):
        return name if value else f"no {name}"
    return f"{name} matching {value.pattern!r}" if isinstance(value, Pattern) else f"{name}={value}"


def _what_was_sent(expected: ExpectedRequest, sent: Sequence[Exchange]) -> str:
    """The requests that were sent, those to the expected endpoint first."""
    if not sent:
        return "It sent no request that Sickbay records. Discovery and CapabilityStatements aren't recorded."
    lines = [*_message_lines(expected, sent, True), *_message_lines(expected, sent, False)]
    more = [f"  … and {count(len(lines) - REQUESTS_LISTED, 'other request')}"] if len(lines) > REQUESTS_LISTED else []
    return "\n".join(["It sent:", *lines[:REQUESTS_LISTED], *more])


def _message_lines(expected: ExpectedRequest, sent: Sequence[Exchange], same_endpoint: bool) -> Iterator[str]:
    for exchange in sent:
        if _is_for(expected, exchange) is same_endpoint:
            difference = _describe_difference(expected, exchange) if same_endpoint else ""
            yield f"  {_describe_exchange(exchange, expected.line)}" + (f"   ← {difference}" if difference else "")


def _describe_exchange(exchange: Exchange, line: dict[str, Any]) -> str:
    """'token 400: grant_type=authorization_code, code=NIUj…(43)'."""
    named = ", ".join(f"{name}={value}" for name, values in parse_parameters(exchange).items() for value in values)
    address, method = str(exchange["request"]["url"]).partition("?")[0], exchange["request"]["method"]
    endpoints = (name for name in ENDPOINTS if any(address == tenant[name] for tenant in line["tenants"].values()))
    name = next(endpoints, "") or f"{method} {_fhir_path(address, line) or urlsplit(address).path}"
    return f"{name} {exchange['response']['status']}" + (f": {named}" if named else "")


def _join_words(words: list[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else words[0]
