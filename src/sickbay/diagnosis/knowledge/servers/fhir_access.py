"""Refusals of FHIR servers by status: 401, 403, 404 and the others, with OperationOutcomes of several servers."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

ERRORS = (
    KnownError(
        id="hapi-access-denied-by-rule",
        text=(("access denied by rule", "hapi-0333", "hapi-0334", "access denied by default policy", "hapi-0335"),),
        captures=(r"denied by rule:? (?P<value>[^\"<\n]{3,100})",),
        title="HAPI's AuthorizationInterceptor refused the request: {value}",
        why="The server has a list of rules for this user or token. A rule denies the request, or none allows it (default"
        " policy).",
        causes=(
            Cause(
                "The token's scope or role doesn't cover the resource type or the operation.",
                "Decode the token or look at the granted scope.",
                "Request the scope that covers it, such as patient/Observation.rs, and use the new token.",
            ),
            Cause(
                "The request concerns another patient than the launch, or the launch has none.",
                "The token response's patient isn't the one in the URL.",
                "Search with the patient of the token response; add launch/patient if it has none.",
            ),
            Cause(
                "The rules of the server lack this operation, such as transaction, metadata or $everything.",
                "You run the server yourself; the message says 'no applicable rules'.",
                "Add a rule to buildRuleList, for example allow().transaction().withAnyOperation().andApplyNormalRules().",
            ),
        ),
        source="https://hapifhir.io/hapi-fhir/docs/security/authorization_interceptor.html",
        confidence="documented",
    ),
    KnownError(
        id="fhir-scope-not-granted",
        text=(
            (
                "is not granted by any of the provided scopes",
                "is not permitted under",
                "is not permitted by any",
                "insufficient_scope",
                "insufficient scope",
                "insufficient-scopes",
                "scope does not allow",
                "scopes do not permit",
                "does not have the required scope",
                "missing required scope",
                "required scope",
                "not authorized by scope",
                "no_scope_for_resource_path",
                "token does not have scope",
                "not in scope",
            ),
        ),
        captures=(
            r"permission for '(?P<resource>\w+)'",
            r"scopes?:? \[+(?P<scopes>[^\]]+)\]",
            r"scope[\"']?\s*[:=]\s*[\"'](?P<scope>[^\"']+)",
        ),
        title="scope: the access token has no scope for this request ({resource})",
        why="A FHIR server allows an interaction only if a granted scope covers its resource type and action. Operations such"
        " as"
        " $everything need a scope for each type that they return.",
        causes=(
            Cause(
                "The scope for the type wasn't requested, isn't registered, or was dropped when the token was granted.",
                "Look at scope in the token response: the type isn't in it.",
                "Register and request the missing scope, such as patient/Appointment.read (v1) or patient/Appointment.rs"
                " (v2), and"
                " get a new token.",
            ),
            Cause(
                "The scope has another prefix than the request needs: patient/, user/ or system/.",
                "The token has patient/ scopes, and the request concerns other patients.",
                "Request user/ or system/ scopes for that.",
            ),
            Cause(
                "The scope allows only reading, and the request writes or searches.",
                "The scope ends with .read or .r.",
                "Request .write, or .cruds with the letters that you need.",
            ),
        ),
        source="https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html",
        confidence="documented",
    ),
    KnownError(
        id="fhir-launch-context-missing",
        text=(
            (
                "claims without a launch context",
                "deny all patient requests if no launch context",
                "no launch context",
                "launch context is required",
                "patient claim is missing",
                "missing patient claim",
                "token does not contain a patient",
                "'patient_id' claim",
            ),
        ),
        title="patient: the token has patient/ scopes but no patient, so the server refuses every request",
        why="patient/ scopes allow only the record of the patient in context. The launch gave none.",
        causes=(
            Cause(
                "launch/patient (standalone) or launch (EHR launch) is missing in the scope.",
                "The token response has no patient.",
                "Add launch/patient to the scope, or send the EHR's launch value with scope launch.",
            ),
            Cause(
                "A backend service has patient/ scopes.",
                "grant_type is client_credentials.",
                "Request system/ scopes.",
            ),
        ),
        source="https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html",
        confidence="documented",
    ),
    KnownError(
        id="fhir-unknown-resource-type",
        text=(
            (
                "unknown resource type",
                "hapi-0302",
                "server knows how to handle",
                "bad_resource_type",
                "unsupported resource type",
                "resource type is not supported",
                "is not a supported resource type",
                "not a valid resource type",
                "unknown resource name",
                "hapi-1684",
                "invalid resource type",
                "resource type not supported",
            ),
        ),
        captures=(r"resource (?:type|name) ['\"](?P<resource>[\w-]+)['\"]",),
        title="{resource} isn't a resource type that this server knows: the path or the FHIR version is wrong",
        why="After the base URL comes the resource type, with its exact spelling and capitals. Types differ by FHIR version.",
        causes=(
            Cause(
                "The base URL is incomplete, so that a part of the path is read as a type.",
                "The word in the message isn't a FHIR type, such as fhir, R4 or oauth2.",
                "Correct the base URL: base + /metadata must return a CapabilityStatement.",
            ),
            Cause(
                "The type is misspelt or in lower case.",
                "Compare with the list in the message.",
                "Write it as in the specification, such as MedicationRequest.",
            ),
            Cause(
                "The type belongs to another FHIR version.",
                "MedicationOrder is DSTU2, MedicationRequest is STU3 and R4; Conformance is DSTU2.",
                "Use the type of the server's version, or the base URL of the other version.",
            ),
            Cause(
                "A custom operation or type isn't installed on the server.",
                "The documentation of the app asks for a special server.",
                "Use the server that has it, or add its provider.",
            ),
        ),
        source="https://github.com/opensrp/fhircore/issues/2946",
        confidence="documented",
    ),
    KnownError(
        id="hapi-internal-error",
        text=(("failed to call access method", "hapi-0389"),),
        captures=(r"access method:? (?P<value>[^\"<\n]{5,120})",),
        title="The HAPI server failed in its own code while it handled the request: {value}",
        why="'Failed to call access method' means that the Java method behind the URL threw an exception. What follows the"
        " words"
        " names it.",
        causes=(
            Cause(
                "A part of the request leads to a bug, such as a modifier, a chain, or an unusual bundle entry.",
                "A simpler request to the same type works.",
                "Remove parameters or bundle entries one by one until it works, and replace the one that fails.",
            ),
            Cause(
                "The database behind the server fails or has bad data.",
                "Simple requests fail as well; the server's log has the stack trace.",
                "Look at the server's log, or report the request and its time to the operator.",
            ),
            Cause(
                "The server's version has a known bug.",
                "The text after HAPI-0389 is in HAPI's issue list.",
                "Update HAPI FHIR.",
            ),
        ),
        source="https://github.com/hapifhir/hapi-fhir/issues/3745",
        confidence="observed",
    ),
    KnownError(
        id="fhir-token-audience",
        text=(
            (
                "token not issued for this audience",
                "the audience is invalid",
                "invalid token audience",
                "token audience",
                "audience of the token",
            ),
        ),
        title="aud: the access token was issued for another audience than this FHIR server",
        why="The server compares aud of the token with its own address or identifier.",
        causes=(
            Cause(
                "The token was requested for another resource, such as the app itself or a directory service.",
                "Decode the token and compare aud with the FHIR base URL.",
                "Request the token for the FHIR server: aud={FHIR base URL} (SMART), resource or scope {FHIR base"
                " URL}/.default (Entra).",
            ),
            Cause(
                "The server's own configuration of the audience is wrong.",
                "aud is the FHIR base URL, and it is refused anyway.",
                "Set the server's audience to that value, with or without the slash at the end as in the token.",
            ),
        ),
        source="https://github.com/medplum/medplum",
        confidence="documented",
    ),
    KnownError(
        id="fhir-base-url",
        text=(
            (
                "this is the base url of fhir server",
                "does not contain a resource type or operation name",
                "does not contain a tenant id",
                "the requested route was not found",
                'the route for "',
            ),
        ),
        captures=(r'the route for "(?P<value>[^"]+)"',),
        title="The URL has no resource type that the server can route: the base URL itself, or a wrong path",
        why="A request needs a type or operation after the base URL, such as base/Patient or base/metadata.",
        causes=(
            Cause(
                "Only the base URL was requested, or the type got lost, for example by $ in a shell.",
                "The server's log shows the URL that arrived.",
                "Request base/metadata or base/Patient, with the URL in single quotes.",
            ),
            Cause(
                "The path has a part too much or too little: /fhir, the version or a tenant.",
                "base/metadata fails too.",
                "Correct the base URL by the server's documentation.",
            ),
            Cause(
                "The resource type is misspelt or in lower case.",
                "The path has patient instead of Patient.",
                "Write the type as in the specification.",
            ),
        ),
        source="https://github.com/microsoft/fhir-server",
        confidence="documented",
    ),
)
