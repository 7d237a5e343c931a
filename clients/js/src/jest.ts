// Jest and node:test: const test = sickbayTest(). The argument of each test has `sickbay`.
import { explain } from "./failure-report.js";
import type { RunningSickbay } from "./server.js";
import type { Sickbay } from "./sickbay.js";
import { startForTests, startTimeout, type TestOptions } from "./test-server.js";

type Body = () => Promise<void>;
type Define = (name: string, body: Body, timeout?: number) => unknown;

/** The functions of a test runner: Jest's globals, or the module `@jest/globals` or `node:test`. */
export interface Runner {
  test: Define & { only: Define; skip: Define };
  beforeAll?: (start: Body, timeout?: number) => unknown;
  afterAll?: (stop: Body) => unknown;
  before?: (start: Body) => unknown;
  after?: (stop: Body) => unknown;
}

export type SickbayTestBody = (context: { sickbay: Sickbay }) => unknown;
export type DefineSickbayTest = (name: string, body: SickbayTestBody, timeout?: number) => void;
export type SickbayTest = DefineSickbayTest & { only: DefineSickbayTest; skip: DefineSickbayTest };

/** Starts one Sickbay for the file, and stops it at the end. Returns a `test` that begins in its initial state. */
export function sickbayTest(options: TestOptions = {}, runner = globalThis as unknown as Runner): SickbayTest {
  let running: RunningSickbay | undefined;
  const start = async () => void (running = await startForTests(options));
  const stop = async () => running?.stop();
  if (runner.beforeAll) runner.beforeAll(start, startTimeout(options));
  else runner.before?.(start);
  (runner.afterAll ?? runner.after)?.(stop);

  const defined = (define: Define): DefineSickbayTest => {
    return (name, body, ...timeout) => void define(name, () => run(body, running!.sickbay), ...timeout);
  };
  const { test } = runner;
  return Object.assign(defined(test), { only: defined(test.only), skip: defined(test.skip) });
}

async function run(body: SickbayTestBody, sickbay: Sickbay): Promise<void> {
  await sickbay.reset();
  try {
    await body({ sickbay });
  } catch (error) {
    throw await explain(sickbay, error);
  }
}
