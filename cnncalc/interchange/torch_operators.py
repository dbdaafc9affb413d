"""What each operator of PyTorch becomes: layers as a spec has them."""

from __future__ import annotations

from cnncalc.interchange.torch_elementwise import ACTIVATIONS, FUNCTIONS
from cnncalc.interchange.torch_maps import REDUCTIONS, UPSAMPLES
from cnncalc.interchange.torch_products import TorchProducts
from cnncalc.interchange.torch_program import TorchProgram
from cnncalc.interchange.torch_values import BROADCASTS, DROPOUTS, MOVED, REGROUPED, SAME, words


class TorchOperators(TorchProducts):
    """Reads operators, each by a method."""

    def __init__(self, program: TorchProgram, target: str) -> None:
        super().__init__(program, target)
        for names, handler in (
            (SAME, self.tensor_of),
            (REGROUPED, self.read_reshape),
            (MOVED, self.read_permute),
            (DROPOUTS, self.read_dropout),
            (ACTIVATIONS, self.read_activation),
            (FUNCTIONS, self.read_function),
            (BROADCASTS, self.read_join),
            (REDUCTIONS, self.read_reduction),
            (UPSAMPLES, self.read_upsample),
            (("conv1d", "conv2d", "conv3d"), self.read_conv),
            (("conv_transpose1d", "conv_transpose2d", "conv_transpose3d"), self.read_conv_transpose),
            (("max_pool1d", "max_pool2d", "max_pool3d", "avg_pool1d", "avg_pool2d", "avg_pool3d"), self.read_pool),
            (("softmax", "_softmax", "log_softmax", "_log_softmax"), self.read_softmax),
            (("split", "split_with_sizes", "chunk", "unbind"), self.read_split),
            (("slice", "narrow"), self.read_slice),
            (("clamp", "clamp_min", "clamp_max", "hardtanh"), self.read_clamp),
            (("matmul", "bmm", "mm"), self.read_matmul),
            (("lstm", "gru"), self.read_recurrence),
            (("expand", "expand_as"), self.read_expand),
            (("repeat", "tile", "repeat_interleave"), self.read_repeat),
            (("masked_fill", "where"), self.read_masking),
            (("pixel_shuffle", "pixel_unshuffle"), self.read_pixel_shuffle),
            (("pad", "constant_pad_nd"), self.read_pad),
            (("index", "index_select"), self.read_index),
            (("linalg_vector_norm", "norm"), self.read_norm),
        ):
            self.handlers.update(dict.fromkeys(names, handler))
        for name in words(
            "addcmul addmm baddbmm batch_norm cat celu channel_shuffle col2im elu embedding einsum gelu getitem glu"
            " group_norm hardshrink im2col instance_norm layer_norm leaky_relu linear prelu rms_norm roll"
            " scaled_dot_product_attention select softplus softshrink stack threshold"
        ):
            self.handlers[name] = getattr(self, f"read_{name}")
        for pool in ("avg", "max"):
            for rank in (1, 2, 3):
                self.handlers[f"adaptive_{pool}_pool{rank}d"] = self.read_adaptive_pool
        self.handlers["torchvision.deform_conv2d"] = self.read_deform_conv
