"""Keys and key sets are created and checked; JWTs are signed and verified."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from tests.one_key import rsa_key

from sickbay.protocol import jose, unicode


@cache
def key() -> str:
    return jose.generate()


def test_the_public_key_set_contains_no_private_members() -> None:
    (public,) = jose.key_set([key()])["keys"]
    assert set(public) == {"kty", "n", "e", "kid", "use", "alg"}


def test_a_signed_token_is_verified_by_the_public_key_and_names_it() -> None:
    public = jose.public_members(key())
    text = jose.sign({"sub": "1"}, key())
    read = jose.decode_unverified(text)
    assert read is not None
    assert read.header == {"alg": "RS256", "typ": "JWT", "kid": public["kid"]}
    assert read.claims == {"sub": "1"}
    assert jose.verify(text, public, ["RS256"])


def test_a_prepared_key_is_not_tested_again_for_a_signature(monkeypatch: pytest.MonkeyPatch) -> None:
    jose.prepare_signing(None)  # without a key, only the library is imported
    fresh = jose.generate()
    jose.prepare_signing(fresh)
    monkeypatch.delattr(jose, "_import_key")
    assert jose.sign({"sub": "1"}, fresh)


@pytest.mark.parametrize("algorithms", [["RS384"], ["ES384"], ["HS256"]])
def test_an_algorithm_that_is_not_named_verifies_nothing(algorithms: list[str]) -> None:
    assert not jose.verify(jose.sign({"sub": "1"}, key()), jose.public_members(key()), algorithms)


def test_a_changed_claim_and_a_foreign_key_are_noticed() -> None:
    head, body, signature = jose.sign({"sub": "1"}, key()).split(".")
    other = jose.sign({"sub": "2"}, key()).split(".")[1]
    assert not jose.verify(f"{head}.{other}.{signature}", jose.public_members(key()), ["RS256"])
    assert not jose.verify(f"{head}.{body}.{signature}", jose.public_members(jose.generate()), ["RS256"])


def test_no_symmetric_key_verifies() -> None:
    assert not jose.verify("a.b.c", {"kty": "oct", "k": "AAAA"}, ["HS256"])


@pytest.mark.parametrize("text", ["", "a.b", "a.b.c", "e30.W10.x", "é.é.é", json.dumps({})])
def test_a_text_that_is_not_a_jwt_is_not_read(text: str) -> None:
    assert jose.decode_unverified(text) is None


def test_a_key_of_an_unsupported_type_signs_and_verifies_nothing() -> None:
    edwards = OKPKey.generate_key("Ed25519", {"kid": "o"})
    with pytest.raises(TypeError, match="cannot sign with a key of the kind OKP"):
        jose.sign({"sub": "1"}, json.dumps(edwards.as_dict(private=True)))
    text = jose.sign({"sub": "1"}, key())
    assert not jose.verify(text, edwards.as_dict(private=False), ["RS256"])
    for broken in ({}, {"kty": "RSA"}, {"kty": "RSA", "n": 5, "e": "AQAB"}, {"kty": "nonsense"}):
        assert not jose.verify(text, broken, ["RS256"])


def test_an_algorithm_that_does_not_fit_the_key_signs_nothing() -> None:
    for other in ("ES384", "RS384", "HS256"):
        with pytest.raises(JoseError):
            jose.sign({"sub": "1"}, key(), other)
    assert len({jose.sign({"sub": "1"}, private).partition(".")[0] for private in (key(), jose.generate())}) == 2


@pytest.mark.parametrize(
    ("kty", "algorithm", "fits"),
    [
        ("RSA", "RS384", True),
        ("EC", "ES384", True),
        ("EC", "RS384", False),
        ("RSA", "ES384", False),
        ("RSA", "RS256", True),
        ("RSA", "PS512", True),
        ("EC", "ES256", True),
        ("OKP", "EdDSA", False),
        ("oct", "HS256", False),
        ("RSA", ["RS384"], False),
        (None, "none", False),
        ("RSA", None, False),
    ],
)
def test_an_algorithm_needs_its_kind_of_key(kty: str | None, algorithm: object, fits: bool) -> None:
    assert jose.fits_algorithm({"kty": kty}, algorithm) is fits


@pytest.mark.parametrize("claim", ["NaN", "-Infinity", "01", "[" * 100_000])
def test_a_payload_that_is_not_valid_json_is_not_a_jwt(claim: str) -> None:
    part = urlsafe_b64encode(f'{{"exp": {claim}}}'.encode()).decode().rstrip("=")
    assert jose.decode_unverified(f"e30.{part}.x") is None


def test_integers_and_fractions_are_read() -> None:
    part = urlsafe_b64encode(b'{"exp": 1764000000, "iat": 1.5}').decode().rstrip("=")
    read = jose.decode_unverified(f"e30.{part}.x")
    assert read is not None
    assert read.claims == {"exp": 1764000000, "iat": 1.5}


@pytest.mark.parametrize("sent", ["1795787391000000000", "1e400", "-1e400", "9" * 5000])
def test_a_number_of_any_size_is_read_in_the_header_and_the_claims(sent: str) -> None:
    part = urlsafe_b64encode(f'{{"x": {sent}}}'.encode()).decode().rstrip("=")
    jwt = jose.decode_unverified(f"{part}.{part}.x")
    assert jwt is not None
    assert jwt.header == jwt.claims
    assert abs(jwt.claims["x"]) in (unicode.LARGEST, 1795787391000000000)


HEADERS = {
    "jku": "https://a.example/jwks",
    "jwk": {"kty": "RSA"},
    "x5u": "https://a.example/x",
    "x5c": ["AAAA" * 400],
    "x5t": "a",
    "x5t#S256": "a",
    "cty": "JWT",
    "enc": "A128GCM",
    "zip": "DEF",
    "epk": {},
    "apu": "a",
    "apv": "a",
    "iv": "a",
    "tag": "a",
    "p2s": "a",
    "p2c": 5,
    "iss": "a",
    "sub": "a",
    "aud": "a",
    "b64": True,
    "url": "a",
    "nonce": "a",
    "svt": ["a"],
    "trust_chain": ["a"],
    "client_id": "a",
    "redirect_uri": "a",
    "kty": "EC",
    "use": "sig",
    "iat": 1,
    "org": "a",
    "typ": 5,
}
"""The IANA registry of JSON Web Signature and Encryption Header Parameters, of any type, and unregistered names."""


@cache
def _imported_key() -> RSAKey:
    return RSAKey.import_key(json.loads(key()))


def _with_header(more: dict[str, object]) -> str:
    private = json.loads(key())
    header = {"alg": "RS256", "kid": private["kid"], **more}
    signed = ".".join(urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in (header, {"sub": "1"}))
    signature = JWSRegistry(algorithms=["RS256"]).get_alg("RS256").sign(signed.encode(), _imported_key())
    return f"{signed}.{urlsafe_b64encode(signature).decode().rstrip('=')}"


@pytest.mark.parametrize("name", sorted(HEADERS))
def test_an_unsupported_header_is_ignored(name: str) -> None:
    assert jose.verify(_with_header({name: HEADERS[name]}), jose.public_members(key()), ["RS256"])


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
"""U+0000 is refused in all JSON, before signatures are checked."""
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    st.lists,
    max_leaves=5,
)


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(TEXT.filter(lambda name: name not in ("alg", "crit")), JSON, max_size=6))
def test_other_headers_do_not_affect_the_verification(more: dict[str, object]) -> None:
    text = _with_header(more)
    assert jose.verify(text, jose.public_members(key()), ["RS256"])
    assert not jose.verify(text[:-9] + ("A" if text[-9] != "A" else "B") + text[-8:], jose.public_members(key()), ["RS256"])


@pytest.mark.parametrize("crit", [["exp"], [], ["b64"], "exp", None])
def test_a_critical_header_is_never_ignored(crit: object) -> None:
    assert not jose.verify(_with_header({"crit": crit, "b64": True}), jose.public_members(key()), ["RS256"])


def test_only_the_canonical_spelling_of_a_signature_is_valid() -> None:
    text = jose.sign({"sub": "1"}, key())
    head, _, signature = text.rpartition(".")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    other = alphabet[alphabet.index(signature[-1]) ^ 1]  # the last bits of the base64url of 256 bytes are unused
    for odd in (signature[:-1] + other, signature + "=", signature + "\n", "+" + signature[1:], ""):
        assert not jose.verify(f"{head}.{odd}", jose.public_members(key()), ["RS256"])


def _number(value: int) -> str:
    return urlsafe_b64encode(value.to_bytes((value.bit_length() + 7) // 8 or 1)).decode().rstrip("=")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ""),
        ({"n": _number((1 << 1023) + 1)}, "its modulus has 1024 bits, not 2048 to 8192"),
        ({"n": _number((1 << 2046) + 1)}, "its modulus has 2047 bits, not 2048 to 8192"),
        ({"n": _number((1 << 8192) + 1)}, "its modulus has 8193 bits, not 2048 to 8192"),
        ({"n": _number((1 << 8191) + 1)}, ""),
        ({"n": _number(1 << 2047)}, "its modulus is even"),
        ({"n": 5}, "its modulus has 0 bits, not 2048 to 8192"),
        ({"n": "é"}, "its modulus has 0 bits, not 2048 to 8192"),
        ({"e": _number(1)}, "its exponent is 1, not an odd number above 1"),
        ({"e": _number(65536)}, "its exponent is 65536, not an odd number above 1"),
        ({"e": _number(3)}, ""),
        ({"e": _number(1 << 80)}, "its exponent is even, not an odd number above 1"),
        ({"e": _number((1 << 63) + 1)}, ""),
        ({"e": _number((1 << 64) + 1)}, "its exponent has more than 64 bits"),
        ({"e": _number((1 << 80) + 1)}, "its exponent has more than 64 bits"),
        ({"kty": "EC", "crv": "secp256k1"}, "its curve is secp256k1, not P-256, P-384 or P-521"),
        ({"kty": "EC", "crv": "P-384"}, ""),
        ({"kty": "OKP"}, ""),
    ],
)
def test_a_weak_key_is_reported_with_the_reason(changes: dict[str, object], words: str) -> None:
    assert jose.find_weakness({**jose.public_members(key()), **changes}) == words


@pytest.mark.parametrize(
    ("jwk", "algorithm", "words"),
    [
        ({"kty": "RSA"}, None, ""),
        ({"kty": "RSA", "use": "sig", "alg": "RS256", "key_ops": ["verify"]}, "RS384", ""),
        ({"kty": "RSA", "use": "enc"}, None, "use is enc"),
        ({"kty": "RSA", "key_ops": ["encrypt"]}, None, "key_ops is ['encrypt'], without verify"),
        ({"kty": "RSA", "key_ops": "verify"}, None, "key_ops is verify, without verify"),
        ({"kty": "RSA", "alg": "ES384"}, None, "alg is ES384"),
        ({"kty": "EC", "crv": "P-384", "alg": "RS384"}, None, "alg is RS384"),
        ({"kty": "RSA", "alg": "RSA-OAEP"}, None, "alg is RSA-OAEP"),
        ({"kty": "EC", "crv": "P-256"}, "ES384", "crv is P-256"),
        ({"kty": "EC", "crv": "P-256", "alg": "ES384"}, None, "crv is P-256"),
        ({"kty": "EC", "crv": "P-384", "alg": "ES384"}, "ES384", ""),
        ({"kty": "EC", "crv": "x"}, "ES384", ""),
    ],
)
def test_a_key_for_another_purpose_is_reported_with_the_reason(
    jwk: dict[str, object], algorithm: str | None, words: str
) -> None:
    assert jose.find_unsuitable_member(jwk, algorithm) == words


RSA = {name: value for name, value in json.loads(rsa_key()).items() if name not in ("kid", "alg")}
KEYS = (RSAKey.import_key(RSA), ECKey.generate_key("P-521"), OKPKey.generate_key("Ed25519"))


@pytest.mark.parametrize("made", KEYS, ids=["RSA", "EC", "OKP"])
def test_each_key_of_a_set_gets_its_thumbprint_unless_it_has_an_id(made: RSAKey | ECKey | OKPKey) -> None:
    """RFC 7638: the members that describe a key don't count."""
    public = made.as_dict(private=False)
    for without_id in (public, public | {"kid": 1, "use": "sig"}, public | {"kid": ""}):
        assert jose.add_ids({"keys": [without_id]}) == {"keys": [without_id | {"kid": made.thumbprint()}]}
    named = {"more": 1, "keys": [public | {"kid": "a"}]}
    assert jose.add_ids(named) == named


