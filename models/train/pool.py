"""The pool of past pictures that steadies a discriminator (Shrivastava et al., CVPR 2017)."""

from typing import Any

import torch


class PicturePool:
    """Keeps `size` pictures that a generator made and mixes them with its latest.

    A full pool answers, for half of the pictures, with one from the past and keeps the new one.
    """

    def __init__(self, size: int = 50) -> None:
        self.size = size
        self._kept: list[torch.Tensor] = []

    def mixed(self, pictures: torch.Tensor, dice: torch.Generator) -> torch.Tensor:
        """Return as many pictures as are given, (N, C, H, W), some of them from the past."""
        given = []
        for picture in pictures.detach():
            if len(self._kept) < self.size:
                self._kept.append(picture.clone())
                given.append(picture)
            elif float(torch.rand((), generator=dice)) < 0.5:
                place = int(torch.randint(self.size, (), generator=dice))
                given.append(self._kept[place])
                self._kept[place] = picture.clone()
            else:
                given.append(picture)
        return torch.stack(given)

    def state_dict(self) -> dict[str, Any]:
        """Return the pictures kept."""
        return {"kept": self._kept}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Keep the pictures that `state_dict` remembers."""
        self._kept = list(state_dict["kept"])
