// Which language the reader has, and the words of it.
import { WORDS } from "./words.js";

const KNOWN = ["vi", "en"];
const REMEMBERED = "ria.language";
const heard = [];

function first() {
  let remembered = null;
  try {
    remembered = localStorage.getItem(REMEMBERED);
  } catch {
    // a browser that keeps nothing still shows the page
  }
  if (KNOWN.includes(remembered)) return remembered;
  for (const wish of navigator.languages) {
    const short = wish.slice(0, 2).toLowerCase();
    if (KNOWN.includes(short)) return short;
  }
  return "vi";
}

export let language = first();

export function choose(wish) {
  language = wish;
  try {
    localStorage.setItem(REMEMBERED, wish);
  } catch {
    // as above
  }
  show();
}

export function onLanguage(tell) {
  heard.push(tell);
}

// Put the words of the present language in every element that names one.
export function show() {
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll("[data-word]")) {
    element.textContent = word(element.dataset.word);
  }
  for (const button of document.querySelectorAll("[data-language]")) {
    button.setAttribute("aria-pressed", String(button.dataset.language === language));
  }
  for (const tell of heard) tell();
}

export function word(key, fill = {}) {
  const both = WORDS[key];
  if (!both) return key;
  return both[language].replace(/\{(\w+)\}/g, (_, name) => String(fill[name]));
}

export function hasWord(key) {
  return Object.hasOwn(WORDS, key);
}

// What people call a thing, in the reader's language where the site says so.
export function called(labels, otherwise) {
  return labels[language] || labels.en || labels.vi || otherwise;
}
