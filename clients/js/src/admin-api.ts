// The types of /admin. Generated from /admin/openapi.json by `make docs`; don't edit.

/** The output of `sickbay serve --json`. ephemeral: nothing is stored; tests may reset everything. */
export interface ReadyLine {
  base: string;
  admin: string;
  ephemeral: boolean;
  tenants: Record<string, TenantAddresses>;
  users: SeededUser[];
  apps: AppName[];
}

/** The addresses of a hospital. fhir: its FHIR base URLs by version, such as r4. */
export interface TenantAddresses {
  issuer: string;
  authorize: string;
  token: string;
  ehr: string;
  fhir: Record<string, string>;
}

/** A user that every new Sickbay has. The password is published. */
export interface SeededUser {
  tenant: string;
  username: string;
  password: string;
  fhirUser: string;
}

export interface AppName {
  tenant: string;
  app_id: string;
  client_id: string;
  name: string;
}

/** A registration. redirect_uris is required unless type is system; jwks_uri or jwks is required if client is asymmetric. */
export interface NewApp {
  name: string;
  type: "patient" | "provider" | "system";
  client: "asymmetric" | "public" | "symmetric";
  scope: string;
  tenant?: string;
  launch_uri?: string | null;
  redirect_uris?: string[];
  post_logout_redirect_uris?: string[];
  fhir?: string;
  smart_version?: 1 | 2;
  smart_release?: "2.0" | "2.1" | "2.2" | null;
  pkce?: "if-sent" | "off" | "required" | null;
  native?: boolean;
  scope_mode?: "lenient" | "strict";
  jwks_uri?: string | null;
  jwks?: Record<string, any> | null;
  client_id?: string | null;
  client_secret?: string | null;
  token_lifetime?: number | null;
  auto_approve?: AutoApprove | null;
  policy?: Record<string, any>;
  cards?: Record<string, any>[];
}

/** Approve sign-in, pickers and consent automatically, as this user. scopes: separated by spaces. */
export interface AutoApprove {
  user: string;
  patient?: string | null;
  encounter?: string | null;
  scopes?: string | null;
}

/** A registered app. client_secret: only in the response that created it. findings: warnings and advice. */
export interface App {
  tenant: string;
  app_id: string;
  client_id: string;
  name: string;
  type: "patient" | "provider" | "system";
  client: "asymmetric" | "public" | "symmetric";
  launch_uri: string | null;
  redirect_uris: string[];
  scope: string;
  fhir: string;
  smart_version: number;
  pkce: "if-sent" | "off" | "required";
  native: boolean;
  scope_mode: string;
  jwks_uri: string | null;
  jwks: Record<string, any> | null;
  token_lifetime: number | null;
  auto_approve: AutoApprove | null;
  smart_release?: string | null;
  post_logout_redirect_uris?: string[];
  policy?: Record<string, any>;
  cards?: Record<string, any>[];
  client_secret?: string;
  findings?: Record<string, any>[];
}

/** A change of a registration. Omitted members stay as they are. */
export interface ChangedApp {
  name?: string;
  type?: "patient" | "provider" | "system";
  client?: "asymmetric" | "public" | "symmetric";
  scope?: string;
  launch_uri?: string | null;
  redirect_uris?: string[];
  post_logout_redirect_uris?: string[];
  fhir?: string;
  smart_version?: 1 | 2;
  smart_release?: "2.0" | "2.1" | "2.2" | null;
  pkce?: "if-sent" | "off" | "required";
  native?: boolean;
  scope_mode?: "lenient" | "strict";
  jwks_uri?: string | null;
  jwks?: Record<string, any> | null;
  client_secret?: string;
  token_lifetime?: number | null;
  auto_approve?: AutoApprove | null;
  policy?: Record<string, any>;
  cards?: Record<string, any>[];
}

/** The hospital where the app should also be registered. */
export interface EnabledApp {
  tenant: string;
}

/** A new user, or the change of a user. patients: "*" or the ids of the patients whose records the user may open. */
export interface NewUser {
  username: string;
  password: string;
  fhirUser: string;
  tenant?: string;
  patients?: "*" | string[];
  name?: string;
}

/** A new launch. app: an app_id, a client_id or a unique name.
 *
 * Instead of app: task, the id of a Task that asks for a launch, or link, the id of a CDS Hooks card's link. Both name the
 * app by its launch URL and provide appContext. */
export interface NewLaunch {
  app?: string | null;
  task?: string | null;
  link?: Record<string, any> | null;
  fhir?: string;
  tenant?: string | null;
  patient?: string | null;
  user?: string | null;
  encounter?: string | null;
  fhir_context?: any[] | null;
  intent?: string | null;
  need_patient_banner?: boolean | null;
  app_context?: string | null;
  smart_style_url?: string | null;
}

export interface Launched {
  launch: string;
  iss: string;
  url: string;
  timeline: string;
}

