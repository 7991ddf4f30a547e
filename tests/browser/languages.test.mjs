// The eight languages on a page of the real service and in its fragment, against the library of Unicode: numbers, percentages
// and dates.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { front } from "./front.mjs";
import { becomes, browser, cldr, lines, shows } from "./support.mjs";
import { LANGUAGES } from "./visit.mjs";

/** British English, as all English texts of the service are. */
const cldrTag = (tag) => (tag === "en" ? "en-GB" : tag);
const PAIRS = "USD/KZT,JPY/KZT";

let chromium;
let site;
before(async () => {
  [chromium, site] = await Promise.all([browser(), front({}, [])]);
});
after(() => Promise.all([chromium?.close(), site?.close()]));

/** What the library writes in a language: the two values, the changes, and the parts of the date. */
function expected(tag) {
  const number = new Intl.NumberFormat(cldrTag(tag), { minimumFractionDigits: 2 });
  const percent = (value, signDisplay) => new Intl.NumberFormat(cldrTag(tag), { style: "percent", minimumFractionDigits: 2, signDisplay }).format(value);
  const { months } = cldr(cldrTag(tag), "ca-gregorian").dates.calendars.gregorian;
  return {
    entries: [`USD/KZT ${number.format("475.09")} ${percent("-0.0077", "always")}`, `JPY/KZT ${number.format("3")} ${percent("0", "never")}`],
    date: [months.format.wide[4].toLowerCase(), "2026", "2"],
  };
}

test("numbers, percentages and dates on a page and in the fragment are those of the library of Unicode, in eight languages", async (t) => {
  const page = await chromium.context.newPage();
  t.after(() => page.close());
  for (const tag of LANGUAGES) {
    const { entries, date } = expected(tag);
    await page.goto(site.put("/page", `<silk-ticker pairs="${PAIRS}"></silk-ticker>`, { attributes: `lang="${tag}"` }));
    await shows(page, entries);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    const missing = async () => {
      const details = (await page.locator("silk-ticker [part~=tooltip]").innerText()).toLowerCase();
      return date.filter((part) => !details.includes(part));
    };
    await becomes(missing, [], `the date is written in ${tag}`);
    const fragment = await (await fetch(`${site.service.url}ticker.html?pairs=${PAIRS}&locale=${tag}`)).text();
    await page.goto(site.put("/fragment", fragment, { attributes: `lang="${tag}"`, head: "" }));
    const written = await page.locator("main li[data-pair]").allInnerTexts();
    for (const [index, entry] of entries.entries()) {
      const [pair, ...figures] = entry.split(" ");
      const text = written[index];
      figures.forEach((figure) => assert.ok(text.includes(figure), `${tag}: ${figure} of ${pair} is not in ${text}`));
    }
    date.forEach((part) => assert.ok(written[0].toLowerCase().includes(part), `${tag}: ${part} is not in ${written[0]}`));
  }
  assert.equal((await lines(page)).length, 0, "the last fragment has no script");
});
