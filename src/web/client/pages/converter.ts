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
    if (shown && next) {
      replace(shown, next);
      amount.toggleAttribute("aria-invalid", false);
      if (page?.getElementById("amount")?.hasAttribute("aria-invalid")) {
        amount.setAttribute("aria-invalid", "true");
      }
    }
  };
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = window.setTimeout(() => void convert(), TYPING_PAUSE);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(timer);
    void convert();
  });
  return () => void convert();
}
