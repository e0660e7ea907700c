// Shows a picture large over the page: Escape or a press outside closes it, arrows walk through its neighbors.

import { el, icon, iconButton } from "./dom.js";
import { t } from "../i18n.js";

/** Open `pictures` ({ address, name, alt }) at `index`. */
export function openLightbox(pictures, index) {
  const image = el("img", { class: "lightbox-image" });
  const caption = el("p", { class: "lightbox-alt" });
  const original = el("a", { class: "lightbox-link", target: "_blank", rel: "noopener" }, icon("link"), t("Open the original"));
  const dialog = el("dialog", { class: "lightbox", "aria-label": t("Picture") },
    iconButton("close", t("Close"), () => dialog.close(), { class: "icon-button lightbox-close" }),
    image,
    el("div", { class: "lightbox-foot" }, caption, original));

  const show = (at) => {
    index = (at + pictures.length) % pictures.length;
    const { address, name, alt } = pictures[index];
    image.src = address;
    image.alt = alt || name || t("Picture");
    caption.textContent = alt || name;
    caption.hidden = !caption.textContent;
    original.href = address;
  };
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "ArrowRight") show(index + 1);
    if (event.key === "ArrowLeft") show(index - 1);
  });
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  show(index);
  dialog.showModal();
}
