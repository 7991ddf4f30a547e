// The converter on the page of a currency, while a reader writes.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { serve } from "./server.mjs";
import { browser, until } from "./support.mjs";
import { isReady, open } from "./visit.mjs";

let chromium;
let demo;
before(async () => {
  [chromium, demo] = await Promise.all([browser(), serve({}, "--demo=april")]);
});
after(async () => {
  await chromium?.close();
  await demo?.stop();
});

const tab = (context, options) => open(chromium, context, options);

test("the converter answers while the reader writes, and says what is wrong at the field", async (t) => {
  const page = await tab(t);
  await page.goto(`${demo.url}KZT?locale=ru`);
  await isReady(page);
  const result = page.locator("#conversion");
  await page.locator("#amount").fill("2,5");
  await until(async () => /^2,5\s\$ = 1\s\d{3},\d\d\s₸/.test(await result.innerText()), "the amount is converted");
  await page.locator("#amount").fill("много");
  await until(async () => (await result.innerText()) === "Введите сумму цифрами, например 1\u00a0000,50.", "the error is shown");
  assert.equal(await page.locator("#amount").getAttribute("aria-invalid"), "true");
  assert.equal(await page.evaluate(() => document.activeElement.id), "amount", "the focus stays");
  await page.locator("#amount").fill("3");
  await until(async () => /^3\s\$ = /.test(await result.innerText()), "the amount is converted again");
  assert.equal(await page.locator("#amount").getAttribute("aria-invalid"), null);
  assert.equal(new URL(page.url()).search, "?locale=ru", "the page is still the same");
});

test("a reader who is writing a number sees no error, whatever the language, and one who has left the field does", async (t) => {
  const page = await tab(t);
  const shown = async () => [await page.locator("#conversion").innerText(), await page.locator("#amount").getAttribute("aria-invalid")];
  for (const [locale, amounts] of [
    ["en", { "1,000.50": /^\$1,000\.50 = /, "1.0": /^\$1\.0 = /, "1 000": /^\$1,000 = / }],
    ["ru", { "1\u00a0000,50": /^1\u00a0000,50\u00a0\$ = /, "1.0": /^1,0\u00a0\$ = /, "1,0": /^1,0\u00a0\$ = /, "-,5": /^-0,5\u00a0\$ = / }],
  ]) {
    await page.goto(`${demo.url}KZT?locale=${locale}`);
    await isReady(page);
    for (const [amount, result] of Object.entries(amounts)) {
      await page.locator("#amount").fill("");
      for (const letter of amount) {
        await page.keyboard.type(letter);
        const written = await page.locator("#amount").inputValue();
        await until(async () => (await page.locator("#convert").getAttribute("data-answered")) === written, `${locale}: ${written} of ${amount} is answered`);
        const [text, invalid] = await shown();
        assert.match(text, /= /, `${locale}: a result is shown at ${letter} of ${amount}`);
        assert.equal(invalid, null, `${locale}: ${letter} of ${amount}`);
      }
      await until(async () => result.test((await shown())[0]), `${locale}: ${amount} is converted`);
    }
  }
  await page.goto(`${demo.url}KZT?locale=en`);
  await isReady(page);
  await page.locator("#amount").fill("1,5");
  await page.locator('#convert [name="from"]').focus();
  const error = "Write the amount in digits, such as 1,000.50.";
  await until(async () => JSON.stringify(await shown()) === JSON.stringify([error, "true"]), "the error is shown");
  await page.locator("#amount").focus();
  await page.keyboard.press("End");
  await page.keyboard.type("0");
  await until(async () => JSON.stringify(await shown()) === JSON.stringify(["", null]), "the error is gone");
  await page.keyboard.type("0");
  await until(async () => /^\$1,500 = /.test((await shown())[0]), "the amount is converted");
});
