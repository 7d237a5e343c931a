// Playwright: import { test, expect } from "@sickbay/testing/playwright". The fixture is `sickbay`.
import { test as base } from "@playwright/test";
import { SickbayError } from "./admin-client.js";
import { failureReport } from "./failure-report.js";
import type { RunningSickbay } from "./server.js";
import type { Sickbay } from "./sickbay.js";
import { startForTests, startTimeout, type TestOptions } from "./test-server.js";

export { expect } from "@playwright/test";

export interface SickbayFixtures {
  /** Sickbay in its initial state: no other test's apps, launches, tokens, changes or clock. */
  sickbay: Sickbay;
}

export interface SickbayWorkerFixtures {
  /** How Sickbay starts; set it with `use` in the configuration. */
  sickbayOptions: TestOptions;
  /** One Sickbay for each worker. It stores nothing. */
  sickbayServer: RunningSickbay;
}

export const test = base.extend<SickbayFixtures, SickbayWorkerFixtures>({
  sickbayOptions: [{}, { scope: "worker", option: true }],

  sickbayServer: [
    async ({ sickbayOptions }, use) => {
      const running = await startForTests(sickbayOptions);
      await use(running);
      await running.stop();
    },
    { scope: "worker", timeout: startTimeout() },
  ],

  sickbay: async ({ sickbayServer: { sickbay } }, use, testInfo) => {
    await sickbay.reset();
    await use(sickbay);
    if (testInfo.status === testInfo.expectedStatus) return;
    const text = await failureReport(sickbay, testInfo.errors.map(({ message }) => message).join("\n"));
    if (text) throw new SickbayError(text);
  },
});
