"""The doctor's page shows what was recognised in a paste, without its secrets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sickbay.doctor.pieces.find import find_pieces
from sickbay.doctor.text import diagnose_text
from sickbay.web.portal.diagnosis_views import doctor_view
from sickbay.web.portal.paste_views import list_tokens, split_into_parts

JWT = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJhIiwibm9uY2UiOiJiIiwiZXhwIjoxNzY4NDc4NDAwfQ.c2lnbmF0dXJl"


def test_each_piece_is_named_and_its_secrets_are_masked() -> None:
    text = "I send grant_type=authorization_code&code=SplxlOBeZQQYbYS6WxSbIA and get nothing"
    marked = split_into_parts(text, find_pieces(text))
    assert [part.name for part in marked] == ["", "form body", ""]
    assert "SplxlOBe" not in "".join(part.text for part in marked)


def test_the_pieces_are_marked_in_what_was_read() -> None:
    pasted = "> I send this:\r\n> grant_type=authorization_code&code=SplxlOBeZQQYbYS6WxSbIA\r\n>\r\n> and get nothing"
    parsed, diagnosis = diagnose_text(pasted)
    marked = doctor_view(pasted, parsed, diagnosis).marked
    assert [(part.text, part.name) for part in marked] == [
        ("I send this:\n", ""),
        ("grant_type=authorization_code&code=…(22)", "form body"),
        ("\n\nand get nothing", ""),
    ]


def test_a_paste_that_is_a_single_piece_is_not_repeated() -> None:
    text = '{"error": "invalid_client"}'
    assert split_into_parts(text, find_pieces(text)) == ()


@given(st.text(max_size=30), st.text(max_size=30))
def test_the_text_between_the_pieces_is_kept(before: str, after: str) -> None:
    text = f"{before} https://a.example/cb?error=x {after}"
    marked = split_into_parts(text, find_pieces(text))
    assert not marked or "".join(part.text for part in marked) == text


def test_a_token_is_decoded_and_its_times_are_dates() -> None:
    (token,) = list_tokens(find_pieces(f"my token is {JWT}"))
    assert token.name == "ID token"
    assert '"exp": 1768478400  // 2026-01-15 12:00:00 UTC' in token.claims
    assert "c2lnbmF0dXJl" not in token.header + token.claims


SHORT = st.text(alphabet="abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=7).filter(
    lambda text: text.lower() not in ("nil", "none", "null", "nan")
)


@given(SHORT)
def test_a_short_secret_is_masked_in_the_paste_inside_and_outside_the_pieces(secret: str) -> None:
    text = f'used client_secret={secret} and got https://a.example/cb?code={secret}&state=1 {{"error":"invalid_client"}}'
    shown = "".join(part.text for part in split_into_parts(text, find_pieces(text)))
    assert shown == 'used client_secret=… and got https://a.example/cb?code=…&state=1 {"error":"invalid_client"}'


def test_a_redirect_to_the_app_is_no_request_to_copy() -> None:
    text = "https://a.example/cb?error=access_denied&state=Q7mZ1xLr9vKp"
    parsed, diagnosis = diagnose_text(text)
    assert doctor_view(text, parsed, diagnosis).tabs == ()
