"""A decoder that runs what a network has learned."""

from models.captioning.decoder import Decoder
from models.networks.caption_transformer import CaptionTransformer


def decoder_of(network: CaptionTransformer) -> Decoder:
    """Return the decoder with the weights of `network`."""
    weights = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    return Decoder(weights, network.shape)
