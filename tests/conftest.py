"""What all tests share."""

import shutil
from pathlib import Path

import jaxtyping
import pytest
import torch

# The tensors here are tiny, and tests run side by side.
torch.set_num_threads(1)

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


@pytest.fixture(scope="session")
def copy_repository():
    """Copies the repository, but for what was made from it, to a path."""
    made = ("_build", "build", "__pycache__", "*.egg-info")
    others = shutil.ignore_patterns(".*", *made)
    root = Path(__file__).resolve().parents[1]

    def copy(target):
        return shutil.copytree(root, target, ignore=others)

    return copy


@pytest.fixture(autouse=True)
def seed():
    """Draw the same numbers every time."""
    torch.manual_seed(1)


@pytest.fixture(params=DEVICES)
def device(request):
    """Each device there is."""
    return request.param


@pytest.fixture(params=["float32", "bfloat16", "float16", "float64"])
def dtype(request):
    """Each precision that attention is computed in."""
    return getattr(torch, request.param)


@pytest.fixture
def unchecked():
    """Run as a reader does, without the checker of shape annotations.

    It would otherwise speak before our own errors do.
    """
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.fixture
def compiler(unchecked):
    """Give `torch.compile` a clean slate, and no checker to trace."""
    torch.compiler.reset()
    yield
    torch.compiler.reset()
