"""Texts that a stranger may paste to make the doctor work: repeated fragments of punctuation and code, and mutated pastes."""

from __future__ import annotations

import random
from collections.abc import Iterator

FRAGMENTS = (
    *("\"'`\\%$#{}[]()<>|;:=?&!@*+-_./,~^\n\t a0x"),
    *(
        "&&",
        "||",
        "=>",
        "->",
        "::",
        "?.",
        "//",
        "/*",
        "*/",
        '"""',
        "'''",
        "```",
        "\r\n",
        "\\\\",
        '\\"',
        "\\'",
        "\ufeff",
        "\u00a0",
    ),
    *(
        "${a}",
        "$a",
        "$a=",
        "$(",
        "#{",
        "%s",
        "%(a)s",
        "{{a}}",
        "@{",
        "<<EOF\n",
        "a=",
        "a:",
        "a.b",
        "a(",
        "f(x)",
        "“",
        "’",
        "‹",
        "…",
        "😀",
    ),
    *(
        "new ",
        "const a=",
        "var ",
        "function ",
        "def ",
        "class ",
        "await ",
        ".then(",
        "=> {",
        "import ",
        "`${b}${b}`",
        "\x00",
        "ı",
    ),
    *("curl ", "curl -d ", '-H "', "-d '", "echo ", "base64 ", "| base64", "export A=", "A=1\n", "> ", "1. ", "- "),
    *(
        "http://",
        "https://",
        "https://a.b/c?d=e&",
        "GET ",
        "POST /a\n",
        "HTTP/1.1 200 OK\n",
        "a: b\n",
        "Content-Type: a\n",
        "status: 404 ",
    ),
    *("eyJhbGciOiJub25lIn0.", "eyJ.", "code=", "token=", "client_id=a&", "redirect_uri=https://a/", "scope=a ", "grant_type="),
    *("response_type=code&", "error=", '"error":', '{"a":', "[{", "}]", "Authorization: Bearer ", "Basic ", "cookie: a=b; "),
    *("fetch(", "axios.post(", "requests.post(", "@Headers(", '@Field("a") ', ".append(", ".set(", "['a']", "patient/*.read "),
    *(
        "launch ",
        "urn:a:error:",
        "invalid_grant ",
        "&amp;",
        "&quot;",
        "xxxx",
        "your-",
        "<a>",
        "</a>",
        "Invoke-RestMethod -Uri ",
    ),
)
BEGINNINGS = (
    "",
    "grant_type=authorization_code client_id redirect_uri curl error basic secret challenge request ",
    'fetch("https://a/token",{method:"POST",body:',
    '{"kind":"authorize_url","url":"https://a/authorize?',
    'curl -X POST https://a/token -d "grant_type=a',
    "HTTP/1.1 200 OK\n",
    "POST /token HTTP/1.1\nHost: a\n\n",
    "import requests\nclient_secret = 'a'\n",
)
"""They switch on readers that look only at certain texts."""
ENDS = ("", "x", '"', "}", " ", ")", "\n", "!")


def repeat(rng: random.Random, size: int) -> tuple[str, str]:
    """A fragment that is repeated up to `size` characters, and the same with twice as many."""
    unit = "".join(rng.choice(FRAGMENTS) for _ in range(rng.choice((1, 1, 2, 2, 3, 3, 4, 5, 6, 8))))
    beginning = rng.choice(BEGINNINGS) if rng.random() < 0.5 else ""
    end, times = rng.choice(ENDS), max(1, size // len(unit))
    return f"{beginning}{unit * times}{end}", f"{beginning}{unit * 2 * times}{end}"


def mutate(rng: random.Random, text: str) -> str:
    """The text with up to six small changes: a cut, an inserted character, a repetition."""
    for _ in range(rng.randint(0, 6)):
        place, kind = rng.randrange(len(text) + 1), rng.randrange(3)
        if kind == 0:
            text = text[:place] + text[place + rng.randint(1, 20) :]
        elif kind == 1:
            text = text[:place] + rng.choice(FRAGMENTS) * rng.randint(1, 3) + text[place:]
        else:
            text = text[:place] + text[place : place + 30] * 3 + text[place:]
    return text


def pairs(seed: int, count: int, pastes: list[str], size: int) -> Iterator[tuple[str, str]]:
    """Texts, each with one that is twice as long. A third are mutated pastes that are repeated."""
    rng = random.Random(seed)
    for number in range(count):
        at_most = rng.randint(size // 8, size)
        if number % 3 or not pastes:
            yield repeat(rng, at_most)
        else:
            text = f"{mutate(rng, rng.choice(pastes))[:at_most]}\n"
            times = max(1, at_most // len(text))
            yield text * times, text * 2 * times
