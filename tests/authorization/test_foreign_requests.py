"""Which requests count as sent by a page of another origin."""

from __future__ import annotations

from itertools import product

from sickbay.authorization.administration import is_foreign

FLAGS = (False, True)


def test_every_combination_of_fetch_headers_is_foreign_or_not_as_expected() -> None:
    sites = ("same-origin", "none", "same-site", "cross-site", "", "same-origin, none", None)
    modes, dests = ("navigate", "cors", "no-cors", None), ("document", "iframe", "empty", None)
    for site, mode, dest, own, method, acts in product(
        sites, modes, dests, (None, True, False), ("GET", "HEAD", "POST", "DELETE"), FLAGS
    ):
        sent = {"sec-fetch-site": site, "sec-fetch-mode": mode, "sec-fetch-dest": dest}
        headers = {name: value for name, value in sent.items() if value is not None}
        says_so = site not in ("same-origin", "none", None) or own is False
        looks = method in ("GET", "HEAD") and mode == "navigate" and dest in ("document", None) and not acts
        assert is_foreign(headers, method, own_origin=own, acts=acts) is (says_so and not looks), (headers, own, method)


def test_the_referer_decides_if_a_browser_sends_neither_origin_nor_site_with_a_request_that_acts() -> None:
    for referer, own_referer, own, site, method, acts in product(
        ("http://evil.example/", "", None), FLAGS, (None, True, False), ("none", "cross-site", None), ("GET", "POST"), FLAGS
    ):
        sent = {"referer": referer, "sec-fetch-site": site}
        headers = {name: value for name, value in sent.items() if value is not None}
        decides = own is None and site is None and (acts or method == "POST")
        expected = bool(referer) and not own_referer if decides else own is False or site == "cross-site"
        assert is_foreign(headers, method, own_origin=own, own_referer=own_referer, acts=acts) is expected, headers
