"""Pictures as sequences: patches, and a Transformer that reads them."""

import pytest
import torch
from oracles import assert_travels, share_weights
from torch import nn

from d2lattn.recording import record_attention
from d2lattn.vision import PatchEmbedding, VisionTransformer, patches

B, C, H, D, FFN, BLKS, CLASSES = 2, 3, 3, 15, 11, 2, 13
SIDE, SIZE = 10, 5  # patches of 5 × 5, and 2 × 2 of them
N = 4
POOLS = pytest.mark.parametrize("pool", ["token", "mean"])


def vit(side=SIDE, size=SIZE, blks=BLKS, **options):
    sizes = D, FFN, H, blks
    return VisionTransformer(side, size, C, *sizes, CLASSES, **options)


def images(side=SIDE):
    return torch.randn(B, C, side, side)


def shuffled(X, order, size=SIZE):
    """Images with their patches in another order."""
    columns = patches(X, size)[:, order].mT  # (B, p, n)
    return nn.functional.fold(columns, X.shape[2:], size, stride=size)


def test_patches_are_pytorchs():
    X = torch.randn(B, C, 6, 21)
    before = X.clone()
    unfolded = nn.functional.unfold(X, kernel_size=3, stride=3).mT
    assert patches(X, 3).equal(unfolded)  # (B, 2 * 7, C * 9)
    assert X.equal(before)


@pytest.mark.parametrize("size", [1, 2, 5, 10])
def test_patch_embedding_is_a_convolution_with_strides(size, dtype, device):
    ours = PatchEmbedding(SIDE, size, C, D).to(device, dtype)
    theirs = nn.Conv2d(C, D, size, stride=size).to(device, dtype)
    with torch.no_grad():
        theirs.weight.copy_(ours.dense.weight.unflatten(1, (C, size, size)))
        theirs.bias.copy_(ours.dense.bias)
    X = images().to(device, dtype)
    expected = theirs(X).flatten(2).mT  # (B, D, h, w) -> (B, n, D)
    assert ours.num_patches == expected.shape[1]
    tolerance = {torch.float16: 1e-2, torch.bfloat16: 5e-2}.get(dtype, 1e-5)
    torch.testing.assert_close(
        ours(X), expected, rtol=tolerance, atol=tolerance
    )


@POOLS
@pytest.mark.parametrize("positions", [True, False])
def test_vision_transformer_is_pytorchs(pool, positions):
    ours = vit(pool=pool, positions=positions)
    layer = nn.TransformerEncoderLayer(
        D, H, FFN, dropout=0.0, batch_first=True, norm_first=True
    )
    theirs = nn.TransformerEncoder(layer, BLKS, nn.LayerNorm(D), False)
    both = (ours.blks, theirs.layers)  # biases are not left out, either
    assert len({sum(p.numel() for p in x.parameters()) for x in both}) == 1
    for our, their in zip(ours.blks, theirs.layers, strict=True):
        share_weights(our, their)
    share_weights(ours.ln, theirs.norm)
    X = images()
    vectors = ours.patch_embedding(X)
    if pool == "token":
        token = torch.stack([ours.cls_token[0]] * B)
        vectors = torch.cat([token, vectors], dim=1)
    if positions:
        vectors = vectors + ours.pos_embedding
    vectors = theirs(vectors)
    pooled = vectors[:, 0] if pool == "token" else vectors.mean(dim=1)
    torch.testing.assert_close(
        ours(X), ours.head(pooled), rtol=1e-5, atol=1e-5
    )


@POOLS
def test_without_positions_patches_may_be_shuffled(pool):
    X, order = images(), torch.tensor([2, 0, 3, 1])
    mixed = shuffled(X, order)
    assert not mixed.equal(X)
    bag = vit(pool=pool, positions=False)
    torch.testing.assert_close(bag(mixed), bag(X))
    ordered = vit(pool=pool)
    with torch.no_grad():
        ordered.pos_embedding.normal_()
    assert (ordered(mixed) - ordered(X)).abs().max() > 0.01
    # Whoever moves the positions along has changed nothing either.
    with torch.no_grad():
        places = ordered.pos_embedding
        first = int(pool == "token")
        moved = copy_of(ordered)
        moved.pos_embedding[:, first:] = places[:, first:][:, order]
    torch.testing.assert_close(moved(mixed), ordered(X))


