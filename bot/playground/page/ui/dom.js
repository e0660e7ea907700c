// Builds DOM nodes and icons. Every other module makes its nodes here, from plain values:
// nothing on this page is ever parsed as HTML, so text from strangers stays text.

const SVG = "http://www.w3.org/2000/svg";

// Stroke paths on a 24 × 24 grid.
const ICONS = {
  attach: "M12 5v14M5 12h14",
  bell: "M6 16V11a6 6 0 0 1 12 0v5l1.5 2h-15zM10 20.5h4",
  chevron: "M6 9l6 6 6-6",
  close: "M6 6l12 12M18 6L6 18",
  copy: "M9 9h10v11H9zM15 9V4H5v11h4",
  edit: "M4 20l1-4L16.5 4.5l3 3L8 19l-4 1zM14 7l3 3",
  eye: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 9.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z",
  file: "M6 3h8l4 4v14H6zM14 3v4h4",
  hash: "M9 4L7 20M17 4l-2 16M4.5 9h16M3.5 15h16",
  link: "M14 4h6v6M20 4l-9 9M18 14v6H4V6h6",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  picture: "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15.5 9h.01",
  reply: "M10 6L4 12l6 6M4 12h9c4 0 7 2 7 6",
  retry: "M20 11a8 8 0 1 0-2.3 6M20 5v6h-6",
  send: "M4 12L20 4l-5 16-3.5-6.5zM20 4l-8.5 9.5",
  slash: "M16 4L8 20",
  trash: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
  warning: "M12 4L2.5 20h19zM12 10v5M12 17.5h.01",
};

/**
 * Make an element. `props` may hold `class`, `dataset`, `style` (a map of properties), listeners
 * (`onclick`), DOM properties (`value`, `disabled`) and attributes (`aria-label`, `role`).
 * Children are nodes, strings, arrays of them; null and false are left out.
 */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined) continue;
    if (name === "class") node.className = value;
    else if (name === "dataset") Object.assign(node.dataset, value);
    else if (name === "style") for (const [key, v] of Object.entries(value)) node.style.setProperty(key, v);
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name in node && !name.includes("-") && name !== "role") node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** One of the page's line icons; hidden from screen readers, so its button needs a label. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `icon icon-${name}`);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** A button that shows an icon alone, with its name as label and tooltip. */
export function iconButton(name, label, onclick, props = {}) {
  return el("button", { type: "button", class: "icon-button", "aria-label": label, title: label, onclick, ...props }, icon(name));
}

/**
 * The address of a server file as this page may load it, or null for any other host.
 * The server names itself by its loopback address, the browser may have come by another name.
 */
export function ownAddress(address) {
  let url;
  try {
    url = new URL(address, location.href);
  } catch {
    return null;
  }
  const loopback = ["127.0.0.1", "localhost", "[::1]"];
  const same = url.host === location.host || (url.port === location.port && loopback.includes(url.hostname));
  if (!same || !["http:", "https:"].includes(url.protocol)) return null;
  return location.origin + url.pathname + url.search;
}

/** The first of `addresses` that this page may load, or null. */
export function firstOwnAddress(...addresses) {
  for (const address of addresses) {
    const own = address ? ownAddress(address) : null;
    if (own) return own;
  }
  return null;
}
