// Turns Discord's markdown into DOM nodes: blocks here (code, headings, subtext, quotes, lists),
// and inside a line the marks of inline.js. Unknown marks stay text.

import { el } from "../ui/dom.js";
import { inline } from "./inline.js";

const FENCE = /```(?:([\w+#.-]+)\n)?\n?([\s\S]*?)\n?```/g;
const HEADING = /^(#{1,3})\s+(\S.*)$/s;
const SUBTEXT = /^-#\s+(\S.*)$/s;
const ITEM = /^(\s*)([-*]|\d{1,9}\.)\s+(\S.*)$/s;
const DEEPEST = 6;

/**
 * Render a message's or embed description's text.
 * `names` resolves mentions: { user(id), me, channel(id) }.
 */
export function markdown(text, names) {
  return el("div", { class: "markdown" }, blocks(text ?? "", names, 0));
}

/** Render a short text (a title, a field's name) in one line: no blocks. */
export function markdownLine(text, names) {
  return inline(text ?? "", names);
}

function blocks(text, names, depth) {
  const nodes = [];
  let from = 0;
  for (const match of text.matchAll(FENCE)) {
    if (!match[2].trim()) continue;
    nodes.push(...lines(text.slice(from, match.index).replace(/\n$/, ""), names, depth), codeBlock(match[1], match[2]));
    from = match.index + match[0].length;
    if (text[from] === "\n") from += 1;
  }
  nodes.push(...lines(text.slice(from), names, depth));
  return nodes;
}

function codeBlock(language, code) {
  return el("pre", { tabindex: "0" }, el("code", { dataset: language ? { language } : {} }, code));
}

/** Render text without code blocks: line by line, with plain neighbors joined into one paragraph. */
function lines(text, names, depth) {
  if (!text) return [];
  const nodes = [];
  const rows = text.split("\n");
  let plain = [];
  const flush = () => {
    if (plain.join("").trim()) nodes.push(el("p", {}, inline(plain.join("\n"), names)));
    else if (plain.length > 1 || (plain.length && nodes.length)) nodes.push(el("p", { class: "gap" }));
    plain = [];
  };
  for (let row = 0; row < rows.length; ) {
    const [node, used] = special(rows, row, names, depth);
    if (node) {
      flush();
      nodes.push(node);
    } else plain.push(rows[row]);
    row += used;
  }
  flush();
  return nodes;
}

/** The block that begins at `row` and how many rows it takes; [null, 1] for plain text. */
function special(rows, row, names, depth) {
  const line = rows[row];
  const heading = HEADING.exec(line);
  // The page's own headings are h1 and h2, so a message's begin below them.
  if (heading) return [el(`h${heading[1].length + 2}`, { class: `heading-${heading[1].length}` }, inline(heading[2], names)), 1];
  const subtext = SUBTEXT.exec(line);
  if (subtext) return [el("small", { class: "subtext" }, inline(subtext[1], names)), 1];
  if (depth < DEEPEST && line.startsWith(">>> ")) {
    const rest = [line.slice(4), ...rows.slice(row + 1)].join("\n");
    return [el("blockquote", {}, blocks(rest, names, depth + 1)), rows.length - row];
  }
  if (depth < DEEPEST && line.startsWith("> ")) {
    const quoted = takeWhile(rows, row, (r) => r.startsWith("> "));
    return [el("blockquote", {}, blocks(quoted.map((r) => r.slice(2)).join("\n"), names, depth + 1)), quoted.length];
  }
  if (ITEM.test(line)) {
    const ordered = isOrdered(line);
    const indent = ITEM.exec(line)[1].length;
    // A list of the other kind at the same depth is a list of its own.
    const items = takeWhile(rows, row, (r) => ITEM.test(r) && (ITEM.exec(r)[1].length > indent || isOrdered(r) === ordered));
    return [list(items.map((r) => ITEM.exec(r)), names), items.length];
  }
  return [null, 1];
}

const isOrdered = (row) => /\d/.test(ITEM.exec(row)[2]);

function takeWhile(rows, from, test) {
  let end = from;
  while (end < rows.length && test(rows[end])) end += 1;
  return rows.slice(from, end);
}

/** Nest list items by their indentation. */
function list(items, names) {
  const [first] = items;
  const ordered = /\d/.test(first[2]);
  const node = el(ordered ? "ol" : "ul", ordered ? { start: Number.parseInt(first[2], 10) } : {});
  const indent = first[1].length;
  for (let i = 0; i < items.length; ) {
    const inner = [];
    const item = items[i];
    for (i += 1; i < items.length && items[i][1].length > indent; i += 1) inner.push(items[i]);
    node.append(el("li", {}, inline(item[3], names), inner.length ? list(inner, names) : null));
  }
  return node;
}
