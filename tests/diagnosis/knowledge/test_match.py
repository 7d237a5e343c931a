"""A known error is recognised by its server, its codes and its phrases, and the most specific one comes first."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sickbay.diagnosis.knowledge.fill import filled
from sickbay.diagnosis.knowledge.known_error import Cause, KnownError
from sickbay.diagnosis.knowledge.match import Recognised, matching
from sickbay.diagnosis.knowledge.plain_text import plain
from sickbay.diagnosis.knowledge.recognise import recognised_servers
from sickbay.diagnosis.knowledge.table import entries

CAUSE = Cause("The code was sent twice.", "The log shows two requests.", "Send the code once.")


def entry(id: str, **fields: object) -> KnownError:
    texts = {
        "title": "A title",
        "why": "A reason.",
        "causes": (CAUSE,),
        "source": "https://a.example",
        "confidence": "observed",
    }
    return KnownError(id=id, **texts | fields)  # type: ignore[arg-type]


def seen(text: str = "", servers: tuple[str, ...] = (), codes: tuple[str, ...] = ()) -> Recognised:
    return Recognised(text, frozenset(servers), frozenset(codes))


BARE = entry("bare", codes=("invalid_grant",))
OF_KEYCLOAK = entry("of-keycloak", servers=("keycloak",), codes=("invalid_grant",))
MESSAGE = entry("message", servers=("keycloak",), text=(("code not valid",),))


def ids(*found: object) -> list[str]:
    return [each.id for each in matching(*found)]  # type: ignore[arg-type]


def test_the_entry_that_recognises_the_most_comes_first() -> None:
    text = seen("code not valid", ("keycloak",), ("invalid_grant",))
    assert ids(text, (BARE, OF_KEYCLOAK, MESSAGE)) == ["message", "of-keycloak"]
    assert ids(seen("", (), ("invalid_grant",)), (BARE, OF_KEYCLOAK, MESSAGE)) == ["bare"]


def test_an_entry_and_its_further_wordings_count_as_one() -> None:
    further = entry("message-in-prose", text=(("not valid",),), is_general=True)
    assert ids(seen("code not valid"), (further, MESSAGE)) == ["message"]
    assert ids(seen("not valid"), (further, MESSAGE)) == ["message-in-prose"]


def test_a_message_is_enough_if_no_server_is_recognised() -> None:
    assert ids(seen("code not valid"), (MESSAGE, OF_KEYCLOAK)) == ["message"]


def test_a_long_message_is_enough_although_the_text_names_another_server() -> None:
    long = entry("long", servers=("keycloak",), text=(("the redirect uri is not registered here",),))
    assert ids(seen("the redirect uri is not registered here: google.com", ("google",)), (long,)) == ["long"]


def test_a_checklist_for_a_bare_status_comes_last() -> None:
    general = entry("general", text=(("403 forbidden",), ("/patient",)), is_general=True)
    assert ids(seen("403 forbidden /patient", ("keycloak",), ("invalid_grant",)), (general, OF_KEYCLOAK)) == [
        "of-keycloak",
        "general",
    ]


def test_an_entry_whose_phrases_show_the_cause_comes_before_a_message_of_the_server() -> None:
    evident = entry("evident", text=(("expected: undefined",),), is_evident=True)
    text = seen("code not valid, expected: undefined", ("keycloak",), ("invalid_grant",))
    assert ids(text, (MESSAGE, evident))[0] == "evident"


def test_an_entry_of_another_server_does_not_apply() -> None:
    assert ids(seen("code not valid", ("epic",), ("invalid_grant",)), (MESSAGE, OF_KEYCLOAK)) == []


def test_every_group_of_phrases_must_be_in_the_text() -> None:
    both = entry("both", text=(("refresh token", "refresh_token"), ("7 days", "a week")))
    assert ids(seen("the refresh_token ends after a week"), (both,)) == ["both"]
    assert ids(seen("the refresh_token ends"), (both,)) == []


def test_a_phrase_that_must_not_be_there_excludes_an_entry() -> None:
    excluded = entry("excluded", text=(("cors",),), without=("no-cors",))
    assert ids(seen("mode: no-cors"), (excluded,)) == []


def test_values_from_the_paste_fill_the_texts_and_missing_ones_are_words() -> None:
    known = entry("x", title="Entra doesn't know {redirect_uri}", captures=(r"URI '(?P<redirect_uri>[^']+)'",))
    assert filled(known, "The redirect URI 'https://a/cb' isn't known", {}).title == "Entra doesn't know `https://a/cb`"
    assert filled(known, "", {}).title == "Entra doesn't know the redirect_uri"


def test_a_value_that_only_the_request_has_fills_the_texts_unless_the_message_has_another() -> None:
    known = entry("x", title="`redirect_uri` isn't registered: {redirect_uri}", captures=(r"URI '(?P<redirect_uri>[^']+)'",))
    sent = {"redirect_uri": "https://b/cb"}
    assert filled(known, "", sent).title == "`redirect_uri` isn't registered: `https://b/cb`"
    assert filled(known, "URI 'https://a/cb'", sent).title == "`redirect_uri` isn't registered: `https://a/cb`"


def test_a_missing_value_at_the_end_of_a_title_is_left_out() -> None:
    assert filled(entry("x", title="It isn't registered: {redirect_uri}"), "", {}).title == "It isn't registered"


def test_names_with_underscores_are_put_in_backticks_once() -> None:
    known = entry("x", title="invalid_grant: send `client_id` and redirect_uri, not /oauth2_token")
    assert filled(known, "", {}).title == "`invalid_grant`: send `client_id` and `redirect_uri`, not /oauth2_token"


@given(st.text(alphabet='ab_ \\n"%20&;quot', max_size=60))
def test_blanks_around_a_text_make_no_difference(text: str) -> None:
    assert plain(text) == plain(f"  {text}\n")


def test_escapes_of_json_html_and_urls_are_undone() -> None:
    for text in ('{\\"error\\":\\"x\\"}', "{&quot;error&quot;:&quot;x&quot;}", "%7B%22error%22%3A%22x%22%7D", '{"ERROR":"x"}'):
        assert '{"error":"x"}' in plain(text)


def test_a_plus_in_a_parameter_is_a_blank() -> None:
    assert "error_description=unknown client" in plain("https://app.example/#error=x&error_description=Unknown+client")
    assert plain("1+1 = 2").strip() == "1+1 = 2"


def test_a_phrase_is_found_with_contractions_quotation_marks_and_underscores() -> None:
    assert "redirect uri does not match" in plain("The `redirect_uri` doesn't match")
    assert "cannot verify the issuer" in plain('Can\'t verify the "issuer"')
    assert "invalid scope" not in plain('{"error": "invalid_scope"}')


def test_every_entry_is_complete_and_its_phrases_are_in_lower_case() -> None:
    assert len({known.id for known in entries()}) == len(entries())
    for known in entries():
        assert known.causes
        assert known.source.startswith(("https://", "http://"))
        assert known.servers or known.codes or known.text
        phrases = [phrase for group in (*known.text, known.without) for phrase in group]
        assert [phrase for phrase in phrases if phrase.strip() != " ".join(phrase.lower().split())] == []


def test_the_content_type_of_a_response_is_not_the_one_of_the_request() -> None:
    answer = "HTTP/1.1 400 Bad Request\nServer: Jetty\nContent-Type: application/json\n\n{}"
    assert "content-type" not in plain(answer)
    assert "content-type: application/json" in plain("POST /token HTTP/1.1\nContent-Type: application/json\n\n{}")


def test_blanks_that_are_written_as_plus_in_a_query_are_undone() -> None:
    assert "code challenge required" in plain("/cb?error_description=Code+challenge+required.&state=1")


def test_a_redirect_uri_at_google_does_not_make_google_the_server() -> None:
    url = "/authorize?redirect_uri=https://www.google.com"
    assert "google" not in recognised_servers(plain(url))
    assert "google" in recognised_servers(plain("https://accounts.google.com/o/oauth2"))
