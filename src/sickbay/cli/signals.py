"""How a signal ends what does not serve yet: what is held is left on the way out, a temporary folder above all."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def interruptible() -> None:
    """From now on Ctrl-C is a KeyboardInterrupt again, which leaves what is held; see sickbay.__main__."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def heard() -> None:
    """From now on SIGTERM ends us as Ctrl-C does; by itself it would end the process where it stands."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, _as_interrupt)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:  # under nohup it is to go on
        signal.signal(signal.SIGHUP, _as_terminated)


@contextmanager
def later() -> Iterator[None]:
    """A signal is heard when this is over: what it interrupts in the midst of an import may not survive it."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    came: list[int] = []
    for number in SIGNALS:
        signal.signal(number, lambda number, frame: came.append(number))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if came:
        signal.raise_signal(came[0])


@contextmanager
def withheld() -> Iterator[None]:
    """Processes that are started meanwhile are not reached by Ctrl-C until they say so; ours is, when this is over."""
    from multiprocessing.resource_tracker import ensure_running

    ensure_running()  # by itself it would be started in the midst, and open what is withheld
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def reached() -> None:
    """In such a process: Ctrl-C may come, also one that waited."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


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
