"""A Hugging Face model from the mirror to an answer, in its own confined process."""

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bot.cli.hf import add_hf, fetch_hf
from bot.core.errors import UnknownModel
from bot.core.settings import Settings
from bot.executor.queue import Requester
from bot.library.hub.workers import HubWorkers
from models.jobs.requests import Classify
from tests.bot.library.hub.hf_mirror import OWNER, files_of, publish
from tests.bot.library.publisher import Publisher

transformers: Any = pytest.importorskip("transformers", reason="needs the extra hf")


async def test_added_fetched_and_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the mirror, once it is here; not where a file has changed since."""
    size = {"height": 30, "width": 30}
    config = transformers.ConvNextConfig(
        hidden_sizes=[8, 16], depths=[1, 1], num_stages=2, id2label={0: "cat", 1: "dog"}
    )
    transformers.ConvNextForImageClassification(config).save_pretrained(tmp_path / "made")
    transformers.ViTImageProcessor(size=size).save_pretrained(tmp_path / "made")
    settings = Settings(
        _env_file=None, cache=tmp_path / "weights", hub=tmp_path / "hub.toml", timeout=120
    )
    async with Publisher() as host:
        publish(host, files_of(tmp_path / "made"))
        monkeypatch.setenv("HF_ENDPOINT", host.url)
        await add_hf(settings, OWNER, "main", None, None)
        async with HubWorkers(settings) as hub:
            assert [(card.name, card.ready) for card in hub.cards] == [("hf/tiny", False)]
            with pytest.raises(UnknownModel, match="bobby fetch hf/tiny"):
                await hub.executor("hf/tiny")
        assert await fetch_hf(settings, ["hf/tiny"])
    file = io.BytesIO()
    Image.new("RGB", (90, 70), "red").save(file, "PNG")
    async with HubWorkers(settings) as hub:
        with pytest.raises(UnknownModel, match="There are: hf/tiny"):
            await hub.executor("hf/other")
        executor = await hub.executor("HF/tiny")
        job = Classify(picture=file.getvalue(), model="hf/tiny")
        answer = await executor.submit(job, Requester(1, None))
        assert {one.label for one in answer.top} == {"cat", "dog"}
        assert answer.weights.startswith(f"{OWNER}@")
    next(settings.weights_folder.rglob("model.safetensors")).write_bytes(b"others")
    async with HubWorkers(settings) as hub:
        with pytest.raises(UnknownModel, match="bobby fetch hf/tiny"):
            await hub.executor("hf/tiny")