def copy_of(model):
    other = vit(pool="mean" if model.cls_token is None else "token")
    other.load_state_dict(model.state_dict())
    return other


@POOLS
def test_weights_are_recorded_block_by_block(pool):
    model, X = vit(pool=pool), images()
    with record_attention(model) as weights:
        logits = model(X)
    assert logits.equal(model(X))
    assert [*weights] == [f"blks.{i}.attention" for i in range(BLKS)]
    n = N + (pool == "token")
    for [found] in weights.values():
        assert found.shape == (B, H, n, n)
        torch.testing.assert_close(found.sum(dim=-1), torch.ones(B, H, n))


@POOLS
def test_every_number_learns(pool):
    model = vit(pool=pool)
    model(images()).square().sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_how_it_starts():
    """Linear layers as `xavier` draws them, what is learned beside, small."""
    model = vit()
    W = model.blks[1].attention.W_q.weight.abs().max()
    assert 0.9 < W / (6 / (D + D)) ** 0.5 <= 1
    for vectors in (model.cls_token, model.pos_embedding):
        assert 0.005 < vectors.std() < 0.04


def test_dropout_begins_at_the_embedding():
    X = images()
    model = vit(dropout=0.5, blks=1)
    heard = []
    model.blks[0].register_forward_pre_hook(
        lambda _, args: heard.append(*args)
    )
    model(X)
    model.eval()(X)
    assert (heard[0] == 0).any()
    assert not (heard[1] == 0).any()


@POOLS
def test_one_export_serves_any_batch(pool, compiler):
    model, X = vit(pool=pool), images()
    batch = torch.export.Dim("B", min=2)
    exported = torch.export.export(
        model, (X,), dynamic_shapes={"images": {0: batch}}
    )
    more = torch.cat([X, X + 1])
    torch.testing.assert_close(exported.module()(more), model(more))


def test_it_travels(compiler):
    model = vit().eval()
    assert_travels(model, (images(),), vit().eval())


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (
            lambda: patches(torch.zeros(C, 4, 4), 2),
            r"images must have shape \(B, C, h, w\), but has shape \(3, 4, 4",
        ),
        (
            lambda: patches(torch.zeros(1, 1, 4, 6), 4),
            "size must divide the side of an image, 6, but is 4",
        ),
        (
            lambda: patches(torch.zeros(1, 1, 4, 4), 0),
            "size must divide the side of an image, 4, but is 0",
        ),
        (
            lambda: patches(torch.zeros(1, 1, 4, 4), 2.0),
            "size must divide the side of an image, 4, but is 2.0",
        ),
        (
            lambda: PatchEmbedding(8, 3, 1, D),
            "patch_size must divide image_size, 8, but is 3",
        ),
        (
            lambda: PatchEmbedding(0, 1, 1, D),
            "image_size must be at least 1, but is 0",
        ),
        (
            lambda: PatchEmbedding(8, 2, 0, D),
            "num_channels must be at least 1, but is 0",
        ),
        (
            lambda: vit()(torch.zeros(B, C, 5, 20)),
            r"images must have shape \(B, 3, 10, 10\), but has",
        ),
        (
            lambda: vit()(torch.zeros(B, 1, SIDE, SIDE)),
            r"images must have shape \(B, 3, 10, 10\), but has",
        ),
        (
            lambda: vit(pool="max"),
            "pool must be 'token' or 'mean', but is 'max'",
        ),
        (lambda: vit(blks=0), "num_blks must be at least 1, but is 0"),
        (
            lambda: VisionTransformer(8, 2, 1, 8, 8, 3, 1, 10),
            "num_heads must divide num_hiddens, 8, but is 3",
        ),
        (
            lambda: VisionTransformer(8, 2, 1, 8, 8, 2, 1, 0),
            "num_classes must be at least 1, but is 0",
        ),
    ],
)
def test_wrong_inputs(call, error, unchecked):
    with pytest.raises(ValueError, match=error):
        call()
