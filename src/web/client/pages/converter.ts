// The converter while the reader writes: it requests the page of the form, and shows its result in place.

import { replace, request } from "./update";

/** Milliseconds without a key before the amount is converted. */
const TYPING_PAUSE = 250;

/** Starts the converter. What it returns converts again, by the rates of the moment. */
export function converter(): () => void {
  const form = document.querySelector<HTMLFormElement>("#convert");
  const amount = document.querySelector<HTMLInputElement>("#amount");
  if (!form || !amount) {
    return () => undefined;
  }
  let timer = 0;
  let running = new AbortController();
  let isWriting = false;
  const convert = async (): Promise<void> => {
    running.abort();
    running = new AbortController();
    const address = new URL(form.action);
    address.hash = "";
    for (const [name, value] of new FormData(form)) {
      address.searchParams.set(name, String(value));
    }
    const page = await request(address, running.signal);
    const [shown, next] = [document.querySelector("#conversion"), page?.getElementById("conversion")];
    if (!shown || !next) {
      return;
    }
    const isBegun = isWriting && next.querySelector("[data-begun]") !== null;
    if (isBegun) {
      // The last result stays: it names its own amount. An error before it does not.
      shown.querySelector(".error")?.remove();
    } else {
      replace(shown, next);
    }
    const isInvalid = !isBegun && page?.getElementById("amount")?.hasAttribute("aria-invalid");
    if (isInvalid) {
      amount.setAttribute("aria-invalid", "true");
    } else {
      amount.removeAttribute("aria-invalid");
    }
    // The amount whose answer the page shows: what waits for an answer can tell it from the last one.
    form.dataset["answered"] = address.searchParams.get("amount") ?? "";
  };
  const convertNow = (): void => {
    clearTimeout(timer);
    isWriting = false;
    void convert();
  };
  form.addEventListener("input", ({ target }) => {
    isWriting = target === amount;
    clearTimeout(timer);
    timer = window.setTimeout(() => void convert(), TYPING_PAUSE);
  });
  // The reader has left the field, or chosen a currency.
  form.addEventListener("change", convertNow);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    convertNow();
  });
  return () => void convert();
}
