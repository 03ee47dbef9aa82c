"""What does a convolution know about pictures that attention has to learn?

    python benchmarks/pictures.py
    python benchmarks/pictures.py amount --seeds 3 4

trains a Vision Transformer and a convolutional network of the same number of
parameters on scikit-learn's digits, and writes how many of 500 held-out
digits each names right to `results/pictures.json`, where a row replaces an
older one of the same settings and seed. Each row holds the command that makes
it again, among others.

The experiments: `amount`, with fewer digits to train on; `shuffled`, with the
patches of all digits in one other order, `shuffled-few`, with 100 of them;
`positions`, without positions, and with the mean instead of a token;
`patch`, with patches of other sizes; `shifts`, where a digit is moved by up
to a pixel each time it is drawn. Every model is also asked about held-out
digits that are moved by one pixel.
"""

import argparse
import json
import os
import platform
from importlib.metadata import version
from pathlib import Path

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from d2lattn.modes import evaluating
from d2lattn.training import cool_down
from d2lattn.vision import VisionTransformer, patches

RESULTS = Path(__file__).with_name("results") / "pictures.json"
HELD_OUT = 500
AMOUNTS = (50, 100, 200, 400, 800, 1297)
ALL = AMOUNTS[-1]
STEPS = ((0, 1), (0, -1), (1, 0), (-1, 0))  # one pixel, four ways
EITHER = ("vit", "convolution")
SETTINGS = {
    "num_images": ALL,
    "patch_size": 2,
    "pool": "token",
    "positions": True,
    "shuffled": False,
    "shifts": False,
}
EXPERIMENTS = {
    "amount": [{"model": m, "num_images": n} for n in AMOUNTS for m in EITHER],
    "shuffled": [{"model": m, "shuffled": True} for m in EITHER],
    "shuffled-few": [
        {"model": m, "shuffled": True, "num_images": 100} for m in EITHER
    ],
    "positions": [
        {"model": "vit", "positions": False},
        {"model": "vit", "pool": "mean"},
        {"model": "vit", "pool": "mean", "positions": False},
    ],
    "patch": [{"model": "vit", "patch_size": size} for size in (1, 4, 8)],
    "shifts": [{"model": m, "shifts": True} for m in EITHER],
}


