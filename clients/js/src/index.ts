// Starts or finds a Sickbay, and does with it what a test needs.
export { connect, startSickbay, type RunningSickbay, type StartOptions } from "./server.js";
export { Sickbay, type AppFields, type Exchange, type Finding, type LaunchFields, type StorageState, type TokenFields } from "./sickbay.js";
export { AdminClient, Clock, SickbayError } from "./admin-client.js";
export { type ExpectedParameters, type ParameterValue } from "./sent-requests.js";
export { diagnosis, failureReport, waiting } from "./failure-report.js";
export { type TestOptions } from "./test-server.js";
export type * from "./admin-api.js";
