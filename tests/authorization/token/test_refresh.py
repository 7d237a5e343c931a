"""Refresh tokens: derived and read, rotated, repeated for 10 seconds, and revoked when reused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from tests.authorization.token_requests import (
    FAMILY,
    NOW,
    PUBLIC,
    REFRESH_FORM,
    REFRESHING,
    SECRET,
    SYMMETRIC,
    examine_token,
    outcome,
    token_context,
    token_request,
)

from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.models import Client, Server
from sickbay.authorization.requests import TokenRequest
from sickbay.authorization.token import refresh
from sickbay.authorization.token import response as token_response
from sickbay.kernel.checks import Refusal

keys = st.binary(min_size=32, max_size=32)
families = st.text(st.characters(codec="ascii", categories=["L", "N"], include_characters="-_."), min_size=1)
generations = st.integers(0, 10**9 - 1)


@given(keys, families, generations)
def test_family_and_generation_are_read_from_a_refresh_token(key: bytes, family: str, generation: int) -> None:
    assert refresh.read_token(key, refresh.make_token(key, family, generation)) == (family, generation)


@given(keys, keys, families, generations)
def test_another_key_reads_nothing(key: bytes, other: bytes, family: str, generation: int) -> None:
    assert (refresh.read_token(other, refresh.make_token(key, family, generation)) is None) == (key != other)


@given(keys, st.text())
def test_no_other_text_is_accepted_or_raises_an_error(key: bytes, text: str) -> None:
    assert refresh.read_token(key, text) is None


@given(keys, families, generations)
def test_a_changed_generation_is_refused(key: bytes, family: str, generation: int) -> None:
    mac = refresh.make_token(key, family, generation).rpartition(".")[2]
    assert refresh.read_token(key, f"{family}.{generation + 1}.{mac}") is None
    assert refresh.read_token(key, f"{family}.0{generation}.{mac}") is None


@given(keys, families, generations)
def test_the_access_token_is_unique_to_its_generation(key: bytes, family: str, generation: int) -> None:
    text = refresh.make_access_token(key, family, generation)
    assert text not in refresh.make_token(key, family, generation)
    assert text != refresh.make_access_token(key, family, generation + 1)
    assert len(text) == 43


@pytest.mark.parametrize(
    ("generation", "ago", "decision"),
    [
        (3, 100, "rotate"),
        (2, 0, "repeat"),
        (2, 10, "repeat"),
        (2, 11, "reused"),
        (1, 0, "reused"),
        (4, 0, "reused"),
        (2, -1, "reused"),
    ],
)
def test_each_generation_gets_its_decision(generation: int, ago: int, decision: str) -> None:
    assert refresh.judge_refresh_token(structs.replace(FAMILY, rotated_at=NOW - ago), generation, NOW) == decision


def test_without_rotation_the_current_one_is_renewed() -> None:
    assert refresh.judge_refresh_token(FAMILY, 3, NOW, rotates=False) == "renew"


def test_a_valid_refresh_is_granted() -> None:
    assert outcome(token_request(REFRESH_FORM), REFRESHING) is None


def test_the_previous_generation_works_for_ten_seconds_for_the_same_client() -> None:
    same = refresh.hash_refresh_request(token_request(REFRESH_FORM), PUBLIC)
    answer = token_response.make_token_record(FAMILY, "patient/Patient.rs", "", NOW - 10, 60)
    app = structs.replace(PUBLIC, scope=FAMILY.scope)
    family = structs.replace(FAMILY, rotated_at=NOW - 10, asked=same)
    context = token_context(REFRESHING, generation=2, family=family, answer=answer, client=app)
    other = token_context(context, client=structs.replace(PUBLIC, client_id="other"))
    assert outcome(token_request(REFRESH_FORM), context) is None
    assert outcome(token_request(REFRESH_FORM, client_id="other"), other) == ("refresh-client-mismatch", "invalid_grant", 400)


@pytest.mark.parametrize(
    ("changed", "answer"),
    [
        ({"family": None, "generation": None}, ("refresh-token-invalid", "invalid_grant", 400)),
        ({"family": structs.replace(FAMILY, revoked=True)}, ("refresh-token-invalid", "invalid_grant", 400)),
        ({"family": structs.replace(FAMILY, expires_at=NOW)}, ("refresh-token-invalid", "invalid_grant", 400)),
        ({"generation": 2}, ("refresh-token-reused", "invalid_grant", 400)),
        ({"family": structs.replace(FAMILY, client_id="other")}, ("refresh-client-mismatch", "invalid_grant", 400)),
        (
            {"family": structs.replace(FAMILY, mode="online"), "session_ended": True},
            ("refresh-online-session-ended", "invalid_grant", 400),
        ),
        ({"client": SYMMETRIC}, ("client-auth-missing", "invalid_client", 400)),
    ],
)
def test_each_invalid_refresh_is_refused(changed: dict[str, object], answer: tuple[str, str, int]) -> None:
    assert outcome(token_request(REFRESH_FORM), token_context(REFRESHING, **changed)) == answer


def test_an_offline_grant_outlives_the_session() -> None:
    assert outcome(token_request(REFRESH_FORM), token_context(REFRESHING, session_ended=True)) is None


def test_a_confidential_client_refreshes_with_its_secret() -> None:
    assert outcome(token_request(REFRESH_FORM, client_secret=SECRET), token_context(REFRESHING, client=SYMMETRIC)) is None


@pytest.mark.parametrize(
    ("scope", "granted"),
    [
        ("patient/Patient.rs", True),
        ("patient/Patient.r", True),
        (FAMILY.scope, True),
        ("patient/Patient.cruds", False),
        ("patient/Condition.rs", False),
        ("user/Patient.rs", False),
        ("patient/*.rs", False),
        ("online_access", False),
        ("email patient/Patient.rs", True),
        ("email patient/Condition.rs", False),
        ("email", False),
    ],
)
def test_a_refresh_may_narrow_and_never_widen(scope: str, granted: bool) -> None:
    answer = outcome(token_request(REFRESH_FORM, scope=scope), REFRESHING)
    assert answer == (None if granted else ("refresh-scope-expanded", "invalid_scope", 400))


def test_the_next_scope_is_the_requested_or_the_whole_one() -> None:
    app = structs.replace(PUBLIC, scope=FAMILY.scope)
    assert refresh.narrow_scope(FAMILY, "patient/Patient.r  patient/Patient.r", app, Server()) == "patient/Patient.r"
    assert refresh.narrow_scope(FAMILY, None, app, Server()) == FAMILY.scope
    fewer = structs.replace(PUBLIC, scope="offline_access patient/Patient.rs")
    assert refresh.narrow_scope(FAMILY, None, fewer, Server()) == fewer.scope


def test_a_reused_refresh_token_revokes() -> None:
    assert token_response.is_revoking(examine_token(token_request(REFRESH_FORM), token_context(REFRESHING, generation=1)))
    assert not token_response.is_revoking(examine_token(token_request(REFRESH_FORM), token_context(REFRESHING, family=None)))


@pytest.mark.parametrize(
    ("client", "form"),
    [
        (structs.replace(PUBLIC, client_id="other"), {"client_id": "other"}),
        (structs.replace(PUBLIC, client="symmetric", secret_hash="x", secret_length=1), {}),
        (structs.replace(PUBLIC, client="symmetric", secret_hash="x", secret_length=1), {"client_secret": "wrong"}),
        (None, {}),
    ],
)
def test_a_reused_refresh_token_without_proof_of_its_client_revokes_nothing(
    client: Client | None, form: dict[str, str]
) -> None:
    examination = examine_token(token_request(REFRESH_FORM | form), token_context(REFRESHING, generation=1, client=client))
    assert "refresh-token-reused" in [refusal.name for refusal in examination.refusals]
    assert not token_response.is_revoking(examination)


@pytest.mark.parametrize(
    ("request_", "context", "expected"),
    [
        (
            token_request(REFRESH_FORM, refresh_token=None),
            REFRESHING,
            Refusal("refresh-token-missing", "invalid_request", {"received": None}),
        ),
        (
            token_request(REFRESH_FORM),
            structs.replace(REFRESHING, family=None),
            Refusal("refresh-token-invalid", "invalid_grant", {"reason": "unknown"}),
        ),
        (
            token_request(REFRESH_FORM),
            structs.replace(REFRESHING, family=structs.replace(FAMILY, revoked=True)),
            Refusal("refresh-token-invalid", "invalid_grant", {"reason": "revoked"}),
        ),
        (
            token_request(REFRESH_FORM),
            structs.replace(REFRESHING, family=structs.replace(FAMILY, revoked=True, revoked_by="code", revoked_at=7)),
            Refusal("refresh-token-invalid", "invalid_grant", {"reason": "revoked", "by": "code", "at": 7}),
        ),
        (
            token_request(REFRESH_FORM),
            structs.replace(REFRESHING, family=structs.replace(FAMILY, expires_at=NOW - 3)),
            Refusal("refresh-token-invalid", "invalid_grant", {"reason": "expired", "seconds": 3}),
        ),
        (
            token_request(REFRESH_FORM),
            structs.replace(REFRESHING, generation=2),
            Refusal("refresh-token-reused", "invalid_grant", {"generation": 2, "current": 3, "seconds": 100}),
        ),
        (
            token_request(REFRESH_FORM),
            structs.replace(REFRESHING, family=structs.replace(FAMILY, client_id="other")),
            Refusal("refresh-client-mismatch", "invalid_grant", {"received": "app"}),
        ),
        (
            token_request(REFRESH_FORM),
            structs.replace(REFRESHING, family=structs.replace(FAMILY, mode="online"), session_ended=True),
            Refusal(
                "refresh-online-session-ended",
                "invalid_grant",
                {"granted": "offline_access patient/Patient.rs patient/Observation.rs"},
            ),
        ),
        (
            token_request(REFRESH_FORM, scope="patient/Patient.rs user/*.rs"),
            REFRESHING,
            Refusal(
                "refresh-scope-expanded",
                "invalid_scope",
                {
                    "received": "patient/Patient.rs user/*.rs",
                    "wider": ("user/*.rs",),
                    "granted": "offline_access patient/Patient.rs patient/Observation.rs",
                },
            ),
        ),
    ],
)
def test_each_refusal_carries_the_facts_of_its_explanation(
    request_: TokenRequest, context: TokenContext, expected: Refusal
) -> None:
    assert examine_token(request_, context).refusals[0] == expected


def test_tokens_keep_their_format() -> None:
    """An app's stored token must still work after Sickbay is updated."""
    key = b"k" * 32
    assert refresh.make_token(key, "f", 3) == "f.3.bXi8snZWmsGOI2BBaSShqeCbSpBAlCoAyTW-Hy52hzU"
    assert refresh.make_access_token(key, "f", 3) == "tOXv1PDwrzxgHDYVgtiFzFYI_OLg8yEP057L80Titq0"


