// The floating menu of a message: opens at a point or beside a button, is worked by mouse or keys
// (arrows, Home, End, Escape), closes on any press elsewhere and gives the focus back.

import { el, icon } from "./dom.js";

let close = () => {};

/**
 * Open a menu. `items`: { label, icon?, hint?, danger?, run } for an entry, { heading } for a caption,
 * { row: [{ label, text, run }] } for a line of small buttons, null for a dividing line.
 */
export function openMenu({ x, y, label, items }) {
  close();
  const before = document.activeElement;
  const menu = el("div", { class: "menu", role: "menu", "aria-label": label, tabindex: "-1" }, items.map(entry));
  document.body.append(menu);
  place(menu, x, y);

  close = (returnFocus = true) => {
    close = () => {};
    menu.remove();
    document.removeEventListener("pointerdown", onPress, true);
    window.removeEventListener("resize", onAway);
    window.removeEventListener("blur", onAway);
    if (returnFocus && before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
  };
  const onPress = (event) => !menu.contains(event.target) && close(false);
  const onAway = () => close(false);
  document.addEventListener("pointerdown", onPress, true);
  window.addEventListener("resize", onAway);
  window.addEventListener("blur", onAway);
  menu.addEventListener("keydown", (event) => onKey(event, menu));
  menu.addEventListener("contextmenu", (event) => event.preventDefault());
  choices(menu)[0]?.focus({ preventScroll: true });
}

export const closeMenu = () => close();

function entry(item) {
  if (item === null) return el("hr", { class: "menu-line" });
  if (item.heading) return el("div", { class: "menu-heading", role: "presentation" }, item.heading);
  if (item.row) return el("div", { class: "menu-row", role: "group", "aria-label": item.label }, item.row.map((one) => button(one, one.text, "menu-small", one.label)));
  return button(item, [item.icon ? icon(item.icon) : null, el("span", { class: "menu-label" }, item.label), item.hint ? el("span", { class: "menu-hint" }, item.hint) : null], item.danger ? "menu-item danger" : "menu-item");
}

function button(item, content, style, label = null) {
  const run = () => {
    close();
    item.run();
  };
  return el("button", { type: "button", class: style, role: "menuitem", tabindex: "-1", "aria-label": label, onclick: run }, content);
}

const choices = (menu) => [...menu.querySelectorAll("[role=menuitem]")];

function onKey(event, menu) {
  const all = choices(menu);
  const at = all.indexOf(document.activeElement);
  const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
  if (event.key === "Escape" || event.key === "Tab") close();
  else if (step) all[(at + step + all.length) % all.length].focus();
  else if (event.key === "Home") all[0].focus();
  else if (event.key === "End") all.at(-1).focus();
  else return;
  event.preventDefault();
  event.stopPropagation();
}

/** Keep the whole menu inside the window. */
function place(menu, x, y) {
  const { width, height } = menu.getBoundingClientRect();
  menu.style.left = `${Math.max(8, Math.min(x, window.innerWidth - width - 8))}px`;
  menu.style.top = `${Math.max(8, Math.min(y, window.innerHeight - height - 8))}px`;
}
