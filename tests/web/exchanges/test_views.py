"""The view of an exchange: rows, headline, checks, code to copy, and the text for a ticket."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

from hypothesis import given
from hypothesis import strategies as st
from tests.web.exchange_pages import grant, make_refused, token_refused

from sickbay.web.exchanges import code_samples
from sickbay.web.exchanges.parameter_table import mark_part
from sickbay.web.exchanges.views import exchange_view, format_as_text
from sickbay.web.pages.exchange_summary import Step, group_steps

VIEW = exchange_view(make_refused(), app="Pressure Notes", app_id="9ab4")


def texts(pieces: object) -> str:
    return "".join(piece.text for piece in pieces)  # type: ignore[attr-defined]


def test_faulty_parameters_come_first_in_the_order_of_their_findings() -> None:
    assert [(row.name, row.number) for row in VIEW.rows if row.is_faulty] == [
        ("launch", 1),
        ("scope", 2),
        ("state", 3),
        ("aud", 4),
    ]
    assert [row.name for row in VIEW.rows if not row.is_faulty] == ["response_type", "client_id", "redirect_uri"]


def test_a_missing_parameter_is_shown_as_not_sent() -> None:
    state = next(row for row in VIEW.rows if row.name == "state")
    assert state.received is None
    assert texts(state.expected) == "Zk3vQ0m8yT1uWc7RkX2pLh"


def test_the_headline_names_the_deciding_refusal_and_its_fix() -> None:
    assert VIEW.headline == "The launch value is your app’s own address. Send back the code this hospital gave you."
    other = exchange_view({**make_refused(), "decided": "state-missing"})
    assert other.headline.startswith("There is no state.")
    assert other.findings[0].rule == "state-missing"


def test_the_error_that_the_app_received_leads_to_its_causes() -> None:
    assert exchange_view(token_refused()).symptom == "invalid_grant"
    assert exchange_view(grant()).symptom == ""


def test_the_first_wrong_parameter_leads_to_its_place_in_the_portal() -> None:
    place = exchange_view(make_refused(), app_href="/developer/apps/x").place
    assert place is not None
    assert (place.text, place.href) == ("Scopes of this app", "/developer/apps/x#h-scopes")
    assert VIEW.place is None  # a visitor sees no page of the app


def test_the_title_begins_with_the_verdict() -> None:
    assert VIEW.title.startswith("Refused: ")
    assert exchange_view(grant()).title.startswith("Granted: ")


def test_the_checks_show_where_responses_may_be_redirected_from_then_on() -> None:
    outcomes = [step.outcome for step in VIEW.steps]
    assert outcomes.index("gate") == 3
    assert VIEW.steps[4].because == "decided the response"
    assert VIEW.tally == "4 passed, 3 failed, 1 skipped"


def test_a_value_that_sickbay_cannot_know_has_no_expectation() -> None:
    row = exchange_view(token_refused()).rows[0]
    assert (row.name, row.unknown, row.has_expectation) == ("code", True, False)


def test_masked_values_are_copied_as_placeholders() -> None:
    text = exchange_view(token_refused()).tabs[0].text
    assert "…" not in text
    assert "•" not in text
    assert "client_secret=YOUR-CLIENT-SECRET" in text
    assert code_samples.is_masked("abcd…(43)")
    assert not code_samples.is_masked("kX7mQ2vTn9RbW4cJ8sLzHd")


def test_a_note_names_the_placeholders_to_replace() -> None:
    hint = "http://a/logout?id_token_hint=eyJh%E2%80%A6(230)&client_id=b"
    view = exchange_view({**grant(), "request": {"method": "GET", "url": hint}})
    assert view.filled == "Replace YOUR-ID-TOKEN-HINT with your own value; Sickbay didn’t store it."
    many = exchange_view(token_refused())
    assert many.filled.startswith(
        "Replace CODE-FROM-YOUR-REDIRECT, YOUR-CLIENT-SECRET and BASE64-OF-YOUR-ID-AND-SECRET with your own values; "
    )
    for tab in many.tabs:
        assert all(
            name in tab.text for name in ("CODE-FROM-YOUR-REDIRECT", "YOUR-CLIENT-SECRET", "BASE64-OF-YOUR-ID-AND-SECRET")
        )
    assert VIEW.filled == ""


def test_members_of_a_json_body_are_shown_as_parameters_and_invisible_characters_are_written_out() -> None:
    body = '{"code": "Rw4Z\ufeff", "grant_type": "authorization_code", "scope": ["a"]}'
    view = exchange_view({**grant(), "request": {"method": "POST", "url": "http://a/token", "body": body}})
    sent = {row.name: "".join(piece.text for piece in row.received or ()) for row in view.rows}
    assert sent == {"code": "Rw4Z<U+FEFF>", "grant_type": "authorization_code", "scope": '["a"]'}
    broken = exchange_view({**grant(), "request": {"method": "POST", "url": "http://a/token", "body": '{"code'}})
    assert broken.rows == ()


def test_a_note_says_that_codes_and_assertions_work_only_once() -> None:
    assert exchange_view(token_refused()).filled.endswith("If yours is spent, start a new authorization.")
    form = {"client_assertion": "eyJh…(476)"}
    view = exchange_view({**grant(), "request": {"method": "POST", "url": "http://a/token", "body": form}})
    assert view.filled.endswith("An assertion can be used only once, so sign a new one.")


def test_without_an_automatic_fix_the_page_says_so() -> None:
    spent = {
        "id": "code-expired",
        "severity": "error",
        "title": "t",
        "why": "w",
        "fix": "f",
        "facts": {},
        "refused": True,
    }
    view = exchange_view({**token_refused(), "findings": [spent], "corrected": None})
    assert view.lede == "1 problem. See the steps below."


def test_the_copied_url_is_the_corrected_request_on_one_line() -> None:
    sent, right = VIEW.tabs[0].text, make_refused()["corrected"]["url"]
    assert "\n" not in sent
    assert parse_qsl(urlsplit(sent).query) == parse_qsl(urlsplit(right).query)


@given(
    st.lists(
        st.tuples(st.text("abc_", min_size=1, max_size=5), st.text(max_size=12)),
        max_size=5,
        unique_by=lambda pair: pair[0],
    )
)
def test_a_request_can_be_parsed_from_its_url(pairs: list[tuple[str, str]]) -> None:
    request = code_samples.RequestParts("GET", "http://a/b", tuple(pairs))
    expected = tuple((name, code_samples.make_placeholder(name, value)) for name, value in pairs)
    assert code_samples.read_request_parts({"url": code_samples.make_tabs(request, {})[0].text}).query == expected


@given(st.text(max_size=20), st.text(max_size=4))
def test_marking_a_part_keeps_the_text(sent: str, part: str) -> None:
    assert texts(mark_part(sent, part or None)) == sent


def test_javascript_and_python_are_complete_programs() -> None:
    by_name = {tab.id: tab.text for tab in VIEW.tabs}
    compile(by_name["python"], "python", "exec")
    assert by_name["javascript"].count('searchParams.set("scope", "patient/Patient.read patient/Observation.read launch")') == 1
    for view in (exchange_view(token_refused()), exchange_view(grant())):
        compile({tab.id: tab.text for tab in view.tabs}["python"], "python", "exec")


def test_the_ticket_has_every_error_the_correlation_id_and_the_corrected_request() -> None:
    text = format_as_text(VIEW, "http://localhost:7425/exchanges/1")
    for finding in make_refused()["findings"]:
        assert finding["id"] in text
        assert finding["fix"] in text
    assert make_refused()["id"] in text
    assert VIEW.tabs[0].text in text
    assert "sent:     not sent" in text


def test_a_parameter_that_the_corrected_request_leaves_out_is_not_among_the_correct_ones() -> None:
    fault = {"id": "public-client-sent-secret", "severity": "error", "title": "t", "why": "w", "fix": "f.", "facts": {}}
    sent = {"method": "POST", "url": "http://a/token", "body": "code=b&client_secret=c"}
    view = exchange_view({**grant(), "request": sent, "findings": [fault], "corrected": {**sent, "body": "code=b"}})
    assert [(row.name, row.is_faulty, row.unknown) for row in view.rows] == [
        ("client_secret", True, False),
        ("code", False, False),
    ]


def test_many_passed_checks_are_folded_and_none_is_lost() -> None:
    steps = [
        *(Step("passed", str(at)) for at in range(6)),
        Step("refused", "r"),
        *(Step("passed", str(at)) for at in range(3)),
    ]
    groups = group_steps(steps)
    assert [len(step_group) for step_group in groups] == [6, 1, 1, 1, 1]
    assert [step for step_group in groups for step in step_group] == steps


def test_without_a_decided_refusal_the_worst_stays_first() -> None:
    exchange = {**make_refused(), "decided": None}
    assert [finding.rule for finding in exchange_view(exchange).findings] == [finding["id"] for finding in exchange["findings"]]


def test_a_skipped_check_says_what_it_needs() -> None:
    checks = [
        {"name": "aud_is_a_fhir_base", "outcome": "skipped", "waits_for": "server"},
        {"name": "launch_is_fresh", "outcome": "skipped", "waits_for": "launch_is_known"},
    ]
    steps = exchange_view({**grant(), "checks": checks}).steps
    assert [(step.text, step.because) for step in steps] == [
        ("aud is a FHIR base", "needs the other server’s records"),
        ("launch is fresh", "runs only after “launch is known” has passed"),
    ]


def test_a_request_changed_only_by_advice_is_not_called_corrected() -> None:
    fault = {"id": "fhir-insufficient-scope", "severity": "error", "title": "t", "why": "w", "fix": "f.", "facts": {}}
    view = exchange_view({**grant(), "findings": [fault], "corrected": {"url": "http://a/?b=c"}})
    assert (view.corrected, view.copied, view.rows) == (False, None, ())
    assert "below" in view.lede


def test_headers_that_clients_set_automatically_are_not_copied() -> None:
    headers = {"host": "a", "user-agent": "b", "authorization": "Bearer abcd…(43)", "accept": "application/fhir+json"}
    tokens = {**grant(), "request": {"method": "GET", "url": "http://a/r4/Patient", "headers": headers}}
    (first, *_) = exchange_view(tokens).tabs
    assert first.id == "curl"
    assert "Bearer ACCESS-TOKEN-OF-YOUR-APP" in first.text
    assert "user-agent" not in first.text


def test_a_long_value_is_cut_in_the_headline_and_whole_in_the_finding() -> None:
    exchange = make_refused()
    long = "https://app.example.org/" + "a" * 200 + "/callback/"
    first = {**exchange["findings"][0], "title": f"Your app asked for the answer at {long}"}
    view = exchange_view({**exchange, "findings": [first]})
    assert long not in view.headline
    assert view.headline.rstrip(".").endswith("/callback/")
    assert long in view.findings[0].title


def test_if_a_part_of_a_value_is_wrong_the_whole_corrected_value_is_expected() -> None:
    facts = {"parameter": "scope", "received": "system/Observation.rs", "expected": "user/Observation.rs"}
    finding = {
        "id": "scope-system-in-user-flow",
        "severity": "error",
        "title": "t",
        "why": "w",
        "fix": "f.",
        "facts": facts,
        "parameter": "scope",
    }
    url = "http://localhost:7425/general/oauth/authorize?scope=openid%20system%2FObservation.rs"
    row, *_ = exchange_view({**grant(), "request": {"method": "GET", "url": url}, "findings": [finding]}).rows
    assert texts(row.expected) == "openid user/Observation.rs"
    assert "openid" not in texts([piece for piece in row.received or () if piece.kind])


def test_the_response_is_labelled_with_its_receiver() -> None:
    def receiver(stage: str, **headers: str) -> str:
        answer = {"status": 400, "headers": headers}
        return exchange_view({**grant(), "stage": stage, "response": answer}).receiver

    own = grant()["request"]["url"].split("/general")[0]
    assert receiver("authorize") == "Response"
    assert receiver("authorize", location=f"{own}/cerner/errors/x") == "The browser was sent to"
    assert receiver("login", Location="/general/oauth/continue") == "The browser was sent to"
    assert receiver("authorize", location="http://localhost:8100/?error=x") == "Your app received"
    assert receiver("token") == "Your app received"


def search_of(id: str, severity: str) -> dict[str, object]:
    finding = {"id": id, "severity": severity, "title": "A search", "facts": {"parameter": "naem", "received": "x"}}
    url = "http://localhost:7425/general/r4/Patient?name=Peters&naem=x"
    return {"id": "x", "at": 0, "stage": "search", "request": {"method": "GET", "url": url}, "findings": [finding]}


def test_a_parameter_that_only_the_facts_name_is_marked() -> None:
    row, right = exchange_view(search_of("fhir-search-unknown-param", "warning")).rows
    assert (row.name, row.number, row.kind, row.unknown, texts(row.received)) == ("naem", 1, "warning", False, "x")
    assert (right.name, right.is_faulty) == ("name", False)
    assert exchange_view(search_of("fhir-date-malformed", "error")).rows[0].unknown


def test_a_wrong_parameter_name_is_marked() -> None:
    facts = {"names": ["clientId", "gone"], "expected": ["client_id", "scope"]}
    finding = {"id": "parameter-name-wrong", "severity": "warning", "title": "Names", "facts": facts}
    url = "http://localhost:7425/general/oauth/authorize?clientId=a&state=b"
    exchange = {"id": "x", "at": 0, "stage": "authorize", "request": {"method": "GET", "url": url}, "findings": [finding]}
    row, right = exchange_view(exchange).rows
    assert (row.name, row.number, row.kind, row.is_faulty, row.expected) == ("clientId", 1, "warning", True, ())
    assert (right.name, right.is_faulty) == ("state", False)


def test_two_findings_on_one_parameter_have_a_number_each() -> None:
    exchange = make_refused()
    twice = next(finding for finding in exchange["findings"] if finding["id"].startswith("scope"))
    view = exchange_view({**exchange, "findings": [*exchange["findings"], {**twice, "id": "scope-v2-order"}]})
    row = next(row_view for row_view in view.rows if row_view.name == "scope")
    assert [row.number, *(number for number, _ in row.more)] == [2, 6]


def test_the_responses_of_other_dialects_are_in_words() -> None:
    others = [
        {
            "title": "One",
            "refusal": "aud-missing",
            "status": 302,
            "error": "invalid_request",
            "delivered": "to your app",
            "urn": "urn:x",
        },
        {"title": "Two", "refusal": None},
        {"title": "Three", "speaks": ["r4", "dstu2"]},
    ]
    view, responses, three = exchange_view({**make_refused(), "others": others}).others
    assert (view.kind, view.text, view.urn, view.rule) == (
        "refused",
        "302 invalid_request (to your app)",
        "urn:x",
        "aud-missing",
    )
    assert (responses.kind, responses.text) == ("passed", "grants the request")
    assert (three.kind, three.text) == ("", "doesn’t support this FHIR version, only R4 and DSTU2")


LAUNCH = "2AdklRwNuJJaFPwo7ZSm1orLsunka0P2gBmdobt-8bY"


def list_launch_rows(right: str, *findings: dict[str, object]) -> list[tuple[str, bool]]:
    """The name of each row and whether it is faulty, for a masked launch code that is corrected to `right`."""
    address = "http://localhost:7425/general/oauth/authorize?launch="
    sent = {"method": "GET", "url": f"{address}2Adk…(43)&scope=launch,openid"}
    finding = {"id": "scope-comma-separated", "severity": "error", "parameter": "scope", "title": "t", "why": "w", "fix": "f."}
    corrected = {"method": "GET", "url": f"{address}{right}&scope=launch%20openid"}
    tokens = {**grant(), "request": sent, "findings": [finding, *findings], "corrected": corrected}
    return [(row.name, row.is_faulty) for row in exchange_view(tokens).rows]


def test_a_correct_secret_is_not_marked_although_it_is_masked_in_the_request() -> None:
    right = [("scope", True), ("launch", False)]
    assert list_launch_rows(LAUNCH) == right
    assert list_launch_rows("LAUNCH-VALUE-OF-YOUR-LAUNCH-URL") == right
    assert list_launch_rows(LAUNCH, {"id": "launch-advice", "severity": "info", "parameter": "launch", "title": "t"}) == right


def test_a_wrong_secret_is_marked_although_it_is_masked_in_the_request() -> None:
    assert list_launch_rows("Another" + LAUNCH[7:]) == [("scope", True), ("launch", True)]
    expired: dict[str, object] = {"id": "launch-code-expired", "severity": "error", "parameter": "launch", "title": "t"}
    assert list_launch_rows("LAUNCH-VALUE-OF-YOUR-LAUNCH-URL", expired) == [("scope", True), ("launch", True)]


def test_an_error_without_a_finding_is_neither_granted_nor_refused() -> None:
    view = exchange_view({**grant(), "response": {"status": 404}})
    assert (view.kind, view.title) == ("warning", "Failed: FHIR request")
    assert view.headline == "This request failed with status 404."
    advice = {"id": "a", "severity": "info", "title": "Consider this.", "fix": "f", "facts": {}}
    advised = exchange_view({**grant(), "response": {"status": 404}, "findings": [advice]})
    assert (advised.verdict, advised.headline) == ("Failed", "Failed with status 404: Consider this.")


def test_the_problems_are_counted() -> None:
    assert VIEW.lede == "3 problems, all fixed in the request below."
    fixed = {"id": "scope-comma-separated", "severity": "error", "title": "t", "why": "w", "fix": "f.", "facts": {}}
    right = {"url": "http://a/?scope=a%20b"}
    assert exchange_view({**grant(), "findings": [fixed], "corrected": right}).lede == "1 problem, fixed in the request below."
    assert exchange_view({**grant(), "findings": [fixed, fixed], "corrected": right}).lede.startswith("2 problems, all fixed")


def test_a_page_that_the_browser_showed_is_not_quoted() -> None:
    tokens = {**grant(), "stage": "authorize", "response": {"status": 404, "headers": {"content-type": "text/html"}}}
    assert exchange_view(tokens).received == "404 error page, no redirect"


def test_a_short_json_response_is_indented_and_another_one_is_not() -> None:
    body = '{"token_type":"Bearer","expires_in":3600}'
    response = {"status": 200, "body": body}
    indented = '200\n{\n  "token_type": "Bearer",\n  "expires_in": 3600\n}'
    assert exchange_view({**grant(), "response": response}).received == indented
    challenge = {"status": 401, "body": body, "headers": {"WWW-Authenticate": "Bearer"}}
    assert exchange_view({**grant(), "response": challenge}).received == "401 Bearer"
    long = {"status": 200, "body": '{"a":"' + "a" * 2000 + '"}'}
    assert exchange_view({**grant(), "response": long}).received.startswith('200 {"a":"aaa')
