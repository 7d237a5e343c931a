// The authorization server sends the browser back to this page. fhirclient gets the token.
import FHIR from "fhirclient";
import { createRoot } from "react-dom/client";
import { PatientSummary } from "./PatientSummary.jsx";
import { readSummary } from "./summary.js";

const summary = FHIR.oauth2.ready().then((client) => readSummary((path) => client.request(path), client.patient.id));

createRoot(document.getElementById("root")).render(<PatientSummary summary={summary} />);
