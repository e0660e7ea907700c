"""Torch Hub from the command line to an answer in the chat, with a repository of the tests' own."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.core.settings import Settings
from bot.library.hub.workers import HubWorkers
from tests.bot.library.hub import repository as things
from tests.bot.library.publisher import Publisher
from tests.e2e import pictures
from tests.e2e.chat_user import ChatUser, said, top
from tests.e2e.conftest import Env
from tests.e2e.test_fetch import bobby
from tests.e2e.test_models import page_of, press

SOURCE = f"{things.OWNER}@{things.COMMIT}"


@pytest_asyncio.fixture(loop_scope="package")
async def host() -> AsyncIterator[Publisher]:
    """Return a host of repositories that has one."""
    path = f"{things.OWNER}/tar.gz/{things.COMMIT}"
    async with Publisher(files={path: things.archive()}) as host:
        yield host


async def hub(*arguments: str, folder: Path, host: Publisher) -> tuple[int, str, str]:
    """Run `bobby hub` with `arguments`; return its status and what it printed."""
    return await bobby("hub", *arguments, folder=folder, mirror=host, BOBBY_HUB_URL=host.url)


async def test_added_and_asked(
    env: Env, user: ChatUser, host: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was added is listed, explained and answers; what was not listed is out of reach."""
    options = ("--entry", "brightness", "--argument", "scale=3")
    status, printed, complained = await hub("add", SOURCE, *options, folder=tmp_path, host=host)
    assert status == 0, complained
    assert "Code: 4 files" in printed
    assert "Needs: torch\n" in printed
    assert "brightness: Tell dark pictures from bright ones." in printed
    assert "Available in chat: hub/brightness." in printed
    listed = tmp_path / "hub.toml"
    labeled = '\nlabels = ["dark", "bright"]\nentry = '
    listed.write_text(listed.read_text().replace("\nentry = ", labeled))

    settings = Settings(_env_file=None, cache=tmp_path / "weights", hub=listed)
    async with HubWorkers(settings) as opened:
        monkeypatch.setattr(env.bot, "hub", opened)
        assert "hub/brightness" in said(await user.ask("!hub"))
        assert "Its scale is how sure it is of that." in said(await user.ask("!hub brightness"))
        assert "No hub model of that name" in said(await user.ask("!hub forks"))
        asked = await user.say("!classify hub/brightness", ("a.png", pictures.plain()))
        reply = await user.reply(asked, within=90)  # its worker has to start
        assert top(reply)[0] in things.LABELS
        assert "hub/brightness · " in said(reply)
        async with page_of(env.playground, user.person) as page:
            await press(page, reply, "Details")
            told = said(await page.event("MESSAGE_UPDATE"))
        assert f"Weights {things.OWNER}@{things.COMMIT[:12]}" in told
        refused = await user.ask("!classify hub/forks", ("white.png", pictures.plain()))
        assert "No hub model of that name" in said(refused)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("add", f"{things.OWNER}@main"), "isn't a full commit hash"),
        (("add", "things"), "is no repository"),
        (("add", f"stranger/other@{things.COMMIT}"), "does not have it (404 Not Found)"),
        (("add", SOURCE, "--entry", "nothing"), "no entry point called nothing"),
    ],
)
async def test_what_can_not_be_added(
    host: Publisher, tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    """A sentence, and the list stays as it was."""
    status, _, complained = await hub(*arguments, folder=tmp_path, host=host)
    assert status == 1
    assert sentence in " ".join(complained.split())
    assert not (tmp_path / "hub.toml").exists()


async def test_fetched_again_where_missing_or_changed(host: Publisher, tmp_path: Path) -> None:
    """`bobby hub fetch` brings the listed code, and takes no other than was listed."""
    await hub("add", SOURCE, folder=tmp_path, host=host)
    (code,) = (tmp_path / "weights" / "hub").glob("*/code")
    (code / "hubconf.py").write_text("raise SystemExit")
    listed = tmp_path / "hub.toml"
    weights = f'{{ url = "{host.url}/small.pth", sha256 = "{hashlib.sha256(b"w").hexdigest()}" }}'
    host.files["small.pth"] = b"w"
    listed.write_text(listed.read_text().replace("# weights =", f"weights = [{weights}] #"))
    status, printed, complained = await hub("fetch", folder=tmp_path, host=host)
    assert status == 0, complained
    assert "is here." in printed
    assert (code.parent / "home" / "torch" / "hub" / "checkpoints" / "small.pth").is_file()
    assert (code / "hubconf.py").read_text() == things.HUBCONF
    (code / "hubconf.py").unlink()
    host.files[f"{things.OWNER}/tar.gz/{things.COMMIT}"] = things.archive(hubconf="x = 1\n")
    status, _, complained = await hub("fetch", folder=tmp_path, host=host)
    assert status == 1
    assert "doesn't match the hash in hub.toml" in " ".join(complained.split())
