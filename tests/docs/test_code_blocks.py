"""Every code block of the documentation is run by a test, or listed with the reason why not."""

from __future__ import annotations

import pytest
from tests.docs.code_blocks import LISTED, ROOT, blocks, pages
from tests.laws import for_each

RUN_BY: dict[str, str] = LISTED["run_by"]
NOT_RUN: dict[str, dict[str, str]] = LISTED["not_run"]


@for_each("page", pages())
def test_every_code_block_is_run_or_listed_with_a_reason(page: str) -> None:
    listed = NOT_RUN.get(page, {})
    unlisted = [block.first_line for block in blocks(page) if block.first_line not in listed]
    assert unlisted == [] or page in RUN_BY


@pytest.mark.parametrize("page", [page for page in RUN_BY if (ROOT / page).exists()])
def test_the_test_that_runs_a_page_exists_and_names_it(page: str) -> None:
    """The name in the test is the page's file name, since tests build paths from parts."""
    assert page.rpartition("/")[2] in (ROOT / RUN_BY[page]).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", [page for page in NOT_RUN if (ROOT / page).exists()])
def test_the_list_has_no_block_that_no_longer_exists(page: str) -> None:
    assert set(NOT_RUN[page]) <= {block.first_line for block in blocks(page)}
    assert all(reason.strip() for reason in NOT_RUN[page].values())
