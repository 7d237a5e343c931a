"""How a signal ends what does not serve yet: what is held is left on the way out, a temporary folder above all."""

from __future__ import annotations

import os
import signal
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def heard() -> None:
    """From now on SIGTERM ends us as Ctrl-C does; by itself it would end the process where it stands."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, _as_interrupt)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:  # under nohup it is to go on
        signal.signal(signal.SIGHUP, _as_terminated)


def deaf() -> None:
    """While the last things are cleaned up: a second Ctrl-C would leave half of them."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _as_terminated(number: int, frame: Any) -> None:
    """The terminal was closed."""
    os.kill(os.getpid(), signal.SIGTERM)


def _as_interrupt(number: int, frame: Any) -> None:
    """A running event loop has a handler of its own for SIGINT, which cancels: no transaction is torn open."""
    handler = signal.getsignal(signal.SIGINT)
    if callable(handler):
        handler(signal.SIGINT, frame)
