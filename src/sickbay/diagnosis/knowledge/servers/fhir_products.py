"""Messages of single FHIR servers, validators and CDS Hooks tools."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError
from sickbay.diagnosis.knowledge.phrases import status_phrases
from sickbay.diagnosis.knowledge.servers.fhir_status import FHIR

CHAINING = "https://hl7.org/fhir/R4/search.html#chaining"

ERRORS = (
    KnownError(
        id="fhir-server-down",
        is_general=True,
        text=(
            FHIR,
            (
                *status_phrases(502),
                *status_phrases(503),
                *status_phrases(504),
                "service unavailable",
                "bad gateway",
                "gateway time-out",
                "gateway timeout",
            ),
        ),
        without=("credentials are required",),
        title="502, 503 or 504: the FHIR server behind this address is down, overloaded or too slow",
        why="A proxy in front of the server answers, because the server itself doesn't. The request most likely never arrived.",
        causes=(
            Cause(
                "The server or its database is down or being updated, which happens often on public test servers.",
                "/metadata fails too.",
                "Repeat it later with growing pauses, or use another server; report the time to the operator.",
            ),
            Cause(
                "The request takes longer than the proxy waits (504).",
                "/metadata works.",
                "Ask for less: add patient, date and _count, or split the bundle.",
            ),
            Cause(
                "On your own server the proxy has the wrong address or port of the server.",
                "The server answers if it is called directly.",
                "Correct the proxy's upstream address, and raise its timeout.",
            ),
        ),
        source="https://www.rfc-editor.org/rfc/rfc9110#section-15.6",
        confidence="documented",
    ),
    KnownError(
        id="fhir-works-group",
        is_evident=True,
        text=(("rbachandler", "fhir-works-on-aws-authz-rbac"),),
        title="FHIR Works on AWS: the user's Cognito group doesn't allow this operation",
        why="Its role-based rules read cognito:groups of the token. A user without a group, or of a group without this"
        " operation, gets Unauthorized, whatever the token's signature.",
        causes=(
            Cause(
                "The user is in none of the groups practitioner, non-practitioner and auditor.",
                "The decoded token has no cognito:groups.",
                "Add the user to the group practitioner in the Cognito user pool, and get a new token.",
            ),
            Cause(
                "The group's rules in RBACRules.ts don't list the type or operation.",
                "Another operation works.",
                "Add it to the rules and deploy again.",
            ),
        ),
        source="https://github.com/awslabs/fhir-works-on-aws-authz-rbac",
        confidence="documented",
    ),
    KnownError(
        id="fhir-works-api-key",
        is_evident=True,
        text=(("fhir works", "fhir-works", "fhirworks"), ("401", "403", "unauthorized", "forbidden")),
        without=("x-api-key", "rbachandler"),
        title="FHIR Works on AWS: the header x-api-key is missing",
        why="Its API Gateway wants an API key and the Cognito token. Only /metadata needs no token.",
        causes=(
            Cause(
                "The request has no x-api-key.",
                "The headers have only Authorization.",
                "Send x-api-key with the key from the deployment's output (Info_Output.log) next to Authorization: Bearer.",
            ),
            Cause(
                "The token is the wrong one or has expired.",
                "Decode it: token_use and exp.",
                "Send the token that the deployment's script init-auth.py prints.",
            ),
        ),
        source="https://github.com/aws-solutions/fhir-works-on-aws/issues/234",
        confidence="observed",
    ),
    KnownError(
        id="webapi-no-fhir-formatter",
        text=(
            ("no mediatypeformatter is available to read an object of type", "request entity's media type 'application/fhir"),
        ),
        title="415: the server (ASP.NET Web API) has no formatter for application/fhir+json",
        why="Web API reads a body only with a registered formatter. FHIR's media types need their own.",
        causes=(
            Cause(
                "The FHIR formatters aren't registered in the server's configuration.",
                "Other media types work.",
                "Add formatters for application/fhir+json and application/fhir+xml to config.Formatters.",
            ),
            Cause(
                "The base URL isn't a FHIR server but another Web API.",
                "/metadata has no CapabilityStatement.",
                "Use the FHIR base URL.",
            ),
        ),
        source="https://github.com/FirelyTeam/firely-net-sdk/issues/581",
        confidence="inferred",
    ),
    KnownError(
        id="fhir-chain-needs-type",
        text=(
            (
                "must have resource type name modifier",
                "resource type name modifier",
                "ambiguous chain",
                "chained parameter must have a type",
                "refers to multiple resource types",
            ),
        ),
        captures=(r"[?&](?P<name>\w+)\.\w+=",),
        title="The chained search doesn't name the type of the reference: {name}",
        why="This reference may point to several types. The server can't choose one, so the chain has to say it after a colon.",
        causes=(
            Cause(
                "The chain has no type, such as patient.gender.",
                "The parameter allows several types in its definition.",
                "Write the type after a colon: Observation?patient:Patient.gender=female.",
            ),
        ),
        source=CHAINING,
        confidence="documented",
    ),
    KnownError(
        id="profile-element-not-allowed",
        text=(
            (
                "this element is not allowed by the profile",
                "element is not allowed by profile",
                "is not allowed by the profile",
                "unknown element in the profile",
            ),
        ),
        captures=(r"profile (?P<value>https?://[^\s\"']+)",),
        title="The validator takes elements for forbidden by the profile {value}",
        why="If it says so for ordinary elements such as gender, it doesn't have the whole profile: a snapshot is missing,"
        " or the profile is of another FHIR version.",
        causes=(
            Cause(
                "The profile was loaded without a snapshot (only differential).",
                "Many ordinary elements are reported.",
                "Add SnapshotGeneratingValidationSupport to the chain, or load the package with snapshots.",
            ),
            Cause(
                "The profile belongs to another FHIR version or version of the package.",
                "fhirVersion of the StructureDefinition differs.",
                "Load the package for this FHIR version.",
            ),
            Cause(
                "The profile really forbids the element (max 0).",
                "Only one element is reported.",
                "Remove the element.",
            ),
        ),
        source="https://github.com/hapifhir/hapi-fhir/issues/2095",
        confidence="observed",
    ),
    KnownError(
        id="profile-of-other-version",
        is_evident=True,
        text=(("encountered unknown element", "unknown element"), ("structuredefinition.", "at location 'structuredefinition")),
        captures=(r"unknown element '(?P<value>\w+)'",),
        title="The profile is a StructureDefinition of another FHIR version: it has the element {value}",
        why="requirements and constrainedType are elements of DSTU2, and a later SDK doesn't know them.",
        causes=(
            Cause(
                "The folder with the profiles contains definitions of an older FHIR version.",
                "The file has fhirVersion 1.0.2, or another version than the SDK.",
                "Load the definitions of the SDK's FHIR version, such as the package hl7.fhir.r4.core.",
            ),
        ),
        source="https://github.com/FirelyTeam/firely-net-sdk/issues/2394",
        confidence="inferred",
    ),
    KnownError(
        id="validation-code-without-system",
        text=(("a code/system pair must be provided", "code/system pair must be provided"),),
        title="The validator asks the terminology server about a code without its system",
        why="A required code such as gender has no system in the resource. Some versions of HAPI pass it on without one.",
        causes=(
            Cause(
                "RemoteTerminologyServiceValidationSupport is asked about codes of FHIR itself.",
                "It fails for a plain Patient.",
                "Put InMemoryTerminologyServerValidationSupport and DefaultProfileValidationSupport before it, or update HAPI.",
            ),
            Cause(
                "A Coding in the resource has no system.",
                "The issue's expression names it.",
                "Add the system of the code.",
            ),
        ),
        source="https://github.com/hapifhir/hapi-fhir/issues/6122",
        confidence="observed",
    ),
    KnownError(
        id="cds-prefetch-token",
        is_evident=True,
        text=(
            ("{{patient.id}}", "{{user.id}}", "{{encounter.id}}", "{{ patient.id }}", "{{context.patient}}"),
            ("prefetch", "cds"),
        ),
        title="prefetch: {{Patient.id}} isn't a token of CDS Hooks 1.0. It is {{context.patientId}}",
        why="A prefetch template may use only values of the hook's context, and user tokens. An EHR can't fill others, so it"
        " sends no prefetch.",
        causes=(
            Cause(
                "The template has a token of a draft of CDS Hooks.",
                "The text has {{Patient.id}}.",
                "Write {{context.patientId}} (and {{context.encounterId}}, {{context.userId}}), and check the resource's FHIR"
                " version.",
            ),
        ),
        source="https://cds-hooks.hl7.org/2.0/#prefetch-template",
        confidence="documented",
    ),
)
