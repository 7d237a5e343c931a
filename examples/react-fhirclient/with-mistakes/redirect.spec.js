// Fails, and its output says why: another redirect URI is registered than the app sends.
import { expect, test } from "@sickbay/testing/playwright";
import { CLIENT_ID, SCOPE } from "../src/registration.js";

test("a registration with the wrong redirect URI", async ({ page, sickbay, baseURL }) => {
  const app = await sickbay.app({
    client_id: CLIENT_ID,
    scope: SCOPE,
    launch_uri: `${baseURL}launch.html`,
    redirect_uris: [`${baseURL}callback`],
    user: "okafor",
  });
  const authorization = page.waitForResponse("**/oauth/authorize?**");
  await page.goto((await sickbay.launch(app)).url);
  expect((await authorization).status()).toBe(303);
});
