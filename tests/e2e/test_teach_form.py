"""Forms: "Teach…" in a message's menu, and `/teach` without a picture."""

from typing import Any

from tests.e2e import pictures
from tests.e2e.chat_user import said
from tests.e2e.test_lessons import BLUE, RED
from tests.e2e.test_settings import COMMAND, EPHEMERAL, Server, server
from tests.playground.clients import Page

__all__ = ["server"]

MODAL, TEXT, UPLOAD, LABEL = 5, 4, 19, 18


async def opened(page: Page, server: Server, name: str, **more: Any) -> dict[str, Any]:
    """Use a command, and return the form that opens."""
    count = len(page.heard("INTERACTION_MODAL_CREATE"))
    data = {**await page.command(name, server.channel.id), **more}
    answer = await page.interact(COMMAND, data, channel_id=server.channel.id)
    assert answer.status == 204, answer.data
    modal: dict[str, Any] = await page.event("INTERACTION_MODAL_CREATE", count + 1)
    return modal


async def sent(
    page: Page, server: Server, modal: dict[str, Any], label: str, *files: tuple[str, bytes]
) -> str:
    """Fill in a form, send it off, and return what the answer says."""
    values: dict[int, dict[str, Any]] = {
        TEXT: {"value": label},
        UPLOAD: {"values": [str(number) for number in range(len(files))]},
    }
    components = []
    for one in modal["components"]:
        field = one["component"]
        answered = {"type": field["type"], "custom_id": field["custom_id"]} | values[field["type"]]
        components.append({"type": LABEL, "id": one["id"], "component": answered})
    data = {"id": modal["id"], "custom_id": modal["custom_id"], "components": components}
    number = len(page.heard("MESSAGE_UPDATE")) + 1
    answer = await page.interact(MODAL, data, channel_id=server.channel.id, files=list(files))
    assert answer.status == 204, answer.data
    return said(await page.event("MESSAGE_UPDATE", number))


async def test_a_messages_pictures_are_taught_from_its_menu(server: Server) -> None:
    """Somebody else's, too; the same sentences and the same undo as with `!teach`."""
    target = await server.member.say("look", *RED[:3])
    words = await server.member.say("no picture")
    async with server.page(server.manager) as page:
        modal = await opened(page, server, "Teach…", target_id=target["id"])
        assert [one["component"]["type"] for one in modal["components"]] == [TEXT]
        told = await sent(page, server, modal, " red things ")
        assert "Learned **red things** from 3 pictures." in told
        modal = await opened(page, server, "Teach…", target_id=words["id"])
        assert "doesn't have a picture" in await sent(page, server, modal, "words")
    undone = await server.manager.ask("!unteach")
    assert "Removed **red things**" in said(undone) or "from **red things**" in said(undone)


async def test_pictures_are_uploaded_in_a_form(server: Server) -> None:
    """Up to ten; the label that was typed stands there already."""
    option = {"name": "label", "type": 3, "value": "blue"}
    async with server.page(server.manager) as page:
        modal = await opened(page, server, "teach", options=[option])
        label, upload = (one["component"] for one in modal["components"])
        assert label["value"] == "blue"
        assert upload["max_values"] == 10
        told = await sent(page, server, modal, "Blue things", *BLUE, ("x.png", b"no picture"))
        assert "Learned **Blue things** from 3 pictures." in told
        assert "can't read this file as a picture" in told


async def test_who_may_not_teach_sees_no_form(server: Server) -> None:
    """The sentence is that of `!teach`, in private; a right that is lost meanwhile counts, too."""
    target = await server.member.say("look", ("a.png", pictures.plain()))
    async with server.page(server.member) as page:
        data = {**await page.command("Teach…", server.channel.id), "target_id": target["id"]}
        made = len(page.heard("MESSAGE_CREATE"))
        await page.interact(COMMAND, data, channel_id=server.channel.id)
        refused = await page.event("MESSAGE_CREATE", made + 1)
        assert "You need **Manage Server** to teach me" in said(refused)
        assert refused["flags"] & EPHEMERAL
        assert not page.heard("INTERACTION_MODAL_CREATE")
        await server.use(server.manager, "settings", "teachers", everyone=True)
        modal = await opened(page, server, "Teach…", target_id=target["id"])
        await server.use(server.manager, "settings", "teachers", everyone=False)
        assert "You need **Manage Server**" in await sent(page, server, modal, "mine")
