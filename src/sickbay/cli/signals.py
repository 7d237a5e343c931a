"""Handles signals before the server runs, so that locks and temporary folders are cleaned up."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def interruptible() -> None:
    """Makes Ctrl-C raise KeyboardInterrupt again, so that context managers clean up; see sickbay.__main__."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def handle_sigterm() -> None:
    """Makes SIGTERM raise KeyboardInterrupt, like Ctrl-C. By default it would end the process without cleaning up."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, _as_interrupt)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:  # nohup: keep running
        signal.signal(signal.SIGHUP, _as_terminated)


@contextmanager
def delayed() -> Iterator[None]:
    """Delays signals until the block ends, since an interrupted import can leave modules broken."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    received: list[int] = []
    for number in SIGNALS:
        signal.signal(number, lambda number, frame: received.append(number))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if received:
        signal.raise_signal(received[0])


@contextmanager
def interrupt_blocked() -> Iterator[None]:
    """Blocks Ctrl-C in this process until the block ends, and in processes started meanwhile until they call `reached`."""
    from multiprocessing.resource_tracker import ensure_running

    ensure_running()  # otherwise it would start inside the block and unblock the signal
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def unblock_interrupt() -> None:
    """Unblocks Ctrl-C, including one that is pending, in a process started within `withheld`."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def ignore() -> None:
    """Ignores signals during the final cleanup, which a second Ctrl-C would interrupt."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _as_terminated(number: int, frame: Any) -> None:
    """Handles SIGHUP: the terminal was closed."""
    os.kill(os.getpid(), signal.SIGTERM)


def _as_interrupt(number: int, frame: Any) -> None:
    """Calls the handler of SIGINT. A running event loop's own handler cancels the task, so that no transaction is cut off."""
    handler = signal.getsignal(signal.SIGINT)
    if callable(handler):
        handler(signal.SIGINT, frame)
