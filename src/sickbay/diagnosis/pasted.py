"""What somebody pastes: a URL, a curl line, an exchange as JSON. Told apart by what it holds; read as a case's input."""

from __future__ import annotations

import base64
import re
import shlex
from typing import Any
from urllib.parse import parse_qs, quote

from sickbay.protocol import unicode, urls

MOST = 65_536
"""Characters of one exchange: what Sickbay itself takes of a request."""
TOO_LONG = f"This has more than {MOST} characters, and no request that a server takes is as long. Paste one exchange."
_QUOTES = "<>\"'`"
_BEGINS = re.compile(r"(?:[a-z][a-z0-9+.-]*:/?/|\?|/)\S", re.I)
_WITHIN = re.compile(r"https?://.+\?.+", re.I)
"""The address in a line of a log, or in a sentence: with a query, since others hold nothing to examine."""
_WITH_VALUE = {
    "-X": "method",
    "--request": "method",
    "-H": "header",
    "--header": "header",
    "-d": "data",
    "--data": "data",
    "--data-raw": "data",
    "--data-ascii": "data",
    "--data-binary": "data",
    "--data-urlencode": "encoded",
    "--json": "json",
    "-u": "user",
    "--user": "user",
    "--url": "url",
    "-A": "",
    "-o": "",
    "--output": "",
    "-b": "",
    "--cookie": "",
    "--connect-timeout": "",
    "-m": "",
    "--max-time": "",
    "-w": "",
    "--write-out": "",
    "-e": "",
    "--referer": "",
}
"""The options of curl that take a value, and what becomes of it."""


class HarFile(ValueError):
    """It holds many exchanges, which only the command reads."""


def read(text: str) -> dict[str, Any]:
    """The `input` for diagnose(). Raises ValueError, with a sentence, where it is neither."""
    text = text.strip()
    if len(text) > MOST and not text.startswith("{"):
        raise ValueError(TOO_LONG)
    if text.startswith("{"):
        return _exchange(text)
    if re.match(r"(?:\$ )?curl\s", text):
        return _curl(text.removeprefix("$ "))
    text = _stripped(text)
    line = urls.unescaped(urls.one_line(text))
    if _BEGINS.match(text) and not _is_prose(text):
        return {"kind": kind_of(line), "url": text}
    if len(found := _addresses(text)) == 1:
        url = found.pop().rstrip(".,;)")
        return {"kind": kind_of(urls.unescaped(url)), "url": url}
    raise ValueError("Not recognised. Paste a URL, a curl command or a JSON response.")


def is_url(given: dict[str, Any], text: str) -> bool:
    """Whether the paste is one address and nothing else. A URL with blanks in it is one too."""
    return given.get("url") == _stripped(text)


def _stripped(text: str) -> str:
    return re.sub(r"^(?:GET|Location:|URL:)\s+", "", text.strip(), flags=re.I).strip().strip(_QUOTES).strip()


def _addresses(text: str) -> set[str]:
    """Of each word what follows the first scheme in it, so that none is looked through more than once."""
    begun = (re.search(r"https?://.*", word, re.I) for word in re.split(r"[\s<>\"'`]+", text))
    return {one[0] for one in begun if one and _WITHIN.fullmatch(one[0])}


def _is_prose(text: str) -> bool:
    """Blanks before any query: a sentence that begins with an address. Broken lines of a URL are none."""
    return re.match(r"[^?]*[^\s?] +\w+ +\w+ ", text) is not None


def kind_of(url: str) -> str:
    """Which stage's URL this is, by its parameters first: paths differ from vendor to vendor."""
    parts = urls.split(url)
    names = parse_qs(parts.query, keep_blank_values=True).keys()
    behind = parse_qs(parts.fragment.partition("?")[2] or parts.fragment, keep_blank_values=True).keys()
    if re.search(r"/errors/|urn(?::|%3A|%253A)", parts.path, re.I):
        return "error_page_url"
    if "/app-state/Basic" in parts.path:
        return "app_state_request"
    if {"response_type", "redirect_uri", "client_id"} & names or parts.path.endswith("/authorize"):
        return "authorize_url"
    if {"iss"} <= names | behind and {"launch"} <= names | behind:
        return "launch_url"
    if {"code", "error"} & (names | behind):
        return "redirect_url"
    return "launch_url" if {"iss", "launch", "fhirServiceUrl"} & (names | behind) or "$" in parts.query else "fhir_request"


def _exchange(text: str) -> dict[str, Any]:
    try:
        given = unicode.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"Invalid JSON: {error}.") from error
    if isinstance(given.get("log"), dict):
        raise HarFile("This is a HAR file with many exchanges. Save it, and run sickbay doctor with the file.")
    if len(text) > MOST:
        raise ValueError(TOO_LONG)
    given = given.get("input", given)
    if isinstance(given, dict) and "kind" not in given and {"access_token", "error"} & given.keys():
        return {"kind": "token_response", "json": given}
    if isinstance(given, dict) and "kind" not in given and "redirect_uris" in given:
        return {"kind": "registration", "app": given}
    if not isinstance(given, dict) or "kind" not in given:
        raise ValueError('An exchange as JSON needs a "kind", such as "authorize_url".')
    return dict(given)


def _curl(text: str) -> dict[str, Any]:
    """A curl line, over several lines or on one. Raises ValueError where it has no URL or its quotes do not close."""
    try:
        words = shlex.split(text.replace("\\\n", " ").replace("\\\r\n", " "))[1:]
    except ValueError as error:
        raise ValueError(f"The curl command can't be parsed: {error}.") from error
    said = _options(words)
    if not said["url"]:
        raise ValueError("The curl command has no URL.")
    body, headers = "&".join(said["data"]), _headers(said)
    method = said["method"] or ("POST" if body else "GET")
    url = said["url"][0]
    kind = "token_request" if "grant_type=" in body or urls.split(url).path.endswith("/token") else kind_of(url)
    if kind == "authorize_url" and not body:
        return {"kind": kind, "url": url}
    return {"kind": kind, "method": method, "url": url, "headers": headers} | ({"body": body} if body else {})


def _options(words: list[str]) -> dict[str, Any]:
    said: dict[str, Any] = {"method": None, "header": [], "data": [], "url": [], "user": None}
    rest = iter(words)
    for word in rest:
        name, _, value = word.partition("=") if word.startswith("--") else (word, "", "")
        place = _WITH_VALUE.get(name)
        if place is not None:
            _keep(said, place, value or next(rest, ""))
        elif not word.startswith("-"):
            said["url"].append(word)
    return said


def _keep(said: dict[str, Any], place: str, value: str) -> None:
    if place in ("method", "user"):
        said[place] = value
    elif place == "encoded":
        name, equals, content = value.partition("=")
        said["data"].append(f"{name}={quote(content, safe='')}" if equals else quote(value, safe=""))
    elif place == "json":
        said["data"].append(value)
        said["header"].append("Content-Type: application/json")
    elif place:
        said[place].append(value)


def _headers(said: dict[str, Any]) -> dict[str, str]:
    headers = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in said["header"])}
    lower = {name.lower() for name in headers}
    if said["data"] and "content-type" not in lower:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    if said["user"] and "authorization" not in lower:
        headers["Authorization"] = "Basic " + base64.b64encode(said["user"].encode()).decode()
    return headers
