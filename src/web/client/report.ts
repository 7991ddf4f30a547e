// Messages for the author of a page, in the console.

const reported = new Set<string>();

/** Prints a message once. Nothing is thrown: an element must not break the page around it. */
export function report(message: string): void {
  if (!reported.has(message)) {
    reported.add(message);
    console.error(`silkrate: ${message}`);
  }
}