/** One launch. id: its timeline's id. causes: the likeliest first. exchanges: ids, oldest first. */
export interface LaunchState {
  id: string;
  app: string | null;
  tenant: string | null;
  state: "refused" | "running" | "stalled" | "worked";
  waiting_for: WaitingFor | null;
  causes: SilenceCause[];
  exchanges: string[];
}

/** The step that a launch waits for. since: the time of the last one by Sickbay's clock. seconds: real time since then.
 *
 * text: the same as half a sentence, such as "the app received the code 4 s ago and hasn't redeemed it". */
export interface WaitingFor {
  step: string;
  since: number;
  seconds: number;
  text: string;
}

/** id: of the rule, whose page is /rules/{id}. fix: what to do, and how to tell it from the other causes. facts: the values
 * that the texts quote. */
export interface SilenceCause {
  id: string;
  title: string;
  why: string;
  fix: string;
  confidence: string;
  facts: Record<string, any>;
}

export interface NewToken {
  app: string;
  scope: string;
  tenant?: string | null;
  patient?: string | null;
  user?: string | null;
}

/** What to send instead of a recorded request. corrected: true: the corrected request, false: the original one; by default
 * the corrected one, if there is one. parameters: of the query, or of the form of a POST. In parameters and headers, null
 * removes one. A value such as CODE-FROM-YOUR-REDIRECT, which a corrected request contains, is filled in. */
export interface Resend {
  corrected?: boolean | null;
  method?: string | null;
  url?: string | null;
  parameters?: Record<string, string | null> | null;
  headers?: Record<string, string | null> | null;
  body?: string | null;
}

/** id: of the new exchange. status: 0 if no response came. exchange: as GET /exchanges/{id} returns it. filled: what Sickbay
 * filled in. notes: what it assumed, and what wasn't tested. */
export interface ResentExchange {
  id: string;
  resent_from: string;
  status: number;
  exchange: Record<string, any> | null;
  filled: string[];
  notes: string[];
}

/** At most one of advance (seconds to move forward) and offset (seconds from real time). frozen: stops the clock, or lets it
 * run again. */
export interface ClockMove {
  advance?: number | null;
  offset?: number | null;
  frozen?: boolean | null;
}

/** now: Sickbay's time, in seconds since 1970. real: real time. offset: seconds from real time to Sickbay's. */
export interface ClockTimes {
  now: number;
  frozen: boolean;
  real: number;
  offset: number;
}

/** policy: the current settings by name, and of these, the ones changed while running, which have priority, and those from
 * sickbay.toml. All other settings are the dialect's. */
export interface TenantPolicy {
  tenant: string;
  policy: Record<string, any>;
  chosen: Record<string, any>;
  file: Record<string, any>;
}

/** A hospital and its addresses. added: it doesn't come with Sickbay. */
export interface HospitalAddresses {
  name: string;
  title: string;
  added: boolean;
  issuer: string;
  authorize: string;
  token: string;
  ehr: string;
  fhir: Record<string, string>;
}

/** A server besides the FHIR bases that tokens can be for, such as an MCP server. client: the app that introspects them. */
export interface NewResource {
  url: string;
  tenant?: string;
  name?: string;
  scopes?: string;
  client?: string | null;
}

/** A protected resource. id: None if a file configures it. metadata: what its server publishes (RFC 9728). */
export interface Resource {
  id: string | null;
  tenant: string;
  url: string;
  name: string;
  scopes: string;
  client_id: string;
  metadata_url: string;
  metadata: Record<string, any>;
}

/** name: 1 to 64 characters: a to z, 0 to 9 and hyphens. */
export interface NewSnapshot {
  name: string;
}

/** at: when it was saved, in seconds since 1970, in real time. bytes: of the copies. hospitals: that had been used. */
export interface SavedSnapshot {
  name: string;
  at: number;
  bytes: number;
  hospitals: string[];
}

/** apps: those that got a new secret. Users have the password `sickbay`. */
export interface ImportedSnapshot {
  name: string;
  at: number;
  bytes: number;
  hospitals: string[];
  apps: AppSecret[];
}

/** The new secret of an app in an imported snapshot, shown only here. */
export interface AppSecret {
  tenant: string;
  app_id: string;
  client_id: string;
  client_secret: string;
}

/** tenant: reset only this hospital; the clock stays. everything: also remove added apps and users, and of all
 * hospitals the snapshots. */
export interface Reset {
  tenant?: string | null;
  everything?: boolean;
}

/** What a reset would delete. changes: how many times resources were loaded, created, changed or deleted; null if unknown.
 * apps, users: those that were added, if `everything` is set. exchanges: null for one hospital. snapshots:
 * if `everything` is set, of all hospitals. */
export interface Losses {
  changes: number | null;
  apps: number;
  users: number;
  exchanges: number | null;
  snapshots?: number;
}

