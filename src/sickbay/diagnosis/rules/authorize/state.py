"""Rules about `state` and `nonce`: the values by which an app knows its own answer again."""

from sickbay.authorization.authorize.reading import meant
from sickbay.authorization.known import AuthorizeKnown
from sickbay.authorization.requests import AuthorizeRequest, UrlRequest
from sickbay.diagnosis import repairs, specs
from sickbay.diagnosis.entropy import weakness
from sickbay.diagnosis.rule import Rule, Severity, Spec
from sickbay.kernel.refusal import Facts

STATE_MISSING = Rule(
    id="state-missing",
    stage="authorize",
    explains="state-missing",
    severity="error",
    outcome="invalid_request",
    parameter="state",
    title="There is no state",
    why="State lets your app recognise its own answer and turn away a forged one.",
    fix="Make a random value of 22 characters or more, keep it, send it as state, and compare it when the answer arrives.",
    spec=specs.SMART_AUTHORIZE,
    repair=repairs.writing("state", repairs.EXAMPLE_STATE),
)


def _weak(request: AuthorizeRequest | UrlRequest, known: object) -> Facts | None:
    state = request.parameters.get("state")
    return weakness(state) if state else None


def _loud(facts: Facts) -> Severity:
    return facts["level"]  # type: ignore[no-any-return]


STATE_LOW_ENTROPY = Rule(
    id="state-low-entropy",
    stage="authorize",
    at=("redirect",),
    severity=_loud,
    outcome="advice",
    advises=_weak,
    parameter="state",
    title="The state {received} can be guessed",
    why="{what} SMART asks for 122 random bits: whoever guesses the state can slip your app a foreign answer.",
    fix="Make it anew for each request, for example by secrets.token_urlsafe(32) or crypto.randomUUID().",
    spec=specs.SMART_AUTHORIZE,
    repair=repairs.writing("state", repairs.EXAMPLE_STATE),
)


STATE_REUSED = Rule(
    id="state-reused",
    stage="authorize",
    severity="warning",
    outcome="advice",
    advises=repairs.sent_before("state"),
    parameter="state",
    title="Your app sent this state before",
    why="A state that repeats does not tell one answer from another, and an old answer can be played back.",
    fix="Make a new random state for each request.",
    spec=specs.SMART_AUTHORIZE,
    repair=repairs.writing("state", repairs.EXAMPLE_STATE),
)


def _no_nonce(request: AuthorizeRequest, known: AuthorizeKnown) -> Facts | None:
    wanted = "openid" in meant(request) and not request.parameters.get("nonce")
    return {"received": None} if wanted else None


NONCE_REUSED = Rule(
    id="nonce-reused",
    stage="authorize",
    severity="warning",
    outcome="advice",
    advises=repairs.sent_before("nonce"),
    parameter="nonce",
    title="Your app sent this nonce before",
    why="By the nonce an app knows that the id_token is of this sign-in. One that repeats lets an old id_token pass.",
    fix="Make a new random nonce for each request, and compare it with the one in the id_token.",
    spec=Spec("OpenID Connect Core 1.0, 15.5.2", f"{specs.OIDC}#NonceNotes"),
)


NONCE_MISSING = Rule(
    id="nonce-missing",
    stage="authorize",
    severity="info",
    outcome="advice",
    advises=_no_nonce,
    parameter="nonce",
    title="openid is asked without a nonce",
    why="The nonce comes back inside the id_token and ties it to this request; without it a replay goes unseen.",
    fix="Send a random nonce, and compare it with the one in the id_token.",
    spec=Spec("OpenID Connect Core 1.0, 3.1.2.1", f"{specs.OIDC}#AuthRequest"),
)

RULES = (STATE_MISSING, STATE_LOW_ENTROPY, STATE_REUSED, NONCE_REUSED, NONCE_MISSING)
