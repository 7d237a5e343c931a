import { defineConfig } from "@playwright/test";

const port = process.env.PORT ?? "4173";

export default defineConfig({
  testMatch: "*.spec.js",
  reporter: "line",
  use: {
    sickbayOptions: { args: ["--patients", "2"] }, // few patients start faster
    baseURL: `http://localhost:${port}/`,
    launchOptions: { executablePath: process.env.CHROMIUM, args: process.env.CHROMIUM_ARGS?.split(" ") },
  },
  webServer: {
    command: `npm run preview -- --port ${port} --strictPort`,
    url: `http://localhost:${port}/launch.html`,
  },
});
