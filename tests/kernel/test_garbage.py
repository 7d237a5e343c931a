"""The search for garbage is paused as long as any pause lasts, and stays off if it was off before."""

from __future__ import annotations

import gc

from sickbay.kernel.garbage import pause_collection


def test_pauses_may_overlap() -> None:
    first, second = pause_collection(), pause_collection()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert not gc.isenabled()
    second.__exit__(None, None, None)
    assert gc.isenabled()


def test_what_was_off_stays_off() -> None:
    gc.disable()
    try:
        with pause_collection():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
