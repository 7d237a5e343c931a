"""A row of the list of exchanges."""

from __future__ import annotations

import pytest

from sickbay.web.exchanges import list_view


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("name=‹1%20character›", "?name=‹1 character›"),
        ("name=‹12%20characters›&_count=5", "?name=‹12 characters›&_count=5"),
        ("redirect_uri=http%3A%2F%2Fa%2Fb%20c", "?redirect_uri=http%3A%2F%2Fa%2Fb%20c"),
    ],
)
def test_a_mask_is_readable_and_everything_else_is_shown_as_it_was_sent(query: str, shown: str) -> None:
    request = {"method": "GET", "url": f"http://localhost:7425/general/r4/Patient?{query}"}
    exchange = {"id": "a", "at": 0, "stage": "access", "request": request, "response": {"status": 200}}
    assert list_view.make_row(exchange, list_view.DisplayNames({}, {}), "").parameters == shown


@pytest.mark.parametrize(("services", "title"), [((), "Launch of Nightly"), ({"n"}, "Requests of Nightly")])
def test_only_an_app_with_users_is_launched(services: set[str], title: str) -> None:
    request = {"method": "POST", "url": "http://localhost:7425/general/oauth/token"}
    exchange = {
        "id": "a",
        "at": 0,
        "stage": "token",
        "app": "n",
        "launch": "l",
        "request": request,
        "response": {"status": 200},
    }
    names = list_view.DisplayNames({"n": "Nightly"}, {}, services)
    (group,) = list_view.group_by_launch([exchange], [list_view.make_row(exchange, names, "")], names, (), flat=False)
    assert group.title == title
