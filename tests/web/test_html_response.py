"""The Content-Security-Policy lets a form lead where it must, and nothing of an address may add a directive."""

from __future__ import annotations

from sickbay.web.html_response import form_action


def test_a_form_may_redirect_to_the_origin_or_scheme_of_the_redirect_uri() -> None:
    assert form_action(("http://localhost:8100/callback",)) == "'self' http://localhost:8100"
    assert form_action(("com.example.app:/callback",)) == "'self' com.example.app:"


def test_a_host_that_contains_a_directive_is_left_out() -> None:
    assert form_action(("https://a.example;script-src *;/callback",)) == "'self'"
    assert form_action(("https://a.example https://b.example/",)) == "'self'"
