"""`bobby hub add hf:…` and `bobby fetch hf/…`, from a mirror of the Hugging Face Hub."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web

from bot.cli.hf import add_hf, fetch_hf
from bot.core.errors import SetupError
from bot.core.settings import Settings
from bot.library.hub import archive, hub_file
from tests.bot.library.hub.hf_mirror import OWNER, REVISION, publish
from tests.bot.library.publisher import Publisher, breaks_off_at, honest

WEIGHTS = b"w" * 300_000
FILES = {
    "config.json": b'{"model_type": "vit"}',
    "preprocessor_config.json": b"{}",
    "model.safetensors": WEIGHTS,
    "pytorch_model.bin": b"a pickle",
    "modeling.py": b"raise SystemExit",
    "onnx/model.safetensors": b"another",
}


@pytest_asyncio.fixture
async def host(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Publisher]:
    """Open a mirror with one repository; `HF_ENDPOINT` is its address."""
    async with Publisher() as host:
        publish(host, FILES)
        monkeypatch.setenv("HF_ENDPOINT", host.url)
        monkeypatch.delenv("HF_TOKEN", raising=False)
        yield host


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return settings with a list and weights below a folder of the test's own."""
    return Settings(_env_file=None, cache=tmp_path / "weights", hub=tmp_path / "hub.toml")


def code(settings: Settings) -> Path:
    """Return the folder that the repository is fetched into."""
    return archive.place(settings.weights_folder / "hub", OWNER, REVISION).code