/** Problem details (RFC 9457). */
export interface Problem {
  type: string;
  title: string;
  status: number;
  findings: Record<string, any>[];
  detail?: string;
}

export interface GetPaths {
  /** Addresses, users and apps, as serve --json prints them */
  "/admin": { body: undefined; response: ReadyLine };
  /** All apps */
  "/admin/apps": { body: undefined; response: App[] };
  /** One app */
  [path: `/admin/apps/${string}`]: { body: undefined; response: App };
  /** All users */
  "/admin/users": { body: undefined; response: Record<string, any>[] };
  /** The newest launches, each as one launch */
  "/admin/launches": { body: undefined; response: LaunchState[] };
  /** Where a launch is, what it waits for, and the likely causes if it stalled */
  [path: `/admin/launches/${string}`]: { body: undefined; response: LaunchState };
  /** The journal */
  "/admin/exchanges": { body: undefined; response: Record<string, any>[] };
  /** One exchange, with its bodies if --keep-bodies is set */
  [path: `/admin/exchanges/${string}`]: { body: undefined; response: Record<string, any> };
  /** Sickbay's time and real time */
  "/admin/clock": { body: undefined; response: ClockTimes };
  /** The policies of all hospitals */
  "/admin/policies": { body: undefined; response: TenantPolicy[] };
  /** The policy of one hospital */
  [path: `/admin/policies/${string}`]: { body: undefined; response: TenantPolicy };
  /** The active faults */
  "/admin/faults": { body: undefined; response: Record<string, any>[] };
  /** All kinds and presets of faults */
  "/admin/faults/kinds": { body: undefined; response: Record<string, any> };
  /** The hospitals */
  "/admin/hospitals": { body: undefined; response: HospitalAddresses[] };
  /** All protected resources */
  "/admin/resources": { body: undefined; response: Resource[] };
  /** All snapshots, the newest first */
  "/admin/snapshots": { body: undefined; response: SavedSnapshot[] };
  /** The keys of id_tokens, by kid */
  "/admin/keys": { body: undefined; response: Record<string, any> };
  /** What a reset would delete */
  "/admin/reset": { body: undefined; response: Losses };
}

export interface PostPaths {
  /** Register an app */
  "/admin/apps": { body: NewApp; response: App };
  /** Register an app at another hospital */
  [path: `/admin/apps/${string}/enable`]: { body: EnabledApp; response: App };
  /** Create a new client_secret; it is shown only once */
  [path: `/admin/apps/${string}/secret`]: { body: undefined; response: App };
  /** Add or change a user */
  "/admin/users": { body: NewUser; response: Record<string, any> };
  /** Launch an app */
  "/admin/launches": { body: NewLaunch; response: Launched };
  /** An access token for a script */
  "/admin/tokens": { body: NewToken; response: Record<string, any> };
  /** Send the request of an exchange again, corrected or changed */
  [path: `/admin/exchanges/${string}/resend`]: { body: Resend; response: ResentExchange };
  /** Move, freeze or restore the clock */
  "/admin/clock": { body: ClockMove; response: ClockTimes };
  /** Inject a fault, or those of a preset */
  "/admin/faults": { body: Record<string, any>; response: Record<string, any> };
  /** Add a hospital, as JSON or as TOML (application/toml) */
  "/admin/hospitals": { body: Record<string, any>; response: HospitalAddresses };
  /** Add a protected resource */
  "/admin/resources": { body: NewResource; response: Resource };
  /** Save a snapshot */
  "/admin/snapshots": { body: NewSnapshot; response: SavedSnapshot };
  /** Restore a snapshot */
  [path: `/admin/snapshots/${string}/restore`]: { body: undefined; response: null };
  /** Rotate: the next key signs, the current one retires */
  "/admin/keys/rotate": { body: undefined; response: Record<string, any> };
  /** Data as seeded */
  "/admin/reset": { body: Reset; response: null };
}

export interface PatchPaths {
  /** Change an app */
  [path: `/admin/apps/${string}`]: { body: ChangedApp; response: App };
  /** Override settings; null restores the default */
  [path: `/admin/policies/${string}`]: { body: Record<string, any>; response: TenantPolicy };
}

export interface DeletePaths {
  /** Remove an app */
  [path: `/admin/apps/${string}`]: { body: undefined; response: null };
  /** End all faults */
  "/admin/faults": { body: undefined; response: null };
  /** End a fault */
  [path: `/admin/faults/${string}`]: { body: undefined; response: null };
  /** Remove a hospital that was added */
  [path: `/admin/hospitals/${string}`]: { body: undefined; response: null };
  /** Remove a protected resource */
  [path: `/admin/resources/${string}`]: { body: undefined; response: null };
  /** Remove a snapshot */
  [path: `/admin/snapshots/${string}`]: { body: undefined; response: null };
}
