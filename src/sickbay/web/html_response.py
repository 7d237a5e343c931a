"""Pages as responses: renders the view with its template and the frame, and adds the security headers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, cast
from urllib.parse import urlsplit

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from sickbay.authorization.models import User
from sickbay.kernel import english
from sickbay.kernel.english import count
from sickbay.protocol import urls
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import clock
from sickbay.services.context import Runtime, Tenant
from sickbay.services.sessions import Session
from sickbay.web import cookies, error_responses
from sickbay.web.admin_guard import LOOPBACK
from sickbay.web.http_request import raw_path, state_of
from sickbay.web.pages.notice import NoticeView, make_not_found
from sickbay.web.pages.parts import LOOPBACK_ONLY, OPEN, ClockView, Frame, SignedInUser, Theme

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

HERE = Path(__file__).parent
STATIC = HERE / "static"
SAMPLE = HERE / "sample"
TEMPLATES = HERE / "templates"
PRODUCTS = ("admin", "docs", "ehr", "exchanges", "explorer", "oauth", "portal")
PAGES = (TEMPLATES, *(TEMPLATES / product for product in PRODUCTS))
"""The folders of pages: a shared one, and one for each product. A page is named without its folder."""
MARKED_WORDS: Final = 8
MARKED_CHARACTERS: Final = 3
"""Maximum number of words of a search that are marked in its results, and the minimum length of each, in characters."""
_WORD = re.compile(r"\w++")
_CODE = re.compile(r"(`[^`]++`)")
_APOSTROPHE = re.compile(r"(?<=[^\W\d_])'(?=[^\W\d_]|(?<=s') )")
"""Matches an apostrophe in a word, or after the s of a plural, but not a quotation mark."""
_MARKUP = re.compile(r"(</?code>|&[#\w]{1,8};)")
"""Matches the markup that `mark_code` writes."""
COMPILATION: dict[str, Any] = {"autoescape": True, "trim_blocks": True, "lstrip_blocks": True}
"""The options on which the compiled form of a template depends."""
Form: TypeAlias = Literal["html", "json", "text", "markdown"]
"""The format of a response: a page, JSON, plain text, or Markdown for agents."""


class PageOptions(Struct, frozen=True):
    """tenant: that of a page of an EHR. here: the current link of the bar. bare: no navigation. frames: may embed an app.

    leads_to: addresses outside our origin to which a form on the page may redirect.
    """

    tenant: Tenant | None = None
    session: Session | None = None
    cookie: str | None = None
    user: User | None = None
    here: str = ""
    bare: bool = False
    leads_to: tuple[str, ...] = ()
    framed: bool = False
    frames: bool = False


def render_page(
    request: Request, sandbox: Sandbox, name: str, view: Any, options: PageOptions | None = None, status: int = 200
) -> HTMLResponse:
    options = options or PageOptions()
    html = render(name, view, _page_frame(request, sandbox, options))
    ancestors = list_own_frames(sandbox.runtime.base) if options.framed else "'none'"
    headers = page_headers(form_action(options.leads_to), ancestors)
    if options.frames:
        headers["content-security-policy"] += "; frame-src http: https:"
    response = HTMLResponse(html, status, headers)
    cookies.put(request, response, sandbox, options.cookie)
    return response


def respond_not_found(
    request: Request, sandbox: Sandbox, options: PageOptions | None = None, near: Sequence[str] = ()
) -> HTMLResponse:
    """The page for an address without a page. near: existing paths that are similar."""
    return render_page(request, sandbox, "notice", make_not_found(raw_path(request.scope), near=near), options, 404)


def error_response(request: Request, sandbox: Sandbox, status: int, title: str, detail: str, view: NoticeView) -> Response:
    """An error as a page for browsers, as OAuth members at OAuth addresses, else as a problem (RFC 9457)."""
    if accepts_html(request.headers.get("accept", "")):
        return render_page(request, sandbox, "notice", view, status=status)
    if error_responses.is_oauth_path(sandbox.runtime.tenants, request.scope["path"]):
        return error_responses.oauth_error(status, title, detail)
    return error_responses.respond_problem(status, title, detail=detail)


ACCEPTED = 16
"""Media types of an Accept header that are read. Browsers send up to eight."""


_OTHER_FORMS: dict[str, Form] = {"text/plain": "text", "text/markdown": "markdown"}


def preferred_form(accept: str) -> Form:
    """The first of HTML, JSON, plain text and Markdown in the Accept header; HTML if it names none of them."""
    kinds = [piece.partition(";")[0].strip().lower() for piece in accept.split(",", ACCEPTED)[:ACCEPTED]]
    for kind in kinds:
        if kind in ("text/html", "application/xhtml+xml"):
            return "html"
        if kind == "application/json" or kind.endswith("+json"):
            return "json"
        if kind in _OTHER_FORMS:
            return _OTHER_FORMS[kind]
    return "html"


def markdown_response(text: str, status: int = 200, more: Mapping[str, str] = MappingProxyType({})) -> Response:
    """Markdown for an agent, at an address that has HTML for a browser. more: headers."""
    headers = {"vary": "Accept", "x-content-type-options": "nosniff", **more}
    return Response(text, status, headers, "text/markdown; charset=utf-8")


def accepts_html(accept: str) -> bool:
    """Whether the client explicitly accepts HTML, as browsers do. All other clients get JSON."""
    return "text/html" in accept


async def page_options(request: Request, sandbox: Sandbox, **more: Any) -> PageOptions:
    """Render a page with the browser's session, or one that isn't stored: every page has forms, which need its CSRF token."""
    session, cookie = await cookies.prepare_session(request, sandbox)
    return PageOptions(session=session, cookie=cookie, **more)


def _page_frame(request: Request, sandbox: Sandbox, options: PageOptions) -> Frame:
    tenant, user = options.tenant, options.user
    query = request.url.query
    theme = cookies.read_cookie(request, cookies.THEME)
    return Frame(
        base=sandbox.runtime.base,
        hospital=tenant.title if tenant else "",
        tenant=tenant.name if tenant else "",
        here=options.here,
        person=SignedInUser(user.name or user.username, user.title, user.acts_for_patients) if user else None,
        theme=cast(Theme, theme if theme in ("light", "dark") else ""),
        csrf=options.session.csrf if options.session else "",
        path=raw_path(request.scope) + (f"?{query}" if query else ""),
        bare=options.bare,
        panel=options.framed and "framed" in request.query_params,
        listening=LOOPBACK_ONLY if sandbox.local else OPEN,
        administrator=state_of(request.scope).is_administrator,
        permissions=f"/{tenant.name}{tenant.dialect.path('manage')}" if tenant and user else "",
        clock=_clock_view(sandbox.runtime),
        in_class=sandbox.runtime.class_mode
        and (state_of(request.scope).is_administrator or bool(state_of(request.scope).student)),
    )


def _clock_view(runtime: Runtime) -> ClockView | None:
    reading = clock.read(runtime)
    if reading.is_real:
        return None
    return ClockView(english.format_time(reading.now), english.describe_offset(reading.offset), reading.frozen)


def form_action(addresses: tuple[str, ...]) -> str:
    """The form-action sources.

    With only 'self', Chromium would block the redirect after consent, and the launch from the portal.
    """
    sources = (_csp_source(address) for address in addresses if address and urls.is_safe(address))
    return " ".join(dict.fromkeys(["'self'", *(source for source in sources if SOURCE.fullmatch(source))]))


SOURCE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?://[A-Za-z0-9.\-\[\]:]+)?")
"""Matches a source that is safe in the header: a registered host could contain a semicolon and its own directive."""


def _csp_source(address: str) -> str:
    """The origin, or the scheme of a custom-scheme address."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") else f"{parts.scheme}:"


