// A select menu, as messages and modals have it: a button that says what is chosen, over a list of the options.

import { el, icon } from "./dom.js";
import { Listbox } from "./listbox.js";
import { t } from "../i18n.js";

/**
 * Make the menu of `component`: { node, values() }. `onChange(node, values)` is called when the list closes
 * on another choice; one of fewer than `min_values` options is taken back.
 */
export function selectMenu(component, onChange = () => {}) {
  const least = component.required === false ? 0 : component.min_values ?? 1;
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
    if (chosen.size >= least) onChange(node, [...chosen]);
    else chosen = before;
    relabel();
  };
  const pick = (value) => {
    if (most === 1) {
      chosen = new Set(least === 0 && chosen.has(value) ? [] : [value]);
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
  return { node, values: () => [...chosen] };
}
