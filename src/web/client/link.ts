// The address that an entry links to.

/** Fills in a template such as `/rates/{pair}`: `{base}`, `{quote}`, and both as `{pair}`, `KZT-USD`. Null without one. */
export function linkOf(template: string | null, pair: string): string | null {
  if (!template) {
    return null;
  }
  const [base = "", quote = ""] = pair.split("/").map(encodeURIComponent);
  const values: Record<string, string> = { base, quote, pair: `${base}-${quote}` };
  const text = template.replace(/\{(base|quote|pair)\}/g, (_braces, name: string) => values[name] ?? "");
  try {
    // A script in an address would run in the page.
    return /^https?:$/.test(new URL(text, document.baseURI).protocol) ? text : null;
  } catch {
    return null;
  }
}
