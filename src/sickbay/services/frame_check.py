"""Finds obstacles that prevent the chart's frame from showing an app, before the frame opens it.

Browsers tell neither Sickbay nor the chart's page why a frame stays empty. Mixed content can be seen from two addresses.
Sickbay asks an app only if it is on this machine, under the rules of `ask_app`.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

from sickbay.kernel.outbound import Unreachable
from sickbay.protocol import framing
from sickbay.services.ask_app import may_ask
from sickbay.services.context import Runtime

ObstacleKind: TypeAlias = Literal[
    "mixed-content", "no-connection", "timeout", "certificate", "tls", "not-http", "refuses-frame"
]


class FrameObstacle(NamedTuple):
    """An obstacle. detail: the header that refuses the frame, or the error of Sickbay's own request."""

    kind: ObstacleKind
    detail: str = ""


async def find_obstacle(runtime: Runtime, uri: str, page: str, *, may_ask_app: bool) -> FrameObstacle | None:
    """Returns why a page of the origin `page` can't frame the app with this launch URI; None if no reason is known.

    may_ask_app: for the administrator, because the app's server sees a request of the user who runs Sickbay.
    """
    if framing.is_mixed_content(page, uri):
        return FrameObstacle("mixed-content")
    if not may_ask_app or not may_ask(runtime, uri):
        return None
    try:
        fetched = await runtime.effects.fetch(uri, loopback=True, page=True)
    except Unreachable as error:
        return FrameObstacle("not-http" if error.cause == "other" else error.cause, str(error))
    header = framing.refusing_header(fetched.headers, uri, page)
    is_redirect = 300 <= fetched.status < 400  # only the last response of a chain counts
    return FrameObstacle("refuses-frame", header) if header and not is_redirect else None
