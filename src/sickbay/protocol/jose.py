"""Creates keys and key sets, and signs and verifies JWTs (RFC 7515, 7517, 7519). Only this module uses the JOSE library.

The library is imported on first use, because importing it takes a tenth of the server's start time.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from sickbay.kernel.english import count
from sickbay.kernel.memoize import cache_results
from sickbay.protocol import unicode

if TYPE_CHECKING:
    from joserfc.jwk import ECKey, RSAKey

Jwk: TypeAlias = dict[str, Any]

PRIVATE = ("d", "p", "q", "dp", "dq", "qi", "oth", "k")
KINDS = {"RS": "RSA", "PS": "RSA", "ES": "EC"}
ALGORITHMS = tuple(f"{kind}{size}" for kind in KINDS for size in (256, 384, 512))
"""All public-key algorithms that can sign a client assertion (RFC 7518 3.1). SMART requires two of them."""


class Jwt(NamedTuple):
    """Header and claims of a JWT whose signature wasn't verified."""

    header: dict[str, Any]
    claims: dict[str, Any]


def generate(size: int = 2048) -> str:
    """Generates an RSA key for RS256, as JSON with its private members. `kid` is its thumbprint (RFC 7638)."""
    from joserfc.jwk import RSAKey

    key = RSAKey.generate_key(size, {"use": "sig", "alg": "RS256"}, auto_kid=True)
    return json.dumps(key.as_dict(private=True))


def public_members(key: str) -> Jwk:
    """Returns the public members of a key, as they are published in a key set."""
    return {name: value for name, value in json.loads(key).items() if name not in PRIVATE}


def key_set(keys: Sequence[str]) -> dict[str, list[Jwk]]:
    """Returns the document at `jwks_uri`."""
    return {"keys": [public_members(key) for key in keys]}


def sign(claims: Mapping[str, Any], key: str, algorithm: str = "RS256") -> str:
    """Signs the claims as a compact JWS with the key's kid (RFC 7515 7.1). Raises JoseError if key and algorithm don't fit."""
    header, signature = _header_and_signer(key, algorithm)
    signed = f"{header}.{_encode_json(claims)}"
    return f"{signed}.{_encode_base64url(signature(signed.encode()))}"


def prepare_signing(key: str | None) -> None:
    """Imports the library and, if there is a key, tests it, which takes 30 ms each before the first signature of a process."""
    import joserfc.jws  # noqa: F401

    if key is not None:
        _header_and_signer(key, "RS256")


@cache_results(16)
def _header_and_signer(key: str, algorithm: str) -> tuple[str, Callable[[bytes], bytes]]:
    """Returns the encoded header and the signing function, cached because the library would create them each time."""
    from joserfc.jws import JWSRegistry

    private, chosen = _import_key(key), JWSRegistry(algorithms=[algorithm]).get_alg(algorithm)
    chosen.check_key(private)
    return _encode_json({"typ": "JWT", "alg": algorithm, "kid": private.kid}), partial(chosen.sign, key=private)


