// Draws a message's buttons and select menus and sends what is pressed or chosen.

import { el, icon } from "../ui/dom.js";
import { Listbox } from "../ui/listbox.js";
import { t } from "../i18n.js";

const ROW = 1;
const BUTTON = 2;
const STRING_SELECT = 3;
const LINK = 5;
const STYLES = { 1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "link" };

/** Draw the component rows of a message; null when there are none. */
export function renderComponents(message, chat) {
  const rows = (message.components ?? []).filter((row) => row.type === ROW);
  if (!rows.length) return null;
  const trouble = el("p", { class: "component-trouble", role: "alert" });
  const press = async (node, component, values) => {
    trouble.textContent = "";
    node.classList.add("busy");
    node.setAttribute("aria-busy", "true");
    try {
      await chat.interactions.component(message, component, values);
    } catch (error) {
      trouble.replaceChildren(icon("warning"), error.message);
    } finally {
      node.classList.remove("busy");
      node.removeAttribute("aria-busy");
    }
  };
  return el("div", { class: "components" },
    rows.map((row) => el("div", { class: "component-row" }, row.components.map((component) => draw(component, press)))),
    trouble);
}

function draw(component, press) {
  if (component.type === BUTTON) return component.style === LINK ? linkButton(component) : button(component, press);
  if (component.type === STRING_SELECT) return select(component, press);
  return el("span", { class: "component-unknown" }, t("This component isn’t supported here."));
}

function face(component) {
  const emoji = component.emoji ? el("span", { class: "button-emoji" }, component.emoji.id ? `:${component.emoji.name}:` : component.emoji.name) : null;
  return [emoji, component.label ? el("span", {}, component.label) : null];
}

const nameOf = (component) => component.label || component.emoji?.name || t("Button");

function button(component, press) {
  const node = el("button", {
    type: "button", class: `button ${STYLES[component.style] ?? "secondary"}`, disabled: component.disabled ?? false,
    "aria-label": nameOf(component), dataset: { customId: component.custom_id ?? "" },
    onclick: () => node.classList.contains("busy") || press(node, component),
  }, face(component));
  return node;
}

function linkButton(component) {
  if (component.disabled || !/^https?:\/\//i.test(component.url ?? "")) {
    return el("button", { type: "button", class: "button link", disabled: true }, face(component), icon("link"));
  }
  return el("a", { class: "button link", href: component.url, target: "_blank", rel: "noopener noreferrer", title: component.url }, face(component), icon("link"));
}

function select(component, press) {
  const least = component.min_values ?? 1;
  const most = component.max_values ?? 1;
  const options = component.options ?? [];
  let chosen = new Set(options.filter((option) => option.default).map((option) => option.value));
  const words = el("span", { class: "select-words" });
  const node = el("button", {
    type: "button", class: "select", role: "combobox", "aria-haspopup": "listbox", "aria-expanded": "false",
    "aria-label": component.placeholder || t("Make a selection"), disabled: component.disabled ?? false, dataset: { customId: component.custom_id },
  }, words, icon("chevron"));
  const relabel = () => {
    const names = options.filter((option) => chosen.has(option.value)).map((option) => option.label);
    words.textContent = names.join(", ") || component.placeholder || t("Make a selection");
    words.classList.toggle("placeholder", !names.length);
  };
  const items = () => options.map((option) => ({
    label: option.label, detail: option.description, value: option.value, selected: chosen.has(option.value),
    lead: option.emoji?.name ? el("span", { class: "button-emoji" }, option.emoji.name) : null,
  }));
  const list = new Listbox({ anchor: node, label: component.placeholder || t("Options"), multiple: most > 1, onPick: (item) => pick(item.value) });
  let before = chosen;
  const finish = () => {
    if (chosen.size >= least) press(node, component, [...chosen]);
    else chosen = before;
    relabel();
  };
  const pick = (value) => {
    if (most === 1) {
      chosen = new Set([value]);
      list.close();
      return;
    }
    chosen = new Set(chosen);
    if (!chosen.delete(value) && chosen.size < most) chosen.add(value);
    relabel();
    list.show(items(), { keep: true });
  };
  list.onClose = () => chosen !== before && finish();
  node.addEventListener("click", () => {
    if (list.isOpen) {
      list.close();
      return;
    }
    before = chosen;
    list.show(items());
  });
  node.addEventListener("keydown", (event) => (event.key === "Tab" ? list.close() : list.key(event)));
  node.addEventListener("blur", () => list.close());
  relabel();
  return node;
}
