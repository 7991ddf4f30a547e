// The base URL of the service: the folder that the script was loaded from, unless a page sets `endpoint`.

import { SCRIPT_BASE, folderOf } from "./address";
import { report } from "./report";

/** The base URL of the service, with a slash at its end; empty, with a message in the console, when it is unknown. */
export function baseOf(endpoint: string | null, scriptBase = SCRIPT_BASE): string {
  if (!endpoint) {
    if (scriptBase === undefined) {
      report('the address of the service is unknown: set the attribute endpoint, such as endpoint="https://rates.example/"');
    }
    return scriptBase ?? "";
  }
  try {
    const folder = folderOf(endpoint.replace(/\/?$/, "/"));
    if (/^https?:/.test(folder)) {
      return folder;
    }
  } catch {
    // It is reported below.
  }
  report(`the attribute endpoint is no address: ${endpoint}`);
  return "";
}
