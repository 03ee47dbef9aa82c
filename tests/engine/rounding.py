"""Packed weights, read as the format is described, by none of our own code."""

import base64
import copy
import math
import zlib

import numpy as np
import torch


def unpack(packed):
    """Each tensor by its name."""
    data = zlib.decompress(base64.b64decode(packed["weights"], validate=True))
    start = 4 * packed["floats"]
    floats = np.frombuffer(data, "<f4", count=packed["floats"])
    codes = np.frombuffer(data, "i1", offset=start).astype(int)
    if packed["bits"] == 16:
        low, high = np.split(codes, 2)
        codes = 256 * high + low % 256
    tensors = {}
    for name, shape in packed["tensors"]:
        numbers, floats = np.split(floats, [shape[0]])
        if len(shape) == 2:
            whole, codes = np.split(codes, [math.prod(shape)])
            numbers = numbers[:, None] * whole.reshape(shape)
        tensors[name] = torch.from_numpy(numbers.astype("f4"))
    assert len(floats) == len(codes) == 0
    return tensors


@torch.no_grad()
def rounded(model, packed):
    """The model with the weights that travel."""
    model, tensors = copy.deepcopy(model).eval(), unpack(packed)
    names = dict(model.named_parameters())
    assert names.keys() == tensors.keys()
    for name, parameter in names.items():
        assert parameter.shape == tensors[name].shape
        parameter.copy_(tensors[name])
    return model
