// The address of the running script, which is in a folder of the service.

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
export function folderOf(address: string): string {
  const url = new URL(".", new URL(address, location.href));
  url.username = url.password = "";
  return url.href;
}

function folderOfScript(): string | undefined {
  const address = FROM_PACKAGE || typeof document === "undefined" ? undefined : scriptAddress();
  // A script within the page has the address of the page, which is no address of the service.
  return address && address !== location.href.replace(/#.*/, "") ? folderOf(address) : undefined;
}

/** The folder that the script was loaded from; undefined where that leads to no service. */
export const SCRIPT_BASE = folderOfScript();
