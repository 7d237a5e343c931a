"""athenahealth: refusals of appointments, slots, photos and bundles by the FHIR server."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

ISSUES = "https://github.com/athenahealth/apiserver-athenaFlex/issues/"

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
        "carried out all the same.",
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
)
