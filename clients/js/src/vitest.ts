// Vitest: const test = sickbayTest(). The fixture is `sickbay`.
import { afterAll, beforeAll, test as base, type TestAPI } from "vitest";
import { failureReport } from "./failure-report.js";
import type { RunningSickbay } from "./server.js";
import type { Sickbay } from "./sickbay.js";
import { startForTests, startTimeout, type TestOptions } from "./test-server.js";

/** A `test` with the fixture `sickbay`. Starts one Sickbay for the file; each test finds it in its initial state. */
export function sickbayTest(options: TestOptions = {}): TestAPI<{ sickbay: Sickbay }> {
  let running: RunningSickbay | undefined;
  beforeAll(async () => {
    running = await startForTests(options);
  }, startTimeout(options));
  afterAll(() => running?.stop());

  return base.extend<{ sickbay: Sickbay }>({
    sickbay: async ({ task }, use) => {
      const { sickbay } = running!;
      await sickbay.reset();
      await use(sickbay);
      const error = task.result?.errors?.[0];
      const text = error ? await failureReport(sickbay, error.message) : "";
      if (error && text) error.message += `\n\n${text}`;
    },
  });
}
