"""Functions shared by the readers of libraries."""

from __future__ import annotations

from collections.abc import Callable

from sickbay.doctor.code.draft import RequestDraft
from sickbay.doctor.code.values import (
    CodeFields,
    CodeItems,
    CodeObject,
    CodeText,
    CodeValue,
    Hole,
    Invocation,
    fields_of,
    join,
    text_of,
)

Handler = Callable[[Invocation], CodeValue | None]

VERBS = frozenset({"get", "post", "put", "patch", "delete", "head", "options"})
_ADDRESS_WORDS = ("url", "uri", "endpoint", "token", "host", "server", "base", "api", "path", "issuer", "site", "address")


def new_draft(call: Invocation, language: str, method: str, url: CodeText, *, default: str = "form") -> RequestDraft:
    """A request that starts with this call. `default`: how the library sends fields, "either" if the header decides."""
    result = RequestDraft(call.path, call.arguments, call.base, language=language, method=method, url=url, default=default)
    result.first, result.last = call.start, call.end
    return apply_client_defaults(result, call.base)


def apply_client_defaults(result: RequestDraft, client: CodeValue | None) -> RequestDraft:
    """Adds the base URL and the headers of the client that sends the request."""
    if not isinstance(client, CodeObject) or isinstance(client, RequestDraft):
        return result
    settings = CodeFields([*client.properties.items()])
    options = next((fields for item in client.arguments if (fields := fields_of(item.value))), CodeFields())
    named = CodeFields([(item.key, item.value) for item in client.arguments if item.key])
    for source in (named, options, settings):
        if base := source.get("baseurl", "base_url", "base_uri", "baseaddress", "prefixurl"):
            result.url = resolve_url(text_of(base), result.url)
        result.add_headers(source.get("headers"))
    return result


def resolve_url(base: CodeText, url: CodeText) -> CodeText:
    """The URL below a base URL, unless it is absolute."""
    text = str(url)
    if "://" in text or (url.parts and isinstance(url.parts[0], Hole)):
        return url
    if str(base).endswith("/") and text.startswith("/"):
        url = CodeText((text[1:],)) if url.is_known else url
    return join((base, url))


def is_address(text: CodeText) -> bool:
    """Whether the text can be the URL of a request."""
    written = str(text)
    if "://" in written or written.startswith(("/", "localhost")):
        return " " not in written.split("?", 1)[0]
    hole = text.parts[0] if text.parts and isinstance(text.parts[0], Hole) else ""
    return any(word in hole.lower() for word in _ADDRESS_WORDS)


def owner(call: Invocation) -> str:
    """The name before the method, in lower case: `this.http` in `this.http.post`."""
    path = call.path[: -len(call.name)].rstrip(".").lower()
    return path.removeprefix("this.").removeprefix("self.").removeprefix("_")


def maker(call: Invocation) -> str:
    """The path of the call that made the object on which the method is called, in lower case."""
    return call.base.path.lower() if isinstance(call.base, CodeObject) else ""


def configure(result: RequestDraft, options: CodeFields | None) -> RequestDraft:
    """Applies the options that libraries share: method, headers, Content-Type, query, basic authentication."""
    if options is None:
        return result
    result.method = str(text_of(options.get("method", "type"))) or result.method
    if url := options.get("url", "uri"):
        result.url = text_of(url)
    result.add_headers(options.get("headers"))
    if content_type := options.get("contenttype"):
        result.headers.append(("Content-Type", text_of(content_type)))
    if user := options.get("username"):
        result.authorize(user, options.get("password"))
    query = fields_of(options.get("params", "query", "searchparams", "qs", "queryparameters"))
    result.query.extend(query.pairs if query else [])
    auth = options.get("auth", "basic_auth", "basicauth")
    if auth is not None:
        add_basic_auth(result, auth)
    return result


def add_basic_auth(result: RequestDraft, auth: CodeValue) -> None:
    fields = fields_of(auth)
    if fields:
        result.authorize(fields.get("username", "user"), fields.get("password", "pass"))
    else:
        values = [item.value for item in auth.arguments] if isinstance(auth, CodeObject) else []
        values = list(auth.values) if isinstance(auth, CodeItems) else values
        if len(values) >= 2:
            result.authorize(values[0], values[1])
