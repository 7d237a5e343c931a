// What a test does with a running Sickbay: register apps, launch them, get tokens, move the clock, look at exchanges.
import { AdminClient, Clock, SickbayError } from "./admin-client.js";
import type { App, Launched, NewApp, NewLaunch, ReadyLine } from "./admin-api.js";
import { count } from "./english.js";
import { savePage, selfContained } from "./saved-page.js";
import { check, type ExpectedParameters } from "./sent-requests.js";
import { signIn, type StorageState } from "./sign-in.js";

export type { StorageState } from "./sign-in.js";

const CALLBACK = "http://localhost:8100/callback";
const LAUNCH = "http://localhost:8100/launch";
const SCOPE = "launch launch/patient openid fhirUser offline_access patient/*.rs";

/** The members of `POST /admin/apps`. user: signs in and agrees without a person. */
export type AppFields = Partial<NewApp> & { user?: string };
/** The members of `POST /admin/launches`. */
export type LaunchFields = Omit<NewLaunch, "app">;
/** The members of `POST /admin/tokens`. */
export interface TokenFields {
  patient?: string;
  user?: string;
}

/** A problem that Sickbay found in a request. */
export interface Finding {
  id: string;
  severity: "error" | "warning" | "info";
  title: string;
  why: string;
  fix: string;
  [member: string]: any;
}

/** A request and its response, as Sickbay recorded them. */
export interface Exchange {
  id: string;
  at: number;
  stage: string;
  request: { method: string; url: string; headers: Record<string, string>; body: string | null };
  response: { status: number; headers: Record<string, string>; body: any };
  findings: Finding[];
  [member: string]: any;
}

/** base: the address of Sickbay. admin: sends requests to /admin. clock: reads and moves Sickbay's time. */
export class Sickbay {
  readonly base: string;
  readonly admin: AdminClient;
  readonly clock: Clock;
  /** Where to save the pages of refusals. Explanations then name the file instead of the address. */
  savedPages: string | undefined;
  private apps = 0;

  /** line: the JSON line of `sickbay serve --json`. adminToken: needed only from another machine. */
  constructor(
    readonly line: ReadyLine,
    adminToken?: string,
  ) {
    this.base = line.base;
    this.admin = new AdminClient(this.base, adminToken);
    this.clock = new Clock(this.admin);
  }

  /** Back to the initial state, registered apps and the clock included. */
  async reset(): Promise<void> {
    await this.admin.post("/admin/reset", { everything: true });
    await this.admin.post("/admin/clock", { offset: 0 });
  }

  /** The FHIR base URL, which is the `iss` of a launch. */
  fhir(version = "r4", tenant = "general"): string {
    const base = this.line.tenants[tenant]?.fhir[version];
    if (!base) throw new SickbayError(`Sickbay has no FHIR server for ${version} at ${tenant}.`);
    return base;
  }

  /** Register an app. Without fields it is a public app of providers with the callback http://localhost:8100/callback. */
  async app({ user, ...fields }: AppFields = {}): Promise<App> {
    this.apps += 1;
    const addresses = fields.type === "system" ? {} : { redirect_uris: [CALLBACK], launch_uri: LAUNCH };
    return await this.admin.post("/admin/apps", {
      name: `test-app-${this.apps}`,
      type: "provider",
      client: "public",
      ...addresses,
      ...(user ? { auto_approve: { user } } : {}),
      ...fields,
      scope: fields.scope ?? SCOPE,
    });
  }

  /** Launch an app from the EHR, as a click in a chart does. The patient is p-0001 unless the fields name another. */
  async launch(app: App, fields: LaunchFields = {}): Promise<Launched> {
    const asked = { tenant: app.tenant, app: app.app_id, patient: "p-0001", ...fields };
    return await this.admin.post("/admin/launches", asked);
  }

  /** A token response without a launch, for tests that are only about FHIR requests. */
  async token(app: App, scope: string, { patient, user }: TokenFields = {}): Promise<Record<string, any>> {
    return await this.admin.post("/admin/tokens", {
      tenant: app.tenant,
      app: app.app_id,
      scope,
      patient: patient ?? null,
      user: user ?? null,
    });
  }

  /** The last 1,000 requests that Sickbay received, the newest first. filters: launch, app, stage or correlation_id. */
  async exchanges(filters: Record<string, string> = {}): Promise<Exchange[]> {
    return (await this.admin.get("/admin/exchanges", { limit: "1000", ...filters })) as Exchange[];
  }

  /** The refused exchanges with their findings. Faults that the test injected and resent requests don't count. */
  async refusals(): Promise<Exchange[]> {
    const refused = (await this.exchanges()).filter((exchange) => isRefused(exchange) && !exchange.resent_from);
    const read: Exchange[] = await Promise.all(refused.map(({ id }) => this.admin.get(`/exchanges/${id}`)));
    return read.filter((exchange) => !exchange.injected);
  }

  /** An exchange as text: what was wrong with it, why, and what to send instead. */
  async explanation(exchange: string): Promise<string> {
    const text = await this.admin.text(`/exchanges/${exchange}`, "text/plain");
    if (this.savedPages === undefined) return text;
    try {
      return text.replaceAll(`${this.base}/exchanges/${exchange}`, await this.savePage(exchange, this.savedPages));
    } catch {
      return text; // the folder can't be written
    }
  }

  /** An exchange as an HTML page that needs no other file. */
  async page(exchange: string): Promise<string> {
    const html = await this.admin.text(`/exchanges/${exchange}`, "text/html");
    return selfContained(html, this.admin, () => undefined);
  }

  /**
   * Write the page of an exchange and those of its rules to a folder, to be opened after Sickbay has stopped.
   * Returns the file: address of the page.
   */
  savePage(exchange: string, folder: string): Promise<string> {
    return savePage(this.admin, exchange, folder);
  }

  /** Fail with the explanation of each refused request. */
  async assertNoRefusals(): Promise<void> {
    const refused = await this.refusals();
    if (refused.length === 0) return;
    const texts = await Promise.all(refused.map(({ id }) => this.explanation(id)));
    throw new SickbayError(`Sickbay refused ${count(refused.length, "request")}:\n\n${texts.join("\n\n")}`);
  }

  /**
   * Fail unless the app sent this request, and show what it sent instead. Returns the exchanges, the oldest first.
   *
   * request: "authorize", "token", or a method and a path: "GET Patient/*" below a FHIR base, "POST /general/oauth/revoke".
   * parameters: of the query or the form, each with its value, a pattern that part of the value matches, true (sent with any
   * value) or false (not sent). times: how often it must have been sent; at least once if it is omitted.
   */
  async assertSent(request: string, parameters: ExpectedParameters = {}, options: { times?: number } = {}): Promise<Exchange[]> {
    const exchanges = (await this.exchanges()).filter((exchange) => !exchange.resent_from).reverse();
    return check({ request, parameters, times: options.times, line: this.line }, exchanges);
  }

  /** The state of a browser that is signed in to the EHR, for Playwright: browser.newContext({ storageState }). */
  storageState(user = "okafor", password = "sickbay", tenant = "general"): Promise<StorageState> {
    return signIn(this.base, { user, password, tenant });
  }
}

function isRefused(exchange: Exchange): boolean {
  return exchange.findings.some((finding) => finding.severity === "error");
}
