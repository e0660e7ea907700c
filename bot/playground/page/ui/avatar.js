// Draws a person's picture, or their first letter on a color of their own when there is none.

import { el, firstOwnAddress } from "./dom.js";
import { displayName } from "../messages/format.js";
import { t } from "../i18n.js";

// Gold is for applications.
const HUES = [205, 158, 262, 330, 182, 230];

const hueOf = (id) => HUES[Number(BigInt(id ?? 0) % BigInt(HUES.length))];

/** Give `node` its person's hue, for names and letters. */
export function tint(node, user) {
  node.style.setProperty("--hue", String(hueOf(user?.id)));
  return node;
}

/** A round-cornered picture of `size` CSS pixels. Decorative: the name always stands beside it. */
export function avatar(user, size, style = "avatar") {
  const letter = () => tint(el("span", { class: `${style} avatar-letter`, "aria-hidden": "true" }, displayName(user).slice(0, 1).toUpperCase()), user);
  const address = user?.avatar ? firstOwnAddress(`/avatars/${user.id}/${user.avatar}.png?size=128`) : null;
  if (!address) return letter();
  const image = el("img", { class: style, src: address, alt: "", width: size, height: size, draggable: false });
  image.addEventListener("error", () => image.replaceWith(letter()));
  return image;
}

/** The little word beside an application's name; null for people. */
export const botBadge = (user) => (user?.bot ? el("span", { class: "badge" }, t("Bot")) : null);
