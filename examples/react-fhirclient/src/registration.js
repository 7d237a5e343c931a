// What the app is registered with, in Sickbay and in every EHR.
export const CLIENT_ID = "patient-summary";
export const SCOPE = "launch openid fhirUser patient/Patient.r patient/Condition.rs";
