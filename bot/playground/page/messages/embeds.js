// Draws embeds: color bar, author, title, description, fields in up to three columns, pictures, footer.

import { fit } from "../composer/attachments.js";
import { el, firstOwnAddress } from "../ui/dom.js";
import { stamp } from "./format.js";
import { link } from "./inline.js";
import { openLightbox } from "../ui/lightbox.js";
import { markdown, markdownLine } from "./markdown.js";
import { t } from "../i18n.js";

/** Draw a message's embeds. `attachments` resolves attachment:// addresses and gives alt texts. */
export function renderEmbeds(embeds, attachments, names) {
  return embeds.map((embed) => renderEmbed(embed, attachments, names));
}

/** The attachments that an embed of the message already shows. */
export function usedByEmbeds(message) {
  const shown = (message.embeds ?? []).flatMap((embed) => [embed.image?.url, embed.thumbnail?.url, embed.author?.icon_url, embed.footer?.icon_url]);
  const wanted = new Set(shown.filter(Boolean).map(bare));
  return new Set((message.attachments ?? []).filter((one) => wanted.has(bare(one.url)) || wanted.has(`attachment://${one.filename}`)).map((one) => one.id));
}

const bare = (address) => address.split("?")[0];

function renderEmbed(embed, attachments, names) {
  const thumbnail = embed.thumbnail ? picture(embed.thumbnail, attachments, 80, 80, "embed-thumbnail") : null;
  const image = embed.image ? picture(embed.image, attachments, 400, 320, "embed-image") : null;
  // A linked picture arrives as an embed with nothing but a thumbnail: show it large.
  if (embed.type === "image" && embed.thumbnail) return picture(embed.thumbnail, attachments, 400, 320, "embed-image") ?? "";
  const node = el("section", { class: thumbnail ? "embed embed-with-thumbnail" : "embed", "aria-label": t("Embed") },
    el("div", { class: "embed-main" },
      embed.provider?.name ? el("div", { class: "embed-provider" }, embed.provider.name) : null,
      embed.author?.name ? author(embed.author, attachments) : null,
      embed.title ? el("div", { class: "embed-title" }, title(embed, names)) : null,
      embed.description ? markdown(embed.description, names) : null,
      embed.fields?.length ? fields(embed.fields, names) : null),
    thumbnail, image,
    footer(embed, attachments));
  if (embed.color !== null && embed.color !== undefined) node.style.setProperty("--bar", `#${embed.color.toString(16).padStart(6, "0")}`);
  return node;
}

function title(embed, names) {
  const text = markdownLine(embed.title, { ...names, inLink: Boolean(embed.url) });
  return isWeb(embed.url) ? link(embed.url, text) : text;
}

const isWeb = (address) => /^https?:\/\//i.test(address ?? "");

function author({ name, url, ...icons }, attachments) {
  const address = resolve(icons.icon_url, icons.proxy_icon_url, attachments).address;
  return el("div", { class: "embed-author" },
    address ? el("img", { src: address, alt: "", width: 24, height: 24 }) : null,
    isWeb(url) ? link(url, name) : name);
}

/** Inline fields stand side by side, at most three in a row; the others take a row each. */
function fields(list, names) {
  const rows = [];
  for (const field of list) {
    const row = rows.at(-1);
    if (field.inline && row?.inline && row.fields.length < 3) row.fields.push(field);
    else rows.push({ inline: field.inline, fields: [field] });
  }
  return el("div", { class: "embed-fields" }, rows.map((row) => el("div", { class: `embed-row columns-${row.fields.length}` },
    row.fields.map((field) => el("div", { class: "embed-field" },
      el("div", { class: "embed-field-name" }, markdownLine(field.name, names)),
      markdown(field.value, names))))));
}

function footer(embed, attachments) {
  const text = embed.footer?.text;
  const when = embed.timestamp ? stamp(new Date(embed.timestamp)) : null;
  if (!text && !when) return null;
  const address = resolve(embed.footer?.icon_url, embed.footer?.proxy_icon_url, attachments).address;
  return el("div", { class: "embed-footer" },
    address ? el("img", { src: address, alt: "", width: 20, height: 20 }) : null,
    [text, when].filter(Boolean).join(" • "));
}

/** The address a picture can be loaded from, and the attachment behind it if it is one. */
function resolve(url, proxy, attachments) {
  if (!url) return { address: null, attachment: null };
  const attachment = attachments.find((one) => url === `attachment://${one.filename}` || bare(one.url) === bare(url)) ?? null;
  return { address: firstOwnAddress(proxy, attachment?.url, url), attachment };
}

function picture(media, attachments, widest, highest, style) {
  const { address, attachment } = resolve(media.url, media.proxy_url, attachments);
  if (!address) return isWeb(media.url) ? el("div", { class: "embed-elsewhere" }, link(media.url, t("Picture on another site"))) : null;
  const width = media.width || attachment?.width || widest;
  const height = media.height || attachment?.height || Math.min(highest, width);
  const size = fit(width, height, widest, highest);
  const alt = media.description ?? attachment?.description ?? "";
  const image = el("img", { src: address, alt, width: size.width, height: size.height, decoding: "async" });
  const name = attachment?.filename ?? "";
  const button = el("button", {
    type: "button", class: `picture-open ${style}`, "aria-label": alt || name ? t("Open picture: {name}", { name: alt || name }) : t("Open picture"), title: alt || null,
    onclick: () => openLightbox([{ address, name, alt }], 0),
  }, image);
  button.style.setProperty("aspect-ratio", `${size.width} / ${size.height}`);
  button.style.setProperty("width", `${size.width}px`);
  image.addEventListener("error", () => button.remove());
  return button;
}
