// Compiled by test_package.py, never run.
import { startSickbay, type App, type Sickbay } from "@sickbay/testing";
import { sickbayTasks } from "@sickbay/testing/cypress";
import { sickbayTest as jestTest } from "@sickbay/testing/jest";
import { expect, test } from "@sickbay/testing/playwright";
import { sickbay as plugin } from "@sickbay/testing/vite";
import { sickbayTest } from "@sickbay/testing/vitest";
import { defineConfig } from "vite";

const { sickbay, stop } = await startSickbay({ args: ["--patients", "2"] });
const app: App = await sickbay.app({ client: "symmetric", user: "okafor" });
const apps: App[] = await sickbay.admin.get("/admin/apps", { tenant: "general" });
const changed: App = await sickbay.admin.patch(`/admin/apps/${app.app_id}`, { name: apps[0]!.name });
const rotated: App = await sickbay.admin.post(`/admin/apps/${changed.app_id}/secret`);
const nothing: null = await sickbay.admin.delete(`/admin/apps/${rotated.app_id}`);
const [refusal] = await sickbay.refusals();
const severity: "error" | "warning" | "info" | undefined = refusal?.findings[0]?.severity;

// @ts-expect-error: no such kind of client
await sickbay.app({ client: "secret" });
// @ts-expect-error: a launch needs an app
await sickbay.launch();
// @ts-expect-error: the clock moves by a number of seconds
await sickbay.admin.post("/admin/clock", { advance: "1 hour" });
// @ts-expect-error: the plugin needs the client_id of the app
plugin({ app: { scope: "openid" } });

export default defineConfig({ plugins: [plugin({ app: { client_id: "app", scope: "openid" } })] });
test("playwright", async ({ sickbay, page }) => expect(page.url()).toBe((sickbay satisfies Sickbay).base));
sickbayTest()("vitest", async ({ sickbay }) => sickbay.assertNoRefusals());
jestTest()("jest", async ({ sickbay }) => sickbay.assertNoRefusals());
await sickbayTasks((event: "task", handler: object) => void [event, handler, nothing, severity]);
await stop();
