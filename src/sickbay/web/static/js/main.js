// Adds copy buttons, tabs, filters and shortcuts to pages that also work without JavaScript.
import { copying } from "./copy.js";
import { tabs } from "./tabs.js";
import { consent, picker } from "./choosing.js";
import { keys } from "./keys.js";
import { once } from "./once.js";
import { live } from "./live.js";
import { exchanges } from "./exchanges.js";
import { storage } from "./storage.js";
import { tab } from "./tab.js";
import { timeline } from "./timeline.js";
import { theme } from "./theme.js";
import { token } from "./token.js";
import { until } from "./until.js";

document.documentElement.classList.add("js");
if (window.top !== window) document.documentElement.classList.add("framed");
const starts = [
  copying,
  tabs,
  consent,
  picker,
  keys,
  once,
  live,
  exchanges,
  storage,
  tab,
  theme,
  timeline,
  token,
  until,
];
for (const start of starts) start(document);

// On a phone the menu is wider than the screen, and the current page can be outside it.
const menu = document.querySelector(".nav");
const current = menu?.querySelector("[aria-current]");
if (current) {
  const margin = (menu.clientWidth - current.offsetWidth) / 2;
  menu.scrollLeft = current.offsetLeft - menu.offsetLeft - margin;
}
