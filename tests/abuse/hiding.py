"""Ways in which a secret gets into the wrong part of a request: names, encodings, headers, bodies and URLs."""

from __future__ import annotations

import base64
import gzip
import html
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random
from typing import TypeAlias
from urllib.parse import quote, quote_plus

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Sent:
    """A request before it is sent. query: the raw query string."""

    method: str
    path: str
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def asking(self, piece: str) -> Sent:
        return replace(self, query=f"{self.query}&{piece}" if self.query else piece)

    def telling(self, name: str, value: str) -> Sent:
        return replace(self, headers=self.headers | {name: value})

    def bringing(self, body: bytes | str, type: str = "") -> Sent:
        raw = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
        headers = self.headers | ({"content-type": type} if type else {})
        return replace(self, method=self.method if self.method != "GET" else "POST", headers=headers, body=raw)

    def adding(self, piece: str) -> Sent:
        """Appends to a form body."""
        joint = b"&" if self.body else b""
        return self.bringing(self.body + joint + piece.encode(), FORM)


Hide: TypeAlias = Callable[[Sent, str, Random], Sent]

NAMES = (
    "client_secret",
    "clientSecret",
    "Client-Secret",
    "CLIENT_SECRET",
    "clientsecret",
    "client secret",
    "pasword",
    "auth_token",
    "bearer",
    "secret",
    "access_token",
    "refreshToken",
    "code",
    "code_verifier",
    "launch",
    "token",
    "password",
    "id_token_hint",
    "client_assertion",
    "foo",
    "x",
    "username",
    "login_hint",
    "state",
    "nonce",
    "scope",
    "redirect_uri",
    "aud",
    "iss",
    "client_id",
    "response_type",
    "grant_type",
    "code_challenge",
    "prompt",
    "registration_access_token",
    "name",
    "_id",
    "patient",
    "identifier",
    "birthdate",
    "_count",
    "_sort",
    "code:text",
    "patient.name",
    "_has:Observation:patient:code",
)


def percent(text: str) -> str:
    """Percent-encodes every byte."""
    return "".join(f"%{byte:02x}" for byte in text.encode("utf-8", "surrogatepass"))


def escape(text: str) -> str:
    """The text as JSON escapes."""
    return "".join(f"\\u{ord(char):04x}" for char in text)


def entities(text: str) -> str:
    return "".join(f"&#{ord(char)};" for char in text)


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


WRITTEN: dict[str, Callable[[str], str]] = {
    "as-it-is": lambda text: quote(text, safe=""),
    "plus": quote_plus,
    "every-byte": percent,
    "twice": lambda text: quote(percent(text), safe=""),
    "base64": lambda text: quote(b64(text), safe=""),
    "base64url": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "json-escapes": lambda text: quote(escape(text), safe=""),
    "entities": lambda text: quote(entities(text), safe=""),
    "quoted": lambda text: quote(f'"{text}"', safe=""),
    "spaced": lambda text: quote(f"  {text}\t\n", safe=""),
    "unseen": lambda text: quote(f"\u200b{text}\ufeff", safe=""),
    "glued": lambda text: quote(f"xx{text}yy", safe=""),
    "dotted": lambda text: quote(f"a.{text}.b", safe=""),
    "bracketed": lambda text: quote(f"[{text}]", safe=""),
    "variable": lambda text: quote("${" + text + "}", safe=""),
    "uuid-before": lambda text: quote(f"5f0c2b1e-7d34-4a6b-9c88-1e2f3a4b5c6d{text}", safe=""),
    "in-a-url": lambda text: quote(f"http://localhost:8100/callback/{text}", safe=""),
    "in-a-query": lambda text: quote(f"http://localhost:8100/callback?session={text}", safe=""),
    "in-a-fragment": lambda text: quote(f"http://localhost:8100/callback#{text}", safe=""),
    "as-a-user": lambda text: quote(f"http://{text}@localhost:8100/callback", safe=""),
    "as-a-host": lambda text: quote(f"http://{text}.example.org/callback", safe=""),
    "as-a-port": lambda text: quote(f"http://localhost:{text}/callback", safe=""),
    "as-a-scheme": lambda text: quote(f"{text}://callback", safe=""),
    "among-scopes": lambda text: quote(f"openid {text} launch", safe=""),
    "scope-type": lambda text: quote(f"patient/{text}.read", safe=""),
    "scope-filter": lambda text: quote(f"patient/Observation.rs?category={text}", safe=""),
    "with-commas": lambda text: quote(f"openid,{text},launch", safe=""),
}


