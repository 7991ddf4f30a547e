// Applies the style sheet to the shadow tree of an element.

import { CSS } from "./style";

let sheet: CSSStyleSheet | undefined;

/**
 * Applies the style sheet. A constructed sheet needs no permission of the page's policy. Browsers without constructed sheets
 * get a `style` element, which the policy must allow: it bears the nonce of the page's own scripts.
 */
export function applyStyle(root: ShadowRoot): void {
  try {
    if (!sheet) {
      sheet = new CSSStyleSheet();
      sheet.replaceSync(CSS);
    }
    root.adoptedStyleSheets = [sheet];
  } catch {
    const style = document.createElement("style");
    style.nonce = document.querySelector<HTMLScriptElement>("script[nonce]")?.nonce ?? "";
    style.textContent = CSS;
    root.append(style);
  }
}