async def test_what_is_added_is_pinned(
    host: Publisher, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    """The revision, and each file that is needed by its hash; no weights are fetched yet."""
    await add_hf(settings, OWNER, "main", None, None)
    (listed,) = hub_file.read_hf(settings.hub)
    assert (listed.name, listed.revision, listed.task) == ("tiny", REVISION, "classify")
    assert listed.license == "apache-2.0"
    names = [file.name for file in listed.files]
    assert names == ["config.json", "model.safetensors", "preprocessor_config.json"]
    told = capsys.readouterr().out
    assert f"{OWNER}@{REVISION}\n  Task: classify\n  License: apache-2.0\n" in told
    assert "Run `bobby fetch hf/tiny`" in told
    assert not any(one.path.endswith(".safetensors") for one in host.asked)
    with pytest.raises(SetupError, match="has an hf/tiny already"):
        await add_hf(settings, OWNER, REVISION, None, None)
    await add_hf(settings, OWNER, REVISION, "classify", "other")
    assert [one.name for one in hub_file.read_hf(settings.hub)] == ["tiny", "other"]


@pytest.mark.parametrize(
    ("files", "told", "sentence"),
    [
        ({"config.json": b"{}", "pytorch_model.bin": b""}, {}, "has no model.safetensors"),
        ({"model.safetensors": b""}, {}, "has no config.json"),
        (FILES | {"config.json": b'{"auto_map": {}}'}, {}, "needs code of its own"),
        (FILES | {"tokenizer_config.json": b'{"auto_map": 1}'}, {}, "tokenizer_config.json has"),
        (FILES | {"config.json": b"["}, {}, "isn't JSON"),
        (FILES, {"gated": "auto"}, "is gated: accept its terms"),
        (FILES, {"pipeline_tag": "text-generation"}, "say so with --task"),
        (FILES, {"sha": "main"}, "isn't a full commit hash"),
    ],
)
async def test_what_is_refused(
    host: Publisher,
    settings: Settings,
    files: dict[str, bytes],
    told: dict[str, object],
    sentence: str,
) -> None:
    """A sentence, and the list is not even begun."""
    publish(host, files, **told)
    with pytest.raises(SetupError, match=sentence):
        await add_hf(settings, OWNER, "main", None, None)
    assert not settings.hub.exists()


async def test_too_large_is_refused(host: Publisher, settings: Settings) -> None:
    """By the Hub's own figures, before anything is fetched."""
    sibling = {"rfilename": "model.safetensors", "size": 2**40, "blobId": "0" * 40}
    config = {"rfilename": "config.json", "size": 2, "blobId": "0" * 40}
    publish(host, FILES, siblings=[sibling, config])
    with pytest.raises(SetupError, match="is too large"):
        await add_hf(settings, OWNER, "main", None, None)


async def test_missing_or_gated(host: Publisher, settings: Settings) -> None:
    """The two are told apart by what the Hub says of its refusal."""
    with pytest.raises(SetupError, match="has no stranger/other at that revision"):
        await add_hf(settings, "stranger/other", "main", None, None)

    async def gated(_host: Publisher, _request: web.Request, _body: bytes) -> web.StreamResponse:
        return web.Response(status=403, headers={"X-Error-Code": "GatedRepo"})

    host.manners[f"api/models/{OWNER}/revision/main"] = [gated]
    with pytest.raises(SetupError, match="HF_TOKEN"):
        await add_hf(settings, OWNER, "main", None, None)


async def test_fetched_once_and_resumed(host: Publisher, settings: Settings) -> None:
    """What has come before a cut is not asked for again; neither a pickle nor code is fetched."""
    await add_hf(settings, OWNER, "main", None, None)

    weights = f"{OWNER}/resolve/{REVISION}/model.safetensors"
    host.manners[weights] = [breaks_off_at(131_072), honest]
    assert await fetch_hf(settings, ["hf/tiny"])
    assert (code(settings) / "model.safetensors").read_bytes() == WEIGHTS
    ranges = [one.range for one in host.asked if one.path == f"/{weights}"]
    assert len(ranges) == 2
    assert ranges[0] is None
    assert ranges[1] is not None
    assert not list(code(settings).glob("*.bin")) + list(code(settings).glob("*.py"))
    asked = len(host.asked)
    assert await fetch_hf(settings, ["hf/tiny"])
    assert len(host.asked) == asked


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
async def test_wrong_bytes_are_refused(
    host: Publisher, settings: Settings, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of weights by their SHA-256, of small files by git's id; a damaged copy is fetched again."""
    await add_hf(settings, OWNER, "main", None, None)
    path = f"{OWNER}/resolve/{REVISION}/{name}"
    right = host.files[path]
    host.files[path] = bytes(len(right))
    assert not await fetch_hf(settings, ["hf/tiny"])
    assert "hf/tiny: " in capsys.readouterr().err
    assert not (code(settings) / name).exists()
    host.files[path] = right
    assert await fetch_hf(settings, ["hf/tiny"])
    (code(settings) / name).write_bytes(bytes(len(right)))
    assert await fetch_hf(settings, ["hf/tiny"])
    assert (code(settings) / name).read_bytes() == right


async def test_only_what_is_listed_is_fetched(host: Publisher, settings: Settings) -> None:
    """Another name is refused with those that there are."""
    with pytest.raises(SetupError, match="There are: none"):
        await fetch_hf(settings, ["hf/tiny"])


async def test_the_login_goes_to_the_hub_alone(
    host: Publisher, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it redirects to another host for the weights, that one gets no `HF_TOKEN`."""
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    publish(host, FILES, gated="auto")
    logins: list[tuple[str, str | None]] = []

    async def note(host: Publisher, request: web.Request, body: bytes) -> web.StreamResponse:
        logins.append((request.path, request.headers.get("Authorization")))
        return await honest(host, request, body)

    async with Publisher(files={"blob": WEIGHTS}, manners={"blob": [note]}) as other:

        async def redirect(
            _host: Publisher, request: web.Request, _body: bytes
        ) -> web.StreamResponse:
            logins.append(("hub", request.headers.get("Authorization")))
            return web.Response(status=302, headers={"Location": f"{other.url}/blob"})

        host.manners[f"{OWNER}/resolve/{REVISION}/model.safetensors"] = [redirect]
        await add_hf(settings, OWNER, "main", None, None)
        assert await fetch_hf(settings, ["hf/tiny"])
    assert logins == [("hub", "Bearer hf_secret"), ("/blob", None)]
    assert "hf_secret" not in settings.hub.read_text()
