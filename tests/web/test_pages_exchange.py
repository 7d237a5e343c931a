"""The exchange page's view: rows, headline, walk, code to copy, and the text for a ticket."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

from hypothesis import given
from hypothesis import strategies as st
from tests.web.exchange_pages import granted, refused, token_refused

from sickbay.web.pages import code
from sickbay.web.pages.exchange import Step, as_text, exchange_view, folded, words
from sickbay.web.pages.rows import parts_marked

VIEW = exchange_view(refused(), app="Pressure Notes", app_id="9ab4")


def texts(pieces: object) -> str:
    return "".join(piece.text for piece in pieces)  # type: ignore[attr-defined]


def test_faulty_parameters_come_first_in_the_order_of_their_findings() -> None:
    assert [(row.name, row.number) for row in VIEW.rows if row.faulty] == [
        ("launch", 1),
        ("scope", 2),
        ("state", 3),
        ("aud", 4),
    ]
    assert [row.name for row in VIEW.rows if not row.faulty] == ["response_type", "client_id", "redirect_uri"]


def test_a_parameter_that_was_not_sent_is_said_to_be_missing() -> None:
    state = next(row for row in VIEW.rows if row.name == "state")
    assert state.received is None
    assert texts(state.expected) == "Zk3vQ0m8yT1uWc7RkX2pLh"


def test_the_headline_speaks_of_the_refusal_that_decided_and_names_the_fix() -> None:
    assert VIEW.headline == "The launch value is your app’s own address. Send back the code this hospital gave you."
    other = exchange_view({**refused(), "decided": "state-missing"})
    assert other.headline.startswith("There is no state.")
    assert other.findings[0].rule == "state-missing"


def test_the_title_begins_with_the_verdict() -> None:
    assert VIEW.title.startswith("Refused: ")
    assert exchange_view(granted()).title.startswith("Granted: ")


def test_the_gate_stands_behind_the_redirect_address() -> None:
    outcomes = [step.outcome for step in VIEW.walk]
    assert outcomes.index("gate") == 3
    assert VIEW.walk[4].because == "decided the answer"
    assert VIEW.sum == "4 passed, 3 refused, 1 waited"


def test_what_cannot_be_written_down_is_another_value_and_not_left_out() -> None:
    row = exchange_view(token_refused()).rows[0]
    assert (row.name, row.unknown) == ("code", True)


def test_masked_values_are_copied_as_place_holders() -> None:
    text = exchange_view(token_refused()).tabs[0].text
    assert "…" not in text
    assert "•" not in text
    assert "client_secret=YOUR_CLIENT_SECRET" in text
    assert code.masked("abcd…(43)")
    assert not code.masked("kX7mQ2vTn9RbW4cJ8sLzHd")


def test_what_must_be_filled_in_before_it_works_is_said_once_beside_the_code_and_in_the_ticket() -> None:
    hint = "http://a/logout?id_token_hint=eyJh%E2%80%A6(230)&client_id=b"
    one = exchange_view({**granted(), "request": {"method": "GET", "url": hint}})
    assert one.filled.startswith("YOUR_ID_TOKEN_HINT stands for what is secret")
    many = exchange_view(token_refused())
    assert many.filled.startswith("THE_CODE, YOUR_CLIENT_SECRET and YOUR_ID_AND_SECRET stand for what is secret")
    for tab in many.tabs:
        assert all(name in tab.text for name in ("THE_CODE", "YOUR_CLIENT_SECRET", "YOUR_ID_AND_SECRET"))
    assert VIEW.filled == ""


def test_what_came_as_json_stands_beside_the_form_where_it_belongs_and_what_nobody_sees_is_written_out() -> None:
    body = '{"code": "Rw4Z\ufeff", "grant_type": "authorization_code", "scope": ["a"]}'
    one = exchange_view({**granted(), "request": {"method": "POST", "url": "http://a/token", "body": body}})
    sent = {row.name: "".join(piece.text for piece in row.received or ()) for row in one.rows}
    assert sent == {"code": "Rw4Z<U+FEFF>", "grant_type": "authorization_code", "scope": '["a"]'}
    broken = exchange_view({**granted(), "request": {"method": "POST", "url": "http://a/token", "body": '{"code'}})
    assert broken.rows == ()


def test_the_names_of_checks_are_words() -> None:
    assert words("redirect_uris_have_no_fragment") == "redirect addresses have no fragment"
    assert words("redirect_uri_is_registered") == "redirect address is registered"


def test_what_is_good_once_must_be_had_anew_and_that_is_said_beside_the_code() -> None:
    assert exchange_view(token_refused()).filled.endswith("begin again at the authorization request.")
    form = {"client_assertion": "eyJh…(476)"}
    one = exchange_view({**granted(), "request": {"method": "POST", "url": "http://a/token", "body": form}})
    assert one.filled.endswith("An assertion is good once: sign a new one.")


def test_where_no_line_would_do_it_is_said_that_the_line_cannot_be_put_right() -> None:
    spent = {
        "id": "code-expired",
        "severity": "error",
        "title": "t",
        "why": "w",
        "fix": "f",
        "facts": {},
        "refused": True,
    }
    one = exchange_view({**token_refused(), "findings": [spent], "corrected": None})
    assert one.lede == "One thing stands in the way, and the line cannot be put right for you: how to go on stands below."


def test_the_copied_url_is_the_corrected_request_on_one_line() -> None:
    sent, right = VIEW.tabs[0].text, refused()["corrected"]["url"]
    assert "\n" not in sent
    assert parse_qsl(urlsplit(sent).query) == parse_qsl(urlsplit(right).query)


@given(
    st.lists(
        st.tuples(st.text("abc_", min_size=1, max_size=5), st.text(max_size=12)),
        max_size=5,
        unique_by=lambda pair: pair[0],
    )
)
def test_a_request_reads_back_from_its_url(pairs: list[tuple[str, str]]) -> None:
    request = code.Request("GET", "http://a/b", tuple(pairs))
    expected = tuple((name, code.place(name, value)) for name, value in pairs)
    assert code.read({"url": code.tabs(request, {})[0].text}).query == expected


@given(st.text(max_size=20), st.text(max_size=4))
def test_marking_a_part_keeps_the_text(sent: str, part: str) -> None:
    assert texts(parts_marked(sent, part or None)) == sent


def test_javascript_and_python_are_whole_programs() -> None:
    by_name = {tab.id: tab.text for tab in VIEW.tabs}
    compile(by_name["python"], "python", "exec")
    assert by_name["javascript"].count('searchParams.set("scope", "patient/Patient.read patient/Observation.read launch")') == 1
    for view in (exchange_view(token_refused()), exchange_view(granted())):
        compile({tab.id: tab.text for tab in view.tabs}["python"], "python", "exec")


def test_the_ticket_has_every_fault_the_correlation_id_and_the_corrected_request() -> None:
    text = as_text(VIEW, "http://localhost:7425/exchanges/1")
    for one in refused()["findings"]:
        assert one["id"] in text
        assert one["fix"] in text
    assert refused()["id"] in text
    assert VIEW.tabs[0].text in text
    assert "sent:     not sent" in text


def test_what_the_corrected_request_leaves_out_does_not_stand_among_the_right_ones() -> None:
    fault = {"id": "public-client-sent-secret", "severity": "error", "title": "t", "why": "w", "fix": "f.", "facts": {}}
    sent = {"method": "POST", "url": "http://a/token", "body": "code=b&client_secret=c"}
    view = exchange_view({**granted(), "request": sent, "findings": [fault], "corrected": {**sent, "body": "code=b"}})
    assert [(row.name, row.faulty, row.unknown) for row in view.rows] == [
        ("client_secret", True, False),
        ("code", False, False),
    ]


def test_a_long_row_of_passed_checks_is_folded_and_nothing_is_lost() -> None:
    walk = [
        *(Step("passed", str(at)) for at in range(6)),
        Step("refused", "r"),
        *(Step("passed", str(at)) for at in range(3)),
    ]
    stretches = folded(walk)
    assert [len(one) for one in stretches] == [6, 1, 1, 1, 1]
    assert [step for one in stretches for step in one] == walk


def test_without_a_decided_refusal_the_worst_stays_first() -> None:
    given = {**refused(), "decided": None}
    assert [one.rule for one in exchange_view(given).findings] == [one["id"] for one in given["findings"]]


def test_a_check_that_waits_says_for_what() -> None:
    checks = [
        {"name": "aud_is_a_fhir_base", "outcome": "skipped", "waits_for": "server"},
        {"name": "launch_is_fresh", "outcome": "skipped", "waits_for": "launch_is_known"},
    ]
    walk = exchange_view({**granted(), "checks": checks}).walk
    assert [(one.text, one.because) for one in walk] == [
        ("aud is a FHIR base", "waits for: that server’s word"),
        ("launch is fresh", "waits for: launch is known"),
    ]


def test_a_request_that_only_advice_would_mend_is_not_called_corrected() -> None:
    fault = {"id": "fhir-insufficient-scope", "severity": "error", "title": "t", "why": "w", "fix": "f.", "facts": {}}
    view = exchange_view({**granted(), "findings": [fault], "corrected": {"url": "http://a/?b=c"}})
    assert (view.corrected, view.copied, view.rows) == (False, None, ())
    assert "below" in view.lede


def test_headers_that_a_client_sets_by_itself_are_not_copied() -> None:
    headers = {"host": "a", "user-agent": "b", "authorization": "Bearer abcd…(43)", "accept": "application/fhir+json"}
    given = {**granted(), "request": {"method": "GET", "url": "http://a/r4/Patient", "headers": headers}}
    (first, *_) = exchange_view(given).tabs
    assert first.id == "curl"
    assert "Bearer YOUR_ACCESS_TOKEN" in first.text
    assert "user-agent" not in first.text


def test_a_long_value_is_cut_in_the_headline_and_whole_in_the_finding() -> None:
    given = refused()
    long = "https://app.example.org/" + "a" * 200 + "/callback/"
    first = {**given["findings"][0], "title": f"Your app asked for the answer at {long}"}
    view = exchange_view({**given, "findings": [first]})
    assert long not in view.headline
    assert view.headline.rstrip(".").endswith("/callback/")
    assert long in view.findings[0].title


def test_of_a_value_of_which_a_part_is_wrong_the_whole_is_expected_with_that_part_put_right() -> None:
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
    row, *_ = exchange_view({**granted(), "request": {"method": "GET", "url": url}, "findings": [finding]}).rows
    assert texts(row.expected) == "openid user/Observation.rs"
    assert "openid" not in texts([one for one in row.received or () if one.kind])


def test_whether_an_app_or_the_browser_got_the_answer_is_told() -> None:
    def receiver(stage: str, **headers: str) -> str:
        answer = {"status": 400, "headers": headers}
        return exchange_view({**granted(), "stage": stage, "response": answer}).receiver

    own = granted()["request"]["url"].split("/general")[0]
    assert receiver("authorize") == "A page was shown"
    assert receiver("authorize", location=f"{own}/cerner/errors/x") == "The browser went to"
    assert receiver("login", Location="/general/oauth/continue") == "The browser went to"
    assert receiver("authorize", location="http://localhost:8100/?error=x") == "Your app received"
    assert receiver("token") == "Your app received"


def search_of(id: str, severity: str) -> dict[str, object]:
    finding = {"id": id, "severity": severity, "title": "A search", "facts": {"parameter": "naem", "received": "x"}}
    url = "http://localhost:7425/general/r4/Patient?name=Peters&naem=x"
    return {"id": "x", "at": 0, "stage": "search", "request": {"method": "GET", "url": url}, "findings": [finding]}


def test_a_parameter_that_only_the_facts_name_is_marked_and_not_called_right() -> None:
    row, right = exchange_view(search_of("fhir-search-unknown-param", "warning")).rows
    assert (row.name, row.number, row.kind, row.unknown, texts(row.received)) == ("naem", 1, "warning", False, "x")
    assert (right.name, right.faulty) == ("name", False)
    assert exchange_view(search_of("fhir-date-malformed", "error")).rows[0].unknown


def test_what_is_no_name_of_a_parameter_is_marked_and_not_called_right() -> None:
    facts = {"names": ["clientId", "gone"], "expected": ["client_id", "scope"]}
    finding = {"id": "parameter-name-wrong", "severity": "warning", "title": "Names", "facts": facts}
    url = "http://localhost:7425/general/oauth/authorize?clientId=a&state=b"
    given = {"id": "x", "at": 0, "stage": "authorize", "request": {"method": "GET", "url": url}, "findings": [finding]}
    row, right = exchange_view(given).rows
    assert (row.name, row.number, row.kind, row.faulty, row.expected) == ("clientId", 1, "warning", True, ())
    assert (right.name, right.faulty) == ("state", False)


def test_two_findings_on_one_parameter_have_a_number_each() -> None:
    given = refused()
    twice = next(one for one in given["findings"] if one["id"].startswith("scope"))
    view = exchange_view({**given, "findings": [*given["findings"], {**twice, "id": "scope-v2-order"}]})
    row = next(one for one in view.rows if one.name == "scope")
    assert [row.number, *(number for number, _ in row.more)] == [2, 6]


def test_how_others_would_answer_is_said_in_words() -> None:
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
    one, two, three = exchange_view({**refused(), "others": others}).others
    assert (one.kind, one.text, one.urn, one.rule) == ("refused", "302 invalid_request (to your app)", "urn:x", "aud-missing")
    assert (two.kind, two.text) == ("passed", "grants it")
    assert (three.kind, three.text) == ("", "does not speak this version: only R4 and DSTU2")
