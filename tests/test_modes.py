"""A model that is asked is as it was before."""

import pytest
import torch
from torch import nn

from d2lattn.modes import evaluating


class Adapter(nn.Linear):
    """Merged into its weights while it is evaluated, as LoRA's is."""

    merged = False

    def train(self, mode=True):
        self.merged = not mode
        return super().train(mode)


@pytest.mark.parametrize("training", [True, False])
def test_every_module_gets_its_own_mode_back(training):
    frozen = nn.Sequential(Adapter(2, 3), nn.Dropout()).eval()
    model = nn.Sequential(Adapter(2, 3), nn.Dropout(), frozen)
    model.training = training
    modes = [m.training for m in model.modules()]
    merged = [adapter.merged for adapter in (model[0], frozen[0])]
    assert merged == [False, True]

    def ask():
        with evaluating(model), evaluating(model):
            assert not any(m.training for m in model.modules())
            assert model[0].merged
            assert frozen[0].merged
            assert not torch.is_grad_enabled()
            raise KeyError

    with pytest.raises(KeyError):
        ask()
    assert [m.training for m in model.modules()] == modes
    assert [adapter.merged for adapter in (model[0], frozen[0])] == merged
    assert torch.is_grad_enabled()
