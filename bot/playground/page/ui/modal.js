// A modal: an application asks with a form, in a native dialog. What doesn't fit is said beside its field,
// here where it can be, else with the server's words; the dialog stays open until the application has answered.

import { ask } from "./dialogs.js";
import { el } from "./dom.js";
import { markdown } from "../messages/markdown.js";
import { namesFor } from "../messages/message.js";
import { firstFieldError } from "../net/rest.js";
import { selectMenu } from "./selectmenu.js";
import { t } from "../i18n.js";

const TYPE = { ROW: 1, STRING_SELECT: 3, TEXT_INPUT: 4, TEXT: 10, LABEL: 18, UPLOAD: 19 };
const PARAGRAPH = 2;
const LONGEST = 4000;

let serial = 0;

/** Show `modal` until it is sent or put away. */
export async function openModal(modal, chat) {
  const fields = [];
  const inside = modal.components.map((component) => draw(component, fields, chat));
  const trouble = el("p", { class: "component-trouble", role: "alert" });
  const send = el("button", { class: "button primary" }, t("Submit"));
  const form = el("form", { noValidate: true, onsubmit: (event) => event.preventDefault() },
    el("h2", { id: "modal-title" }, modal.title),
    el("p", { class: "dialog-note" }, modal.application.name),
    inside, trouble,
    el("div", { class: "dialog-buttons" },
      el("button", { class: "button secondary", type: "button", onclick: () => dialog.close("") }, t("Cancel")), send));
  const dialog = el("dialog", { class: "dialog", "aria-labelledby": "modal-title" }, form);

  form.addEventListener("submit", async () => {
    trouble.textContent = "";
    const wrong = fields.filter((field) => field.complain(field.fault()));
    if (wrong.length) {
      wrong[0].control.focus();
      return;
    }
    const files = [];
    const components = fields.map((field) => field.answer(files));
    send.disabled = true;
    try {
      await chat.interactions.submit(modal, components, files);
      dialog.close("sent");
    } catch (error) {
      const told = error.errors?.data?.components ?? {};
      const refused = fields.filter((field) => field.complain(firstFieldError(told[field.id])));
      if (refused.length) refused[0].control.focus();
      else trouble.textContent = error.message;
    } finally {
      send.disabled = false;
    }
  });
  const closed = ask(dialog);
  (fields[0]?.control ?? send).focus();
  await closed;
  // Chromium gives the message box its focus back, but not its caret: it takes no letters until focused anew.
  const { activeElement } = document;
  activeElement.blur();
  if (activeElement === document.body) chat.focusComposer();
  else activeElement.focus();
}

function draw(component, fields, chat) {
  if (component.type === TYPE.TEXT) return markdown(component.content, namesFor({}, chat.store));
  const isRow = component.type === TYPE.ROW;
  const asked = isRow ? component.components[0] : component.component;
  const make = { [TYPE.TEXT_INPUT]: textInput, [TYPE.STRING_SELECT]: select, [TYPE.UPLOAD]: upload }[asked?.type];
  if (!make) return el("p", { class: "component-unknown" }, t("This component isn’t supported here."));

  const name = isRow ? asked.label : component.label;
  const key = `modal-field-${(serial += 1)}`;
  const { control, ...rest } = make(asked);
  const about = component.description ? el("span", { class: "dialog-note", id: `${key}-about` }, component.description) : null;
  const fault = el("span", { class: "component-trouble", id: `${key}-fault`, role: "alert" });
  control.id = key;
  // A select's own label would hide the one it stands under.
  control.setAttribute("aria-labelledby", `${key}-label`);
  control.setAttribute("aria-describedby", `${about ? about.id : ""} ${fault.id}`.trim());
  const needed = asked.required ?? true;
  if (needed && control.getAttribute("role") !== "combobox") control.setAttribute("aria-required", "true");
  const complain = (sentence) => {
    fault.textContent = sentence ?? "";
    control.setAttribute("aria-invalid", String(Boolean(sentence)));
    return Boolean(sentence);
  };
  fields.push({
    control, complain, id: asked.custom_id, fault: () => rest.fault(needed),
    answer: (files) => {
      const answer = { type: asked.type, custom_id: asked.custom_id, ...rest.answer(files) };
      return isRow ? { type: TYPE.ROW, components: [answer] } : { type: TYPE.LABEL, id: component.id, component: answer };
    },
  });
  return el("div", { class: "modal-field" },
    el("label", { htmlFor: key, id: `${key}-label` }, name, needed ? null : ` ${t("(optional)")}`), about, control, fault);
}

function textInput({ style, value, placeholder, min_length: least = 0, max_length: most = LONGEST }) {
  const props = { value: value ?? "", placeholder: placeholder ?? "", maxLength: most };
  const control = style === PARAGRAPH ? el("textarea", { rows: 4, ...props }) : el("input", { type: "text", autocomplete: "off", ...props });
  return {
    control, answer: () => ({ value: control.value }),
    fault: (needed) => {
      const { length } = control.value;
      if (!length) return needed ? t("Fill this in.") : null;
      return length < least ? t("Write at least {count} characters.", { count: least }) : null;
    },
  };
}

const miscount = (count, { min_values: least = 1, max_values: most = 1 }, needed) => {
  if (!count && !needed) return null;
  if (count < Math.max(least, needed ? 1 : 0)) return t("Choose at least {count}.", { count: Math.max(least, 1) });
  return count > most ? t("Choose at most {count}.", { count: most }) : null;
};

function select(asked) {
  const { node, values } = selectMenu(asked);
  return { control: node, answer: () => ({ values: values() }), fault: (needed) => miscount(values().length, asked, needed) };
}

function upload(asked) {
  const control = el("input", { type: "file", class: "modal-files", multiple: (asked.max_values ?? 1) > 1 });
  const answer = (files) => ({
    values: [...control.files].map((file) => String(files.push({ file, name: file.name }) - 1)),
  });
  return { control, answer, fault: (needed) => miscount(control.files.length, asked, needed) };
}
