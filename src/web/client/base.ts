// The base URL of the service: the folder that the script was loaded from, unless a page sets `endpoint`.

import { report } from "./report";

/** Whether this is the npm package. A bundler moves its code to a file of the site, so no address leads to the service. */
declare const FROM_PACKAGE: boolean;

/**
 * The address of the running script. `document.currentScript` exists only for classic scripts, and `import.meta` only in
 * modules; the first frame of a stack has the address in both.
 */
function scriptAddress(): string | undefined {
  const script = document.currentScript as HTMLScriptElement | null;
  return script?.src || /https?:\/\/[^\s()@]+?(?=(?::\d+){1,2}\)?$)/m.exec(new Error().stack ?? "")?.[0];
}

/** The folder of an address, without a user and a password: a browser refuses requests with those in the address. */
function folderOf(address: string): string {
  const url = new URL(".", new URL(address, location.href));
  url.username = url.password = "";
  return url.href;
}

function folderOfScript(): string | undefined {
  const address = FROM_PACKAGE || typeof document === "undefined" ? undefined : scriptAddress();
  // A script within the page has the address of the page, which is no address of the service.
  return address && address !== location.href.replace(/#.*/, "") ? folderOf(address) : undefined;
}

const SCRIPT_BASE = folderOfScript();

/** The base URL of the service, with a slash at its end; empty, with a message in the console, when it is unknown. */
export function baseOf(endpoint: string | null): string {
  if (!endpoint) {
    if (SCRIPT_BASE === undefined) {
      report('the address of the service is unknown: set the attribute endpoint, such as endpoint="https://rates.example/"');
    }
    return SCRIPT_BASE ?? "";
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
