// The values of attributes. A wrong one counts as none, and the console names it for the author of the page.

import { localeOf } from "./locale";
import { decimalPlaces } from "./measure";
import { report } from "./report";

/** The longest wrong value that is repeated in the console, in characters. */
const REPEATED_LENGTH_MAX = 32;

/** How an element writes its entries, by the attributes that both elements have. */
export interface Writing {
  form: string;
  labels: string;
  /** Decimal places of a value; undefined for the digits of the bank. */
  digits: number | undefined;
}

/** The value of an attribute; empty, and reported, if it is not right. */
export function check(element: HTMLElement, name: string, isRight: boolean, allowed: string): string {
  const text = element.getAttribute(name) ?? "";
  if (!isRight) {
    report(`<${element.localName} ${name}="${text.slice(0, REPEATED_LENGTH_MAX)}">: ${name} is ${allowed}`);
  }
  return isRight ? text : "";
}

/** The value of an attribute that is one of some words: the first of them where it is none. */
export function choose<Word extends string>(element: HTMLElement, name: string, ...words: readonly Word[]): Word {
  const text = element.getAttribute(name) as Word | null;
  return (check(element, name, !text || words.includes(text), words.join(", ")) || words[0]) as Word;
}

/** Reads the attributes that both elements have. */
export function writingOf(element: HTMLElement): Writing {
  const [tag, places] = [element.getAttribute("locale") ?? "", element.getAttribute("digits") ?? ""];
  const digits = decimalPlaces(places);
  check(element, "locale", localeOf(tag).tag !== "en" || /^(en\b|$)/i.test(tag), "no language of the service");
  check(element, "digits", digits !== undefined || /^(auto)?$/.test(places), "auto, 0 to 10");
  choose(element, "theme", "auto", "light", "dark");
  const form = choose(element, "form", "pair", "local");
  return { form, labels: choose(element, "labels", ...(form === "local" ? ["symbol", "code", "name"] : ["code", "name", "symbol"])), digits };
}
