// A Vite plugin: starts Sickbay next to the dev server, registers the app, and prints a link that launches it.
import type { ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Plugin, ViteDevServer } from "vite";
import type { App, ChangedApp } from "./admin-api.js";
import { startSickbay, type StartOptions } from "./server.js";
import type { AppFields, Sickbay } from "./sickbay.js";

const LINK = "sickbay/launch";

export interface SickbayPluginOptions extends StartOptions {
  /** The registration of the app. launch_uri and redirect_uris are paths below the dev server, or complete addresses. */
  app: AppFields & { client_id: string; scope: string };
  /** The patient whose chart the app is launched from, unless the link has ?patient=. Default: p-0001. */
  patient?: string;
}

export function sickbay(options: SickbayPluginOptions): Plugin {
  return {
    name: "sickbay",
    apply: "serve",
    configureServer(server) {
      if (server.httpServer) runWith(server, options); // Vitest has a server without HTTP
    },
  };
}

function runWith(server: ViteDevServer, options: SickbayPluginOptions): void {
  const { httpServer, config } = server;
  const starting = startSickbay(options);
  const listening = new Promise<string>((resolve) => httpServer!.once("listening", () => resolve(origin(server))));
  const registered = Promise.all([listening, starting]).then(async ([address, { sickbay }]) => {
    return { address, sickbay, app: await register(sickbay, address, options.app) };
  });
  registered.then(
    ({ address, sickbay }) => config.logger.info(greeting(address, sickbay)),
    (error: Error) => config.logger.error(`Sickbay: ${error.message}`),
  );
  httpServer!.once("close", () => starting.then(({ stop }) => stop(), () => {}));
  server.middlewares.use(`${config.base}${LINK}`, (request, response) => {
    const patient = new URL(request.url ?? "/", "http://localhost").searchParams.get("patient") ?? options.patient;
    registered
      .then(({ sickbay, app }) => sickbay.launch(app, patient ? { patient } : {}))
      .then(({ url }) => response.writeHead(302, { Location: url, "Cache-Control": "no-store" }).end())
      .catch((error: Error) => fail(response, error));
  });
}

function fail(response: ServerResponse, { message }: Error): void {
  response.writeHead(502, { "Content-Type": "text/plain; charset=utf-8" }).end(message);
}

/** The address of the dev server as browsers on this machine use it. */
function origin({ httpServer, config }: ViteDevServer): string {
  const { port } = httpServer!.address() as AddressInfo;
  return `${config.server.https ? "https" : "http"}://localhost:${port}${config.base}`;
}

/** Register the app, or update it if the Sickbay that was found has it. */
async function register(sickbay: Sickbay, address: string, fields: SickbayPluginOptions["app"]): Promise<App> {
  const absolute = (path: string) => new URL(path, address).href;
  const { tenant = "general", user, ...rest } = {
    name: fields.client_id,
    ...fields,
    launch_uri: absolute(fields.launch_uri ?? "launch.html"),
    redirect_uris: (fields.redirect_uris ?? [""]).map(absolute),
  };
  if (!sickbay.line.apps.some((app) => app.client_id === fields.client_id)) {
    return sickbay.app({ ...rest, tenant, ...(user ? { user } : {}) });
  }
  const { client_id, ...changes } = { ...rest, ...(user ? { auto_approve: { user } } : {}) };
  return sickbay.admin.patch(`/admin/apps/${encodeURIComponent(client_id)}`, changes as ChangedApp);
}

function greeting(address: string, { base }: Sickbay): string {
  return `  ➜  Launch from the EHR: ${address}${LINK}\n  ➜  Sickbay, with each request explained: ${base}`;
}
