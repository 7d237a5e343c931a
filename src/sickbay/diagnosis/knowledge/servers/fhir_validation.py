"""Validation: profiles, cardinalities, codes and invariants that FHIR servers and validators report."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError
from sickbay.diagnosis.knowledge.phrases import issue_phrases, status_phrases

ERRORS = (
    KnownError(
        id="fhir-profile-unknown",
        text=(
            (
                "does not resolve",
                "has not been checked because it is unknown",
                "has not been checked because it could not be found",
                "resolution of profile",
                "unable to locate profile",
                "profile could not be found",
                "hapi-2575",
                "invalid profile",
                "unable to resolve profile",
                "could not be resolved, so has not been checked",
                "unknown profile",
            ),
        ),
        captures=(r"['\"](?P<value>https?://[^'\"]+StructureDefinition/[^'\"]+)['\"]",),
        title="The validator doesn't know the profile {value}",
        why="meta.profile names a StructureDefinition that isn't loaded in the validator or server, or not in that version.",
        causes=(
            Cause(
                "The implementation guide of the profile isn't loaded.",
                "The URL belongs to a guide such as US Core or CARIN.",
                "Load the guide's package (validator: -ig hl7.fhir.us.core#6.1.0; HAPI: implementationguides), or remove"
                " meta.profile.",
            ),
            Cause(
                "The version after | isn't the loaded one, or the URL is misspelt.",
                "The URL ends with |version.",
                "Remove |version, or load that version.",
            ),
        ),
        source="https://github.com/hapifhir/org.hl7.fhir.core/issues/559",
        confidence="documented",
    ),
    KnownError(
        id="fhir-validation",
        text=(
            (
                "minimum required =",
                "but only found 0",
                "constraint failed",
                "is not in the value set",
                "does not match any known slice",
                "validation failed",
                "must have some content",
                "element is required",
                "value is not a valid",
                "failed validation",
                "not a valid code",
                "unknown code '",
                "unknown code in",
                "the provided code (",
                "constraint violated",
                "constraint violation",
                "rule ele-1: ",
                "encountered unknown child elements",
                "is missing required",
                "is a required field",
                "should have required property",
                "must have required property",
                "input resource failed",
            ),
            (
                "operationoutcome",
                "profile",
                "element",
                "resource",
                "codesystem",
                "value set",
                "valueset",
                "fhir",
                "constraint",
                "observation",
                "patient",
            ),
        ),
        without=("grant_type", "client_id"),
        captures=(r"element '(?P<value>[\w.\[\]:]+)'", r"rule (?P<value>[\w-]+)"),
        title="The resource breaks a rule of FHIR or of its profile (element or rule: {value})",
        why="The server or validator checks each element's type, cardinality and codes, and the invariants. issue.expression or"
        " location says where.",
        causes=(
            Cause(
                "A required element is missing, or has the wrong name for the FHIR version.",
                "The message says 'minimum required' or 'required'.",
                "Add the element at the path in issue.expression.",
            ),
            Cause(
                "A code isn't in the required value set, or its system is wrong.",
                "The message names the code and the value set.",
                "Use a code from the value set, with the exact system URL.",
            ),
            Cause(
                "A terminology or guide isn't loaded in the validator.",
                "Valid codes are reported as unknown.",
                "Load the package or connect a terminology server.",
            ),
        ),
        source="https://hl7.org/fhir/R4/validation.html",
        confidence="documented",
    ),
    KnownError(
        id="fhir-unprocessable",
        text=(("unprocessable", *status_phrases(422), *issue_phrases("business-rule"), *issue_phrases("invariant")),),
        title="422: the resource is well-formed, but it breaks a rule of the server or of a profile",
        why="The issues of the OperationOutcome name each rule and its place (expression, diagnostics).",
        causes=(
            Cause(
                "A required element or a code of the profile is missing or not supported there.",
                "diagnostics or details.text names it.",
                "Correct the element that the issue names, and check with POST …/$validate.",
            ),
            Cause(
                "The server supports writing only for certain elements of the type.",
                "The vendor's documentation lists the writable elements.",
                "Send only those elements.",
            ),
        ),
        source="https://hl7.org/fhir/R4/http.html#create",
        confidence="documented",
    ),
)
