// Draws a message's buttons and select menus and sends what is pressed or chosen.

import { el, icon } from "../ui/dom.js";
import { selectMenu } from "../ui/selectmenu.js";
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
  if (component.type === STRING_SELECT) return selectMenu(component, (node, values) => press(node, component, values)).node;
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
