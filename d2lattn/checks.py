"""Checks that several modules share, with errors that say what was given.

Sizes and types are compared wherever they matter. Looking at numbers (are
tokens and lengths in range?) means waiting for the device that holds them. So
each tensor is looked at once, where it enters a model, and not at all on the
meta device, under `vmap`, or while a model is traced.
"""

from numbers import Integral

import torch
from torch import Tensor
from torch.utils.weak import WeakTensorKeyDictionary

INTEGERS = {torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64}

#: The tensors already looked at: their version then, smallest and largest.
_seen = WeakTensorKeyDictionary()


def look(*tensors: Tensor) -> tuple[int, int] | None:
    """Return the smallest and the largest number of the last tensor.

    One look serves all tensors that are new. Returns None where there are no
    numbers to look at.

    >>> look(torch.tensor([[3, 0], [1, 7]]))
    (0, 7)
    """
    if torch.compiler.is_compiling() or torch.jit.is_tracing():
        return None
    versions = [0 if x.is_inference() else x._version for x in tensors]
    new = [
        (x, version)
        for x, version in zip(tensors, versions, strict=True)
        if x.numel() and _seen.get(x, (None,))[0] != version
    ]
    try:
        ends = [end.long() for x, _ in new for end in x.aminmax()]
        numbers = torch.stack(ends).tolist() if ends else []
    except RuntimeError:  # no numbers, or none that may be looked at
        return None
    for i, (x, version) in enumerate(new):
        _seen[x] = version, numbers[2 * i], numbers[2 * i + 1]
    _, *found = _seen.get(tensors[-1], (None,))
    return (found[0], found[1]) if found else None


def check_lengths(valid_lens: Tensor, shape: tuple[int, ...]) -> None:
    """Raise a `ValueError` unless `valid_lens` fits scores of this shape.

    A mask of zeros and ones is refused by its type or its shape. Where there
    are as many queries as keys, it has the shape of lengths per query; then
    it is refused if it holds only zeros and ones, and both in the same row.

    >>> check_lengths(torch.tensor([2, 9]), (2, 3, 4))
    Traceback (most recent call last):
        ...
    ValueError: valid_lens must lie between 0 and the number of keys, 4, \
but goes from 2 to 9
    """
    if not isinstance(valid_lens, Tensor) or valid_lens.dtype not in INTEGERS:
        found = getattr(valid_lens, "dtype", type(valid_lens).__name__)
        raise ValueError(
            "valid_lens must be None or count keys in a tensor of integers "
            f"(for a mask, that is mask.sum(dim=-1)), but is {found}"
        )
    if len(shape) < 3:
        raise ValueError(
            "valid_lens must come with scores of a batch, (B, ..., Q, K), "
            "also where attention is causal, but the scores have shape "
            f"{tuple(shape)}"
        )
    B, Q, K = shape[0], shape[-2], shape[-1]
    found = tuple(valid_lens.shape)
    if found not in ((B,), (B, Q)):
        masks = found in ((B, K), (B, Q, K))
        raise ValueError(
            f"valid_lens must have shape {(B,)} or {(B, Q)}, that is (B,) or "
            f"(B, Q), for scores of shape {tuple(shape)}, but has shape "
            f"{found}" + masks * ", as a mask has"
        )
    low, high = look(valid_lens) or (0, 0)
    if low < 0 or high > K:
        raise ValueError(
            f"valid_lens must lie between 0 and the number of keys, {K}, but "
            f"goes from {low} to {high}"
        )
    if (low, high) == (0, 1) and valid_lens.ndim == 2 and Q == K > 1:
        if not valid_lens.equal(valid_lens[:, :1].expand(B, Q)):
            refuse_mask()  # rows of lengths up to 1 are all alike, if causal


def refuse_mask() -> None:
    """Raise the `ValueError` for lengths that look like a mask."""
    raise ValueError(
        "valid_lens must count keys, (B,) or (B, Q), but holds only 0 and 1, "
        "as a mask does; its lengths are mask.sum(dim=-1)"
    )


def check_tokens(
    tokens: Tensor, vocab_size: int, batch_size: int | None = None
) -> None:
    """Raise a `ValueError` unless these are tokens of the vocabulary."""
    check_shape("tokens", tokens, (batch_size or "B", "T"))
    if tokens.dtype not in (torch.int32, torch.int64):
        raise ValueError(
            "tokens must be numbers of words in torch.int64 or torch.int32, "
            f"but have dtype {tokens.dtype}"
        )
    low, high = look(tokens) or (0, 0)
    if low < 0 or high >= vocab_size:
        raise ValueError(
            "tokens must lie between 0 and vocab_size - 1, that is "
            f"{vocab_size - 1}, but go from {low} to {high}"
        )


def check_source(
    tokens: Tensor, vocab_size: int, valid_lens: Tensor | None
) -> None:
    """Raise a `ValueError` unless an encoder can read these tokens.

    Tokens and lengths cost one look together. Lengths per token must exceed 1
    somewhere: where each word may see one word at most, they are more likely
    a mask.
    """
    look(*(x for x in (valid_lens, tokens) if isinstance(x, Tensor)))
    check_tokens(tokens, vocab_size)
    if valid_lens is not None:
        B, K = tokens.shape
        check_lengths(valid_lens, (B, K, K))
        _, high = look(valid_lens) or (0, 0)
        if high == 1 and valid_lens.ndim == 2 and K > 1:
            refuse_mask()


