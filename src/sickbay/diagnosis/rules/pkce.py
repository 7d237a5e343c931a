"""Rules about `code_verifier`."""

from sickbay.diagnosis import corrections
from sickbay.diagnosis.rule import Rule, Spec
from sickbay.diagnosis.values import character_name
from sickbay.kernel.checks import Facts

VERIFY = Spec("RFC 7636, 4.6 Server Verifies code_verifier", "https://www.rfc-editor.org/rfc/rfc7636#section-4.6")
VERIFIER = Spec("RFC 7636, 4.1 Code Verifier", "https://www.rfc-editor.org/rfc/rfc7636#section-4.1")
DOWNGRADE = Spec("RFC 9700, 4.8.2 PKCE Downgrade", "https://www.rfc-editor.org/rfc/rfc9700#section-4.8.2")
SLIPS = {
    "hex": "The challenge is the hash of this verifier in hexadecimal instead of base64url.",
    "hex-encoded": "The challenge is the base64url of the hexadecimal hash: encode the bytes of the hash instead.",
    "padded": "The challenge is right except for the `=` at its end.",
    "base64": "The challenge is standard base64: it has `+` and `/` instead of `-` and `_`.",
}

VERIFIER_MISSING = Rule(
    id="pkce-verifier-missing",
    parameter="code_verifier",
    title="`code_verifier` is missing",
    why="The authorization request had a `code_challenge`, so the server exchanges the code only for the matching verifier.",
    fix="Send the verifier that the challenge was made from. Store it under the `state` until the redirect arrives.",
    spec=VERIFY,
    insert_placeholder=corrections.new_verifier,
)

VERIFIER_UNEXPECTED = Rule(
    id="pkce-verifier-unexpected",
    parameter="code_verifier",
    title="`code_verifier` is sent, but the authorization request had no `code_challenge`",
    why="An attacker may have removed the challenge on the way. If the server ignored that, PKCE wouldn't protect the code.",
    fix="Send `code_challenge` and `code_challenge_method=S256` in the authorization request.",
    spec=DOWNGRADE,
)


def _describe_characters(facts: Facts) -> Facts:
    names = [name if len(name) > 1 else f"`{name}`" for name in map(character_name, facts["foreign"])]
    length = facts["length"]
    has = f"contains {' and '.join(names)}" if names else f"has {length} character{'' if length == 1 else 's'}"
    return {**facts, "has": has}


VERIFIER_MALFORMED = Rule(
    id="pkce-verifier-malformed",
    recognises=_describe_characters,
    parameter="code_verifier",
    title="`code_verifier` isn't valid: it {has}",
    why="A verifier has 43 to 128 characters from `A-Z a-z 0-9 - . _ ~`.",
    fix="Generate the verifier from 32 random bytes, in base64url without padding (43 characters).",
    spec=VERIFIER,
    insert_placeholder=corrections.new_verifier,
)


def _not_hashed(facts: Facts) -> Facts | None:
    return {"expected": facts["computed"]} if facts["slip"] == "not-hashed" else None


CHALLENGE_NOT_HASHED = Rule(
    id="pkce-challenge-not-hashed",
    explains="pkce-verifier-mismatch",
    recognises=_not_hashed,
    parameter="code_challenge",
    title="`code_challenge` is the verifier itself",
    why="With `S256`, the challenge is the SHA-256 hash of the verifier, and the verifier stays in the "
    "app until the code is exchanged.",
    fix="In the authorization request, send the verifier's SHA-256 hash in base64url without padding: "
    "`code_challenge={expected}`.",
    spec=VERIFY,
    insert_placeholder=corrections.new_verifier,
)


def _with_mistake(facts: Facts) -> Facts:
    return {**facts, "said": SLIPS.get(facts["slip"], "No common encoding mistake explains the difference.")}


VERIFIER_MISMATCH = Rule(
    id="pkce-verifier-mismatch",
    recognises=_with_mistake,
    parameter="code_verifier",
    title="`code_verifier` doesn't match the `code_challenge`",
    why="The challenge was `{challenge}`; this verifier gives `{computed}`. {said}",
    fix="Store each verifier under the `state` of its request, and send the matching one unchanged.",
    spec=VERIFY,
    insert_placeholder=corrections.new_verifier,
)
