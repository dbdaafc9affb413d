"""Formulas are as short as the settings allow; that they are true is held by the contract of all layers."""

from __future__ import annotations

import pytest

from cnncalc.layers import all_types


@pytest.mark.parametrize(
    ("name", "settings", "key", "text"),
    [
        ("relu", {}, "compares", "in_elements"),
        ("relu6", {}, "compares", "2 * in_elements"),
        # CS231n writes (W - F + 2P) / S + 1.
        ("conv", {"filters": 8, "kernel": 3}, "out_size", "(in_size - kernel + 2 * padding) // stride + 1"),
        (
            "conv",
            {"filters": 8, "kernel": 3, "dilation": (1,), "padding": "valid"},
            "out_size",
            "(in_size - kernel) // stride + 1",
        ),
        (
            "conv",
            {"filters": 8, "kernel": 3, "dilation": (2,), "padding": "valid"},
            "out_size",
            "(in_size - (dilation * (kernel - 1) + 1)) // stride + 1",
        ),
        ("conv", {"filters": 8, "kernel": 3}, "weight", "filters * in_channels * kernel_positions"),
        (
            "conv",
            {"filters": 8, "kernel": 3, "groups": 2},
            "weight",
            "filters * (in_channels / groups) * kernel_positions",
        ),
        ("conv_transpose", {"filters": 8, "kernel": 3}, "weight", "in_channels * filters * kernel_positions"),
        (
            "conv_transpose",
            {"filters": 8, "kernel": 3, "groups": 2},
            "weight",
            "in_channels * (filters / groups) * kernel_positions",
        ),
        ("avg_pool", {"kernel": 3}, "out_size", "(in_size - kernel + 2 * padding) // stride + 1"),
        ("depthwise_conv", {"kernel": 3}, "weight", "in_channels * kernel_positions"),
        ("depthwise_conv", {"kernel": 3, "multiplier": 2}, "weight", "in_channels * multiplier * kernel_positions"),
    ],
)
def test_formulas_omit_unused_settings(name, settings, key, text):
    assert all_types()[name](**settings).formulas()[key] == text
