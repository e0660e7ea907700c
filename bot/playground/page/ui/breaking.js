// *Break something*: the menu by which people do to the bot what Discord and networks do, to see it survive.

import { openMenu } from "./menu.js";
import { t } from "../i18n.js";

const WAYS = [
  ["invalidate", t("End the bot’s session")],
  ["reconnect", t("Ask it to reconnect")],
  ["cut", t("Cut its connection")],
  ["limit", t("Rate-limit it for a while")],
  ["fail", t("Answer it with errors for a while")],
  ["slow", t("Deliver pictures slowly for a while")],
];

/** Let `button` open the menu. */
export function offerBreaking(button, { rest, notify }) {
  const run = (kind) => rest.request("POST", `/playground/break/${kind}`).then(
    () => notify(t("Broken. Ask the bot something: it should answer all the same.")),
    (error) => notify(error.message));
  button.addEventListener("click", () => {
    const { right, bottom } = button.getBoundingClientRect();
    openMenu({ x: right, y: bottom + 6, label: t("Break something"), items: WAYS.map(([kind, label]) => ({ label, icon: "warning", run: () => run(kind) })) });
  });
}