def test_a_key_of_an_unknown_type_gets_an_id_and_a_set_without_keys_stays_empty() -> None:
    (first,), (second,) = (jose.add_ids({"keys": [{"kty": "new", "v": value}]})["keys"] for value in (1, 2))
    assert first["kid"] != second["kid"]
    assert jose.add_ids({"keys": "none"}) == jose.drop_incomplete({}) == {"keys": []}


def test_a_set_is_reduced_to_its_public_and_complete_keys() -> None:
    public, private = jose.public_members(key()), json.loads(key())
    assert jose.drop_private({"keys": [private, {"kty": "oct", "k": "AA"}, "text"]}) == {"keys": [public]}
    assert jose.drop_incomplete({"keys": [public, {"kty": "RSA", "n": "AA"}, "text"]}) == {"keys": [public]}


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("text", "it isn't an object"),
        ({}, "`kty` is missing"),
        ({"kty": 1}, "`kty` is missing"),
        ({"kty": "RSA", "n": "AA", "e": ""}, "`e` is missing"),
        ({"kty": "EC", "crv": "P-384", "x": "AA"}, "`y` is missing"),
        ({"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA"}, ""),
        ({"kty": "new"}, ""),
    ],
)
def test_a_missing_member_of_a_key_is_named(entry: object, words: str) -> None:
    assert jose.find_missing_member(entry) == words


