"""Our captioner in one piece, for programs that are not Bobby: pictures in, English out.

Owns nothing but the joining of encoder and decoder, which `models.tasks.caption` does with care for
batches, times and errors. `hubconf.py` hands it out.
"""

import torch
from PIL import Image
from torch import Tensor, nn

from models.captioning.small import DEFAULT_BEAMS, Captioner
from models.captioning.views import prepare
from models.networks.efficientnet_lite import EfficientNetLite0
from models.networks.lite_maps import LiteMaps


class PictureCaptioner(nn.Module):
    """EfficientNet-Lite0's maps and the small decoder that reads them, in eval mode."""

    def __init__(self, encoder: EfficientNetLite0, captioner: Captioner) -> None:
        super().__init__()
        self.maps = LiteMaps(encoder).eval()
        self._captioner = captioner

    def forward(self, pictures: Tensor, beams: int = DEFAULT_BEAMS) -> list[str]:
        """Return a caption for each of `pictures`, (N, 3, 288, 288) and normalized.

        Raises:
            ValueError: `beams` is not between 1 and 10.
        """
        with torch.inference_mode():
            cells = self.maps(pictures)
            classes = self.maps.classes(cells).float().cpu()
            seen = cells.float().cpu().numpy()
            captions = self._captioner.caption(seen, classes.numpy(), [beams] * len(seen))
            return [caption.text for caption in captions]

    def caption(self, picture: Image.Image, beams: int = DEFAULT_BEAMS) -> str:
        """Return the caption of an RGB `picture`, lower-case, without a full stop.

        Raises:
            ValueError: `beams` is not between 1 and 10.
        """
        device = next(self.maps.parameters()).device
        return self.forward(torch.from_numpy(prepare(picture)[None]).to(device), beams)[0]
