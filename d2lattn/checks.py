"""Checks of what comes in, with errors that say what came and was wanted.

They stand here so that the code of the chapters can be read past them. A check
of sizes is a few comparisons of integers. A check of values has to wait for
the device that computes them, and cannot be traced, so while `torch.compile`
or `torch.export` trace, only sizes are looked at.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn

INTEGERS = {torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64}


def check_lengths(valid_lens: Tensor, shape: tuple[int, ...]) -> None:
    """Raise a `ValueError` unless `valid_lens` fits scores of this shape.

    >>> import torch
    >>> check_lengths(torch.tensor([2, 9]), (2, 3, 4))
    Traceback (most recent call last):
        ...
    ValueError: valid_lens must lie between 0 and the number of keys, 4, \
but goes from 2 to 9
    """
    if not isinstance(valid_lens, Tensor):
        raise ValueError(
            "valid_lens must be None or a tensor of integers, but is of type "
            f"{type(valid_lens).__name__}"
        )
    if valid_lens.dtype not in INTEGERS:
        raise ValueError(
            "valid_lens must count keys in integers (torch.int64, say), but "
            f"has dtype {valid_lens.dtype}"
        )
    if len(shape) < 3:
        raise ValueError(
            "valid_lens needs scores with a batch, of shape (B, ..., Q, K), "
            f"but the scores have shape {tuple(shape)}"
        )
    wanted = (shape[0],), (shape[0], shape[-2])
    if tuple(valid_lens.shape) not in wanted:
        raise ValueError(
            f"valid_lens must have shape {wanted[0]} or {wanted[1]}, that is "
            f"(B,) or (B, Q), for scores of shape {tuple(shape)}, but has "
            f"shape {tuple(valid_lens.shape)}"
        )
    if torch.compiler.is_compiling() or valid_lens.numel() == 0:
        return
    low, high = (int(number) for number in valid_lens.aminmax())
    if low < 0 or high > shape[-1]:
        raise ValueError(
            "valid_lens must lie between 0 and the number of keys, "
            f"{shape[-1]}, but goes from {low} to {high}"
        )


def check_sizes(
    queries: Tensor,
    keys: Tensor,
    values: Tensor | None = None,
    *,
    sizes: tuple[int, ...] | None = None,
) -> None:
    """Raise a `ValueError` unless queries, keys and values fit together.

    Queries have shape (..., Q, D), keys (..., K, D) and values (..., K, V),
    with the same leading dimensions. `sizes` are the last sizes of queries,
    keys and perhaps values where these are fixed.

    >>> import torch
    >>> check_sizes(torch.zeros(2, 3, 5), torch.zeros(2, 4, 7))
    Traceback (most recent call last):
        ...
    ValueError: queries and keys must have the same size in their last \
dimension, but queries have shape (2, 3, 5) and keys (2, 4, 7)
    """
    given = {"queries": queries, "keys": keys, "values": values}
    shapes = {n: tuple(x.shape) for n, x in given.items() if x is not None}
    for name, shape in shapes.items():
        if len(shape) < 2:
            raise ValueError(
                f"{name} must have at least two dimensions, (..., number, "
                f"size), but have shape {shape}"
            )
    if sizes is not None:
        for name, size in zip(shapes, sizes, strict=False):
            if shapes[name][-1] != size:
                raise ValueError(
                    f"{name} must have size {size} in their last dimension, "
                    f"but have shape {shapes[name]}"
                )
    elif shapes["queries"][-1] != shapes["keys"][-1]:
        raise ValueError(
            "queries and keys must have the same size in their last "
            f"dimension, but queries have shape {shapes['queries']} and keys "
            f"{shapes['keys']}"
        )
    for name, shape in shapes.items():
        if shape[:-2] != shapes["queries"][:-2]:
            raise ValueError(
                f"queries and {name} must have the same leading dimensions, "
                f"but queries have shape {shapes['queries']} and {name} "
                f"{shape}"
            )
    if values is not None and shapes["values"][-2] != shapes["keys"][-2]:
        raise ValueError(
            "every key needs one value, but keys have shape "
            f"{shapes['keys']} and values {shapes['values']}"
        )


def check_bandwidth(bandwidth: float | Tensor) -> None:
    """Raise a `ValueError` unless the bandwidth is positive.

    >>> check_bandwidth(0.0)
    Traceback (most recent call last):
        ...
    ValueError: bandwidth must be positive, but is 0.0
    """
    if torch.compiler.is_compiling():
        return
    if not bandwidth > 0:  # NaN is not positive either
        raise ValueError(
            f"bandwidth must be positive, but is {float(bandwidth)}"
        )


def check_projected(
    module: Any,
    queries: Tensor,
    keys: Tensor,
    values: Tensor | None = None,
) -> None:
    """Raise a `ValueError` unless all fit each other and their projections.

    >>> import torch
    >>> from d2lattn.multihead import MultiHeadAttention
    >>> attention = MultiHeadAttention(6, num_heads=3, key_size=5)
    >>> check_projected(attention, torch.zeros(2, 3, 6), torch.zeros(2, 3, 6))
    Traceback (most recent call last):
        ...
    ValueError: keys must have size 5 in their last dimension, but have \