def test_members_that_only_describe_a_key_do_not_prevent_a_verification() -> None:
    odd = jose.public_members(key()) | {"kid": 1, "x5c": "none", "key_ops": "verify", "alg": ["RS256"]}
    assert jose.is_whole(odd)
    assert jose.verify(jose.sign({"sub": "1"}, key()), odd, ["RS256"])


def test_private_members_of_a_key_are_recognised() -> None:
    assert jose.private_members(json.loads(key())) == ("d", "p", "q", "dp", "dq", "qi")
    assert jose.private_members({"kty": "oct"}) == ("k",)
    assert jose.private_members(jose.public_members(key())) == ()


def test_a_key_is_whole_if_its_point_is_on_its_curve() -> None:
    point = ECKey.generate_key("P-384").as_dict(private=False)
    assert jose.is_whole(point)
    assert not jose.is_whole({**point, "y": point["x"]})
    assert not jose.is_whole({"kty": "EC"})


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("x", "it has 1 part, expected 3"),
        ("e30.e30", "it has 2 parts, expected 3"),
        ("!!!!!.e30.x", "its header can't be read as JSON: it is empty"),
        ("e30.x.x", "its payload isn't base64url"),
        ("e30.W10.x", "its payload isn't a JSON object"),
        ("e30.eyJqdGkiOiAiXHUwMDAwIn0.x", "its payload can't be read as JSON: a string has U+0000 or half a surrogate pair"),
        ("e30.eyJleHAiOiBOYU59.x", "its payload can't be read as JSON: NaN isn't a JSON number"),
    ],
)
def test_a_text_that_is_not_a_jwt_is_explained(text: str, fault: str) -> None:
    assert jose.decode_unverified(text) is None
    assert jose.find_fault(text) == fault


@given(st.text(st.characters(codec="utf-8"), max_size=30))
def test_exactly_the_texts_that_can_be_read_have_no_fault(text: str) -> None:
    for sent in (text, f"e30.{text}.x", f"{text}.e30.x"):
        assert (jose.find_fault(sent) == "") is (jose.decode_unverified(sent) is not None)
