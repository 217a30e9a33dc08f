"""A reshape that mixes channels and positions is found, whatever sizes fit by chance; splits and merges are not."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from yolopatch.probe.explain.reshapes import crossing, cuts_across
from yolopatch.probe.tensors.calls import Call

MAP, TOKENS, HEADS = (2, 64, 13, 21), (2, 273, 64), (2, 8, 273, 8)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (MAP, (2, 64, 273)),
        (MAP, (128, 273)),
        (MAP, (2, 2, 32, 13, 21)),
        (MAP, (2, 64, 13, 3, 7)),
        (TOKENS, (2, 13, 21, 64)),
        (TOKENS, (2, 273, 8, 8)),
        (HEADS, (16, 273, 8)),
        ((2, 64, 1, 1), (2, 64)),
        ((2, 64, 1, 1), (2, 1, 64)),
        ((2, 0, 12), (2, 12, 0)),
        ((4, 273, 2, 32), (1, 26, 42, 64)),
        (MAP, (2, 64, 3, 91)),
        ((2, 8, 273, 274), (2, 8, 274, 273)),
        ((545, 273, 8), (273, 545, 8)),
        ((), (1,)),
    ],
)
def test_splitting_and_merging_axes_is_no_mistake(before, after):
    assert not cuts_across(before, after)
    assert not cuts_across(after, before)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (MAP, TOKENS),
        (MAP, (2, 64, 21, 13)),
        (HEADS, TOKENS),
        (TOKENS, HEADS),
        ((2, 273, 24), (2, 24, 13, 21)),
        ((3, 64, 5, 273), (15, 64, 273)),
        ((1, 32, 26, 42), (1, 128, 13, 21)),
        ((273, 1, 32), (32, 13, 1, 21)),
    ],
)
def test_whatever_else_is_one(before, after):
    assert cuts_across(before, after)
    assert cuts_across(after, before)


class _Forward(nn.Module):
    """Computes what a test says, with a linear layer and a table."""

    def __init__(self, forward):
        super().__init__()
        self.fc, self.table, self.run = nn.Linear(16, 16), nn.Parameter(torch.randn(1, 35, 16)), forward

    def forward(self, x):
        return self.run(self, x)


def _found(forward, *shape):
    return crossing(_Forward(forward), Call((torch.randn(shape or (1, 16, 16, 16)),), {}))


def test_tokens_that_fit_by_chance_at_the_models_own_size_are_found_with_their_line():
    # 16 channels and 16 x 16 positions: (16, 256) and (256, 16) only split and merge there
    def scrambled(self, x):
        return self.fc(x.reshape(x.shape[0], -1, 16))

    def given(self, x):
        return self.fc(x.flatten(2).transpose(1, 2))

    found = _found(scrambled)
    assert found.before == (1, 16, 13, 21)
    assert found.after == (1, 273, 16)
    assert found.line.startswith("test_reshapes.py:")
    assert found.line.endswith(" in scrambled")
    assert _found(given) is None


def test_the_way_back_and_the_merging_of_heads_are_found():
    def back(self, x):
        return self.fc(x.flatten(2).transpose(1, 2)).view(x.shape)

    def heads(self, x):
        y = x.flatten(2).transpose(1, 2)
        return y.view(1, -1, 4, 4).transpose(1, 2).reshape(y.shape)

    assert _found(back).after == (1, 16, 13, 21)
    assert _found(heads).before == (1, 4, 273, 4)


def test_three_heads_fit_one_size_and_not_the_other():
    def heads(self, x):
        y = x.flatten(2).transpose(1, 2)
        return y.view(1, -1, 3, 16).transpose(1, 2).reshape(y.shape)

    assert _found(heads, 1, 48, 16, 16).before == (1, 3, 143, 16)


def test_the_axes_of_a_parameter_mean_what_the_module_lets_them_mean():
    module = _Forward(lambda self, x: x + self.table.view(1, 16, 5, 7).mean((2, 3), keepdim=True))
    assert crossing(module, Call((torch.randn(1, 16, 16, 16),), {})) is None
    assert all(parameter.requires_grad for parameter in module.parameters())


def test_what_a_module_does_at_a_size_at_which_it_raises_is_left_out():
    def raises(self, x):
        return x.view(1, 16, 256)

    def raises_later(self, x):
        x.view(1, -1, 16)
        raise ValueError

    # 128 channels and windows of 8: at 13 x 21 the -1 is 273, of what the windows leave over, until the layer meets it
    def windows(self, x):
        b, h, w, c = x.permute(0, 2, 3, 1).shape
        y = x.permute(0, 2, 3, 1).reshape(b, h // 8, 8, w // 8, 8, -1).transpose(2, 3).reshape(-1, 64, c)
        return y.reshape(b, h // 8, w // 8, 8, 8, c).transpose(2, 3).reshape(b, h, w, c).permute(0, 3, 1, 2)

    assert _found(raises) is None
    assert _found(raises_later) is None
    assert _found(windows, 1, 128, 16, 16) is None


def test_a_module_that_runs_at_even_sides_alone_is_tried_at_them_and_at_its_own():
    def halves(self, x):
        return x.view(1, 16, x.shape[2] // 2, 2, -1, 2).amax((3, 5)).view(1, -1, 16)

    # a space to depth without moving an axis: the four values of a position come from four rows
    def folded(self, x):
        return x.view(1, 64, x.shape[2] // 2, x.shape[3] // 2)

    def fixed(self, x):
        return x.view(1, 16, 8, 8).flatten(2).view(1, 8, 8, 16)

    assert _found(halves).before == (1, 16, 13, 21)
    assert _found(folded).after == (1, 64, 13, 21)
    assert _found(fixed, 1, 16, 8, 8) is None  # it fits by chance, and there is no other size to look at
    assert _found(lambda self, x: x.view(1, 24, 8, 8).view(1, 64, 24), 1, 24, 8, 8).after == (1, 64, 24)


def test_a_reshape_in_two_steps_is_found_and_whatever_lies_between_parts_them():
    def twice(self, x):
        return self.fc(x.flatten(1).view(1, -1, 16))

    def sides_swapped(self, x):
        return x.flatten(2).unflatten(2, (x.shape[3], x.shape[2]))

    def named(self, x):
        return torch.reshape(input=x, shape=(1, -1, 16))

    def there_and_back(self, x):
        return x.flatten(1).view(x.shape)

    assert (_found(twice).before, _found(twice).after) == ((1, 16, 13, 21), (1, 273, 16))
    assert _found(sides_swapped).after == (1, 16, 21, 13)
    assert _found(named).after == (1, 273, 16)
    assert _found(there_and_back) is None


def test_areas_of_positions_that_are_rows_again_are_no_mistake():
    # the areas end within rows, as those of upstream's area attention do at maps of odd sides
    def areas(self, x, count):
        y = self.fc(x.flatten(2).transpose(1, 2).reshape(count, -1, 16))
        return y.reshape(1, *x.shape[2:], 16).permute(0, 3, 1, 2)

    assert _found(lambda self, x: areas(self, x, 4)) is None
    assert _found(lambda self, x: areas(self, x, 3 if x.shape[3] == 21 else 11)) is None


def test_the_skew_of_relative_positions_is_no_mistake():
    def one_side(self, x):
        tokens = x.flatten(2).transpose(1, 2)
        n = tokens.shape[1]
        scores = nn.functional.pad(tokens @ tokens.transpose(1, 2), (1, 0))
        return scores.view(1, n + 1, n)[:, 1:].view(1, n, n) @ tokens

    def both_sides(self, x):
        tokens = x.flatten(2).transpose(1, 2)
        n = tokens.shape[1]
        scores = tokens @ tokens.repeat(1, 2, 1)[:, 1:].transpose(1, 2)
        padded = nn.functional.pad(scores, (1, 0)).view(1, 2 * n, n)
        return padded[:, 1:].view(1, n, 2 * n - 1)[..., :n] @ tokens

    assert _found(one_side) is None
    assert _found(both_sides) is None


def test_the_module_is_left_as_it_was():
    class Keeps(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc, self.size, self.grid, self.calls = nn.Linear(16, 16), None, None, 0
            self.register_buffer("running", torch.zeros(()))

        def forward(self, x):
            self.calls += 1
            self.running += 1
            self.weights = x.mean(1)
            if self.size != x.shape[2:]:
                self.size, self.grid = x.shape[2:], x.softmax(1)
            return x * self.grid

    module = Keeps().eval()
    before = copy.deepcopy(vars(module))
    assert crossing(module, Call((torch.randn(1, 16, 16, 16),), {})) is None
    assert vars(module).keys() == before.keys()
    assert (module.size, module.grid, module.calls, float(module.running)) == (None, None, 0, 0.0)
    assert all(parameter.requires_grad for parameter in module.parameters())
    copy.deepcopy(module)  # torch copies no tensor that a forward with gradients gave


def test_several_maps_keep_their_ratio():
    shapes = []

    def join(self, maps):
        shapes.append([tuple(x.shape[2:]) for x in maps])
        return maps[1].view(1, -1, 16)

    maps = [torch.randn(1, 16, side, side) for side in (4, 8, 16)]
    assert crossing(_Forward(join), Call((maps,), {})).before == (1, 16, 26, 42)
    assert shapes == [[(13, 21), (26, 42), (52, 84)]]


def test_a_map_that_was_pooled_to_one_position_stays_so():
    shapes = []

    def gate(self, maps):
        shapes.append([tuple(x.shape[2:]) for x in maps])
        return maps[0] * maps[1].view(1, 16).view(1, 16, 1, 1)

    assert crossing(_Forward(gate), Call(([torch.randn(1, 16, 32, 32), torch.randn(1, 16, 1, 1)],), {})) is None
    assert shapes == [[(13, 21), (1, 1)], [(11, 13), (1, 1)]]


def test_a_view_as_another_type_is_no_reshape():
    assert _found(lambda self, x: torch.view_as_real(x.to(torch.complex64)).view(1, 16, -1)) is None


def test_positions_that_are_split_into_width_and_height_are_found():
    def turned(self, x):
        return self.fc(x.flatten(2).transpose(1, 2)).transpose(1, 2).reshape(*x.shape[:2], x.shape[3], x.shape[2])

    def turned_after_a_stride(self, x):
        y = x[..., ::2, ::2]
        return self.fc(y.flatten(2).transpose(1, 2)).unflatten(1, (y.shape[3], y.shape[2]))

    found = _found(turned)
    assert (found.before, found.after, found.sides) == ((1, 16, 273), (1, 16, 21, 13), (13, 21))
    assert _found(turned_after_a_stride).sides == (7, 11)


def test_a_map_that_was_turned_is_split_as_it_was_merged():
    # what scans a map in several directions: by rows and by columns, and each way back
    def scans(self, x):
        b, c, h, w = x.shape
        rows, columns = x.view(b, c, -1), x.transpose(2, 3).reshape(b, c, -1)
        rows, columns = (self.fc(y.transpose(1, 2)).transpose(1, 2) for y in (rows, columns))
        return rows.view(b, c, h, w) + columns.view(b, c, w, h).transpose(2, 3)

    assert _found(scans) is None


def test_groups_of_channels_that_change_places_twice_are_no_sides():
    def shuffled(self, x):
        for groups in (13, 21):
            x = x.view(x.shape[0], groups, -1, *x.shape[2:]).transpose(1, 2).reshape(x.shape)
        return x

    assert _found(shuffled, 1, 273, 16, 16) is None


def test_a_reshape_of_a_tensor_without_elements_is_no_fault():
    def empty(self, x):
        return x + x[:, :, :0].reshape(x.shape[0], 0, x.shape[1]).sum()

    def empty_and_across(self, x):
        return empty(self, x) + self.fc(x.reshape(x.shape[0], -1, 16)).mean()

    assert _found(empty) is None
    assert _found(empty_and_across).after == (1, 273, 16)