def format_member(value: object) -> str | None:
    """A member of a JWT that should be a string, to be quoted: any other value as JSON, None if there is none."""
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _encode_json(value: Mapping[str, Any]) -> str:
    return _encode_base64url(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def _encode_base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


@cache_results(256)
def _import_key(key: str) -> RSAKey | ECKey:
    """Parses a key. Cached, because the library tests an RSA key's primes, which takes as long as a hundred signatures.

    Raises ValueError, TypeError or one of the library's errors if the key isn't valid.
    """
    from joserfc.jwk import ECKey, RSAKey, import_key

    read = import_key(json.loads(key))
    if not isinstance(read, RSAKey | ECKey):
        raise TypeError(f"cannot sign with a key of the kind {read.key_type}")
    return read


@cache_results(8)
def decode_unverified(text: str) -> Jwt | None:
    """Header and claims without verification; None if the text isn't header.payload.signature with JSON objects.

    Cached, because several checks of a request read the same assertion. Don't modify the result.
    """
    parts = text.split(".")
    if len(parts) != 3:
        return None
    header, claims = _decode_object(parts[0]), _decode_object(parts[1])
    return None if header is None or claims is None else Jwt(header, claims)


def find_fault(text: str) -> str:
    """Why this text isn't a JWT, in a few words; "" if it is one."""
    parts = text.split(".")
    if len(parts) != 3:
        return f"it has {count(len(parts), 'part')}, expected 3"
    faults = {name: _find_fault_of_part(part) for name, part in (("header", parts[0]), ("payload", parts[1]))}
    return next((f"its {name} {fault}" for name, fault in faults.items() if fault), "")


def _find_fault_of_part(part: str) -> str:
    try:
        decoded = urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError:
        return "isn't base64url"
    try:
        document = unicode.loads(decoded)
    except ValueError as error:
        return f"can't be read as JSON: {error}"
    return "" if isinstance(document, dict) else "isn't a JSON object"


def _decode_object(part: str) -> dict[str, Any] | None:
    try:
        document = unicode.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def fits_algorithm(key: Jwk, algorithm: object) -> bool:
    """Whether the key has the type (kty) that this algorithm for client assertions needs (SMART 2.2, 5.2.2.1)."""
    return algorithm in ALGORITHMS and key.get("kty") == KINDS[str(algorithm)[:2]]


MINIMUM_RSA_BITS = 2048
"""The minimum size of an RSA modulus in bits (RFC 7518 3.3)."""
MAXIMUM_RSA_BITS = 8192
"""The maximum size. Larger keys would only make each verification slow."""
CURVES = {"P-256": 256, "P-384": 384, "P-521": 512}
"""The curves of ES256, ES384 and ES512 (RFC 7518 3.4), and the size of the hash of each algorithm."""


def find_weakness(key: Jwk) -> str:
    """The reason, in a few words, why this public key is too weak; "" if it is strong enough, or isn't an RSA or EC key."""
    if key.get("kty") == "RSA":
        return _rsa_weakness(_decode_integer(key.get("n")), _decode_integer(key.get("e")))
    if key.get("kty") == "EC" and key.get("crv") not in CURVES:
        return f"its curve is {key.get('crv')}, not P-256, P-384 or P-521"
    return ""


def _rsa_weakness(modulus: int, exponent: int) -> str:
    if not MINIMUM_RSA_BITS <= modulus.bit_length() <= MAXIMUM_RSA_BITS:
        return f"its modulus has {modulus.bit_length()} bits, not {MINIMUM_RSA_BITS} to {MAXIMUM_RSA_BITS}"
    if modulus % 2 == 0:
        return "its modulus is even"
    if exponent < 3 or exponent % 2 == 0:
        return f"its exponent is {exponent if exponent.bit_length() < 64 else 'even'}, not an odd number above 1"
    return "its exponent has more than 64 bits" if exponent.bit_length() > 64 else ""


def _decode_integer(member: object) -> int:
    """Reads a number in a JWK (RFC 7518 2, Base64urlUInt); 0 if it isn't valid."""
    if not isinstance(member, str):
        return 0
    try:
        return int.from_bytes(urlsafe_b64decode(member + "=" * (-len(member) % 4)))
    except ValueError:
        return 0


def find_unsuitable_member(key: Jwk, algorithm: object = None) -> str:
    """Returns the key's member that rules out verifying signatures with this algorithm, and its value; "" if none does."""
    use, operations, named = key.get("use"), key.get("key_ops"), key.get("alg")
    if use not in (None, "sig"):
        return f"use is {use}"
    if operations is not None and not (isinstance(operations, list) and "verify" in operations):
        return f"key_ops is {operations}, without verify"
    if named is not None and not fits_algorithm(key, named):
        return f"alg is {named}"
    return next((f"crv is {key.get('crv')}" for required in (named, algorithm) if _is_of_another_curve(key, required)), "")


def _is_of_another_curve(key: Jwk, algorithm: object) -> bool:
    """Whether the algorithm is ES256, ES384 or ES512 and needs a different curve than the key has."""
    is_ec = isinstance(algorithm, str) and algorithm.startswith("ES") and key.get("crv") in CURVES
    return is_ec and str(algorithm)[2:] != str(CURVES[str(key["crv"])])


MEMBERS = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}
"""The members that a public key of this type has besides `kty` (RFC 7518 6, RFC 8037 2)."""


