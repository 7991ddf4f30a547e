// What takes the room of the entries until the first message: the rows of a list wrap as they will with the rates.

import type { Rate } from "./contract";
import { isOfTheFive } from "./figures";
import type { Locale } from "./locale";
import { attribution, bank, translate } from "./locale";
import { make } from "./view";

/** The ticker pairs of a service, until it has told its own. */
const DEFAULTS = ["KGS/USD", "KZT/USD", "TJS/USD", "UZS/USD", "TMT/USD"];
const FIVE = DEFAULTS.map((pair) => pair.slice(0, 3));

/** The pairs to make room for; a star stands for the five. */
export function placeholderPairs(pairs: readonly string[]): string[] {
  return (pairs.length ? pairs : DEFAULTS).flatMap((pair) => (pair.includes("*") ? FIVE.map((code) => pair.replace("*", code)) : [pair]));
}

/** Replaces the digits of a node by spaces of the same width. */
export function blank(node: Node): void {
  const texts = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    text.nodeValue = (text.nodeValue ?? "").replace(/[0-9]/g, "\u2007");
  }
}

/** The credit of the one bank whose terms ask for one. */
export function placeholderTerms(pairs: readonly string[], locale: Locale): Node[] {
  const credit = translate(locale, "source", { bank: bank(locale, "nbt") });
  return pairs.some((pair) => pair.includes("TJS")) ? [make("span", { class: "attribution" }, `${credit} · ${attribution(locale, "nbt", "www.nbt.tj")}`)] : [];
}

/** A rate with as many digits as a usual one of the pair. */
export function placeholder(pair: string): Rate {
  const [base = "", quote = ""] = pair.split("/");
  const isInverted = isOfTheFive(base) && !isOfTheFive(quote);
  return {
    pair,
    value: isInverted ? "0.0012345" : "123.45",
    derivation: isInverted ? "INVERTED" : "PUBLISHED",
    source: null,
    effective_date: null,
    freshness: "FRESH",
    freshness_reason: null,
    change: { absolute: "0.0000123", percent: "-1", direction: "DOWN", reference_value: "1", reference_date: "" },
    fixings: [],
    announced: null,
    held: [],
    windows: [],
    decimal_places: null,
  };
}
