// What Lighthouse says of pages: performance, accessibility and best practices, in hundredths, a line for each.
//
//   node lighthouse.mjs http://127.0.0.1:1234 'alliance-access=…' / /hall

import { launch } from "chrome-launcher";
import lighthouse from "lighthouse";
import puppeteer from "puppeteer-core";

const [base, cookie, ...paths] = process.argv.slice(2);
const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];
const chrome = await launch({ chromeFlags: flags, ignoreDefaultFlags: true, logLevel: "silent" });
const asked = ["performance", "accessibility", "best-practices"];
try {
  const browser = await puppeteer.connect({ browserURL: `http://127.0.0.1:${chrome.port}`, defaultViewport: null });
  for (const pair of cookie.split("; ")) {
    const [name] = pair.split("=", 1);
    await browser.setCookie({ name, value: pair.slice(name.length + 1), domain: "127.0.0.1", path: "/" });
  }
  for (const path of paths) {
    // Its own way of forgetting what was there before would forget who is signed in.
    const options = { onlyCategories: asked, disableStorageReset: true, extraHeaders: { "Accept-Language": "zh-CN" }, logLevel: "silent" };
    const page = await browser.newPage();
    const { lhr } = await lighthouse(base + path, options, undefined, page);
    await page.close();
    if (lhr.runtimeError) throw new Error(`${path}: ${lhr.runtimeError.message}`);
    const scores = asked.map((name) => Math.round(lhr.categories[name].score * 100));
    console.log(path, ...scores, lhr.finalDisplayedUrl);
    for (const name of asked) {
      for (const { id, weight } of lhr.categories[name].auditRefs) {
        const { score, title, displayValue } = lhr.audits[id];
        if (weight > 0 && score !== null && score < 0.9) console.error(path, name, id, score, displayValue ?? "", title);
      }
    }
  }
} finally {
  chrome.kill();
}
