"""Names in other frameworks that have no counterpart here, with advice on what to write instead."""

from __future__ import annotations

from collections.abc import Mapping

OPAQUE = "declare its output and costs with `- opaque: {output: [64, 28, 28], params: 1000, macs: 1000000}`"

FUNCTION = "write the function itself, such as `- relu`"

# Advice -> names of layers in other frameworks.
TYPES: Mapping[str, tuple[str, ...]] = {
    FUNCTION: (
        "activation",
        "act",
        "nonlinearity",
        "non_linearity",
        "激活",
        "激活函数",
        "激活层",
    ),
    "write its two convolutions, `- depthwise_conv: 3` and `- conv: [64, 1]`": (
        "SeparableConv2D",
        "separable_conv",
        "depthwise_separable_conv",
        "可分离卷积",
        "深度可分离卷积",
    ),
    'write its products with `- einsum: "hdn, hdm -> hnm"`, as docs/language.md shows': (
        "attention",
        "self_attention",
        "MultiheadAttention",
        "mhsa",
        "transformer",
        "TransformerEncoder",
        "TransformerEncoderLayer",
        "TransformerBlock",
        "scaled_dot_product_attention",
        "注意力",
        "自注意力",
    ),
    f"cnncalc has lstm and gru as recurrent layers; {OPAQUE}": ("RNN", "SimpleRNN", "ConvLSTM2D"),
    "write `- lstm: {hidden: 128, bidirectional: true}`, or gru": ("Bidirectional",),
    "a learned one is `- bias: all`, and one that is not learned adds a constant: leave it out": (
        "PositionalEncoding",
    ),
    "write a list of layers as one item, `- layers: [...]`, or define a block under blocks:": (
        "Sequential",
        "ModuleList",
        "Model",
        "Module",
        "Functional",
        "block",
    ),
    "define it under blocks:; `cnncalc show resnet50` has an example": (
        "BasicBlock",
        "Bottleneck",
        "ResidualBlock",
        "ResBlock",
        "InvertedResidual",
        "MBConv",
        "ConvBNReLU",
        "conv_bn",
        "conv_bn_relu",
        "DenseBlock",
        "Inception",
        "残差块",
    ),
    "define it under blocks:; `cnncalc show efficientnet_b0` has an example": (
        "SELayer",
        "SEBlock",
        "SEModule",
        "SqueezeExcitation",
        "SqueezeExcite",
        "se",
    ),
    "write the layer that joins its branches, `- concat:` or `- add:`, and below it a list of layers for each": (
        "parallel",
        "branches",
        "multi_branch",
        "fork",
    ),
    "write input: [3, 224, 224], channels first, at the top of the spec": ("Input", "InputLayer", "data", "输入"),
    "leave it out: the last layer is the output, and outputs: at the top of the spec names others": (
        "Output",
        "输出",
    ),
    "leave it out: a spec ends with the network's output": (
        "loss",
        "CrossEntropyLoss",
        "MSELoss",
        "NLLLoss",
        "SoftmaxWithLoss",
        "Accuracy",
        "损失",
    ),
}

# Advice -> names of settings in other frameworks.
SETTINGS: Mapping[str, tuple[str, ...]] = {
    "leave it out: it follows from the layer before": (
        "in_channels",
        "in_features",
        "in_planes",
        "in_ch",
        "inplanes",
        "input_channels",
        "input_size",
        "input_dim",
        "input_shape",
        "num_features",
        "num_channels",
        "normalized_shape",
        "输入通道",
    ),
    "write the activation as the next item, such as `- relu`": ("activation", "act", "act_layer", "激活函数"),
    "write the normalization as the next item, such as `- batch_norm`": (
        "batch_norm",
        "batch_normalize",
        "bn",
        "use_bn",
        "norm",
        "norm_layer",
    ),
    "leave it out: it changes no shape and no cost": (
        "eps",
        "epsilon",
        "momentum",
        "inplace",
        "kernel_initializer",
        "bias_initializer",
        "kernel_regularizer",
        "weight_filler",
        "bias_filler",
        "weight_decay",
        "padding_mode",
        "trainable",
        "training",
        "dtype",
        "device",
        "seed",
        "batch_first",
        "padding_idx",
    ),
    "leave it out: channels always come first": ("data_format", "channels_last", "channels_first"),
    "leave it out: it begins with the channels and takes all axes": ("start_dim", "end_dim", "start_axis"),
    "leave it out: the axes are fixed, and `cnncalc layers TYPE` lists them": ("dim", "axis"),
    "leave it out: the output has all steps, and `- slice: {axis: 1, start: 25}` takes the last of 26": (
        "return_sequences",
        "return_state",
    ),
    "write rate: 1 - keep_prob, the fraction that is dropped": ("keep_prob",),
}
