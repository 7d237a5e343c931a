"""Mistakes that the text of pasted code shows, also if it shows no request."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from urllib.parse import unquote

from sickbay.doctor.code.mistake import Mistake, MistakeText
from sickbay.doctor.code.models import READ_CHARACTERS, Lines

_Check = Callable[[str], Iterator[tuple[MistakeText, int, int, dict[str, str]]]]

AUD_SLASH = MistakeText(
    "code-aud-slash",
    "error",
    "The code adds a slash to `aud`",
    "The server compares `aud` with its FHIR base URL character by character. With the slash, it differs from the `iss` of the "
    "launch.",
    "Send `aud` exactly as `iss` arrived in the launch.",
)
REDIRECT_TO_LAUNCH = MistakeText(
    "code-redirect-to-launch",
    "error",
    "The redirect URI is the launch page",
    "The launch page sends the browser to the authorization server. If the response returns to it, it starts the next launch, "
    "in a loop.",
    "Use another page as the redirect URI, such as `index.html`, which calls `FHIR.oauth2.ready()`, and register it.",
)
HEX_CHALLENGE = MistakeText(
    "code-challenge-from-hex",
    "error",
    "`code_challenge` is made from the hexadecimal hash",
    "With S256, `code_challenge` is base64url of the 32 bytes of the SHA-256 hash. The hexadecimal form is a text of 64 "
    "characters, so the server calculates another challenge from `code_verifier`.",
    "{how} Encode the bytes with base64url, without `=` at the end. The result has 43 characters.",
)
WRAPPED = MistakeText(
    "code-base64-wrapped",
    "info",
    "`base64` breaks long credentials into several lines",
    "On Linux, `base64` adds a line break after 76 characters, so a long client ID and secret make an invalid header.",
    'Use `base64 -w0`, or let curl encode the credentials: `-u "$CLIENT_ID:$CLIENT_SECRET"`.',
)
ANDROID_WRAPPED = MistakeText(
    "code-base64-android-default",
    "error",
    "`Base64.DEFAULT` adds line breaks to the credentials",
    "On Android, `Base64.DEFAULT` adds a line break after 76 characters and at the end. A header can't contain it.",
    "Use `Base64.NO_WRAP`.",
)
TWICE = MistakeText(
    "code-base64-twice",
    "error",
    "The client ID and secret are encoded with base64 twice",
    "The server decodes the `Authorization` header once. It then reads a text without a colon, not a client ID and a secret.",
    "Encode `client_id:client_secret` once.",
)
ECHO = MistakeText(
    "code-basic-newline",
    "error",
    "`echo` adds a line break to the credentials before they are encoded",
    "The line break becomes a part of the secret, and the server compares the secret exactly.",
    "Use `echo -n` or `printf '%s'`, or let curl encode the credentials: `-u \"$CLIENT_ID:$CLIENT_SECRET\"`.",
)
NO_CORS = MistakeText(
    "code-fetch-no-cors",
    "error",
    "`mode: 'no-cors'` hides the response from the code",
    "In this mode, the browser doesn't let scripts read the response, and it removes headers such as `Authorization`. It "
    "doesn't switch off CORS.",
    "Remove `mode: 'no-cors'`. If the browser then blocks the response, register the origin of your app at the server, or send "
    "the request from your own server.",
)
ONLY_CODE = MistakeText(
    "code-callback-only-code",
    "error",
    "openid-client gets only `code`; it needs all parameters of the redirect",
    "The redirect also has `state` and `iss` (RFC 9207). openid-client checks that `iss` is the issuer, and fails with `iss "
    "missing from the response` if it isn't passed.",
    "Pass all parameters: `client.callback(redirectUri, client.callbackParams(req), {state, nonce, code_verifier})`.",
)
REDIRECTS_DIFFER = MistakeText(
    "code-redirect-uris-differ",
    "warning",
    "The code contains two different values of `redirect_uri`",
    "`redirect_uri` in the token request must be identical to the one in the authorization request. Here they are `{first}` "
    "and `{second}`.",
    "Define the redirect URI once, and use the same variable in both requests.",
)
THIRD_ARGUMENT = MistakeText(
    "code-requests-third-argument",
    "error",
    "The third argument of `requests.post` isn't the headers",
    "Its parameters are `url, data, json`. Headers that are passed third are taken as the JSON body, and no header is set.",
    "Pass them by name: `requests.post(url, data=data, headers=headers)`.",
)
BROWSER_SECRET = MistakeText(
    "code-secret-in-browser",
    "warning",
    "The client secret is in code that runs in the browser",
    "Everyone who opens the app can read its source code, so the secret is public.",
    "Register the app as a public client, and use PKCE without a secret. Or send the token request from your own server.",
)
_AUD_SLASH = re.compile(
    r"[?&]aud=\$?\{[^{}\n]{1,80}\}/(?=[`'\"&\s])|[?&]aud=['\"`]\s*\+\s*[\w.()]{1,80}\s*\+\s*['\"`]/(?=['\"`&])"
)
_LAUNCH_PAGE = re.compile(r"\bredirect_?uri['\"`]?\s*[:=]\s*['\"`][^'\"`\n]{0,200}\blaunch(?:\.html?)?/?['\"`]", re.I)
_CHALLENGE = re.compile(r"challenge|pkce", re.I)
_HEX = re.compile(
    r"digest\(\s*['\"]hex['\"]\s*\)|\.hexdigest\(\)|\bCryptoJS\.SHA256\([^()\n]{0,80}\)(?:\.toString\((?:\s*+|CryptoJS\.enc\.Hex)\)|[^\S\n]*+[;)\n])"
    r"|\bhash\(\s*+['\"]sha256['\"]\s*+,\s*+[^,()\n]{1,80}\)|encodeHexString\(|sha256Hex\(|Digest::SHA256\.hexdigest"
    r"|BitConverter\.ToString\(|hex\.EncodeToString\(|\bsha256\(\w+\)\.toString\(\s*+['\"]?(?:hex)?['\"]?\s*+\)",
)
_BASE64_PIPE = re.compile(
    r"\becho\s++(?P<flags>-\S{1,9}\s++)?[^|\n]{0,200}\|\s*+(?:openssl\s++)?base64\b(?P<options>[^)\n\"`|]{0,40})"
)
_ENCODE = r"(?:b64encode|btoa|Base64\.encode|base64_encode|encode64|EncodeToString|ToBase64String)"
_TWICE = re.compile(rf"{_ENCODE}\(\s*+(?:\w{{1,60}}\.)?{_ENCODE}\(")
_ENCODED = re.compile(rf"\b(?P<name>\w++)\s*+:?=\s*+[\w.]{{0,60}}{_ENCODE}\((?=(?P<rest>[^;]{{1,200}}))")
_ENCODED_AGAIN = re.compile(rf"\b{_ENCODE}\(\s*+(\w+)")
_CREDENTIALS = re.compile(r"\bbasic\b|secret", re.I)
_ANDROID = re.compile(r"Base64\.encode(?:ToString)?\([^;\n]{0,160}\bBase64\.DEFAULT\b")
_NO_CORS = re.compile(r"\bmode['\"]?\s*:\s*['\"`]no-cors['\"`]")
_CALLBACK = re.compile(r"\.callback\([^{};]{0,120},\s*+\{\s*+code\b(?:\s*+:[^{},]{0,60})?,?\s*+\}")
_REDIRECT = re.compile(
    r"\bredirect_?uri(?:['\"`\]]{0,2}\s*(?:=>|[:=,])\s*[$f@]?['\"`]|=|=%22)(?P<uri>https?(?::|%3A)[^\s'\"`&,;<>)]{4,200})", re.I
)
_AUTHORIZE = re.compile(r"response_type|authorize\b|authorization_endpoint|authUrl|/auth\?", re.I)
_POST = re.compile(
    r"\brequests\.post\(\s*+[^,()\s][^,()\n]{0,120}(?:\([^()\n]{0,80}\))?,\s*+\w++,\s*+(?=\w{0,40}header)\w++\s*+[,)]", re.I
)
_BROWSER = re.compile(
    r"\b(?:window|document|localStorage|sessionStorage)\.|\buseEffect\(|\bXMLHttpRequest\b|\$\.ajax\(|@Injectable"
)
_SECRET = re.compile(r"client_?secret['\"`]?\s*[:=,]\s*['\"`](?!['\"`])[^'\"`\n]{6,}|client_secret=(?![\s&'\"`]|$)", re.I)
_SERVER = re.compile(r"\brequire\(|process\.env\.|\bexpress\b|\bres\.(?:send|json|redirect)\(|from ['\"]node:")
_HEX_FIXES = (
    ("hexdigest", "Use `digest()` instead of `hexdigest()`."),
    ("digest(", "Use `digest()` without `'hex'`."),
    ("CryptoJS", "Use `CryptoJS.SHA256(verifier).toString(CryptoJS.enc.Base64url)`."),
    ("hash(", "Pass `true` as the third argument of `hash()`, which then returns bytes."),
)


def mistakes_in_text(text: str, *, sends_requests: bool = False) -> list[Mistake]:
    """The mistakes in the order of the checks, each at the first place that shows it.

    sends_requests: the text is code that sends requests. Some checks would misread documents and recorded exchanges.
    """
    return list(_text_mistakes(text[:READ_CHARACTERS], sends_requests))


@lru_cache(maxsize=2)
def _text_mistakes(text: str, sends_requests: bool) -> tuple[Mistake, ...]:
    """Remembered, because mistakes_in() asks for the same text once per request."""
    lines = Lines(text)
    mistakes: list[Mistake] = []
    for check in (*_CHECKS, *(_WITH_REQUESTS if sends_requests else ())):
        for mistake, start, end, facts in check(text):
            mistakes.append(mistake.at((lines.at(start), lines.at(max(start, end - 1))), **facts))
            break
    return tuple(mistakes)


def _hex(text: str) -> Iterator[tuple[MistakeText, int, int, dict[str, str]]]:
    if not _CHALLENGE.search(text):
        return
    for match in _HEX.finditer(text):
        how = next((how for word, how in _HEX_FIXES if word in match[0]), "Use the bytes of the hash.")
        yield HEX_CHALLENGE, match.start(), match.end(), {"how": how}


def _to_launch_page(text: str) -> Iterator[tuple[MistakeText, int, int, dict[str, str]]]:
    """A page that calls init() instead of authorize() handles the launch and the response."""
    if "oauth2.authorize(" in text and "oauth2.init(" not in text:
        yield from ((REDIRECT_TO_LAUNCH, match.start(), match.end(), {}) for match in _LAUNCH_PAGE.finditer(text))


def _encoding(text: str) -> Iterator[re.Match[str]]:
    """The commands that encode credentials with base64."""
    if _CREDENTIALS.search(text):
        yield from (match for match in _BASE64_PIPE.finditer(text) if not re.search(r"-d\b|-D\b|--decode", match["options"]))


def _echo(text: str) -> Iterator[tuple[MistakeText, int, int, dict[str, str]]]:
    for match in _encoding(text):
        if "n" not in (match["flags"] or "") and "\\c" not in match[0] and "tr -d" not in match[0]:
            yield ECHO, match.start(), match.end(), {}


def _twice(text: str) -> Iterator[tuple[MistakeText, int, int, dict[str, str]]]:
    if _CREDENTIALS.search(text):
        yield from ((TWICE, match.start(), match.end(), {}) for match in _TWICE.finditer(text))
        for match in _ENCODED.finditer(text):
            if match["name"] in _ENCODED_AGAIN.findall(match["rest"]):
                yield TWICE, match.start(), match.end("rest"), {}


def _wrapped(text: str) -> Iterator[tuple[MistakeText, int, int, dict[str, str]]]:
    for match in _encoding(text):
        rest = text[match.end() : match.end() + 20]
        if not re.search(r"-w\s*0|--wrap|-A\b|-b\s*0", match["options"]) and "tr -d" not in rest:
            yield WRAPPED, match.start(), match.end(), {}


def _matching(pattern: re.Pattern[str], mistake: MistakeText) -> _Check:
    def check(text: str) -> Iterator[tuple[MistakeText, int, int, dict[str, str]]]:
        return ((mistake, match.start(), match.end(), {}) for match in pattern.finditer(text))

    return check


def _redirects(text: str) -> Iterator[tuple[MistakeText, int, int, dict[str, str]]]:
    first = ""
    if "grant_type" not in text or not _AUTHORIZE.search(text):
        return
    for match in _REDIRECT.finditer(text):
        uri = unquote(match["uri"])
        if first and uri != first:
            yield REDIRECTS_DIFFER, match.start(), match.end(), {"first": first, "second": uri}
        first = first or uri


def _browser_secret(text: str) -> Iterator[tuple[MistakeText, int, int, dict[str, str]]]:
    if _BROWSER.search(text) and not _SERVER.search(text):
        for match in _SECRET.finditer(text):
            yield BROWSER_SECRET, match.start(), match.end(), {}


_CHECKS: tuple[_Check, ...] = (
    _matching(_AUD_SLASH, AUD_SLASH),
    _to_launch_page,
    _hex,
    _echo,
    _twice,
    _wrapped,
    _matching(_ANDROID, ANDROID_WRAPPED),
    _matching(_NO_CORS, NO_CORS),
    _matching(_CALLBACK, ONLY_CODE),
    _matching(_POST, THIRD_ARGUMENT),
)
_WITH_REQUESTS: tuple[_Check, ...] = (_redirects, _browser_secret)
