"""Errors of AWS HealthLake."""

from __future__ import annotations

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

SMART = "https://docs.aws.amazon.com/healthlake/latest/devguide/reference-smart-on-fhir.html"
SERVERS = ("healthlake",)

STRATEGY = Cause(
    "The data store uses AWS_AUTH, so it expects a request signed with AWS Signature V4, not a Bearer token.",
    "DescribeFHIRDatastore shows AuthorizationStrategy.",
    "Sign the request (SigV4, service healthlake), or create the data store with the strategy SMART_ON_FHIR.",
)
LAMBDA = Cause(
    "The Lambda function that decodes the token failed, timed out, or returned other claims than HealthLake expects.",
    "Look at its log in CloudWatch, and at its permission for healthlake.amazonaws.com.",
    "Let it return aud (the data store's endpoint), scope, nbf, exp and isAuthorized within a second, and allow "
    "HealthLake to invoke it.",
)
SCOPE = Cause(
    "The token has no scope for this resource type, or SMART version 2 scopes on a store for version 1.",
    "Decode the token: scope.",
    "Request the scope, such as user/Patient.read, or use SMART_ON_FHIR, which accepts both versions.",
)
ROLE = Cause(
    "The IAM user or role lacks the action, such as healthlake:SearchWithGet.",
    "The message names user and action.",
    "Grant the role a policy with this action on the data store.",
)

ERRORS = (
    KnownError(
        id="healthlake-access-denied",
        servers=SERVERS,
        text=(("accessdenied", "access denied", "is not authorized to perform", "not authorized"), ("healthlake",)),
        title="403: HealthLake refused the request (AccessDeniedException)",
        why="With AWS_AUTH the IAM policy decides, with SMART on FHIR the scopes in the token and the Lambda function.",
        causes=(ROLE, SCOPE, LAMBDA),
        where="AWS HealthLake console → Data stores → your data store",
        source=SMART,
        confidence="documented",
    ),
    *(
        KnownError(
            id=f"healthlake-{code.replace('_', '-')}",
            servers=SERVERS,
            codes=(code,),
            title=f"{code}: HealthLake didn't accept the request's credentials",
            why="Most often the data store's authorization strategy and the kind of credentials don't fit.",
            causes=(STRATEGY, LAMBDA, SCOPE),
            where="AWS HealthLake console → Data stores → your data store",
            source=SMART,
            confidence="inferred",
        )
        for code in ("401", "403", "invalid_token", "insufficient_scope")
    ),
)