def digits() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The pictures and names to train on, and those held out."""
    found = load_digits()
    split = train_test_split(
        torch.tensor(found.images, dtype=torch.float32)[:, None] / 16,
        torch.tensor(found.target),
        test_size=HELD_OUT,
        random_state=0,
        stratify=found.target,
    )
    return split[0], split[2], split[1], split[3]


def make_model(
    model: str, patch_size: int = 2, pool: str = "token", positions=True
) -> nn.Module:
    """A network, untrained."""
    if model == "vit":
        sizes = {"num_hiddens": 32, "ffn_num_hiddens": 64, "num_heads": 4}
        sizes |= {"num_blks": 2, "num_classes": 10, "dropout": 0.1}
        return VisionTransformer(
            8, patch_size, 1, **sizes, pool=pool, positions=positions
        )
    return nn.Sequential(  # as many parameters as the other, by its channels
        nn.Conv2d(1, 8, kernel_size=3, padding=1),
        nn.ReLU(),
        nn.Conv2d(8, 32, kernel_size=3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),  # (B, 32, 4, 4)
        nn.Conv2d(32, 48, kernel_size=3, padding=1),
        nn.ReLU(),
        nn.AvgPool2d(2),  # (B, 48, 2, 2)
        nn.Flatten(),
        nn.Linear(192, 10),
    )


def moved(images: Tensor, down: Tensor, right: Tensor) -> Tensor:
    """Images moved by so many pixels each, one at most, with black behind."""
    padded = F.pad(images, (1, 1, 1, 1))[:, 0]  # (B, h + 2, w + 2)
    B, h, w = len(images), *images.shape[2:]
    rows = torch.arange(h) + 1 - down[:, None]  # (B, h)
    columns = torch.arange(w) + 1 - right[:, None]  # (B, w)
    at = torch.arange(B)[:, None, None], rows[:, :, None], columns[:, None]
    return padded[at][:, None]


def shuffle_patches(images: Tensor, size: int = 2) -> Tensor:
    """The images with their patches in another order, the same for all."""
    order = torch.randperm(
        images[0].numel() // size**2,
        generator=torch.Generator().manual_seed(0),
    )
    columns = patches(images, size)[:, order].mT  # (B, p, n)
    return F.fold(columns, images.shape[2:], size, stride=size)


def train_on(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    *,
    shifts: bool = False,
    num_steps: int = 800,
) -> None:
    """The recipe of chapter 10, for both kinds of network."""
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=0.05)
    for step in range(1, num_steps + 1):
        rate = min(step / 100, cool_down(step, num_steps))
        optimizer.param_groups[0]["lr"] = 0.004 * rate
        chosen = torch.randint(len(labels), (128,))
        X = images[chosen]
        if shifts:
            X = moved(X, *torch.randint(-1, 2, (2, 128)))
        loss = F.cross_entropy(model(X), labels[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def right(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    """The share of images that are named right."""
    with evaluating(model):
        return (model(images).argmax(dim=-1) == labels).float().mean().item()


def multiplications(model: nn.Module, images: Tensor) -> int:
    """What naming one image takes."""
    explicitly = sdpa_kernel(SDPBackend.MATH)  # no fused kernel
    counter = FlopCounterMode(display=False)
    with evaluating(model), explicitly, counter:
        model(images[:1])
    return counter.get_total_flops() // 2


def run(settings: dict, seed: int) -> dict:
    """Train one model, and measure it."""
    images, labels, held_out, answers = digits()
    torch.manual_seed(seed)
    chosen = torch.randperm(len(images))[: settings["num_images"]]
    names = ("patch_size", "pool", "positions") if is_vit(settings) else ()
    model = make_model(settings["model"], **{n: settings[n] for n in names})
    other = [
        moved(held_out, *(torch.full((HELD_OUT,), s) for s in step))
        for step in STEPS
    ]
    if settings["shuffled"]:
        images, held_out = shuffle_patches(images), shuffle_patches(held_out)
        other = [shuffle_patches(images) for images in other]
    train_on(model, images[chosen], labels[chosen], shifts=settings["shifts"])
    after = [right(model, images, answers) for images in other]
    return {
        "parameters": sum(p.numel() for p in model.parameters()),
        "multiplications": multiplications(model, held_out),
        "right": round(right(model, held_out, answers), 3),
        "right_moved": round(sum(after) / len(after), 3),
    }


def is_vit(settings: dict) -> bool:
    """Whether this is the model with patches, whose size can be chosen."""
    return settings["model"] == "vit"


def keep(row: dict) -> None:
    """Write a row to the results, in place of an older one."""
    text = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else "[]"
    rows = {key(old): old for old in json.loads(text)} | {key(row): row}
    lines = ",\n".join(json.dumps(rows[k]) for k in sorted(rows))
    RESULTS.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def key(row: dict) -> tuple:
    """What makes a row another one."""
    return tuple(
        str(row[n]) for n in ("experiment", "model", *SETTINGS, "seed")
    )


def main() -> None:
    """Train, measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("experiments", nargs="*", metavar="experiment")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    options = parser.parse_args()
    torch.set_num_threads(1)
    versions = {n: version(n) for n in ("d2lattn", "torch", "scikit-learn")}
    versions |= {"python": platform.python_version()}
    for seed in options.seeds:
        for experiment in options.experiments or EXPERIMENTS:
            for changes in EXPERIMENTS[experiment]:
                settings = {"experiment": experiment, **SETTINGS, **changes}
                row = settings | {"seed": seed} | run(settings, seed)
                row["command"] = (
                    f"python benchmarks/pictures.py {experiment} "
                    f"--seeds {seed}"
                )
                row["device"] = f"CPU, threads: 1, cores: {os.cpu_count()}"
                row["versions"] = versions
                keep(row)
                said = ", ".join(f"{n} {c}" for n, c in changes.items())
                print(
                    f"{said}, seed {seed}: {row['right']:.1%}, moved "
                    f"{row['right_moved']:.1%}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
