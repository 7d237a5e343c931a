"""Rules about code_verifier."""

from sickbay.diagnosis import repairs, specs
from sickbay.diagnosis.rule import Rule, Spec
from sickbay.diagnosis.values import called
from sickbay.kernel.refusal import Facts

VERIFY = Spec("RFC 7636, 4.6 Server Verifies code_verifier", "https://www.rfc-editor.org/rfc/rfc7636#section-4.6")
VERIFIER = Spec("RFC 7636, 4.1 Code Verifier", "https://www.rfc-editor.org/rfc/rfc7636#section-4.1")
DOWNGRADE = Spec("RFC 9700, 4.8.2 PKCE Downgrade", "https://www.rfc-editor.org/rfc/rfc9700#section-4.8.2")
SLIPS = {
    "hex": "The challenge is this verifier's digest in hexadecimal, not in base64url.",
    "hex-encoded": "The challenge is the hexadecimal digest, base64url-encoded: hash to bytes, then encode the bytes.",
    "padded": "The challenge is right but for the = at its end.",
    "base64": "The challenge is plain base64: + and / stand where base64url has - and _.",
}

VERIFIER_MISSING = Rule(
    id="pkce-verifier-missing",
    stage="pkce",
    explains="pkce-verifier-missing",
    severity="error",
    outcome="400 invalid_grant",
    parameter="code_verifier",
    title="There is no code_verifier",
    why="The authorize request had a code_challenge, so the code is given only to who holds the verifier behind it.",
    fix="Send the verifier that the challenge was made of. Keep it under its state until the redirect comes back.",
    spec=VERIFY,
    renews=repairs.new_verifier,
)

VERIFIER_UNEXPECTED = Rule(
    id="pkce-verifier-unexpected",
    stage="pkce",
    explains="pkce-verifier-unexpected",
    severity="error",
    outcome="400 invalid_grant",
    parameter="code_verifier",
    title="There is a code_verifier, but the authorize request had no code_challenge",
    why="Somebody between app and server may have taken the challenge away; a server that then lets the code go is of no help.",
    fix="Send code_challenge and code_challenge_method=S256 in the authorize request.",
    spec=DOWNGRADE,
)


def _described(facts: Facts) -> Facts:
    foreign = [called(one) for one in facts["foreign"]]
    if not foreign:
        return {**facts, "has": f"{facts['length']} characters", "said": "only its length is wrong"}
    return {**facts, "has": f"{' and '.join(foreign)} in it", "said": "what else stands there does not belong to it"}


VERIFIER_MALFORMED = Rule(
    id="pkce-verifier-malformed",
    stage="pkce",
    explains="pkce-verifier-malformed",
    recognises=_described,
    severity="error",
    outcome="400 invalid_grant",
    parameter="code_verifier",
    title="code_verifier has {has}",
    why="A verifier has 43 to 128 characters of A to Z, a to z, 0 to 9, - . _ and ~; {said}.",
    fix="Make the verifier of 32 random bytes, base64url, without padding: 43 characters.",
    spec=VERIFIER,
    renews=repairs.new_verifier,
)


def _not_hashed(facts: Facts) -> Facts | None:
    return {"expected": facts["computed"]} if facts["slip"] == "not-hashed" else None


CHALLENGE_NOT_HASHED = Rule(
    id="pkce-challenge-not-hashed",
    stage="pkce",
    explains="pkce-verifier-mismatch",
    recognises=_not_hashed,
    severity="error",
    outcome="400 invalid_grant",
    parameter="code_challenge",
    title="The challenge is the verifier itself",
    why="With S256 the challenge is the verifier's SHA-256; the verifier stays in the app until the code is redeemed.",
    fix="Send its SHA-256, base64url, without padding, as code_challenge in the authorize request: {expected}.",
    spec=VERIFY,
    renews=repairs.new_verifier,
)


def _bleeds(facts: Facts) -> Facts | None:
    return facts if facts.get("other_attempt") else None


SESSION_BLEED = Rule(
    id="session-bleed",
    stage="browser",
    explains="pkce-verifier-mismatch",
    recognises=_bleeds,
    severity="warning",
    outcome="400 invalid_grant",
    parameter="code_verifier",
    title="The verifier is that of another launch of your app",
    why="Two launches are under way, and your app keeps both under one key: so one chart comes to show the other patient.",
    fix="Keep verifier, issuer and token of each launch under its state, never under one name for all tabs.",
    spec=specs.SMART_LAUNCH,
    renews=repairs.new_verifier,
)


def _slipped(facts: Facts) -> Facts:
    return {**facts, "said": SLIPS.get(facts["slip"], "No usual slip in the encoding turns the one into the other.")}


VERIFIER_MISMATCH = Rule(
    id="pkce-verifier-mismatch",
    stage="pkce",
    explains="pkce-verifier-mismatch",
    recognises=_slipped,
    severity="error",
    outcome="400 invalid_grant",
    parameter="code_verifier",
    title="The verifier does not belong to the challenge of this code",
    why="The challenge was {challenge}; this verifier gives {computed}. {said}",
    fix="Keep each verifier under the state of its attempt, and send the one of this attempt, unchanged.",
    spec=VERIFY,
    renews=repairs.new_verifier,
)

RULES = (
    VERIFIER_MISSING,
    VERIFIER_UNEXPECTED,
    VERIFIER_MALFORMED,
    CHALLENGE_NOT_HASHED,
    SESSION_BLEED,
    VERIFIER_MISMATCH,
)