@pytest.mark.parametrize("generation", [0, 9, 10**8, 10**9 - 1])
def test_a_generation_has_at_most_nine_digits(generation: int) -> None:
    key = b"k" * 32
    assert refresh.read_token(key, refresh.make_token(key, "f", generation)) == ("f", generation)
    assert refresh.read_token(key, refresh.make_token(key, "f", generation + 10**9)) is None


@pytest.mark.parametrize("number", ["\u0661", "\u00b2", "-1", "", "1_0", " 1"])
def test_a_generation_has_only_ascii_digits(number: str) -> None:
    assert refresh.read_token(b"k" * 32, f"f.{number}.x") is None


def test_a_narrower_scope_is_separated_by_single_spaces() -> None:
    app = structs.replace(PUBLIC, scope="patient/Patient.rs openid")
    assert refresh.narrow_scope(FAMILY, "patient/Patient.rs  openid", app, Server()) == "patient/Patient.rs openid"


@pytest.mark.parametrize("lenient", [False, True])
def test_extra_spaces_are_refused_unless_the_app_is_lenient(lenient: bool) -> None:
    client = structs.replace(PUBLIC, scope=FAMILY.scope, scope_mode="lenient" if lenient else "strict")
    context = structs.replace(REFRESHING, client=client, server=Server(grants=("refresh_token",)))
    refused = outcome(token_request(REFRESH_FORM, scope="patient/Patient.rs "), context)
    assert refused == (None if lenient else ("scope-has-stray-characters", "invalid_scope", 400))


def test_offline_an_unknown_generation_counts_as_the_current_one() -> None:
    assert outcome(token_request(REFRESH_FORM), structs.replace(REFRESHING, generation=None)) is None
