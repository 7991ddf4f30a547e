// Replaces the live parts of the page by those of the page as the server writes it now. What is equal stays in place, so
// that nothing moves, no picture is loaded again, and the focus stays where it is.

/** The parts that hold rates. */
const LIVE = "[data-live]";

/** A page of the server; undefined when it cannot be read. */
export async function request(address: string | URL, signal?: AbortSignal): Promise<Document | undefined> {
  try {
    const response = await fetch(address, { cache: "no-cache", ...(signal && { signal }) });
    const isPage = response.headers.get("content-type")?.startsWith("text/html");
    return isPage ? new DOMParser().parseFromString(await response.text(), "text/html") : undefined;
  } catch {
    // The service is away, or the request was superseded: what is shown stays.
    return undefined;
  }
}

/** Brings the live parts up to date. The position of the page that they are of now; undefined when there was none. */
export async function update(address: string): Promise<string | undefined> {
  const page = await request(address);
  if (!page) {
    return undefined;
  }
  document.querySelectorAll(LIVE).forEach((part) => {
    const next = page.getElementById(part.id);
    if (next) {
      replace(part, next);
    }
  });
  return page.querySelector("[data-position]")?.getAttribute("data-position") ?? undefined;
}

/** Makes an element equal to another one, and touches only what differs. */
export function replace(old: Element, next: Element): void {
  if (old.isEqualNode(next)) {
    return;
  }
  const [before, after] = [[...old.childNodes], [...next.childNodes]];
  const isAlike = before.length === after.length && before.every((node, index) => node.nodeName === after[index]?.nodeName);
  if (old.nodeName !== next.nodeName || !isAlike) {
    old.replaceWith(document.importNode(next, true));
    return;
  }
  for (const { name } of [...old.attributes]) {
    if (!next.hasAttribute(name)) {
      old.removeAttribute(name);
    }
  }
  for (const { name, value } of next.attributes) {
    if (old.getAttribute(name) !== value) {
      old.setAttribute(name, value);
    }
  }
  before.forEach((node, index) => {
    const wanted = after[index];
    if (node instanceof Element && wanted) {
      replace(node, wanted as Element);
    } else if (wanted && node.nodeValue !== wanted.nodeValue) {
      node.nodeValue = wanted.nodeValue;
    }
  });
}
