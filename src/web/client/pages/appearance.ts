// The appearance that the reader chose, on every page of the service.

/** The name of the choice in the browser's store. */
const NAME = "silkrate-appearance";

/** Shows the page in the appearance of the last choice, and follows the list. */
export function appearance(): void {
  const list = document.querySelector<HTMLSelectElement>("#appearance");
  if (!list) {
    return;
  }
  const chosen = stored();
  if ([...list.options].some((option) => option.value === chosen)) {
    list.value = chosen;
  }
  // A browser that goes back or reloads may have restored the list itself.
  document.documentElement.dataset["appearance"] = list.value;
  list.addEventListener("change", () => {
    document.documentElement.dataset["appearance"] = list.value;
    store(list.value);
  });
}

function stored(): string {
  try {
    return localStorage.getItem(NAME) ?? "";
  } catch {
    // The reader refuses storage.
    return "";
  }
}

function store(value: string): void {
  try {
    localStorage.setItem(NAME, value);
  } catch {
    // The choice holds for this page.
  }
}