def _query(name: str, write: str) -> Hide:
    return lambda sent, secret, random: sent.asking(f"{quote(name, safe=':.')}={WRITTEN[write](secret)}")


def _form(name: str, write: str) -> Hide:
    return lambda sent, secret, random: sent.adding(f"{quote(name, safe=':.')}={WRITTEN[write](secret)}")


def _header(name: str, text: str) -> Hide:
    return lambda sent, secret, random: sent.telling(name, text.replace("SECRET", secret).replace("BASE64", b64(secret)))


def _body(text: str, type: str, write: Callable[[str], str] = str) -> Hide:
    return lambda sent, secret, random: sent.bringing(text.replace("SECRET", write(secret)), type)


def _path(text: str) -> Hide:
    return lambda sent, secret, random: replace(sent, path=text.format(path=sent.path, secret=quote(secret, safe="")))


def _in_json(text: str) -> str:
    return json.dumps(text)[1:-1]


def _name(sent: Sent, secret: str, random: Random) -> Sent:
    return sent.asking(f"{quote(secret, safe='')}=1")


def _put_bare(sent: Sent, secret: str, random: Random) -> Sent:
    return sent.asking(quote(secret, safe=""))


def _without_a_question_mark(sent: Sent, secret: str, random: Random) -> Sent:
    return replace(sent, path=f"{sent.path}&client_secret={quote(secret, safe='')}")


def _as_the_method(sent: Sent, secret: str, random: Random) -> Sent:
    return replace(sent, method="GET" + "".join(char for char in secret if char.isalnum() or char in "-_."))


