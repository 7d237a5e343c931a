// The whole launch in a browser: from the EHR to the patient's data.
import { expect, test } from "@sickbay/testing/playwright";
import { CLIENT_ID, SCOPE } from "../src/registration.js";

/** Registers the app as it is served by this test. */
function registered(sickbay, baseURL, fields = {}) {
  return sickbay.app({
    client_id: CLIENT_ID,
    scope: SCOPE,
    launch_uri: `${baseURL}launch.html`,
    redirect_uris: [baseURL],
    ...fields,
  });
}

test("a launch from the chart shows the patient and the problems", async ({ page, sickbay, baseURL }) => {
  const app = await registered(sickbay, baseURL, { user: "okafor" });
  const { url } = await sickbay.launch(app, { patient: "p-0001" });
  await page.goto(url);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Ines Moreau");
  await expect(page.getByRole("listitem")).not.toHaveCount(0);
  await sickbay.assertNoRefusals();
});

test.describe("in the EHR", () => {
  test.use({ storageState: async ({ sickbay }, use) => use(await sickbay.storageState("okafor")) });

  test("a clinician opens the app from the chart and allows it", async ({ page, sickbay, baseURL }) => {
    const app = await registered(sickbay, baseURL);
    const { url } = await sickbay.launch(app, { patient: "p-0002", user: "okafor" });
    await page.goto(url);
    await page.getByRole("button", { name: "Allow" }).click();
    await expect(page.getByRole("heading", { name: "Problems" })).toBeVisible();
    await sickbay.assertNoRefusals();
  });
});
