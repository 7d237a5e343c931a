import react from "@vitejs/plugin-react";
import { sickbay } from "@sickbay/testing/vite";
import { defineConfig } from "vite";
import { CLIENT_ID, SCOPE } from "./src/registration.js";

export default defineConfig({
  // `npm run dev` starts Sickbay and prints a link that launches the app.
  plugins: [react(), sickbay({ app: { client_id: CLIENT_ID, scope: SCOPE, user: "okafor" } })],
  base: "./",
  test: { include: ["**/*.test.js"] },
  build: { rolldownOptions: { input: ["index.html", "launch.html"] } },
});
