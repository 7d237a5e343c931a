"""Keeps pytest from rewriting the assertions of Sickbay itself: the tests run the code that users run.

pytest rewrites every module of a package that has a plugin, as Sickbay has one, and that takes a second or two in each worker.
Import it before Sickbay.
"""

from __future__ import annotations

import sys

from _pytest.assertion.rewrite import AssertionRewritingHook

for finder in sys.meta_path:
    if isinstance(finder, AssertionRewritingHook):
        finder._must_rewrite.discard("sickbay")
        finder._marked_for_rewrite_cache.clear()
