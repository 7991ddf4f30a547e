// Applies the style sheet to the shadow tree of an element.

/** The constructed sheets by their text: the elements of one kind share theirs. */
const sheets = new Map<string, CSSStyleSheet>();

/**
 * Applies the style sheet. A constructed sheet needs no permission of the page's policy. Browsers without constructed sheets
 * get a `style` element, which the policy must allow: it bears the nonce of the page's own scripts.
 */
export function applyStyle(root: ShadowRoot, css: string): void {
  try {
    const sheet = sheets.get(css) ?? new CSSStyleSheet();
    if (!sheets.has(css)) {
      sheet.replaceSync(css);
      sheets.set(css, sheet);
    }
    root.adoptedStyleSheets = [sheet];
  } catch {
    const style = document.createElement("style");
    style.nonce = document.querySelector<HTMLScriptElement>("script[nonce]")?.nonce ?? "";
    style.textContent = css;
    root.append(style);
  }
}
