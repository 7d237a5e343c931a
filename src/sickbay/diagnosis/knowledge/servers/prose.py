"""The symptoms of other files as people describe them in their own words: the last resort for prose."""

from __future__ import annotations

from dataclasses import replace

from sickbay.diagnosis.knowledge.known_error import KnownError
from sickbay.diagnosis.knowledge.match import IN_PROSE
from sickbay.diagnosis.knowledge.servers import (
    fhir_status,
    general_addresses,
    general_deployment,
    general_pages,
    general_symptoms,
    smart,
    symptoms,
    symptoms_tokens,
)
from sickbay.diagnosis.knowledge.servers.phrases import NOT, PROSE

BUT = (" but ", "however", "while ", "although", "even though", "yet ", ", my", ", our", ", the", ", on ", ", in ")
STATUS = ("400", "401", "403", "404", "405", "415", "500", *NOT, "cors", "unauthorized", "forbidden", "bad request")
DATA = ("patient", "observation", "fhir", "encounter", "condition", "resource", "metadata", "bundle")


def in_prose(base: KnownError, *groups: tuple[str, ...], without: tuple[str, ...] = ()) -> KnownError:
    """The same explanation for other wordings, as a general one: whatever recognises more of the text comes before it."""
    text = (*groups, PROSE)
    return replace(base, id=f"{base.id}{IN_PROSE}", text=text, without=without, servers=(), codes=(), is_general=True)


BASES = {
    entry.id: entry
    for module in (
        fhir_status,
        general_addresses,
        general_deployment,
        general_pages,
        general_symptoms,
        smart,
        symptoms,
        symptoms_tokens,
    )
    for entry in module.ERRORS
}

ERRORS = (
    in_prose(
        BASES["symptom-no-refresh-token"],
        ("refresh token", "refresh_token", "to refresh with", "refreshtoken"),
        (
            "absent",
            "lacks",
            "lacking",
            "nothing to refresh",
            "there is no",
            "not present",
            "not there",
            "not included",
            "left out",
        ),
        without=("invalid_grant", "expired", "revoked"),
    ),
    in_prose(
        BASES["fhir-401"],
        ("401", "unauthorized", "unauthorised"),
        DATA,
        without=("token endpoint", "/token", "grant_type"),
    ),
    in_prose(
        BASES["fhir-403"],
        ("403", "forbidden"),
        DATA,
        without=("/token", "grant_type"),
    ),
    in_prose(
        BASES["symptom-postman-works"],
        ("postman", "curl", "insomnia"),
        (
            "work",
            "fine",
            "succeed",
            "without problem",
            "without any problem",
            "returns the token",
            "get a token",
            "get the token",
        ),
        BUT,
        STATUS,
    ),
    in_prose(
        BASES["general-works-locally"],
        ("laptop", "my machine", "my computer", "locally", "localhost", "in dev", "in test", "on dev", "local environment"),
        (
            "production",
            "prod ",
            "azure",
            "aws",
            "server",
            "heroku",
            "deployed",
            "deploy",
            "live",
            "kubernetes",
            "docker",
            "hosted",
        ),
        ("work", "fine", "succeed"),
        BUT,
        ("redirect", "login", "log in", "token", "oauth", "launch", "sign in"),
        NOT,
    ),
    in_prose(
        BASES["general-redirect-built-wrong"],
        (
            "localhost",
            "internal",
            "wrong url",
            "wrong page",
            "wrong site",
            "wrong address",
            "wrong domain",
            "http://",
            "uses http",
        ),
        (
            "after login",
            "after signing in",
            "after sign in",
            "after logging in",
            "after log",
            "lands on",
            "land on",
            "ends up on",
            "redirect_uri",
            "redirect uri",
            "redirect url",
            "callback",
        ),
        ("instead of", "although", "even though", "rather than", "internal", "but "),
    ),
    in_prose(
        BASES["general-back-to-login"],
        ("login", "log in", "sign in", "sign-in"),
        (
            "keeps coming back",
            "comes back",
            "bounces",
            "bouncing",
            "forever",
            "again and again",
            "over and over",
            "hangs",
            "never finishes",
            "never completes",
            "keeps showing",
            "reappears",
            "endlessly",
            "stuck",
            "popup is closed",
            "popup window is closed",
            "popup closes",
        ),
    ),
    in_prose(
        BASES["general-state-not-kept"],
        ("state ",),
        (
            "check fails",
            "not what",
            "isn't what",
            "not the one",
            "isn't the one",
            "differs",
            "is different",
            "changed",
            "not the same",
            "lost",
            "does not match",
            "doesn't match",
        ),
        ("login", "oauth", "callback", "comes back", "saved", "stored", "session", "redirect"),
        without=("united states", "react state"),
    ),
    in_prose(
        BASES["symptom-called-twice"],
        (
            "same code",
            "code twice",
            "code again",
            "second token request",
            "second time",
            "second request",
            "renders twice",
            "page is refreshed",
            "refresh the page",
            "reload",
        ),
        ("code", "token"),
        NOT,
    ),
    in_prose(
        BASES["symptom-scopes-narrower"],
        ("scope", "patient/", "user/", "system/"),
        ("asked for", "ask for", "request", "asked"),
        (
            "only has",
            "only contains",
            "only get",
            "only got",
            "but only",
            "only includes",
            "only grants",
            "smaller",
            "fewer",
            "dropped",
            "ignored",
            "left out",
            "not in the token",
        ),
    ),
)
