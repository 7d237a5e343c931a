"""athenahealth: refusals of appointments, slots, photos and bundles by the FHIR server."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError
from sickbay.diagnosis.knowledge.recognise import MARKS

ISSUES = "https://github.com/athenahealth/apiserver-athenaFlex/issues/"
NAMED = MARKS["athena"]

ERRORS = (
    KnownError(
        id="athena-no-slot",
        servers=("athena", "hapi", "spring", "entra"),
        text=(("no slot found for given details",),),
        title="Slot: there is no free slot with these values",
        why="The server looks for a free slot by practitioner, location, start, end and type. All have to be those of one "
        "slot.",
        causes=(
            Cause(
                "The slot was taken in the meantime, or the reference is old.",
                "Search the slot again: its status is busy.",
                "Search free slots again and create the appointment at once.",
            ),
            Cause(
                "start, end, time zone, location or practitioner differ from the slot's.",
                "Compare the body with the Slot and its Schedule.",
                "Copy start, end, practitioner and location from the slot that the search returned.",
            ),
            Cause(
                "The appointment type isn't allowed in this slot.",
                "Slot.serviceType lists others.",
                "Use a type of the slot.",
            ),
        ),
        source=ISSUES + "357",
        confidence="observed",
    ),
    KnownError(
        id="athena-no-schedule",
        servers=("athena", "hapi", "spring", "entra"),
        text=(("no schedule found for given resource",),),
        title="Schedule: this practitioner or location has no schedule at that time",
        why="An appointment needs a schedule of the practitioner at the location.",
        causes=(
            Cause(
                "The practitioner has no schedule at this location and time.",
                "A search of Schedule with this actor finds nothing.",
                "Search Schedule and Slot first (user/Slot.read) and use the practitioner, location and time of a free slot.",
            ),
            Cause(
                "The body refers to no slot.",
                "It has no slot element.",
                "Add slot with the reference of the search result.",
            ),
        ),
        source=ISSUES + "238",
        confidence="observed",
    ),
    KnownError(
        id="athena-photo-content-type",
        servers=("athena", "hapi", "spring", "entra"),
        text=(("unknown content type found for photo",),),
        title="Content type: the server doesn't recognise the photo",
        why="It expects a Binary with contentType image/jpeg and base64 in data.",
        causes=(
            Cause(
                "data isn't base64, or contentType is missing or wrong.",
                "Decode data: it has to be the image's bytes.",
                "Send contentType image/jpeg and the image as base64, without a data: prefix.",
            ),
        ),
        source=ISSUES + "259",
        confidence="observed",
    ),
    KnownError(
        id="athena-bundle-full-url",
        servers=("athena", "hapi", "spring", "entra"),
        text=(("bundle.entry.fullurl is invalid",),),
        title="fullUrl: an entry of the Bundle has one that the server doesn't accept",
        why="fullUrl has to be an absolute URL with the server's own base URL and an ID, or a urn:uuid.",
        causes=(
            Cause(
                "It has another host or path than the server, or no ID.",
                "Compare it with the base URL of the request.",
                "Use urn:uuid: and a new UUID, or the base URL of this server with type and ID.",
            ),
        ),
        source=ISSUES + "272",
        confidence="observed",
    ),
    KnownError(
        id="athena-empty-outcome",
        servers=("athena", "hapi", "spring"),
        text=(
            ('"issue":[{"severity":"error","code":"processing"}]', "outcome null"),
            ('"code":"processing"}]', "processing</td><td/>", "processing</td><td />"),
        ),
        title="The server failed without a message: the OperationOutcome names no reason",
        why="athenaPractice sends an issue without diagnostics if an unexpected exception occurs. The request may have been "
        "carried out anyway.",
        causes=(
            Cause(
                "The server's version has a fault for this request, as after an upgrade.",
                "The same body worked before the upgrade.",
                "Read or search the resource to see whether it was created, then report the request with the server log to "
                "athenahealth support.",
            ),
            Cause(
                "An element of the body is unexpected.",
                "A smaller body works.",
                "Start from the documented example and add one element at a time.",
            ),
        ),
        source=ISSUES + "338",
        confidence="inferred",
    ),
    KnownError(
        id="athena-hdid-not-found",
        servers=("athena", "hapi", "spring"),
        text=(("provided hdid not found", "hdid not found"),),
        title="HDID: the practice's dictionary has no observation term with this code",
        why="HDID is athenaPractice's own code for observation terms. It is looked up in the dictionary of the practice.",
        causes=(
            Cause(
                "The code isn't in this practice's dictionary, or is a LOINC code in an HDID coding.",
                "Read an existing Observation of the site and compare its coding.",
                "Send only a LOINC coding that maps to an observation term, or the HDID code that the practice uses.",
            ),
            Cause(
                "system of the HDID coding lacks the practice's license code.",
                "The system of an Observation read from the site ends with it.",
                "Copy system from an Observation of the same site.",
            ),
        ),
        source=ISSUES + "231",
        confidence="observed",
    ),
    KnownError(
        id="athena-hdid-several",
        servers=("athena", "hapi", "spring"),
        text=(("found multiple hdid", "multiple hdid"),),
        title="HDID: several observation terms of the practice map to this LOINC code",
        why="With only a LOINC coding the server can't decide which term to write.",
        causes=(
            Cause(
                "The LOINC code is mapped to several terms, as for temperature or heart rate.",
                "The message says multiple HDID.",
                "Add a second coding with system and HDID code of the wanted term.",
            ),
            Cause(
                "You don't know the HDID code.",
                "Search Observation?patient=...&code=http://loinc.org|... for values entered in the chart.",
                "Copy the HDID coding from the Observation found, or ask the practice.",
            ),
        ),
        source=ISSUES + "301",
        confidence="observed",
    ),
    KnownError(
        id="athena-license-restricted",
        servers=("athena", "hapi", "spring"),
        text=(("license restricted data",),),
        title="HDID: this ValueSet is proprietary, so the server doesn't give it out",
        why="HDID is athenahealth's licensed dictionary of observation terms. Other ValueSets can be read.",
        causes=(
            Cause(
                "ValueSet/HDID was requested.",
                "Other ValueSets work.",
                "Use LOINC codes, which the server maps to its observation terms.",
            ),
        ),
        source=ISSUES + "261",
        confidence="documented",
    ),
    KnownError(
        id="athena-resource-type",
        servers=("athena", "hapi", "spring"),
        text=(NAMED, ("unknown resource type", "unknown resource name"), ("server knows how to handle", "knows how to handle")),
        title="The server doesn't offer this resource type: the message lists those that it does",
        why="Which types exist depends on the FHIR version in the base URL and on the product's release.",
        causes=(
            Cause(
                "The type isn't in this FHIR version, as DiagnosticReport in DSTU2.",
                "The base URL ends with /fhir rather than /fhir/r4.",
                "Use the base URL ending with /fhir/r4, and check the type in its metadata.",
            ),
            Cause(
                "The data is in another type.",
                "Lab values are Observations.",
                "Search Observation?patient=...&category=laboratory.",
            ),
            Cause(
                "The practice's release is older.",
                "software.version in metadata.",
                "Ask the practice for an upgrade.",
            ),
        ),
        source=ISSUES + "161",
        confidence="observed",
    ),
    KnownError(
        id="athena-brp-code",
        text=(("brp5", "brp4"),),
        title="athenaPractice failed while it handled the request and shows only an internal code (BRP…)",
        why=(
            "The code is for athenahealth's support. A search fails this way most often if a value isn't what the "
            "service expects."
        ),
        causes=(
            Cause(
                "A parameter has a value of another kind, such as _id with a practitioner's id in a search for slots.",
                "Leave out one parameter after the other.",
                "Search Slot by schedule and status, with start=ge and a full date and time, and without _id.",
            ),
            Cause(
                "The server failed.",
                "A search that worked earlier fails, too.",
                "Send the code, time and X-Request-Id to athenahealth support.",
            ),
        ),
        source="https://github.com/athenahealth/apiserver-athenaFlex/issues/317",
        confidence="inferred",
    ),
)
