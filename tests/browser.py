# SPDX-License-Identifier: Apache-2.0
"""Chromium, in which tests look at pages, and what they ask it about a page."""

import shutil
from pathlib import Path

from selenium import webdriver


def open_browser(folder: Path) -> webdriver.Chrome:
    """Return a Chromium of its own, with its profile in this folder, which logs what it loads."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    driver = shutil.which("chromedriver")
    assert program, "there is no chromium; `make test` installs it"
    assert driver, "there is no chromedriver; `make test` installs it"
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for switch in (
        *("headless=new", "no-sandbox", "disable-gpu", "no-first-run", "disable-quic"),
        *("disable-background-networking", "disable-component-update", "disable-sync"),
        f"user-data-dir={folder}",
    ):
        options.add_argument(f"--{switch}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(options, webdriver.ChromeService(driver))


def look_as(browser: webdriver.Chrome, width: int, scheme: str) -> None:
    """Give the browser's window this width in pixels, and a scheme of colours, light or dark."""
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    screen = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)


LOWEST_CONTRAST = """
function luminance(rgb) {
  const [r, g, b] = rgb.map(c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function colour(text) {
  const [r, g, b, a = 1] = text.match(/[0-9.]+/g).map(Number);
  return {rgb: [r, g, b], a};
}
function background(element) {
  for (let e = element; e; e = e.parentElement) {
    const c = colour(getComputedStyle(e).backgroundColor);
    if (c.a == 1) return c.rgb;
    if (c.a > 0) throw new Error('half transparent: ' + e.className);
  }
  throw new Error('no background');
}
let lowest = [99, ''], seen = 0;
for (const e of document.querySelectorAll('body *')) {
  const text = [...e.childNodes].filter(n => n.nodeType == 3).map(n => n.data).join('').trim();
  if (!text || e.closest('svg, style') || !e.getClientRects().length) continue;
  const pair = [luminance(colour(getComputedStyle(e).color).rgb), luminance(background(e))];
  const contrast = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
  seen += 1;
  if (contrast < lowest[0]) lowest = [contrast, text];
}
return [seen, ...lowest];
"""