MULTIPART = "multipart/form-data; boundary=xyz"
JSON = "application/json"
PLACES: dict[str, Hide] = {
    "name-of-a-parameter": _name,
    "bare-query": _put_bare,
    "query-without-question-mark": _without_a_question_mark,
    "html-ampersand": lambda sent, secret, random: sent.asking(f"a=b&amp;client_secret={quote(secret, safe='')}"),
    "semicolons": lambda sent, secret, random: sent.asking(f"a=b;client_secret={quote(secret, safe='')};c=d"),
    "twice-sent": lambda sent, secret, random: sent.asking(f"client_id=a&client_id={quote(secret, safe='')}"),
    "fragment-in-query": lambda sent, secret, random: sent.asking(f"a=b%23access_token={quote(secret, safe='')}"),
    "behind-many": lambda sent, secret, random: sent.asking("a=b&" * 1200 + f"client_secret={quote(secret, safe='')}"),
    "method": _as_the_method,
    "path-end": _path("{path}/{secret}"),
    "path-matrix": _path("{path};token={secret}"),
    "path-glued": _path("{path}{secret}"),
    "path-tenant": _path("/{secret}/oauth/token"),
    "path-version": _path("/general/{secret}/Patient"),
    "path-id": _path("/general/r4/Patient/{secret}"),
    "path-history": _path("/general/r4/Patient/p-0001/_history/{secret}"),
    "path-type": _path("/general/r4/{secret}"),
    "path-operation": _path("/general/r4/Patient/p-0001/${secret}"),
    "path-register": _path("/general/oauth/register/{secret}"),
    "path-cerner": _path("/cerner/tenants/{secret}/protocols/oauth2/profiles/smart-v1/token"),
    "bearer": _header("authorization", "Bearer SECRET"),
    "bearer-quoted": _header("authorization", 'Bearer "SECRET"'),
    "bearer-twice": _header("authorization", "Bearer Bearer SECRET"),
    "bearer-colon": _header("authorization", "Bearer: SECRET"),
    "bare-authorization": _header("authorization", "SECRET"),
    "token-scheme": _header("authorization", "Token SECRET"),
    "scheme-is-it": _header("authorization", "SECRET abc"),
    "basic-bare": _header("authorization", "Basic SECRET"),
    "basic-no-colon": _header("authorization", "Basic BASE64"),
    "basic-pair": lambda sent, secret, random: sent.telling("authorization", f"Basic {b64('my-app:' + secret)}"),
    "basic-swapped": lambda sent, secret, random: sent.telling("authorization", f"Basic {b64(secret + ':my-app')}"),
    "basic-raw-pair": _header("authorization", "Basic my-app:SECRET"),
    "x-api-key": _header("x-api-key", "SECRET"),
    "cookie": _header("cookie", "session=SECRET; theme=dark"),
    "referer": _header("referer", "http://localhost:8100/?code=SECRET"),
    "user-agent": _header("user-agent", "Mozilla/5.0 SECRET"),
    "user-agent-version": _header("user-agent", "curl/SECRET"),
    "origin": _header("origin", "http://SECRET.example.org"),
    "origin-user": _header("origin", "http://SECRET@localhost"),
    "accept": _header("accept", "application/SECRET"),
    "accept-parameter": _header("accept", "application/json; token=SECRET"),
    "content-type": _header("content-type", "SECRET/json"),
    "charset": _header("content-type", "application/json; charset=SECRET"),
    "prefer": _header("prefer", "handling=SECRET"),
    "if-none-match": _header("if-none-match", 'W/"SECRET"'),
    "if-match": _header("if-match", "SECRET"),
    "if-modified-since": _header("if-modified-since", "SECRET"),
    "if-none-exist": _header("if-none-exist", "identifier=SECRET&name=SECRET"),
    "host-user": _header("host", "SECRET@localhost:7425"),
    "requested-headers": _header("access-control-request-headers", "authorization, SECRET"),
    "requested-method": _header("access-control-request-method", "SECRET"),
    "fetch-site": _header("sec-fetch-site", "SECRET"),
    "header-name": lambda sent, secret, random: sent.telling(
        "x-" + "".join(char for char in secret if char.isalnum())[:90], "1"
    ),
    "json-flat": _body('{"grant_type":"authorization_code","client_secret":"SECRET"}', JSON, _in_json),
    "json-camel": _body('{"grantType":"authorization_code","clientSecret":"SECRET"}', JSON, _in_json),
    "json-other-member": _body('{"grant_type":"authorization_code","state":"SECRET","scope":"SECRET"}', JSON, _in_json),
    "json-nested": _body('{"data":{"auth":[{"token":"SECRET"}]}}', JSON, _in_json),
    "json-member-name": _body('{"SECRET":1}', JSON, _in_json),
    "json-array": _body('["SECRET"]', JSON, _in_json),
    "json-string": _body('"SECRET"', JSON, _in_json),
    "json-escaped": _body('{"code":"SECRET","x":"SECRET"}', JSON, escape),
    "json-truncated": _body('{"grant_type":"authorization_code","code":"SECRET', JSON, _in_json),
    "json-commented": _body('{"code":"SECRET", // the code\n}', JSON, _in_json),
    "json-single-quotes": _body("{'client_secret': 'SECRET'}", JSON),
    "json-as-a-form": _body('{"client_secret":"SECRET"}', FORM, _in_json),
    "json-twice": _body('"{\\"code\\":\\"SECRET\\"}"', JSON, _in_json),
    "form-as-json": _body("grant_type=authorization_code&code=SECRET", JSON, quote),
    "form-without-type": _body("grant_type=authorization_code&client_secret=SECRET&foo=SECRET", "", quote),
    "form-with-lines": _body("grant_type=authorization_code\nclient_secret=SECRET\n", FORM),
    "multipart": _body('--xyz\r\nContent-Disposition: form-data; name="client_secret"\r\n\r\nSECRET\r\n--xyz--', MULTIPART),
    "multipart-name": _body('--xyz\r\nContent-Disposition: form-data; name="SECRET"\r\n\r\n1\r\n--xyz--', MULTIPART),
    "xml": _body("<token xmlns='x' value='SECRET'>SECRET</token>", "application/xml", html.escape),
    "yaml": _body("client_secret: SECRET\nscope: openid\n", "application/yaml"),
    "plain": _body("SECRET", "text/plain"),
    "no-type": _body("SECRET", ""),
    "ndjson": _body('{"a":1}\n{"token":"SECRET"}\n', "application/x-ndjson", _in_json),
    "resource": _body(
        '{"resourceType":"Patient","id":"SECRET","name":[{"family":"SECRET"}]}', "application/fhir+json", _in_json
    ),
    "resource-value": _body(
        '{"resourceType":"Patient","gender":"SECRET","birthDate":"SECRET","foo":"SECRET","photo":5}',
        "application/fhir+json",
        _in_json,
    ),
    "resource-key": _body('{"resourceType":"Patient","SECRET":"x","name":{"SECRET":1}}', "application/fhir+json", _in_json),
    "resource-type": _body('{"resourceType":"SECRET"}', "application/fhir+json", _in_json),
    "resource-xml": _body(
        '<Patient xmlns="http://hl7.org/fhir"><SECRET value="SECRET"/></Patient>', "application/fhir+xml", html.escape
    ),
    "reference": _body(
        '{"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference":"SECRET"}}',
        "application/fhir+json",
        _in_json,
    ),
    "bundle": _body(
        '{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"Patient?name=SECRET"}}]}',
        "application/fhir+json",
        _in_json,
    ),
    "patch": _body('[{"op":"replace","path":"/SECRET","value":"SECRET"}]', "application/json-patch+json", _in_json),
    "key-set": _body(
        '{"jwks":{"keys":[{"kty":"EC","kid":"SECRET","d":"SECRET","x":"SECRET"}]},"client_name":"SECRET"}', JSON, _in_json
    ),
    "metadata": _body(
        '{"redirect_uris":["http://localhost/SECRET"],"scope":"SECRET","software_statement":"SECRET",'
        '"grant_types":["SECRET"],"contacts":["SECRET"]}',
        JSON,
        _in_json,
    ),
    "utf-16": lambda sent, secret, random: sent.bringing(f"code={secret}".encode("utf-16"), FORM),
    "gzip": lambda sent, secret, random: sent.bringing(
        gzip.compress(f'{{"resourceType":"Patient","id":"{_in_json(secret)}"}}'.encode()), "application/fhir+json"
    ).telling("content-encoding", "gzip"),
}

FORMS: dict[str, Hide] = PLACES | {
    f"{place}:{name}:{write}": make(name, write)
    for place, make in (("query", _query), ("form", _form))
    for name in NAMES
    for write in WRITTEN
}


def readings(secret: str) -> set[str]:
    """The texts by which a secret is recognised in stored or shown data."""
    raw = secret.encode()
    texts = {
        secret,
        quote(secret, safe=""),
        quote_plus(secret),
        percent(secret),
        percent(secret).upper(),
        escape(secret),
        html.escape(secret),
        _in_json(secret),
        entities(secret),
        quote(percent(secret), safe=""),
        secret[:-1],
        secret[1:],
        _in_json(escape(secret)),
        quote(escape(secret), safe=""),
        quote(entities(secret), safe=""),
        secret.encode().hex(),
    }
    for shift in range(3):  # for any length of the text before it
        coded = base64.b64encode(b"x" * shift + raw).decode()
        core = coded[(0, 2, 3)[shift] : len(coded.rstrip("=")) // 4 * 4 - 4]
        texts |= {core, core.replace("+", "-").replace("/", "_")}
    return {text for text in texts if len(text) >= min(6, len(secret) - 1)}
