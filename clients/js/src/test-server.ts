// A Sickbay for a run of tests, in its initial state before each of them.
import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SickbayError } from "./admin-client.js";
import { RESPONSE_MILLISECONDS, send } from "./http.js";
import { START_MILLISECONDS, startSickbay, type RunningSickbay, type StartOptions } from "./server.js";

export interface TestOptions extends StartOptions {
  /** Allow the tests to delete the data of the Sickbay at `url`. Not needed if it runs with --ephemeral. */
  reset?: boolean;
  /** The folder for the pages of refused requests, which outlast Sickbay. Default: node_modules/.cache/sickbay. */
  pages?: string;
}

/** Milliseconds that a test runner has to allow for the start and for creating the patients; by default they allow 5 s. */
export function startTimeout({ startTimeout = START_MILLISECONDS }: TestOptions = {}): number {
  return startTimeout + RESPONSE_MILLISECONDS;
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
  running.sickbay.savedPages = options.pages ?? pagesFolder();
  return running;
}

function pagesFolder(): string {
  return existsSync("node_modules") ? join("node_modules", ".cache", "sickbay") : mkdtempSync(join(tmpdir(), "sickbay-"));
}

/** Sends the FHIR request that creates the patients. A reset keeps them, so that no request of a test waits for them. */
async function createPatients({ sickbay }: RunningSickbay): Promise<void> {
  const scope = "system/Patient.rs";
  const app = await sickbay.app({ name: "Creates the patients", type: "system", client: "symmetric", scope });
  const { access_token } = await sickbay.token(app, scope);
  await send(`${sickbay.fhir()}/Patient/p-0001`, { headers: { Authorization: `Bearer ${access_token}` } });
}
