// Cypress: setupNodeEvents: (on) => sickbayTasks(on). Tests call cy.task("sickbay:app", fields).
import type { App, Launched, ReadyLine } from "./admin-api.js";
import { diagnosis, failureReport } from "./failure-report.js";
import type { AppFields, Exchange, LaunchFields, Sickbay, TokenFields } from "./sickbay.js";
import type { ExpectedParameters } from "./sent-requests.js";
import { startForTests, type TestOptions } from "./test-server.js";

/** The function `on` of Cypress. */
export type NodeEvents = (event: any, handler: any) => unknown;

/** A task has one argument and never returns undefined, which Cypress takes for a mistake. */
export interface SickbayTasks {
  "sickbay:line": () => ReadyLine;
  "sickbay:reset": () => Promise<null>;
  "sickbay:app": (fields: AppFields | null) => Promise<App>;
  "sickbay:launch": (fields: LaunchFields & { app: App }) => Promise<Launched>;
  "sickbay:token": (fields: TokenFields & { app: App; scope: string }) => Promise<Record<string, any>>;
  "sickbay:advance": (seconds: number) => Promise<null>;
  "sickbay:exchanges": (filters: Record<string, string> | null) => Promise<Exchange[]>;
  "sickbay:refusals": () => Promise<Exchange[]>;
  "sickbay:explanation": (exchange: string) => Promise<string>;
  "sickbay:assertNoRefusals": () => Promise<null>;
  "sickbay:assertSent": (expected: { request: string; parameters?: ExpectedParameters; times?: number }) => Promise<Exchange[]>;
  /** Prints to the terminal what Sickbay refused and why. */
  "sickbay:diagnosis": () => Promise<string>;
}

/** Start or find Sickbay, add the tasks to Cypress, and stop Sickbay after the run. */
export async function sickbayTasks(on: NodeEvents, options: TestOptions = {}): Promise<void> {
  const running = await startForTests(options);
  on("task", tasks(running.sickbay));
  on("after:run", () => running.stop());
}

function tasks(sickbay: Sickbay): SickbayTasks {
  return {
    "sickbay:line": () => sickbay.line,
    "sickbay:reset": () => done(sickbay.reset()),
    "sickbay:app": (fields) => sickbay.app(fields ?? {}),
    "sickbay:launch": ({ app, ...fields }) => sickbay.launch(app, fields),
    "sickbay:token": ({ app, scope, ...fields }) => sickbay.token(app, scope, fields),
    "sickbay:advance": (seconds) => done(sickbay.clock.advance(seconds)),
    "sickbay:exchanges": (filters) => sickbay.exchanges(filters ?? {}),
    "sickbay:refusals": () => sickbay.refusals(),
    "sickbay:explanation": (exchange) => sickbay.explanation(exchange),
    "sickbay:assertNoRefusals": () => done(sickbay.assertNoRefusals()),
    "sickbay:assertSent": ({ request, parameters, ...times }) => sickbay.assertSent(request, parameters, times),
    "sickbay:diagnosis": () => printed(sickbay),
  };
}

async function done(action: Promise<void>): Promise<null> {
  await action;
  return null;
}

/** Prints also what the launches wait for, and returns only the refusals. */
async function printed(sickbay: Sickbay): Promise<string> {
  const text = await failureReport(sickbay);
  if (text) console.log(text);
  return await diagnosis(sickbay);
}
