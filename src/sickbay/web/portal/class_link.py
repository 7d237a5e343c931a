"""The link to join a class, as text and as a QR code, and the certificate that browsers warn about."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from sickbay.sandbox.sandbox import Sandbox
from sickbay.services.class_mode import members
from sickbay.settings import Settings
from sickbay.web import error_responses
from sickbay.web.portal.class_views import JoinLink

JOIN: Final = "/developer/join"
CERTIFICATE: Final = "/developer/certificate"
OWN_CERTIFICATE: Final = "https.crt"
"""The name of the file in the data folder, if Sickbay made the certificate."""
MARGIN: Final = 4
"""Light squares around a QR code (ISO/IEC 18004)."""


async def join_link(sandbox: Sandbox) -> JoinLink:
    key = await members.load_join_key(sandbox.runtime)
    url = f"{sandbox.runtime.base}{JOIN}/{key}"
    squares, size = draw_qr_code(url)
    certificate = find_own_certificate(sandbox.settings)
    return JoinLink(
        url, key, squares, size, CERTIFICATE if certificate else "", format_fingerprint(certificate) if certificate else ""
    )


def draw_qr_code(text: str) -> tuple[Sequence[tuple[int, int, int]], int]:
    """The QR code of a text as runs of dark squares (x, y, length), and the length of a side, with the margin."""
    import segno  # only the pages of a class need it

    rows = segno.make(text, error="m", micro=False).matrix
    return [run for y, row in enumerate(rows) for run in _dark_runs(row, y + MARGIN)], len(rows) + 2 * MARGIN


def _dark_runs(row: bytearray, y: int) -> list[tuple[int, int, int]]:
    runs, x = [], MARGIN
    for dark, squares in groupby(row):
        length = len(list(squares))
        if dark:
            runs.append((x, y, length))
        x += length
    return runs


def find_own_certificate(settings: Settings) -> Path | None:
    """The certificate that Sickbay made; None without https, or if the user chose another one."""
    path = settings.certificate
    is_own = settings.https and path is not None and settings.folder is not None and path == settings.folder / OWN_CERTIFICATE
    return path if is_own else None


def format_fingerprint(certificate: Path) -> str:
    """The SHA-256 of a certificate as browsers show it."""
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate.read_text(encoding="ascii"))).hexdigest().upper()
    return ":".join(digest[start : start + 2] for start in range(0, len(digest), 2))


async def send_certificate(request: Request, sandbox: Sandbox) -> Response:
    """Sickbay's own certificate, so that a machine can trust it. It is public: every connection begins with it."""
    path = find_own_certificate(sandbox.settings)
    if path is None:
        return error_responses.respond_problem(404, "This Sickbay has no certificate of its own")
    return FileResponse(path, media_type="application/x-x509-ca-cert", filename="sickbay.crt")
