"""The small generator's weights as one safetensors file in half precision, with its record.

Owns the file's form. The record (recipe, data, figures, license) is the file's own metadata.
"""

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from models.networks.zebra_student import MatteGenerator

PRETRAINED = Path(__file__).resolve().parents[1] / "pretrained" / "horse2zebra_small.safetensors"
"""The generator that we ship."""


def save(generator: MatteGenerator, path: Path, record: Mapping[str, str]) -> None:
    """Write `generator` to `path` in float16, with `record` as its metadata."""
    state = {k: v.detach().half().contiguous() for k, v in generator.state_dict().items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(state, path, dict(record))


def load(path: Path) -> MatteGenerator:
    """Return the generator of `path`, in float32, ready to answer.

    Raises:
        RuntimeError: The file is not of this network: its keys or shapes differ.
    """
    with safe_open(path, "pt") as file:
        state = {key: file.get_tensor(key).to(torch.float32) for key in file.keys()}  # noqa: SIM118
    generator = MatteGenerator()
    generator.load_state_dict(state)
    return generator.eval().requires_grad_(requires_grad=False)


def record_of(path: Path) -> dict[str, str]:
    """Return the metadata that `path` carries."""
    with safe_open(path, "pt") as file:
        return dict(file.metadata() or {})
