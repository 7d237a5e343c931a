"""The page that the chart's frame shows instead of an app that can't be shown there, and the frame's sandboxes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sickbay.kernel.outbound import TIMEOUT_SECONDS
from sickbay.protocol import urls
from sickbay.services.frame_check import FrameObstacle, ObstacleKind
from sickbay.web.pages.notice import NoticeView
from sickbay.web.pages.parts import Link

SANDBOX: Final[Mapping[str, str]] = {
    "none": "",
    "pop-ups": "allow-scripts allow-same-origin allow-forms allow-popups allow-popups-to-escape-sandbox allow-modals "
    "allow-downloads allow-storage-access-by-user-activation",
    "strict": "allow-scripts allow-same-origin allow-forms",
}
"""The policy frame_sandbox -> the attribute sandbox; "" for none."""
TEXTS: Final[Mapping[ObstacleKind, tuple[str, str]]] = {
    "no-connection": (
        "Nothing answers at {origin}",
        "Start {app}, then try again. If it runs at another address, change its launch URI, which is `{uri}`.",
    ),
    "timeout": (
        "{origin} didn’t respond within {seconds} seconds",
        "{app} may still be starting: many development servers compile at the first request. Try again, or load it and wait.",
    ),
    "certificate": (
        "Sickbay doesn’t trust the certificate of {origin}",
        "If your browser doesn’t trust it either, a frame can’t show {app}, or ask you to accept the certificate. Open "
        "{origin} in a tab, accept the certificate there, then try again. If your browser trusts it, load the app. The "
        "setting `frame_check` in the app’s policy switches this check off. Sickbay’s request failed with: {detail}.",
    ),
    "tls": (
        "{origin} doesn’t answer with https",
        "The launch URI begins with https, but the TLS handshake failed. Serve {app} with https, or register its launch URI "
        "with http. Sickbay’s request failed with: {detail}.",
    ),
    "not-http": (
        "{origin} didn’t send an HTTP response",
        "Check that {app} is what listens there, and that the scheme of the launch URI is right: `{uri}`. Sickbay’s request "
        "failed with: {detail}.",
    ),
    "mixed-content": (
        "Browsers block {origin} in this frame",
        "This chart was loaded with https, and the launch URI begins with http. Browsers don’t load an http page in a frame "
        "of an https page (mixed content). Serve {app} with https, or open it in a tab.",
    ),
    "refuses-frame": (
        "{app} doesn’t allow this frame",
        "Its server sent `{detail}`, so browsers show an empty frame, or say that {origin} refused to connect. Send "
        "`Content-Security-Policy: frame-ancestors {page}` instead, or open the app in a tab.",
    ),
}
"""Title and advice for each obstacle."""
WRONG_ADDRESS: Final[frozenset[ObstacleKind]] = frozenset(("no-connection", "tls", "not-http", "mixed-content"))
"""Obstacles that another launch URI may remove."""


def explain_obstacle(
    obstacle: FrameObstacle, app: str, uri: str, page: str, address: str, tab: str, edit: str = ""
) -> NoticeView:
    """page: the origin of the chart. address: that of the frame. tab: opens the app in a tab. edit: the form that changes its
    registration; "" for those who may not change it.
    """
    facts = {
        "app": app,
        "origin": urls.origin_of(uri),
        "uri": uri,
        "page": page,
        "detail": obstacle.detail,
        "seconds": f"{TIMEOUT_SECONDS:.0f}",
    }
    title, text = (part.format_map(facts) for part in TEXTS[obstacle.kind])
    return NoticeView(
        title=title,
        text=text,
        primary=Link("Try again", address),
        others=(Link("Load it anyway", f"{address}&anyway=1"),),
        tab=Link("Open in a tab", tab),
        edit=Link("Edit the launch URI", edit) if edit and obstacle.kind in WRONG_ADDRESS else None,
    )
