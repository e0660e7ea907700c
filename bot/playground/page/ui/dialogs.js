// Small modal questions: may this message be deleted, what is in this picture. Native dialogs, so that
// the focus, Escape and the page behind behave.

import { el } from "./dom.js";
import { t } from "../i18n.js";

/** Show a dialog until it closes; resolves to the value of the pressed button, "" when dismissed. */
export function ask(dialog) {
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** As `ask`; a press beside the dialog dismisses it, since nothing much is lost. */
export function askLightly(dialog) {
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close(""));
  return ask(dialog);
}

/** Ask before deleting. `preview` is the message in a few words. */
export async function confirmDelete(preview) {
  const dialog = el("dialog", { class: "dialog", "aria-labelledby": "delete-title" },
    el("form", { method: "dialog" },
      el("h2", { id: "delete-title" }, t("Delete this message?")),
      el("p", { class: "dialog-quote" }, preview),
      el("p", { class: "dialog-note" }, t("This deletes it for everyone and can’t be undone.")),
      el("div", { class: "dialog-buttons" },
        el("button", { class: "button secondary", value: "" }, t("Cancel")),
        el("button", { class: "button danger", value: "delete", autofocus: true }, t("Delete")))));
  return (await askLightly(dialog)) === "delete";
}

const LONGEST_ALT = 1024;

/** Ask for a picture's description. Resolves to the text, or null when it should stay as it was. */
export async function describePicture({ name, preview, description }) {
  const words = el("textarea", { id: "describe-text", rows: 3, maxlength: LONGEST_ALT, value: description, placeholder: t("A golden retriever lying in the grass"), autofocus: true });
  const dialog = el("dialog", { class: "dialog", "aria-labelledby": "describe-title" },
    el("form", { method: "dialog" },
      el("h2", { id: "describe-title" }, t("Add alt text")),
      preview ? el("img", { class: "dialog-picture", src: preview, alt: name }) : el("p", { class: "dialog-quote" }, name),
      el("label", { htmlFor: "describe-text" }, t("Describe it for someone who can’t see it")),
      words,
      el("div", { class: "dialog-buttons" },
        el("button", { class: "button secondary", value: "", type: "button", onclick: () => dialog.close("") }, t("Cancel")),
        el("button", { class: "button primary", value: "save" }, t("Save")))));
  words.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    dialog.close("save");
  });
  return (await askLightly(dialog)) === "save" ? words.value.trim() : null;
}
