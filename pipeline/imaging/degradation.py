"""From an HR image to the reference that is scored against and to the LR image."""

from pipeline.imaging.colour import stack_gray
from pipeline.imaging.protocol import Protocol, image_in_space
from pipeline.imaging.tensors import Image, Pixels, crop_to_multiple, resize_image, round_to_uint8


def make_reference(hr: Image, scale: int, protocol: Protocol, name: str = "image") -> Image:
    """Prepare an HR image as `protocol` wants it super-resolved and scored.

    Parameters
    ----------
    hr : ndarray
        uint8 (H, W, 3) or (H, W), as read from the file.
    scale : int
        The size becomes a multiple of it.
    protocol : Protocol
        Decides on gray images and on colour space.
    name : str
        Of the image, for messages.

    Returns
    -------
    ndarray
        (H', W', 3) or (H', W') in 0..255; uint8, or float64 luma when the protocol does not
        round it.

    Raises
    ------
    UserError
        When the image is smaller than `scale`.
    """
    image = crop_to_multiple(hr, scale, name)
    if protocol.gray == "replicate":
        image = stack_gray(image)
    return image_in_space(image, protocol)


def degrade(reference: Image, scale: int, protocol: Protocol) -> Image:
    """Shrink what `make_reference` returned to the LR image: uint8, or float64 if not rounded."""
    height, width = reference.shape[0] // scale, reference.shape[1] // scale
    if protocol.lr_pass_rounding:
        rows = resize_image(reference, size=(height, reference.shape[1]), border=protocol.lr_border)
        reference = round_to_uint8(rows)
    lr = resize_image(reference, size=(height, width), border=protocol.lr_border)
    return round_to_uint8(lr) if protocol.lr_rounding else lr


def make_lr(hr: Pixels, scale: int, protocol: Protocol, name: str = "image") -> Image:
    """Make the LR image of an HR image; arguments and errors of `make_reference`.

    Returns
    -------
    ndarray
        (h, w, 3) or (h, w) in 0..255; uint8, or float64 when the protocol does not round it.
    """
    return degrade(make_reference(hr, scale, protocol, name), scale, protocol)
