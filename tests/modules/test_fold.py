"""Layers that a YAML names by themselves fold in place: upstream's model keeps the object and what it put on it."""

import copy
import pickle

import pytest
import torch


@pytest.fixture
def foldable(layer64):
    if not hasattr(layer64, "fold"):
        pytest.skip("nothing of it is static")
    return layer64


def test_static_layers_fold(layer):
    assert hasattr(layer, "fold") or not type(layer).__name__.endswith(("RefConv", "SPConv_3x3"))


def test_a_folded_layer_computes_the_same_and_is_its_own_object(foldable, image):
    foldable.i, foldable.f = 3, -1
    expected = foldable(image.double())
    assert foldable.fold() is None
    torch.testing.assert_close(foldable(image.double()), expected, rtol=0, atol=1e-10)
    assert (foldable.i, foldable.f) == (3, -1)
    assert not foldable.training


def test_folding_twice_or_after_a_checkpoint_changes_nothing(foldable, image):
    foldable.fold()
    expected = foldable(image.double())
    for twin in (pickle.loads(pickle.dumps(foldable)), copy.deepcopy(foldable), foldable):
        before = {name: value.clone() for name, value in twin.state_dict().items()}
        twin.fold()
        assert twin.state_dict().keys() == before.keys()
        assert all(torch.equal(value, before[name]) for name, value in twin.state_dict().items())
        assert torch.equal(twin(image.double()), expected)


def test_a_folded_layer_wants_no_gradient_and_has_no_norm(foldable):
    foldable.fold()
    assert not any(parameter.requires_grad for parameter in foldable.parameters())
    norms = [m for m in foldable.modules() if isinstance(m, torch.nn.modules.batchnorm._BatchNorm)]
    assert norms == []


def test_a_layer_that_folded_in_place_folds_into_what_follows(foldable, image, affine):
    if not hasattr(foldable, "folded"):
        pytest.skip("it has its own norm")
    scale, shift = affine
    expected = foldable.folded(scale, shift)(image.double())
    foldable.fold()
    torch.testing.assert_close(foldable.folded(scale, shift)(image.double()), expected, rtol=0, atol=1e-10)
