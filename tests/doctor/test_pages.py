"""The pages of the documentation are split at their headings."""

from __future__ import annotations

from sickbay.doctor import pages
from sickbay.doctor.pages import Passage

PAGE = """# The `doctor`

It [reads](../x.md) a *request*.

## What it reads

- a URL
- `curl`

```bash
# not a heading
```

### What it reads

More.
"""


def test_a_page_has_a_passage_for_each_heading() -> None:
    assert list(pages.split_page("doctor", PAGE)) == [
        Passage("doctor", "The doctor", "", "The doctor", "It reads a request."),
        Passage("doctor", "The doctor", "what-it-reads", "What it reads", "What it reads a URL curl # not a heading"),
        Passage("doctor", "The doctor", "what-it-reads-1", "What it reads", "What it reads More."),
    ]


def test_the_pages_of_the_documentation_are_read() -> None:
    found = pages.read_passages()
    assert {"doctor", "running"} <= {passage.page for passage in found}
    assert all(passage.title for passage in found)


def test_an_anchor_is_made_as_github_makes_it() -> None:
    assert pages.to_slug("Codes, `scope` & more") == "codes-scope--more"
