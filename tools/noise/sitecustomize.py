"""Make a kernel compute as another machine would, for `tools/shake.py`.

Python imports this module at its start if this folder is on its path. Each
kind of processor rounds in its own way. Here, each weight is off by a few
roundings after every step of an optimiser, and once when it comes from the
shelf of models. The noise has a generator of its own, so that the chapters'
random numbers stay the same.
"""

import importlib
import os
from functools import wraps

import torch
from torch.optim.optimizer import register_optimizer_step_post_hook

SIZE = 1e-6  # of a weight; a rounding of float32 is at most 6e-8

generator = torch.Generator().manual_seed(int(os.environ["D2LATTN_NOISE"]))


@torch.no_grad()
def shake(parameters):
    """Add noise to parameters, in place."""
    for parameter in parameters:
        noise = torch.randn(parameter.shape, generator=generator)
        parameter.mul_(1 + SIZE * noise.to(parameter))


def after_step(optimizer, args, kwargs):
    """Shake what an optimiser has just changed."""
    for group in optimizer.param_groups:
        shake(p for p in group["params"] if p.grad is not None)


def shaking(load):
    """The shelf's `load`, which shakes what it has loaded."""

    @wraps(load)
    def load_and_shake(name, model, *args, **kwargs):
        facts = load(name, model, *args, **kwargs)
        shake(model.parameters())
        return facts

    return load_and_shake


register_optimizer_step_post_hook(after_step)
try:
    models = importlib.import_module("d2lattn.models")
except ImportError:
    pass  # no package here, or one without a shelf
else:
    vars(models).update(load=shaking(models.load))
