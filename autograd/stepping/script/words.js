"use strict";
// The table of words has a column for each language; a sentence is its row and what stands in its slots, or somebody's own text.
const words = JSON.parse(document.getElementById("words").textContent);
let column = words.languages.findIndex(([lang]) => lang === words.lang);
const NONE = "number.none";
const say = (said) => (typeof said === "string" ? (said === words.rows[NONE][0] ? T(NONE) : said) : typeof said === "number" ? said.toLocaleString("en-US") : T(said[0], said[1]));
const T = (row, slots = {}) => words.rows[row][column].replace(/\{(\w+)(?::([^}]*))?\}/g, (_, name, how) => {
  const word = say(slots[name]);
  if (!how) return word;
  const [one, many] = how.split("|");
  return many ? `${word} ${word === "1" ? one : many}` : word + particle(word, how);
});
// Korean particles, as in words/__init__.py.
function particle(word, first) {
  const other = { 을: "를", 이: "가", 은: "는", 과: "와", 으로: "로", 이라: "라" }[first];
  const both = other === "로" ? "(으)로" : other === "라" ? "(이)라" : `${first}(${other})`;
  const heard = word.replace(/[^\p{L}\p{N}_%]+$/u, ""), end = [...heard].at(-1);
  if (!heard) return other;
  if (/\p{L}[A-Za-z]$/u.test(heard)) return both;
  let closed, liquid;
  if (end >= "가" && end <= "힣") {
    const final = (end.charCodeAt(0) - 0xac00) % 28;
    [closed, liquid] = [final > 0, final === 8];
  } else if (/[\x00-\x7f²³¹⁰⁴-⁹₀-₉α-ωΣΔ∞]/.test(end)) [closed, liquid] = [words.closed.includes(end), words.liquid.includes(end)];
  else return both;
  return closed && !(liquid && other === "로") ? first : other;
}
// What stands on the page from the start says itself anew: its text, its name, its hint.
function respeak(inside, slots) {
  const all = (mark) => [...inside.querySelectorAll(`[${mark}]`), ...(inside.matches(`[${mark}]`) ? [inside] : [])];
  for (const element of all("data-t")) element.textContent = T(element.dataset.t, { ...slots, ...element.dataset });
  for (const element of all("data-l")) element.setAttribute("aria-label", T(element.dataset.l, slots));
  for (const element of all("data-h")) element.title = T(element.dataset.h, slots);
}
const speakers = [];
function speak(lang) {
  column = words.languages.findIndex(([name]) => name === lang);
  document.documentElement.lang = lang;
  document.title = say(words.title);
  for (const heading of document.querySelectorAll("h1")) heading.textContent = say(words.title);
  document.querySelectorAll(".remarks li").forEach((line, i) => (line.textContent = say(words.remarks[i])));
  for (const part of document.querySelectorAll("header,.remarks")) respeak(part, {});
  for (const speaker of speakers) speaker();
}
{
  const choice = document.querySelector(".language"), wished = new URLSearchParams(location.hash.slice(1)).get("lang");
  choice.addEventListener("change", () => {
    speak(choice.value);
    const fragment = new URLSearchParams(location.hash.slice(1));
    if (choice.value === words.lang) fragment.delete("lang");
    else fragment.set("lang", choice.value);
    try {
      history.replaceState(null, "", "#" + fragment);
    } catch {
      // a frame may have no address of its own
    }
  });
  if (words.languages.some(([lang]) => lang === wished) && wished !== words.lang) addEventListener("load", () => speak((choice.value = wished)));
}