def list_own_frames(base: str) -> str:
    """Our own EHR, under each of its loopback names."""
    parts = urlsplit(base)
    if parts.hostname not in LOOPBACK:
        return "'self'"
    port = f":{parts.port}" if parts.port else ""
    return " ".join(["'self'", *(f"{parts.scheme}://{name}{port}" for name in ("localhost", "127.0.0.1"))])


def page_headers(form_action: str = "'self'", frame_ancestors: str = "'none'") -> dict[str, str]:
    """The security headers of every HTML page. form_action: 'self' plus the origin of a verified redirect URI."""
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        f"connect-src 'self'; base-uri 'none'; form-action {form_action}; frame-ancestors {frame_ancestors}"
    )
    return {
        "content-security-policy": policy,
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
        "cache-control": "no-store",
    }


def compile_templates() -> None:
    """Compile all templates, and keep them for the next start."""
    for name in list_templates():
        load_template(name)


def list_templates() -> list[str]:
    """The names of all templates. Those of products are named without their folder."""
    return [name for name in _template_environment().list_templates(["j2"]) if name.partition("/")[0] not in PRODUCTS]


def load_template(name: str) -> None:
    """Load a template, so that the first page that needs it doesn't have to."""
    _template_environment().get_template(name)


@cache
def _template_environment() -> Environment:
    """Imported with the first page, because a server without browsers doesn't need it."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    from sickbay.web.pages import svg
    from sickbay.web.template_cache import TemplateCache

    environment = Environment(
        loader=FileSystemLoader(PAGES),
        undefined=StrictUndefined,
        auto_reload=False,
        bytecode_cache=TemplateCache(repr(COMPILATION)),
        **COMPILATION,
    )
    # Views are objects. Jinja would also look up a missing attribute as an item, with a Python call for each attribute.
    environment.getattr = getattr  # type: ignore[assignment, method-assign]
    environment.globals |= {"charts": svg, "count": count, "with_article": english.add_article}
    environment.filters |= {"with_code": mark_code, "with_hits": mark_hits, "without_backticks": drop_backticks}
    return environment


def mark_code(text: str) -> Markup:
    """Text as HTML: what is in backticks becomes a code element, everything else is escaped and gets typographic apostrophes.

    Rules, causes and messages are also sent in headers and JSON, and shown in terminals, so they have straight ones.
    """
    from markupsafe import Markup, escape

    # Python 3.11 joins the parts with the type of the text, and Markup would escape them again.
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(_curl_apostrophes(str(text))))))


def _curl_apostrophes(text: str) -> str:
    """The text with typographic apostrophes, except in code."""
    if "'" not in text:
        return text
    pieces = _CODE.split(text)
    return "".join(piece if number % 2 else _APOSTROPHE.sub("’", piece) for number, piece in enumerate(pieces))


def mark_hits(text: str, query: str) -> Markup:
    """Like `mark_code`, with the words marked that begin with a word of the query."""
    from markupsafe import Markup

    words = tuple(word.lower() for word in _WORD.findall(query)[:MARKED_WORDS] if len(word) >= MARKED_CHARACTERS)
    pieces = _MARKUP.split(str(mark_code(text)))

    def mark(found: re.Match[str]) -> str:
        return f'<mark class="hit">{found[0]}</mark>' if found[0].lower().startswith(words) else found[0]

    return Markup("".join(piece if number % 2 else _WORD.sub(mark, piece) for number, piece in enumerate(pieces)))


def drop_backticks(text: str) -> str:
    """The text of `mark_code` without markup, for a page's title."""
    return _curl_apostrophes(text).replace("`", "")


def render(name: str, view: Any, frame: Frame) -> str:
    """The template `{name}.html.j2` sees `view`, `frame`, `charts`, `count` and `add_article`, and nothing else."""
    return _template_environment().get_template(f"{name}.html.j2").render(view=view, frame=frame)
