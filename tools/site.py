"""Writes the documentation as files that any web server, or a browser without one, can show: `make site`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from sickbay.doctor.pages import PAGES
from sickbay.web import html_response
from sickbay.web.docs import library, search_index
from sickbay.web.docs.page_view import DocsView, docs_view, path_to_root, search_view
from sickbay.web.pages.parts import Frame

LAYOUT = "layout/docs_file.html.j2"
ASSETS = "assets"
COPIED = ("flag.svg", "js/docs.js", *(f"css/{name}.css" for name in ("tokens", "base", "parts", "developer", "docs")))


def build(out: Path) -> int:
    """Writes all pages to a folder, and replaces a site that is there. Returns their number."""
    if out.exists() and any(out.iterdir()) and not (out / search_index.NAME).exists():
        raise SystemExit(f"{out} has other files. Name an empty folder, or one with an earlier site.")
    shutil.rmtree(out, ignore_errors=True)
    for name in sorted(library.list_names()):
        address = library.make_address(name)
        _write_page(out / address, docs_view(name, assets=path_to_root(address) + ASSETS, layout=LAYOUT))
    _write_page(out / search_index.SEARCH, search_view(assets=ASSETS, layout=LAYOUT))
    (out / search_index.NAME).write_text(search_index.write_script(), encoding="utf-8")
    for name in COPIED:
        _copy_asset(html_response.STATIC / name, out / ASSETS / name)
    for name in library.list_files():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text(PAGES.read_text(name), encoding="utf-8")
    return len(library.list_names()) + 1


def _write_page(path: Path, view: DocsView) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(html_response.render("docs_page", view, Frame()), encoding="utf-8")


def _copy_asset(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(f"{__doc__}\n\nUsage: tools/site.py FOLDER")
    folder = Path(sys.argv[1])
    print(f"{build(folder)} pages in {folder}: open {folder / 'index.html'}")
