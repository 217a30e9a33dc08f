"""CoordAtt: weights of rows and of columns."""

import torch

from yolopatch.modules.attention.coordatt import CoordAtt


def by_rows_and_columns(layer, x, normed):
    """Equations 4 to 9 of the paper."""
    reduce = layer.reduce.weight.flatten(1)

    def descriptor(pooled):
        values = normed(torch.einsum("nch,mc->nmh", pooled, reduce).unsqueeze(3), layer.bn).squeeze(3)
        return values * (values + 3).clamp(0, 6) / 6

    def gate(conv, values):
        logits = torch.einsum("nmh,cm->nch", values, conv.weight.flatten(1)) + conv.bias.view(1, -1, 1)
        return 1 / (1 + torch.exp(-logits))

    of_rows = gate(layer.rows, descriptor(x.mean(3)))
    of_columns = gate(layer.columns, descriptor(x.mean(2)))
    return torch.einsum("nchw,nch,ncw->nchw", x, of_rows, of_columns)


def test_weighs_each_value_by_its_row_and_its_column(randomise, normed):
    layer = randomise(CoordAtt(12)).double().eval()
    x = torch.randn(2, 12, 5, 3, dtype=torch.float64)
    torch.testing.assert_close(layer(x), by_rows_and_columns(layer, x, normed), rtol=1e-12, atol=1e-12)


def test_has_the_papers_parameters():
    for c, width in ((64, 8), (512, 16)):
        assert sum(p.numel() for p in CoordAtt(c).parameters()) == 3 * c * width + 2 * width + 2 * c


def test_a_mobilenetv2_with_it_has_the_papers_3_95_million():
    # the paper puts it behind the depthwise convolution of each block that expands; 3.50 M without it (table 1)
    stages = [(24, 2), (32, 3), (64, 4), (96, 3), (160, 3), (320, 1)]
    widths = [16, *(c for c, n in stages for _ in range(n))]
    added = sum(sum(p.numel() for p in CoordAtt(6 * c).parameters()) for c in widths[:-1])
    assert round((3_504_872 + added) / 1e6, 2) == 3.95