shape (2, 3, 6)
    """
    sizes = [W.in_features for W in (module.W_q, module.W_k, module.W_v)]
    check_sizes(queries, keys, values, sizes=tuple(sizes))
    check_shape("queries", queries, ("B", "Q", sizes[0]))


def check_heads(num_hiddens: int, num_heads: int) -> None:
    """Raise a `ValueError` unless the heads share the hidden size evenly.

    >>> check_heads(10, 4)
    Traceback (most recent call last):
        ...
    ValueError: num_heads must divide num_hiddens, but 4 heads cannot share \
10 hidden units evenly
    """
    if num_heads < 1 or num_hiddens % num_heads:
        raise ValueError(
            f"num_heads must divide num_hiddens, but {num_heads} heads "
            f"cannot share {num_hiddens} hidden units evenly"
        )


def check_positions(offset: int, length: int, max_len: int) -> None:
    """Raise a `ValueError` where a sequence is longer than its encoding.

    >>> check_positions(offset=3, length=5, max_len=7)
    Traceback (most recent call last):
        ...
    ValueError: positions must lie between 0 and max_len - 1, that is 6, but \
5 of them from offset 3 go up to 7
    """
    if offset < 0 or offset + length > max_len:
        raise ValueError(
            "positions must lie between 0 and max_len - 1, that is "
            f"{max_len - 1}, but {length} of them from offset {offset} go up "
            f"to {offset + length - 1}"
        )


def check_tokens(
    tokens: Tensor, vocab_size: int, batch_size: int | None = None
) -> None:
    """Raise a `ValueError` unless these are tokens (B, T) of the vocabulary.

    >>> import torch
    >>> check_tokens(torch.tensor([[3, 0], [1, 7]]), vocab_size=7)
    Traceback (most recent call last):
        ...
    ValueError: tokens must lie between 0 and vocab_size - 1, that is 6, but \
go from 0 to 7
    """
    if tokens.dtype not in (torch.int32, torch.int64):
        raise ValueError(
            "tokens must be numbers of words in torch.int64 or torch.int32, "
            f"but have dtype {tokens.dtype}"
        )
    if tokens.ndim != 2 or batch_size not in (None, tokens.shape[0]):
        wanted = "B" if batch_size is None else batch_size
        raise ValueError(
            f"tokens must have shape ({wanted}, T), a row for each sequence, "
            f"but have shape {tuple(tokens.shape)}"
        )
    if torch.compiler.is_compiling() or tokens.numel() == 0:
        return
    low, high = (int(number) for number in tokens.aminmax())
    if low < 0 or high >= vocab_size:
        raise ValueError(
            "tokens must lie between 0 and vocab_size - 1, that is "
            f"{vocab_size - 1}, but go from {low} to {high}"
        )


def check_shape(
    name: str, tensor: Tensor, shape: tuple[int | str, ...]
) -> None:
    """Raise a `ValueError` unless the tensor has this shape.

    Where any size will do, the shape has a letter.

    >>> import torch
    >>> check_shape("context", torch.zeros(2, 3), ("B", 5))
    Traceback (most recent call last):
        ...
    ValueError: context must have shape (B, 5), but has shape (2, 3)
    """
    fits = tensor.ndim == len(shape) and all(
        isinstance(wanted, str) or size == wanted
        for size, wanted in zip(tensor.shape, shape, strict=True)
    )
    if not fits:
        wanted = ", ".join(str(size) for size in shape)
        wanted += "," * (len(shape) == 1)
        raise ValueError(
            f"{name} must have shape ({wanted}), but has shape "
            f"{tuple(tensor.shape)}"
        )


def check_positive(**numbers: int) -> None:
    """Raise a `ValueError` where there is none of something.

    >>> check_positive(num_blks=0)
    Traceback (most recent call last):
        ...
    ValueError: num_blks must be at least 1, but is 0
    """
    for name, number in numbers.items():
        if number < 1:
            raise ValueError(f"{name} must be at least 1, but is {number}")


def check_source_lengths(valid_lens: Tensor, B: int, K: int) -> None:
    """Raise a `ValueError` unless this is a length for each source.

    >>> import torch
    >>> check_source_lengths(torch.tensor([[2], [3]]), 2, 5)
    Traceback (most recent call last):
        ...
    ValueError: valid_lens must have shape (2,), but has shape (2, 1)
    """
    check_lengths(valid_lens, (B, 1, K))
    check_shape("valid_lens", valid_lens, (B,))


def check_encoded(
    enc_outputs: Tensor, enc_valid_lens: Tensor | None, num_hiddens: int
) -> None:
    """Raise a `ValueError` unless a decoder of this size can attend to it.

    >>> import torch
    >>> check_encoded(torch.zeros(2, 3, 8), None, 16)
    Traceback (most recent call last):
        ...
    ValueError: enc_outputs must have shape (B, K, 16), but has shape \
