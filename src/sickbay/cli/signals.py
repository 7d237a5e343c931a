"""Handles signals: a command stops where it is and cleans up. After a deadline, the process ends in any case."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import time
import warnings
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import asyncio

SIGNALS = (signal.SIGINT, signal.SIGTERM)
STOP_SECONDS = 1.8
"""Seconds from the first signal to the end of the process, even if a thread or the disk doesn't respond."""
WORKER_STOP_SECONDS = 1.6
"""The same for a worker, whose parent waits for it."""

REPEATED_SECONDS = 0.3
"""A second signal within this time is the same one: programs such as npm pass on what the terminal has also sent."""

DELETION_SECONDS = 0.01
"""After this time, Python has probably deleted the object that it was deleting when a signal arrived."""

_cleanups: list[Callable[[], object]] = []
_received: list[tuple[int, float]] = []
"""The first signal, and when it arrived."""
_deadlines: list[Thread] = []
_main_tasks: list[asyncio.Task[Any]] = []
"""The work of `run`."""
T = TypeVar("T")


def enable_interruption() -> None:
    """Makes Ctrl-C, SIGTERM and SIGHUP interrupt a command, so that context managers clean up; see sickbay.__main__."""
    if signal.getsignal(signal.SIGINT) in (signal.SIG_DFL, signal.default_int_handler):
        signal.signal(signal.SIGINT, _handle_signal)
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:  # nohup: keep running
            signal.signal(number, _handle_signal)
    signal.signal(signal.SIGALRM, lambda number, frame: _interrupt_work())
    sys.unraisablehook = _interrupt_again
    atexit.register(ignore_signals)  # once Python deletes its modules, it calls no handler: a signal would kill the process


def end_interruption(code: int) -> None:
    """After a command, there is nothing to interrupt: a signal ends the process at once with the command's exit code."""
    for number in (*SIGNALS, signal.SIGHUP):
        if signal.getsignal(number) is _handle_signal:
            signal.signal(number, lambda number, frame: exit_process(code))


def _interrupt_again(dropped: sys.UnraisableHookArgs) -> None:
    """Python drops an exception that is raised while it deletes an object. A signal's exception is raised again afterwards."""
    if getattr(dropped.exc_value, "is_from_signal", False):
        signal.setitimer(signal.ITIMER_REAL, DELETION_SECONDS)
    else:
        sys.__unraisablehook__(dropped)


def run(work: Coroutine[Any, Any, T]) -> T:
    """asyncio.run for a command. A signal cancels `work`, and nothing else, so that it can wait for what is being stored.

    It is cancelled at once, even if it isn't waiting. asyncio's own handler would wait for its next await, which
    may be minutes away. Raises KeyboardInterrupt.
    """
    import asyncio

    async def main() -> T:
        task = asyncio.current_task()
        assert task is not None
        _main_tasks.append(task)
        try:
            return await work
        finally:
            _main_tasks.remove(task)

    try:
        return asyncio.run(main())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


def _handle_signal(number: int, frame: Any) -> None:
    """The first signal starts the cleanup, and must not interrupt it again. A later one ends the process at once."""
    if not _received:
        _received.append((number, time.monotonic()))
        expect_unstarted_coroutines()
        begin_deadline(128 + number)
        _interrupt_work()
    elif time.monotonic() - _received[0][1] > REPEATED_SECONDS:
        exit_process(exit_code())


def expect_unstarted_coroutines() -> None:
    """Suppresses Python's warning about a coroutine that was never started because of a signal."""
    warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)


def _interrupt_work() -> None:
    if not _main_tasks:
        raise _mark_as_signal(KeyboardInterrupt())
    import asyncio

    task = _main_tasks[-1]
    loop = task.get_loop()
    if asyncio.current_task(loop) is task:
        raise _mark_as_signal(asyncio.CancelledError())
    loop.call_soon_threadsafe(task.cancel)  # which also wakes the loop


def _mark_as_signal(error: BaseException) -> BaseException:
    error.is_from_signal = True  # type: ignore[attr-defined]
    return error


def exit_code() -> int:
    """The exit code of a command that was interrupted, as shells expect it."""
    return 128 + (_received[0][0] if _received else signal.SIGINT)


def begin_deadline(code: int = 0, seconds: float = STOP_SECONDS) -> None:
    """Ends the process after this many seconds, unless it has ended before. Only the first call counts.

    A thread that waits for a name lookup, or for a disk that doesn't respond, can't be cancelled.
    """
    if not _deadlines:
        _deadlines.append(Thread(target=exit_process, args=(code, seconds), name="sickbay-deadline", daemon=True))
        with suppress(RuntimeError):  # Python is ending
            _deadlines[0].start()


def exit_process(code: int, seconds: float = 0) -> None:
    """Ends the process from any thread, after this many seconds."""
    time.sleep(seconds)
    for cleanup in reversed(_cleanups):
        with suppress(Exception):
            cleanup()
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    os._exit(code)


@contextmanager
def cleaning_up(cleanup: Callable[[], object]) -> Iterator[None]:
    """Calls this if the deadline, or a second signal, ends the process within the block."""
    _cleanups.append(cleanup)
    try:
        yield
    finally:
        _cleanups.remove(cleanup)


@contextmanager
def delay_signals() -> Iterator[None]:
    """Delays signals until the block ends, since an interrupted import can leave modules broken."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    received: list[int] = []

    def remember(number: int, frame: Any) -> None:
        received.append(number)
        begin_deadline(128 + number)

    for number in SIGNALS:
        signal.signal(number, remember)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if received:
        signal.raise_signal(received[0])


def add_signal_callback(callback: Callable[[], object]) -> None:
    """Calls this before the handlers that SIGINT and SIGTERM have now, which the server has set."""
    for number in SIGNALS:
        before = signal.getsignal(number)

        def handle(number: int, frame: Any, before: Any = before) -> None:
            callback()
            if callable(before):
                before(number, frame)

        signal.signal(number, handle)


@contextmanager
def block_interrupts() -> Iterator[None]:
    """Blocks Ctrl-C in this process until the block ends, and in processes started inside it until `unblock_interrupt`."""
    from multiprocessing.resource_tracker import ensure_running

    ensure_running()  # otherwise it would start inside the block and unblock the signal
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def unblock_interrupt() -> None:
    """Unblocks Ctrl-C, including one that is pending, in a process started within `block_interrupts`."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def ignore_signals() -> None:
    """Ignores signals during the final cleanup, which a second Ctrl-C would interrupt."""
    for number in (*SIGNALS, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
