"""DRCN: deeply-recursive convolutional network (Kim et al., CVPR 2016).

https://arxiv.org/abs/1511.04491. One convolution is applied again and again; every recursion is
reconstructed to an image by the same layers, every such image is supervised, and their learned
weighted sum is the result. The authors' page offers MatConvNet models, but no copy of them could
be found.

Details the paper leaves open
-----------------------------
- Whether the last reconstruction layer has a ReLU: it must not, or with the skip connection it
  could only brighten.
- Whether the weights of the sum are normalised: they are free scalars beginning at 1/D; with biases
  and these 16 scalars there are 1,775,121 parameters, without them the published 1,774K.
- How alpha decays from the supervision of the recursions to that of the sum: linearly from 1 to 0
  over the training.
- Squared errors are averaged over pixels, which keeps the loss independent of the patch size.

The equal-budget objective has no schedule: the mean over the recursions counts as much as the sum.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mesr.common.base import SRNetwork


class DRCN(SRNetwork):
    """Recursive network on the enlarged luma (Section 3, figure 3).

    Parameters
    ----------
    scale : {2, 3, 4}
        Upscaling factor. The architecture does not depend on it: the input is already enlarged.
    features : int
        Channels of the hidden layers.
    recursions : int
        How often the recursive layer is applied, at least once.
    """

    domain = "y"
    preupsampled = True

    def __init__(self, scale: int, *, features: int = 256, recursions: int = 16) -> None:
        super().__init__(scale)
        if recursions < 1:
            raise ValueError(f"recursions is {recursions}; DRCN needs at least 1")
        self.recursions = recursions
        self.output_weights = (1 / recursions,) * recursions + (1.0,)
        self.embed = nn.ModuleList(
            nn.Conv2d(inputs, features, 3, padding=1) for inputs in (1, features)
        )
        self.recurse = nn.Conv2d(features, features, 3, padding=1)
        self.reconstruct = nn.ModuleList(
            nn.Conv2d(features, outputs, 3, padding=1) for outputs in (features, 1)
        )
        self.ensemble = nn.Parameter(torch.full((recursions,), 1 / recursions))
        for conv in (*self.embed, *self.reconstruct):
            nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")  # Section 5.2
            nn.init.zeros_(conv.get_parameter("bias"))
        nn.init.dirac_(self.recurse.weight)  # the identity: self-connections only (Section 5.2)
        nn.init.zeros_(self.recurse.get_parameter("bias"))

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Restore the details of enlarged luma `x` (B, 1, H, W).

        Returns one image of that size per recursion, then their weighted sum.
        """
        features = x
        for conv in self.embed:
            features = F.relu(conv(features))
        hidden, last = self.reconstruct
        images = []
        for _ in range(self.recursions):
            features = F.relu(self.recurse(features))  # equation 3
            images.append(x + last(F.relu(hidden(features))))  # Section 3.2, recursive supervision
        weighted = torch.einsum("d,dbchw->bchw", self.ensemble, torch.stack(images))  # equation 7
        return (*images, weighted)
