"""Pictures as sequences: a Transformer whose words are patches.

Nothing here knows that two patches are neighbours, except through positions
that are learned.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from d2lattn.checks import check_divides, check_positive, check_shape
from d2lattn.transformer import TransformerEncoderBlock, xavier


def patches(
    images: Float[Tensor, "B C h w"], size: int
) -> Float[Tensor, "B n p"]:
    """Cut images into squares, row by row, and make a vector of each.

    A vector holds the first channel of its patch, row by row, then the next.

    Shapes: images (B, C, h, w), result (B, h * w / size², C * size²).

    Raises `ValueError` unless the images have four dimensions and `size`
    divides their height and their width.

    Paper: Dosovitskiy et al. (2021), section 3.1.

    >>> image = torch.arange(16.0).reshape(1, 1, 4, 4)
    >>> patches(image, size=2)[0, :2]  # the two on top
    tensor([[0., 1., 4., 5.],
            [2., 3., 6., 7.]])
    """
    check_shape("images", images, ("B", "C", "h", "w"))
    for side in images.shape[2:]:
        check_divides("size", size, "the side of an image", side)
    X = images.unflatten(3, (-1, size)).unflatten(2, (-1, size))
    X = X.permute(0, 2, 4, 1, 3, 5)  # (B, rows, columns, C, size, size)
    return X.flatten(3).flatten(1, 2)  # (B, n, p)


class PatchEmbedding(nn.Module):
    r"""Cut square images into patches, and project each to a vector.

    $$\mathbf{x}_i = \mathbf{E}^\top \mathbf{u}_i + \mathbf{b}, \qquad
      i = 1, \ldots, n = (\text{image size} / \text{patch size})^2$$

    where $\mathbf{u}_i$ is the $i$-th patch. A convolution whose stride is
    the size of its kernel computes the same.

    Shapes: images (B, C, h, h), output (B, n, D).

    Raises `ValueError` where the patch does not divide the image, or an image
    has another size.

    Paper: Dosovitskiy et al. (2021), section 3.1, equation 1.

    >>> embedding = PatchEmbedding(8, 2, num_channels=1, num_hiddens=6)
    >>> embedding.num_patches, embedding(torch.zeros(3, 1, 8, 8)).shape
    (16, torch.Size([3, 16, 6]))
    """

    def __init__(
        self,
        image_size: int,
        patch_size: int,
        num_channels: int,
        num_hiddens: int,
    ):
        super().__init__()
        sizes = {"num_channels": num_channels, "num_hiddens": num_hiddens}
        check_positive(image_size=image_size, **sizes)
        check_divides("patch_size", patch_size, "image_size", image_size)
        self.shape = num_channels, image_size, image_size
        self.patch_size = patch_size
        self.num_patches = (image_size // patch_size) ** 2
        self.dense = nn.Linear(num_channels * patch_size**2, num_hiddens)

    def forward(
        self, images: Float[Tensor, "B C h w"]
    ) -> Float[Tensor, "B n D"]:
        check_shape("images", images, ("B", *self.shape))
        return self.dense(patches(images, self.patch_size))


class VisionTransformer(nn.Module):
    r"""Name what is in a picture, by attention between its patches.

    $$\mathbf{X}_0 = [\mathbf{c}; \mathbf{x}_1; \ldots; \mathbf{x}_n]
      + \mathbf{P}, \qquad \mathbf{X}_b =
      \operatorname{block}_b(\mathbf{X}_{b-1})$$

    with the vectors $\mathbf{x}_i$ of `PatchEmbedding`. The logits are a
    linear function of one vector after the last block: the token
    $\mathbf{c}$, which is learned and stands before the patches, or, with
    `pool="mean"`, the mean of the patches, which then stand alone.
    Positions $\mathbf{P}$ are learned; without `positions`, there are none.

    Shapes: images (B, C, h, h), logits (B, `num_classes`).

    Raises `ValueError` where sizes do not fit, or `pool` is something else.

    Paper: Dosovitskiy et al. (2021), section 3.1, equations 1 to 4, and
    appendix D.3 for the mean.

    >>> sizes = {"num_hiddens": 8, "ffn_num_hiddens": 16, "num_heads": 2}
    >>> model = VisionTransformer(8, 2, 1, **sizes, num_blks=3, num_classes=10)
    >>> model(torch.zeros(5, 1, 8, 8)).shape
    torch.Size([5, 10])
    """

    def __init__(
        self,
        image_size: int,
        patch_size: int,
        num_channels: int,
        num_hiddens: int,
        ffn_num_hiddens: int,
        num_heads: int,
        num_blks: int,
        num_classes: int,
        dropout: float = 0.0,
        *,
        pool: str = "token",
        positions: bool = True,
    ):
        super().__init__()
        check_positive(num_blks=num_blks, num_classes=num_classes)
        check_pool(pool)
        image = image_size, patch_size, num_channels
        sizes = num_hiddens, ffn_num_hiddens, num_heads, dropout
        self.patch_embedding = PatchEmbedding(*image, num_hiddens)
        n = self.patch_embedding.num_patches + (pool == "token")
        self.cls_token = learned(1, num_hiddens) if pool == "token" else None
        self.pos_embedding = learned(n, num_hiddens) if positions else None
        self.dropout = nn.Dropout(dropout)
        self.blks: Any = nn.ModuleList(
            TransformerEncoderBlock(*sizes, use_bias=True, norm_first=True)
            for _ in range(num_blks)
        ).apply(xavier)
        self.ln = nn.LayerNorm(num_hiddens)
        self.head = nn.Linear(num_hiddens, num_classes)

    def forward(
        self, images: Float[Tensor, "B C h w"]
    ) -> Float[Tensor, "B classes"]:
        X = self.patch_embedding(images)  # (B, n, D)
        if self.cls_token is not None:
            token = self.cls_token.expand(X.shape[0], -1, -1)  # (B, 1, D)
            X = torch.cat([token, X], dim=1)  # (B, 1 + n, D)
        if self.pos_embedding is not None:
            X = X + self.pos_embedding
        X = self.dropout(X)
        for blk in self.blks:
            X = blk(X)
        X = self.ln(X)
        return self.head(X.mean(dim=1) if self.cls_token is None else X[:, 0])


def learned(n: int, num_hiddens: int) -> nn.Parameter:
    """Make vectors to be learned, (1, n, D), small at the start.

    >>> learned(1000, 64).std().mul(100).round().item()
    2.0
    """
    return nn.Parameter(0.02 * torch.randn(1, n, num_hiddens))


def check_pool(pool: str) -> None:
    """Raise a `ValueError` unless this is a way from vectors to one."""
    if pool not in ("token", "mean"):
        raise ValueError(f"pool must be 'token' or 'mean', but is {pool!r}")
