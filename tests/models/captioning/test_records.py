"""The published NeuralTalk2 by its name: absent, present, converted once; and who answers else."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from models.captioning import neuraltalk2, neuraltalk_backend
from models.captioning.neuraltalk_backend import TOLERANCE, NeuralTalkBackend
from models.captioning.own import CaptionBackend
from models.captioning.published import CONVERTED, FILES, LEAST_SIDE, MOST_PIXELS, at_own_size
from models.captioning.records import DEFAULT, PUBLISHED, Captionings, captioners
from models.jobs.answers import Captioned, Failure
from models.jobs.control import Finished, Ready, Run, Started, Submit
from models.jobs.model_info import ModelInfo
from models.jobs.requests import Caption
from models.runtime.cache import NetworkCache
from models.tasks.caption import CaptionTask
from models.weights.store import WeightsStore
from tests.models import published
from tests.models.answering import answered
from tests.models.pictures import encoded, scene
from tests.models.worker.test_process import Child

CPU = "cpu"
PICTURE = encoded(scene((200, 150)))

WORKER = """
import sys
from pathlib import Path
from models.captioning import records
from models.worker import process, tasks
from tests.models.published import as_written
files = as_written(Path(sys.argv[sys.argv.index("--cache") + 1]))
tasks.captioners = lambda: records.captioners(files)
process.main()
"""
"""The worker, which takes the files in its cache for the published ones."""


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> WeightsStore:
    """Return a shelf whose cache has the four files, with random weights."""
    return WeightsStore(tmp_path_factory.mktemp("bobby"))


@pytest.fixture(scope="module")
def records(shelf: WeightsStore) -> Captionings:
    """Return the captioners, with the proofs of the files that the shelf has."""
    return captioners(published.write(shelf.cache))


@pytest.fixture(scope="module")
def describer(shelf: WeightsStore, records: Captionings) -> CaptionTask:
    """Return the task with everything here."""
    return CaptionTask(records, NetworkCache(shelf, CPU))


def captioned(describer: CaptionTask, job: Caption) -> Captioned:
    """Return the answer to `job`."""
    (answer,) = answered(describer, job)
    assert isinstance(answer, Captioned)
    return answer


def card(describer: CaptionTask, name: str) -> ModelInfo:
    """Return the card of the captioner called `name`."""
    (found,) = [card for card in describer.cards() if card.name == name]
    return found


def test_where_its_files_are_absent_ours_answers_and_says_so(tmp_path: Path) -> None:
    """The sentence is that of every model whose weights are not here."""
    describer = CaptionTask(captioners(), NetworkCache(WeightsStore(tmp_path), CPU))
    prepared = describer.prepare(Caption(picture=PICTURE, model=PUBLISHED))
    assert prepared.choice.record.name == DEFAULT
    sentence = "neuraltalk2 isn't installed here, so caption_small answered."
    assert str(prepared.choice.substitution) == sentence
    assert not card(describer, PUBLISHED).ready
    assert card(describer, DEFAULT).ready


def test_ours_is_meant_when_none_is_named(describer: CaptionTask) -> None:
    """Also where the published one is here."""
    prepared = describer.prepare(Caption(picture=PICTURE))
    assert (prepared.choice.record.name, prepared.choice.substitution) == (DEFAULT, None)


def test_a_substitute_is_named_only_to_who_named_a_captioner(
    shelf: WeightsStore, records: Captionings
) -> None:
    """As with every model: who named none did not expect another one."""
    own = records[DEFAULT]
    gone = replace(own, checkpoint=replace(own.checkpoint, file="gone.safetensors"))
    describer = CaptionTask({**records, DEFAULT: gone}, NetworkCache(shelf, CPU))
    unnamed = describer.prepare(Caption(picture=PICTURE)).choice
    named = describer.prepare(Caption(picture=PICTURE, model=DEFAULT)).choice
    assert (unnamed.record.name, unnamed.substitution) == (PUBLISHED, None)
    assert named.record.name == PUBLISHED
    assert str(named.substitution) == "caption_small isn't installed here, so neuraltalk2 answered."


def test_an_unknown_name_is_refused_with_a_like_one(describer: CaptionTask) -> None:
    """Captioners alone are offered."""
    (refused,) = answered(describer, Caption(picture=PICTURE, model="neuraltalk"))
    assert isinstance(refused, Failure)
    assert (refused.code, "neuraltalk2?" in str(refused.sentence)) == ("unknown_model", True)


@pytest.mark.parametrize("file", [file.file for file in FILES])
def test_a_damaged_file_is_not_opened(tmp_path: Path, file: str) -> None:
    """A single wrong file, which no proof vouches for, keeps all four from being read."""
    for one in FILES:
        (tmp_path / one.file).write_bytes(b"content of " + one.file.encode())
    right = published.as_written(tmp_path)
    (tmp_path / file).write_bytes(b"changed")
    describer = CaptionTask(captioners(right), NetworkCache(WeightsStore(tmp_path), CPU))
    prepared = describer.prepare(Caption(picture=PICTURE, model=PUBLISHED))
    assert prepared.choice.record.name == DEFAULT
    assert str(prepared.choice.substitution).startswith("neuraltalk2's file is damaged")
    assert not (tmp_path / CONVERTED).exists()


def test_the_files_are_converted_once_and_answer(
    shelf: WeightsStore, describer: CaptionTask, caplog: pytest.LogCaptureFixture
) -> None:
    """The first question converts; from then on nothing published is looked at again."""
    caplog.set_level("INFO")
    assert card(describer, PUBLISHED).ready
    first = captioned(describer, Caption(picture=PICTURE, model="NeuralTalk2", beams=3))
    assert (first.model, first.weights) == (PUBLISHED, "NeuralTalk2 FC")
    assert set(first.caption.split()) <= set(published.VOCABULARY.values())
    assert len(first.alternatives) == 2
    assert first.substitution is None
    assert caplog.text.count("is converted") == 1
    # For these records the published files are the wrong ones.
    later = CaptionTask(captioners(), NetworkCache(shelf, CPU))
    assert card(later, PUBLISHED).ready
    again = captioned(later, Caption(picture=PICTURE, model=PUBLISHED, beams=3))
    assert (again.caption, again.alternatives) == (first.caption, first.alternatives)
    assert caplog.text.count("is converted") == 1
    assert "unfused" not in caplog.text


def test_captioners_share_the_bound_of_the_networks_that_are_kept(
    shelf: WeightsStore, records: Captionings
) -> None:
    """The published one has 224 MB; where these don't fit, the one unused for longest goes."""
    bound = 4 * (records[PUBLISHED].parameters + records[DEFAULT].parameters)
    roomy, narrow = (NetworkCache(shelf, CPU, kept_bytes=most) for most in (bound, bound // 2))

    def loaded(networks: NetworkCache, name: str) -> CaptionBackend:
        return networks.get(name, lambda: records[name].load(shelf, CPU, networks.compiled))

    for networks, kept in ((roomy, True), (narrow, False)):
        published_one = loaded(networks, PUBLISHED)
        loaded(networks, DEFAULT)
        assert (loaded(networks, PUBLISHED) is published_one) == kept


@pytest.mark.parametrize("beams", [None, 1, 5])
def test_it_says_what_the_plain_networks_say(
    shelf: WeightsStore, describer: CaptionTask, beams: int | None
) -> None:
    """The fused encoder and the task change neither words nor likelihood; two beams are usual."""
    said = captioned(describer, Caption(picture=PICTURE, model=PUBLISHED, beams=beams))
    plain = neuraltalk2.load(shelf.cache / CONVERTED)
    with torch.inference_mode():
        feature = plain.encoder(torch.from_numpy(at_own_size(scene((200, 150)))[None]))
    found = plain.decoder.captions(feature, beams or 2)[0]
    assert said.caption == plain.text(found[0].tokens)
    assert said.alternatives == tuple(plain.text(other.tokens) for other in found[1:4])
    tokens = min(len(found[0].tokens) + 1, plain.decoder.longest)
    assert said.log_probability == pytest.approx(found[0].log_probability / tokens, abs=1e-4)


def test_features_are_those_of_the_plain_encoder(
    shelf: WeightsStore, describer: CaptionTask
) -> None:
    """Folding the batch norms changes them by rounding alone, at any size."""
    captioned(describer, Caption(picture=PICTURE, model=PUBLISHED))
    voice = NeuralTalkBackend(shelf, CPU, ())
    plain = neuraltalk2.load(shelf.cache / CONVERTED).encoder
    for size in ((200, 150), (33, 70)):
        pixels = at_own_size(scene(size))
        with torch.inference_mode():
            wanted = plain(torch.from_numpy(pixels[None]))
        assert float((voice.features(pixels) - wanted).abs().max()) <= TOLERANCE
        assert float(wanted.std()) > 0.01  # features that are all alike would agree too easily


def test_an_encoder_that_folding_would_change_runs_plain(
    shelf: WeightsStore, describer: CaptionTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the fused features are off by more than they may be, the plain ones are taken."""
    captioned(describer, Caption(picture=PICTURE, model=PUBLISHED))
    monkeypatch.setattr(neuraltalk_backend, "TOLERANCE", -1.0)
    voice = NeuralTalkBackend(shelf, CPU, ())
    assert any(isinstance(part, nn.BatchNorm2d) for part in voice.encoder.modules())


@pytest.mark.parametrize(
    ("size", "seen"),
    [
        ((640, 480), (640, 480)),
        ((1280, 720), (1280, 720)),
        ((4000, 3000), (1182, 886)),
        ((5, 300), (LEAST_SIDE, 300)),
        ((1, 90_000), (LEAST_SIDE, MOST_PIXELS // LEAST_SIDE)),
    ],
)
def test_pictures_keep_their_size_within_bounds(
    size: tuple[int, int], seen: tuple[int, int]
) -> None:
    """As published; only what would fill the memory, or vanish in the encoder, is resized."""
    assert at_own_size(Image.new("RGB", size)).shape == (3, seen[1], seen[0])


def test_pixels_are_normalized_as_published() -> None:
    """ImageNet's mean and deviation, of values in [0, 1]."""
    seen = at_own_size(Image.new("RGB", (40, 40), (255, 0, 127)))[:, 0, 0]
    wanted = [(1 - 0.485) / 0.229, -0.456 / 0.224, (127 / 255 - 0.406) / 0.225]
    assert np.allclose(seen, wanted, atol=1e-6)


def test_the_real_worker_verifies_converts_and_answers(
    shelf: WeightsStore, describer: CaptionTask
) -> None:
    """The worker process does it all by itself, and answers as the task does here."""
    job = Caption(picture=PICTURE, model=PUBLISHED, beams=3)
    wanted = captioned(describer, job)
    shutil.rmtree(shelf.cache / CONVERTED)
    child = Child("--default-model", "efficientnet_lite0", "--cache", str(shelf.cache), code=WORKER)
    try:
        ready = child.receive()
        assert isinstance(ready, Ready)
        assert next(card for card in ready.models if card.name == PUBLISHED).ready
        child.send(Submit(id=1, job=job), Run(batch=1, ids=(1,)))
        assert child.receive() == Started(batch=1)
        finished = child.receive()
        assert isinstance(finished, Finished)
        assert isinstance(finished.result, Captioned)
        assert finished.result.caption == wanted.caption
        assert finished.result.model == PUBLISHED
        assert (shelf.cache / CONVERTED).is_dir()
    finally:
        child.close()
