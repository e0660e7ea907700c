// Draws what a message carries: pictures in a gallery with reserved sizes, alt text and spoiler covers,
// and every other file as a card to download.

import { el, firstOwnAddress, icon } from "../ui/dom.js";
import { fileSize } from "../messages/format.js";
import { openLightbox } from "../ui/lightbox.js";
import { t } from "../i18n.js";

const SPOILER_FLAG = 1 << 3;
const WIDEST = 420;
const HIGHEST = 340;

/** Spoilers stay open once opened, also when their message is drawn again. */
const opened = new Set();

export const isSpoiler = (attachment) =>
  attachment.filename.startsWith("SPOILER_") || Boolean((attachment.flags ?? 0) & SPOILER_FLAG);

const isPicture = (attachment) => /^image\//.test(attachment.content_type ?? "") && attachment.width > 0;

/** Draw a message's attachments; null when there are none. */
export function renderAttachments(attachments) {
  if (!attachments.length) return null;
  const pictures = attachments.filter(isPicture);
  const shown = pictures.map((attachment) => ({
    address: firstOwnAddress(attachment.url, attachment.proxy_url),
    name: plainName(attachment),
    alt: attachment.description ?? "",
  }));
  const gallery = pictures.length
    ? el("div", { class: `gallery gallery-${Math.min(pictures.length, 4)}` },
      pictures.map((attachment, index) => picture(attachment, () => openLightbox(shown, index), pictures.length)))
    : null;
  return el("div", { class: "attachments" }, gallery, attachments.filter((one) => !isPicture(one)).map(fileCard));
}

const plainName = (attachment) => attachment.filename.replace(/^SPOILER_/, "");

/** The size at which a picture is drawn: its own, scaled down to fit; known before a byte arrives. */
export function fit(width, height, widest = WIDEST, highest = HIGHEST) {
  const scale = Math.min(1, widest / width, highest / height);
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

function picture(attachment, open, neighbors) {
  const address = firstOwnAddress(attachment.url, attachment.proxy_url);
  if (!address) return fileCard(attachment);
  const alt = attachment.description ?? "";
  const size = fit(attachment.width, attachment.height);
  const image = el("img", {
    src: address, alt: alt || plainName(attachment), width: size.width, height: size.height, decoding: "async", draggable: false,
  });
  const button = el("button", { type: "button", class: "picture-open", "aria-label": t("Open picture: {name}", { name: alt || plainName(attachment) }), onclick: open }, image);
  const figure = el("figure", { class: "picture" }, button, alt ? altBadge(alt) : null);
  if (neighbors === 1) reserve(figure, image, size);
  // A picture in a format the browser can't draw (TIFF, HEIC) is still a file to download.
  image.addEventListener("error", () => figure.replaceWith(fileCard(attachment)));
  if (isSpoiler(attachment) && !opened.has(attachment.id)) cover(figure, button, attachment.id);
  return figure;
}

/** Give a lone picture its place before it arrives. */
function reserve(figure, image, { width, height }) {
  figure.style.setProperty("aspect-ratio", `${width} / ${height}`);
  figure.style.setProperty("width", `${width}px`);
  // The size in the file's header is that before EXIF rotation; browsers draw it rotated.
  image.addEventListener("load", () => {
    if (Math.sign(image.naturalWidth - image.naturalHeight) * Math.sign(width - height) >= 0) return;
    const turned = fit(image.naturalWidth, image.naturalHeight);
    figure.style.setProperty("aspect-ratio", `${turned.width} / ${turned.height}`);
    figure.style.setProperty("width", `${turned.width}px`);
  });
}

function cover(figure, button, id) {
  button.inert = true;
  figure.classList.add("covered");
  const lid = el("button", { type: "button", class: "spoiler-lid", "aria-label": t("Spoiler. Click to reveal the picture."), onclick: () => {
    opened.add(id);
    button.inert = false;
    figure.classList.remove("covered");
    lid.remove();
    button.focus({ preventScroll: true });
  } }, t("Spoiler"));
  figure.append(lid);
}

/** A small badge that shows and hides the picture's description. */
function altBadge(text) {
  const words = el("figcaption", { class: "alt-words", hidden: true }, text);
  const badge = el("button", {
    type: "button", class: "alt-badge", "aria-expanded": "false", "aria-label": t("Show alt text"), title: text,
    onclick: () => {
      words.hidden = !words.hidden;
      badge.setAttribute("aria-expanded", String(!words.hidden));
    },
  }, "ALT");
  return [words, badge];
}

function fileCard(attachment) {
  const address = firstOwnAddress(attachment.url, attachment.proxy_url);
  const name = plainName(attachment);
  return el("div", { class: "file-card" },
    icon("file"),
    el("div", { class: "file-words" },
      address ? el("a", { href: address, download: name, class: "file-name" }, name) : el("span", { class: "file-name" }, name),
      el("span", { class: "file-size" }, [fileSize(attachment.size ?? 0), isSpoiler(attachment) ? " · spoiler" : ""].join(""))));
}
