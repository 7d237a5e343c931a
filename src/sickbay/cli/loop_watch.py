"""Finds what blocks the event loop: a thread notices that it doesn't respond, and sees which request is running, and where."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread, get_ident
from types import FrameType
from typing import Final, NamedTuple

LOG = logging.getLogger("sickbay")
HELD_SECONDS = 0.05
"""Seconds without a response after which the loop counts as blocked."""
BEAT_SECONDS, SAMPLE_SECONDS = 0.02, 0.005
"""Seconds between two pings of the loop, and between two samples of the running code while it doesn't respond."""
SHOWN_FRAMES = 8
_PACKAGE: Final = str(Path(__file__).parent.parent)


class CodePlace(NamedTuple):
    """request: method and path; empty outside of requests. stack: the innermost functions of Sickbay, the innermost last."""

    request: str
    stack: tuple[str, ...]


class Hold(NamedTuple):
    """A time during which the loop didn't respond. cpu: seconds of its thread; None if the system doesn't say.

    If cpu is much less than seconds, the thread waited for a disk or the machine. place: where it was most of the time.
    """

    seconds: float
    cpu: float | None
    place: CodePlace


class LoopWatch:
    """Watches the loop of the thread that creates it, from `start` to `stop`, and reports each hold from a separate thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, report: Callable[[Hold], None]) -> None:
        self.samples = 0
        """Number of samples taken because the loop didn't respond."""
        self._loop, self._report, self._ident = loop, report, get_ident()
        self._stopped = Event()
        self._thread = Thread(target=self._watch_loop, name="sickbay-loop-watch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _watch_loop(self) -> None:
        while not self._stopped.wait(BEAT_SECONDS):
            answered, begin, cpu = Event(), time.monotonic(), self._cpu_seconds()
            try:
                self._loop.call_soon_threadsafe(answered.set)
            except RuntimeError:  # the loop was closed
                return
            places = self._places_until(answered)
            seconds = time.monotonic() - begin
            if places and seconds >= HELD_SECONDS:
                used = None if cpu is None else (self._cpu_seconds() or 0.0) - cpu
                self._report(Hold(seconds, used, places.most_common(1)[0][0]))

    def _places_until(self, answered: Event) -> Counter[CodePlace]:
        places: Counter[CodePlace] = Counter()
        while not answered.wait(SAMPLE_SECONDS) and not self._stopped.is_set():
            frame = sys._current_frames().get(self._ident)
            places[place_of(frame)] += 1
            self.samples += 1
        return places

    def _cpu_seconds(self) -> float | None:
        """The seconds of CPU that the loop's thread has used."""
        if sys.platform == "darwin":
            return None
        return time.clock_gettime(time.pthread_getcpuclockid(self._ident))


def place_of(frame: FrameType | None) -> CodePlace:
    """Describe what a thread is doing, from its frames, because another thread can't see its context variables."""
    request, stack = "", list[str]()
    while frame is not None:
        path = frame.f_code.co_filename
        if path.startswith(_PACKAGE):
            if len(stack) < SHOWN_FRAMES:
                stack.append(f"{path[len(_PACKAGE) + 1 :]}:{frame.f_lineno} {frame.f_code.co_name}")
            scope = frame.f_locals.get("scope")
            if isinstance(scope, dict) and scope.get("type") == "http":
                request = f"{scope['method']} {scope['path']}"
        frame = frame.f_back
    return CodePlace(request, tuple(reversed(stack)))


def log_hold(hold: Hold) -> None:
    """Log a hold. The query isn't shown, because it may contain secrets."""
    cpu = "" if hold.cpu is None else f" ({hold.cpu * 1000:.0f} ms of CPU)"
    by = f" by {hold.place.request}" if hold.place.request else ""
    frames = "".join(f"\n  {frame}" for frame in hold.place.stack)
    LOG.warning("The event loop was blocked for %.0f ms%s%s.%s", hold.seconds * 1000, cpu, by, frames)
