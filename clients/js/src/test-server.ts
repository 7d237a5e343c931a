// A Sickbay for a run of tests, in its initial state before each of them.
import { SickbayError } from "./admin-client.js";
import { send } from "./http.js";
import { startSickbay, type RunningSickbay, type StartOptions } from "./server.js";

export const START_TIMEOUT = 60_000; // milliseconds; test runners allow 5 s by default

export interface TestOptions extends StartOptions {
  /** Allow the tests to delete the data of the Sickbay at `url`. Not needed if it runs with --ephemeral. */
  reset?: boolean;
}

/** Start or find Sickbay. Refuses one with stored data, because each test begins with a reset. */
export async function startForTests(options: TestOptions = {}): Promise<RunningSickbay> {
  const running = await startSickbay(options);
  const { line, base } = running.sickbay;
  if (!line.ephemeral && !options.reset) {
    throw new SickbayError(
      `${base} stores its data, and each test would delete it. Start it with --ephemeral, or set the option \`reset\`.`,
    );
  }
  await createPatients(running);
  return running;
}

/** The first request to a hospital creates its patients. A reset keeps them, so that no test has to wait for them. */
async function createPatients({ sickbay }: RunningSickbay): Promise<void> {
  await send(`${sickbay.fhir()}/Patient/p-0001`);
}
