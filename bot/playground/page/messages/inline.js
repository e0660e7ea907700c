// The marks inside a line: bold, italic, underline, strikethrough, code, spoilers, links, mentions, times.
// A small scanner over a table of rules; the first rule that matches at a place wins. Anybody may
// write the text: no rule may look at the same characters again from every place it could begin.

import { el } from "../ui/dom.js";
import { discordTime, longTime } from "./format.js";
import { t } from "../i18n.js";

const DEEPEST = 12;

/** Each rule: a sticky pattern and what to make of its match. `inner` renders nested text. */
const RULES = [
  [/\\([^0-9A-Za-z\s])/y, (m) => m[1]],
  [/<(https?:\/\/[^\s<>]+)>/y, (m) => link(m[1], m[1])],
  [/\[((?:\\.|[^[\]\\\n])+)\]\(<?(https?:\/\/[^\s<>()]+(?:\([^\s<>()]*\)[^\s<>()]*)*)>?(?:\s+"[^"\n]*")?\)/y,
    (m, inner, names) => (names.inLink ? null : link(m[2], inner(m[1], { ...names, inLink: true })))],
  [/https?:\/\/[^\s<]+[^<.,:;"')\]\s|*_~]/y, (m, _, names) => (names.inLink ? m[0] : link(m[0], m[0]))],
  [/<@!?(\d+)>/y, (m, _, names) => mention(`@${names.user(m[1]) ?? t("unknown person")}`, m[1] === names.me)],
  [/<@&\d+>/y, () => mention("@role", false)],
  [/<#(\d+)>/y, (m, _, names) => mention(`#${names.channel(m[1]) ?? t("unknown channel")}`, false)],
  [/<\/([\w\- ]{1,100}):\d+>/y, (m) => mention(`/${m[1]}`, false)],
  [/<a?:(\w+):\d+>/y, (m) => `:${m[1]}:`],
  [/<t:(-?\d{1,12})(?::([tTdDfFR]))?>/y, (m) => time(Number(m[1]), m[2] ?? "f")],
  [/@(?:everyone|here)\b/y, (m, _, names) => mention(m[0], names.mentionsEveryone)],
  [/\*\*\*(?=\S)((?:\\[\s\S]|[^\\*])+?)\*\*\*/y, (m, inner) => el("strong", {}, el("em", {}, inner(m[1])))],
  [/\*\*((?:\\[\s\S]|[^\\])+?)\*\*(?!\*)/y, (m, inner) => el("strong", {}, inner(m[1]))],
  [/__((?:\\[\s\S]|[^\\])+?)__(?!_)/y, (m, inner) => el("u", {}, inner(m[1]))],
  [/\*(?=\S)((?:\*\*|\\[\s\S]|\s+(?:\\[\s\S]|[^\s*\\]|\*\*)|[^\s*\\])+?)\*(?!\*)/y, (m, inner) => el("em", {}, inner(m[1]))],
  // An underscore inside a word (golden_retriever) is no mark.
  [/(?<!\w)_(?=\S)((?:__|\\[\s\S]|[^\\_])+?)_(?!\w)/y, (m, inner) => el("em", {}, inner(m[1]))],
  [/~~([\s\S]+?)~~/y, (m, inner) => el("s", {}, inner(m[1]))],
  [/\|\|([\s\S]+?)\|\|/y, (m, inner) => spoiler(inner(m[1]))],
];

const PLAIN = /[\s\S][^\\`<[*_~|@h]*/y;

/** Render the marks of one run of text as an array of nodes and strings. */
export function inline(text, names, depth = 0) {
  const nodes = [];
  const inner = (part, innerNames = names) => (depth < DEEPEST ? inline(part, innerNames, depth + 1) : [part]);
  for (let at = 0; at < text.length; ) {
    const [node, length] = matchAt(text, at, inner, names);
    if (typeof node === "string" && typeof nodes.at(-1) === "string") nodes[nodes.length - 1] += node;
    else nodes.push(node);
    at += length;
  }
  return nodes;
}

function matchAt(text, at, inner, names) {
  if (text[at] === "`") return codeAt(text, at);
  for (const [pattern, make] of RULES) {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    const node = match && make(match, inner, names);
    if (node !== null) return [node, match[0].length];
  }
  PLAIN.lastIndex = at;
  const [plain] = PLAIN.exec(text);
  return [plain, plain.length];
}

/** Code from a run of backticks to the next run of the same length; without one, the run is text. */
function codeAt(text, at) {
  const from = runEnd(text, at);
  const run = text.slice(at, from);
  let close = text.indexOf(run, from);
  while (close !== -1) {
    const end = runEnd(text, close);
    if (end - close === run.length) {
      const code = text.slice(from, close).replace(/^ (?=`)|(?<=`) $/g, "");
      return [el("code", {}, code), end - at];
    }
    close = text.indexOf(run, end);
  }
  return [run, run.length];
}

function runEnd(text, at) {
  let end = at;
  while (text[end] === "`") end += 1;
  return end;
}

/** A link that opens elsewhere; the patterns let only http and https addresses come here. */
export function link(address, content) {
  return el("a", { href: address, target: "_blank", rel: "noopener noreferrer", title: address }, content);
}

function mention(text, isMe) {
  return el("span", { class: isMe ? "mention mention-me" : "mention" }, text);
}

function time(seconds, style) {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return `<t:${seconds}>`;
  return el("time", { class: "time-mark", datetime: date.toISOString(), title: longTime(date) }, discordTime(seconds, style));
}

/** Hidden text that one press or key reveals for good. */
function spoiler(content) {
  const inside = el("span", { class: "spoiler-inside" }, content);
  inside.inert = true;
  const node = el("span", { class: "spoiler", role: "button", tabindex: "0", "aria-label": t("Spoiler. Click to reveal.") }, inside);
  const reveal = (event) => {
    event.preventDefault();
    event.stopPropagation();
    inside.inert = false;
    node.classList.add("shown");
    for (const name of ["role", "tabindex", "aria-label"]) node.removeAttribute(name);
    node.removeEventListener("click", reveal);
    node.removeEventListener("keydown", onKey);
  };
  const onKey = (event) => (event.key === "Enter" || event.key === " ") && reveal(event);
  node.addEventListener("click", reveal);
  node.addEventListener("keydown", onKey);
  return node;
}