def check_encoded(
    enc_outputs: Tensor, enc_valid_lens: Tensor | None, num_hiddens: int
) -> None:
    """Raise a `ValueError` unless a decoder of this size can attend to it."""
    check_shape("enc_outputs", enc_outputs, ("B", "K", num_hiddens))
    if enc_valid_lens is not None:
        B, K, _ = enc_outputs.shape
        check_lengths(enc_valid_lens, (B, 1, K))
        check_shape("valid_lens", enc_valid_lens, (B,))


def check_sizes(
    queries: Tensor,
    keys: Tensor,
    values: Tensor | None = None,
    *,
    sizes: tuple[int, ...] | None = None,
) -> None:
    """Raise a `ValueError` unless queries, keys and values fit together.

    Queries have shape (..., Q, D), keys (..., K, D) and values (..., K, V),
    with the same leading dimensions. `sizes` holds the last sizes of queries,
    keys and, if wanted, values, where a module fixes them. Where it does not,
    keys and values may have fewer heads, (B, G, K, D) for (B, H, Q, D), if
    each serves as many heads of the queries.
    """
    given = {"queries": queries, "keys": keys, "values": values}
    shapes = {n: tuple(x.shape) for n, x in given.items() if x is not None}
    for name, shape in shapes.items():
        if len(shape) < 2:
            raise ValueError(
                f"{name} must have at least two dimensions, (..., number, "
                f"size), but have shape {shape}"
            )
    for name, size in zip(shapes, sizes or (), strict=False):
        if shapes[name][-1] != size:
            raise ValueError(
                f"{name} must have size {size} in their last dimension, but "
                f"have shape {shapes[name]}"
            )
    both = f"but queries have shape {shapes['queries']} and"
    leading = {name: shape[:-2] for name, shape in shapes.items()}
    if sizes is None and heads_per_key(queries, keys):
        leading["queries"] = leading["keys"]
    if sizes is None and shapes["queries"][-1] != shapes["keys"][-1]:
        raise ValueError(
            "queries and keys must have the same size in their last "
            f"dimension, {both} keys {shapes['keys']}"
        )
    for name, shape in shapes.items():
        if leading[name] != leading["queries"]:
            raise ValueError(
                f"queries and {name} must have the same leading dimensions, "
                f"{both} {name} {shape}"
            )
    if values is not None and shapes["values"][-2] != shapes["keys"][-2]:
        raise ValueError(
            "keys and values must be equal in number, but keys have shape "
            f"{shapes['keys']} and values {shapes['values']}"
        )


def heads_per_key(queries: Tensor, keys: Tensor) -> int:
    """Return how many heads share each key, 0 where they cannot share any.

    >>> heads_per_key(torch.zeros(2, 6, 5, 4), torch.zeros(2, 3, 7, 4))
    2
    """
    if queries.shape[:-2] == keys.shape[:-2]:
        return 1
    if queries.ndim < 4 or queries.shape[:-3] != keys.shape[:-3]:
        return 0
    heads, shared = queries.shape[-3], keys.shape[-3]
    return 0 if shared < 1 or heads % shared else heads // shared


def check_shape(
    name: str, tensor: Tensor, shape: tuple[int | str, ...]
) -> None:
    """Raise a `ValueError` unless this is a tensor of this shape.

    A letter in the shape stands for any size.

    >>> check_shape("context", torch.zeros(2, 3), ("B", 5))
    Traceback (most recent call last):
        ...
    ValueError: context must have shape (B, 5), but has shape (2, 3)
    """
    found = tuple(tensor.shape) if isinstance(tensor, Tensor) else None
    fits = found is not None and len(found) == len(shape)
    if not fits or any(
        size != wanted and not isinstance(wanted, str)
        for size, wanted in zip(found or (), shape, strict=True)
    ):
        wanted = ", ".join(map(str, shape)) + "," * (len(shape) == 1)
        kind = f"is of type {type(tensor).__name__}"
        kind = kind if found is None else f"has shape {found}"
        raise ValueError(f"{name} must have shape ({wanted}), but {kind}")


def check_positive(**numbers: object) -> None:
    """Raise a `ValueError` unless every number is an integer from 1 on."""
    for name, number in numbers.items():
        if not isinstance(number, Integral):
            raise ValueError(
                f"{name} must be an integer of at least 1, but is {number!r}"
            )
        if number < 1:
            raise ValueError(f"{name} must be at least 1, but is {number!r}")


def check_divides(name: str, number: object, whole: str, size: int) -> None:
    """Raise a `ValueError` unless this many equal parts make the whole.

    >>> check_divides("num_heads", 3, "num_hiddens", 8)
    Traceback (most recent call last):
        ...
    ValueError: num_heads must divide num_hiddens, 8, but is 3
    """
    parts = int(number) if isinstance(number, Integral) else 0
    if parts < 1 or size % parts:
        raise ValueError(
            f"{name} must divide {whole}, {size}, but is {number}"
        )