def find_missing_member(key: object) -> str:
    """What an asymmetric key in a set lacks, in a few words; "" if it has `kty` and all public members (SMART 2.2)."""
    if not isinstance(key, dict):
        return "it isn't an object"
    missing = next((name for name in ("kty", *MEMBERS.get(str(key.get("kty")), ())) if not _is_text(key.get(name))), "")
    return f"`{missing}` is missing" if missing else ""


def has_id(key: Mapping[str, Any]) -> bool:
    """Whether an assertion can name the key: `kid` is a text (RFC 7517 4.5)."""
    return _is_text(key.get("kid"))


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""


def add_ids(jwks: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the set in which each key without an id has its thumbprint as `kid`."""
    return _change_keys(jwks, lambda key: key if has_id(key) else {**key, "kid": calculate_thumbprint(key)})


def drop_private(jwks: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the set without private members, and without symmetric keys."""
    without_oct = {**jwks, "keys": [key for key in _keys_of(jwks) if key.get("kty") != "oct"]}
    return _change_keys(without_oct, lambda key: {name: value for name, value in key.items() if name not in PRIVATE})


def drop_incomplete(jwks: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the set without the keys that lack a member."""
    return {**jwks, "keys": [key for key in _keys_of(jwks) if not find_missing_member(key)]}


def _change_keys(jwks: Mapping[str, Any], change: Callable[[Jwk], Jwk]) -> dict[str, Any]:
    return {**jwks, "keys": [change(key) for key in _keys_of(jwks)]}


def _keys_of(jwks: Mapping[str, Any]) -> list[Jwk]:
    keys = jwks.get("keys")
    return [key for key in keys if isinstance(key, dict)] if isinstance(keys, list) else []


def calculate_thumbprint(key: Jwk) -> str:
    """The thumbprint of a public key (RFC 7638 3). A key of an unknown type is hashed with all its members."""
    from joserfc.jwk import thumbprint as hash_members

    names = ("kty", *MEMBERS.get(str(key.get("kty")), tuple(key)))
    return hash_members({name: key[name] for name in names if name in key})


def private_members(key: Jwk) -> tuple[str, ...]:
    """Returns the private members, with which anyone could sign. A symmetric key always has one."""
    return tuple(name for name in PRIVATE if name in key) or (("k",) if key.get("kty") == "oct" else ())


def is_whole(key: Jwk) -> bool:
    """Whether the library accepts it as a public key. An EC point must be on its curve, for example."""
    from joserfc.errors import JoseError

    try:
        _import_key(_bare_key(key))
    except (JoseError, ValueError, TypeError):
        return False
    return True


def _bare_key(key: Jwk) -> str:
    """The public key as JSON without the members that describe it, which the library would check too."""
    return json.dumps({name: key[name] for name in ("kty", *MEMBERS.get(str(key.get("kty")), ())) if name in key})


def verify(text: str, key: Jwk, algorithms: Sequence[str]) -> bool:
    """Whether the signature was made with this key and one of these algorithms. Doesn't check the claims.

    Of the header, only alg and crit are read. Unknown members are ignored (RFC 7515 4), and no extension in crit is
    supported.
    """
    from joserfc.errors import JoseError
    from joserfc.jws import JWSRegistry

    read = decode_unverified(text)
    algorithm = read.header.get("alg") if read else None
    if read is None or algorithm not in algorithms or not fits_algorithm(key, algorithm) or "crit" in read.header:
        return False
    signed, _, signature = text.rpartition(".")
    try:
        public_key = _import_key(_bare_key(key))
        chosen = JWSRegistry(algorithms=list(algorithms)).get_alg(str(algorithm))
        chosen.check_key(public_key)
        return chosen.verify(signed.encode(), _decode_base64url(signature), public_key)
    except (JoseError, ValueError, TypeError):
        return False


def _decode_base64url(text: str) -> bytes:
    """Decodes base64url strictly, so that each signature has only one valid spelling. Raises ValueError."""
    if re.fullmatch(r"[A-Za-z0-9_-]+", text) is None:
        raise ValueError("not base64url")
    decoded = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if _encode_base64url(decoded) != text:
        raise ValueError("unused bits are set")
    return decoded