(2, 3, 8)
    """
    if not isinstance(enc_outputs, Tensor):
        raise ValueError(
            "enc_outputs must be a tensor of shape (B, K, D), as of a "
            f"TransformerEncoder, but is a {type(enc_outputs).__name__}"
        )
    check_shape("enc_outputs", enc_outputs, ("B", "K", num_hiddens))
    if enc_valid_lens is not None:
        check_source_lengths(enc_valid_lens, *enc_outputs.shape[:2])


def check_encoded_pair(
    enc_outputs: tuple[Tensor, Tensor],
    enc_valid_lens: Tensor | None,
    rnn: nn.GRU,
) -> None:
    """Raise a `ValueError` unless this GRU can go on from the encoder's.

    >>> import torch
    >>> encoded = torch.zeros(3, 5, 16), torch.zeros(1, 3, 16)
    >>> check_encoded_pair(encoded, None, nn.GRU(8, 16, num_layers=2))
    Traceback (most recent call last):
        ...
    ValueError: the encoder's final state must have shape (2, 3, 16), but \
has shape (1, 3, 16)
    """
    if isinstance(enc_outputs, Tensor) or len(enc_outputs) != 2:
        raise ValueError(
            "enc_outputs must be the outputs (B, K, D) and the final states "
            "(L, B, D) of a Seq2SeqEncoder, but is a "
            f"{type(enc_outputs).__name__}"
        )
    outputs, hidden = enc_outputs
    check_encoded(outputs, enc_valid_lens, rnn.hidden_size)
    wanted = rnn.num_layers, len(outputs), rnn.hidden_size
    check_shape("the encoder's final state", hidden, wanted)


def check_kernel_size(kernel_size: int) -> None:
    """Raise a `ValueError` unless a kernel has a middle and two sides.

    >>> check_kernel_size(4)
    Traceback (most recent call last):
        ...
    ValueError: kernel_size must be odd and at least 3, but is 4
    """
    if kernel_size < 3 or kernel_size % 2 == 0:
        raise ValueError(
            f"kernel_size must be odd and at least 3, but is {kernel_size}"
        )


def check_labels(logits: Tensor, labels: Tensor, valid_lens: Tensor) -> None:
    """Raise a `ValueError` unless there is a label for each row of logits.

    >>> import torch
    >>> lens = torch.tensor([4, 2])
    >>> check_labels(torch.zeros(2, 3, 5), torch.zeros(2, 4), lens)
    Traceback (most recent call last):
        ...
    ValueError: labels must have shape (2, 3), but has shape (2, 4)
    """
    check_shape("logits", logits, ("B", "T", "V"))
    check_shape("labels", labels, tuple(logits.shape[:2]))
    check_source_lengths(valid_lens, *labels.shape)
    if not torch.compiler.is_compiling() and not valid_lens.any():
        raise ValueError(
            "valid_lens must leave at least one real token, but all "
            f"{valid_lens.numel()} lengths are 0"
        )


def check_finite(name: str, number: float, step: int) -> float:
    """Return the number, or raise a `ValueError` where it is none.

    >>> check_finite("the loss", float("nan"), step=7)
    Traceback (most recent call last):
        ...
    ValueError: the loss must be a finite number, but is nan after step 7; a \
lower learning rate may help
    """
    if not math.isfinite(number):
        raise ValueError(
            f"{name} must be a finite number, but is {number} after step "
            f"{step}; a lower learning rate may help"
        )
    return number
