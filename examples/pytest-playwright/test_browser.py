"""Tests of the app in a real browser: sign-in, patient picker and consent are Sickbay's pages."""

from __future__ import annotations

from playwright.sync_api import expect

TIMOTHY = "Timothy Peters"


def test_a_launch_from_the_chart_asks_for_consent_and_shows_the_patient(sickbay, app, signed_in):
    signed_in.goto(sickbay.launch(app, patient="p-0001", user="okafor").url)
    signed_in.get_by_role("button", name="Allow").click()
    expect(signed_in.get_by_role("heading", level=1)).not_to_be_empty()
    expect(signed_in).to_have_title("Medication list")
    sickbay.assert_no_refusals()


def test_the_app_says_so_if_the_user_denies_access(sickbay, app, signed_in):
    signed_in.goto(sickbay.launch(app, patient="p-0001", user="okafor").url)
    signed_in.get_by_role("button", name="Deny").click()
    expect(signed_in.get_by_role("alert")).to_have_text("The EHR refused access: access_denied")


def test_a_standalone_launch_lets_the_user_sign_in_and_choose_a_patient(sickbay, app, page):
    page.goto(app.json["launch_uri"])
    page.get_by_role("button", name="Dr. Amara Okafor").click()
    page.get_by_role("radio").first.check()
    page.get_by_role("button", name="Open ").click()
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_role("heading", level=1)).not_to_be_empty()
    expect(page).to_have_title("Medication list")
    sickbay.assert_no_refusals()
