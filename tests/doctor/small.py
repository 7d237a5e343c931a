"""A small knowledge of two servers and what belongs to none, as its files."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from sickbay.doctor import source
from sickbay.doctor.model import Knowledge

FILES = {
    "acme/product.toml": """
name = "Acme"
marks = ["acme.com", "acme server"]
without = ["not acme.com"]
implies = ["cloud"]
""",
    "acme/messages.toml": """
[redirect]
wordings = [["unknown redirect"], ["address", "uri"]]
means = "The redirect URI {redirect_uri} isn't registered."
source = "https://acme.example/errors#redirect"
captures = ["redirect <{redirect_uri}>"]

[numbered]
wordings = [["acm*"]]
unmistakable = true
means = "A numbered error."
source = "https://acme.example/errors#numbers"
""",
    "cloud/product.toml": 'name = "Cloud"\nmarks = ["cloud.example"]\naccompanies = true\n',
    "oauth/messages.toml": """
[invalid-grant]
codes = ["invalid_grant"]
strength = "general"
means = "The code was refused."
source = "https://www.rfc-editor.org/rfc/rfc6749#section-5.2"

[redirect]
wordings = [["unknown redirect"]]
without = ["unknown redirect page"]
means = "The redirect URI was refused."
source = "https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1"
""",
    "oauth/code-used.md": """+++
basis = "documented"
source = "https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2"
confirmed_by = ["code-reused"]
excluded_by = ["refreshes"]
was = ["code-twice"]

[behind]
"oauth/invalid-grant" = "usual"
+++
# The code was used twice

A code works
once.

## Check
Count the requests.

## Fix
Send it once.

## Seen
> invalid_grant
> in two lines
(https://www.rfc-editor.org/rfc/rfc6749#section-5.2)

> another
(wording: https://acme.example/errors)

## Not
> The code is fine.
""",
    "oauth/redirect.md": """+++
basis = "inferred"
source = "https://www.rfc-editor.org/rfc/rfc6749#section-3.1.2.3"

[behind]
"acme/redirect" = "usual"
"oauth/redirect" = "usual"
"oauth/invalid-grant" = "rare"

[where]
acme = "Console > Clients."
+++
# `redirect_uri` isn't registered: {redirect_uri}

## Check
Compare {redirect_uri} with the console. The value ends with {value}.

## Fix
Register {redirect_uri} exactly.

## Seen
> unknown redirect
(https://acme.example/errors#redirect)
""",
    "acme/number.md": """+++
basis = "observed"
source = "https://acme.example/errors#numbers"

[behind]
"acme/numbered" = "possible"
"oauth/redirect" = "possible"
+++
# Acme is tired

## Check
Look at it.

## Fix
Wait.

## Seen
> ACM17
(https://acme.example/errors#numbers)
""",
    "unseen.toml": 'authorize_request = ["oauth-redirect"]\n',
    "facts.toml": "[is_broken]\nmeans = \"Something is broken.\"\npatterns = ['broken (?P<value>cup)']\n",
    "code.toml": '[forms]\nfetch = "Call it"\n',
}


def write(folder: Path, **changed: str) -> Path:
    """Writes the files below `folder`. changed: other contents, by names such as `acme_product_toml`.

    A file that has its content already is left as it is, because the cases of a law share a folder.
    """
    for name, content in FILES.items():
        path, content = folder / name, changed.get(name.replace("/", "_").replace(".", "_"), content)
        path.parent.mkdir(exist_ok=True)
        if not path.is_file() or path.read_text(encoding="utf-8") != content:
            path.write_text(content, encoding="utf-8")
    return folder


@cache
def read() -> Knowledge:
    """The knowledge of the unchanged files, read once: it is frozen, and writing them takes longer than a test."""
    with TemporaryDirectory() as folder:
        return source.read(write(Path(folder)))
