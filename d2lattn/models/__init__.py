"""Trained models: their weights in files, with the facts of their training.

The models that the chapters look into are stored beside this module, one file
each. The chapters' own cells trained them (`make train`). A file is the same
on every machine, which the outcome of a training is not. Files have the
format of safetensors, so reading one runs no code.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from d2lattn.training import Epoch

FACTS = "d2lattn"  # the entry of the header that holds them
COMPILED = "_orig_mod."  # what torch.compile puts before names


def shelf(name: str) -> Path:
    """Return the path of a model on the shelf, whether it exists or not.

    >>> shelf("transformer").name
    'transformer.safetensors'
    """
    return Path(__file__).with_name(f"{name}.safetensors")


def names() -> list[str]:
    """List the models on the shelf.

    >>> "one-vector" in names()
    True
    """
    return sorted(
        path.stem for path in shelf("*").parent.glob("*.safetensors")
    )


def load(name: str, model: nn.Module) -> dict[str, Any]:
    """Give a model the weights of one on the shelf, and return its facts.

    The facts say which chapter trained it and how, on which corpus and with
    which versions, and how each epoch went.

    Raises `ValueError` where there is no model of this name, and as
    `load_checkpoint` does.

    >>> load("transformed", nn.Linear(2, 3))
    Traceback (most recent call last):
        ...
    ValueError: name must be that of a model on the shelf, ..., but is \
'transformed'
    """
    if name not in names():
        raise ValueError(
            "name must be that of a model on the shelf, "
            f"{', '.join(names()) or 'which is empty'}, but is {name!r}"
        )
    return load_checkpoint(shelf(name), model)


def save_checkpoint(
    path: Path | str,
    model: nn.Module,
    *,
    dtype: torch.dtype | None = None,
    **facts: Any,
) -> None:
    """Write the weights of a model and facts about it to a file.

    Facts may be anything that JSON can hold, and the epochs that `train`
    returns. Numbers are rounded to `dtype`, such as `torch.float16`. The file
    is written whole or not at all; an older one stays until then.

    Raises `ValueError` where a fact would come back as something else, or a
    number does not fit the `dtype`.
    """
    tensors = {}
    for name, tensor in _state_of(model).items():
        if dtype is not None and tensor.is_floating_point():
            rounded = tensor.to(dtype)
            if not rounded.isfinite().equal(tensor.isfinite()):
                raise ValueError(
                    f"{name} must fit {dtype}, but holds numbers up to "
                    f"{tensor.abs().max():.3g}"
                )
            tensor = rounded
        tensors[name] = tensor.cpu().contiguous().clone()
    header, half = {FACTS: encode_facts(facts)}, Path(f"{path}.tmp")
    try:
        save_file(tensors, half, header)
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)


def load_checkpoint(path: Path | str, model: nn.Module) -> dict[str, Any]:
    """Give a model the weights of a file, and return the facts.

    Each number takes the precision and the device of its place in the model.
    A model that does not fit is left as it was.

    Raises `FileNotFoundError` where there is no file, and `ValueError` where
    it is damaged, was not written by `save_checkpoint`, or belongs to a model
    with other parts or sizes.
    """
    facts, saved, state = read_facts(path), load_file(path), _state_of(model)
    for name in sorted(saved.keys() ^ state.keys()):
        where, other = (
            (path, "the model") if name in saved else ("the model", path)
        )
        raise ValueError(f"{where} holds {name}, but {other} does not")
    for name, tensor in state.items():
        if saved[name].shape != tensor.shape:
            raise ValueError(
                f"{path} holds {name} of shape {tuple(saved[name].shape)}, "
                f"but the model's has shape {tuple(tensor.shape)}"
            )
    for name, tensor in state.items():
        tensor.copy_(saved[name])
    return facts


def read_facts(path: Path | str) -> dict[str, Any]:
    """Read the facts in a file without its weights.

    Raises the errors of `load_checkpoint` that take no model to detect.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
    except SafetensorError as error:
        raise ValueError(
            f"{path} must be a checkpoint, but is damaged or something else: "
            f"{error}"
        ) from None
    if FACTS not in metadata:
        raise ValueError(
            f"{path} must be a checkpoint that save_checkpoint wrote, but "
            "holds tensors without facts"
        )
    return decode_facts(metadata[FACTS])


def _state_of(model: nn.Module) -> dict[str, Tensor]:
    """Return the tensors of a model by name, shared ones by their first name.

    Names are those of the model before `torch.compile`.

    >>> model = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 2))
    >>> model[1].weight = model[0].weight
    >>> [*_state_of(model)]
    ['0.weight', '1.bias']
    """
    names = (
        {name for name, _ in model.named_parameters(remove_duplicate=only)}
        for only in (False, True)
    )
    again = set.difference(*names)
    return {
        name.replace(COMPILED, ""): tensor
        for name, tensor in model.state_dict().items()
        if name not in again
    }


def encode_facts(facts: Mapping[str, Any]) -> str:
    """Write facts as JSON, or raise a `ValueError` that names one.

    >>> encode_facts({"seed": 0, "sizes": [64, 4]})
    '{"seed": 0, "sizes": [64, 4]}'
    >>> encode_facts({"loss": float("nan")})
    Traceback (most recent call last):
        ...
    ValueError: fact loss must be made of numbers, strings, lists, epochs \
and dictionaries with strings as keys, but is nan
    """
    for name, fact in facts.items():
        try:
            text = json.dumps(_plain(fact), allow_nan=False)
            kept = decode_facts(text) == fact
        except (TypeError, ValueError):
            kept = False
        if not kept:
            raise ValueError(
                f"fact {name} must be made of numbers, strings, lists, epochs "
                f"and dictionaries with strings as keys, but is {fact!r}"
            )
    return json.dumps(_plain(facts), ensure_ascii=False)


def decode_facts(text: str) -> Any:
    """Read facts that `encode_facts` wrote; epochs are `Epoch`s again."""

    def revive(found: dict[str, Any]) -> Any:
        epoch = found.keys() == {*Epoch._fields}
        return Epoch(**found) if epoch else found

    return json.loads(text, object_hook=revive)


def _plain(fact: Any) -> Any:
    """A fact with each epoch as a dictionary, which JSON can hold."""
    if isinstance(fact, Epoch):
        return fact._asdict()
    if isinstance(fact, list):
        return [_plain(item) for item in fact]
    if isinstance(fact, Mapping):
        return {key: _plain(item) for key, item in fact.items()}
    return fact
