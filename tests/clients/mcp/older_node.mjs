// Lets Node 20 load the conformance suite, which imports globSync of Node 22 for a command that no test uses.
import * as fs from "node:fs";
import { register } from "node:module";

const module = "data:text/javascript,export * from 'node:fs'; export const globSync = undefined;";
const hook = `export const resolve = (name, context, next) =>
  name === "fs" && context.parentURL.includes("/conformance/") ? { url: ${JSON.stringify(module)}, shortCircuit: true } : next(name, context);`;
if (!fs.globSync) register("data:text/javascript," + encodeURIComponent(hook));
