// The EHR opens this page with `iss` and `launch`. It sends the browser to the authorization server.
import FHIR from "fhirclient";
import { CLIENT_ID, SCOPE } from "./registration.js";

FHIR.oauth2.authorize({ clientId: CLIENT_ID, scope: SCOPE, redirectUri: "./" });
