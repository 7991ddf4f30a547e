// The script of the ticker, which the chart builds on. The page may include it in any order, or not at all.

import { SHARED } from "../build";

/** The file of the ticker's script that this script was built with. */
declare const TICKER: string;
/** The digest of its bytes. */
declare const TICKER_INTEGRITY: string;

function isThere(): boolean {
  return SHARED in globalThis;
}

/** Waits for the ticker's script of the page, or loads it from the folder of the service. Returns whether it is there. */
export async function tickerScript(base: string | undefined): Promise<boolean> {
  if (isThere()) {
    return true;
  }
  const tag = [...document.scripts].find(({ src }) => base !== undefined && src.startsWith(`${base}ticker`));
  if (tag && document.readyState !== "complete") {
    // Scripts of a page that load at the same time run in any order. After the page has loaded, it has run or failed.
    await Promise.race([settled(tag), new Promise((resolve) => addEventListener("load", resolve, { once: true }))]);
  }
  if (!isThere() && base !== undefined) {
    await load(new URL(TICKER, base).href);
  }
  if (!isThere()) {
    // The script reports nothing else, so it has no list of what it reported.
    console.error("silkrate: <silk-chart> needs the script ticker.js of the same service and version");
  }
  return isThere();
}

/** Loads the script. A page whose policy accepts no address from a script includes the ticker's script itself. */
async function load(address: string): Promise<void> {
  try {
    const script = document.createElement("script");
    script.src = address;
    script.integrity = TICKER_INTEGRITY;
    script.crossOrigin = "anonymous";
    script.nonce = document.querySelector<HTMLScriptElement>("script[nonce]")?.nonce ?? "";
    document.head.append(script);
    await settled(script);
  } catch {
    // It is reported as a script that is not there.
  }
}

/** Waits until a script has run or cannot be loaded. */
function settled(script: HTMLScriptElement): Promise<unknown> {
  return new Promise((resolve) => {
    script.addEventListener("load", resolve, { once: true });
    script.addEventListener("error", resolve, { once: true });
  });
}
