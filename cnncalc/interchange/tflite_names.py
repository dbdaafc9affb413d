"""The names of a TensorFlow Lite model: of its operators, by their codes, and of layers, from those of tensors."""

from __future__ import annotations

import re
from itertools import takewhile

from cnncalc import limits
from cnncalc.errors import quoted

# BuiltinOperator of the schema: the names of the operators in the order of their codes.
OPERATOR_NAMES = """
    ADD AVERAGE_POOL_2D CONCATENATION CONV_2D DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE EMBEDDING_LOOKUP FLOOR
    FULLY_CONNECTED HASHTABLE_LOOKUP L2_NORMALIZATION L2_POOL_2D LOCAL_RESPONSE_NORMALIZATION LOGISTIC LSH_PROJECTION
    LSTM MAX_POOL_2D MUL RELU RELU_N1_TO_1 RELU6 RESHAPE RESIZE_BILINEAR RNN SOFTMAX SPACE_TO_DEPTH SVDF TANH
    CONCAT_EMBEDDINGS SKIP_GRAM CALL CUSTOM EMBEDDING_LOOKUP_SPARSE PAD UNIDIRECTIONAL_SEQUENCE_RNN GATHER
    BATCH_TO_SPACE_ND SPACE_TO_BATCH_ND TRANSPOSE MEAN SUB DIV SQUEEZE UNIDIRECTIONAL_SEQUENCE_LSTM STRIDED_SLICE
    BIDIRECTIONAL_SEQUENCE_RNN EXP TOPK_V2 SPLIT LOG_SOFTMAX DELEGATE BIDIRECTIONAL_SEQUENCE_LSTM CAST PRELU MAXIMUM
    ARG_MAX MINIMUM LESS NEG PADV2 GREATER GREATER_EQUAL LESS_EQUAL SELECT SLICE SIN TRANSPOSE_CONV SPARSE_TO_DENSE
    TILE EXPAND_DIMS EQUAL NOT_EQUAL LOG SUM SQRT RSQRT SHAPE POW ARG_MIN FAKE_QUANT REDUCE_PROD REDUCE_MAX PACK
    LOGICAL_OR ONE_HOT LOGICAL_AND LOGICAL_NOT UNPACK REDUCE_MIN FLOOR_DIV REDUCE_ANY SQUARE ZEROS_LIKE FILL FLOOR_MOD
    RANGE RESIZE_NEAREST_NEIGHBOR LEAKY_RELU SQUARED_DIFFERENCE MIRROR_PAD ABS SPLIT_V UNIQUE CEIL REVERSE_V2 ADD_N
    GATHER_ND COS WHERE RANK ELU REVERSE_SEQUENCE MATRIX_DIAG QUANTIZE MATRIX_SET_DIAG ROUND HARD_SWISH IF WHILE
    NON_MAX_SUPPRESSION_V4 NON_MAX_SUPPRESSION_V5 SCATTER_ND SELECT_V2 DENSIFY SEGMENT_SUM BATCH_MATMUL PLACEHOLDER
    CUMSUM CALL_ONCE BROADCAST_TO RFFT2D CONV_3D IMAG REAL COMPLEX_ABS HASHTABLE HASHTABLE_FIND HASHTABLE_IMPORT
    HASHTABLE_SIZE REDUCE_ALL CONV_3D_TRANSPOSE VAR_HANDLE READ_VARIABLE ASSIGN_VARIABLE BROADCAST_ARGS
    RANDOM_STANDARD_NORMAL BUCKETIZE RANDOM_UNIFORM MULTINOMIAL GELU DYNAMIC_UPDATE_SLICE RELU_0_TO_1
    UNSORTED_SEGMENT_PROD UNSORTED_SEGMENT_MAX UNSORTED_SEGMENT_SUM ATAN2 UNSORTED_SEGMENT_MIN SIGN BITCAST BITWISE_XOR
    RIGHT_SHIFT
"""
OPERATORS = OPERATOR_NAMES.split()
CUSTOM = OPERATORS.index("CUSTOM")
# The last part of a name where it is the operation within a layer, as TensorFlow calls it.
OPERATION = re.compile(
    r"/(?:(?:depthwise_)?weights(?:/read)?|(?:Conv2D|convolution|depthwise|conv2d_transpose|MatMul)(?:/ReadVariableOp)?"
    r"|BiasAdd|Relu6?|AvgPool|MaxPool|Reshape|Softmax|Sigmoid|Mean|concat|add|sub|mul)(?:_?[0-9]+)?(?:_dequantize)?$"
)
# By the type of an operator, the parts of names that are its own, of all that the converter has merged with it.
OWN_PARTS = {
    kind: re.compile(rf"(?:^|/)(?:{words})(?=[_/0-9]|$)")
    for kind, words in {
        "CONV_2D": "Conv2D|convolution|weights",
        "DEPTHWISE_CONV_2D": "depthwise",
        "TRANSPOSE_CONV": "conv2d_transpose|conv_transpose",
        "FULLY_CONNECTED": "MatMul|Tensordot|weights",
        "ADD": "add",
        "SUB": "sub",
        "MUL": "mul",
        "CONCATENATION": "concat",
    }.items()
}
# Names that the converter gives to what has none.
UNNAMED = re.compile(
    r"(?:Identity|(?:Stateful)?PartitionedCall)(?:_[0-9]+|_int8|_uint8)?(?::[0-9]+)?|(?:arith|tfl)\.\w+"
)


def operator_name(code: int, custom: str) -> str:
    """The name of the operator with a code; operators of other programs than TensorFlow have one in the file."""
    if code == CUSTOM:
        return f"custom operator {quoted(custom)}"
    return OPERATORS[code] if 0 <= code < len(OPERATORS) else f"operator {code}"


def layer_name(kind: str, weights: str, output: str) -> str:
    """The readable name of an operator, from the names of its second input and its output; empty if there is none.

    Names list all that the converter has merged, as in model/act/Relu;model/conv/BiasAdd;model/conv/Conv2D.
    """
    outputs = output.split(";")
    own = OWN_PARTS.get(kind)
    parts = [part for part in (*weights.split(";"), *outputs) if own and own.search(part)]
    name = OPERATION.sub("", (parts or outputs)[0])[: limits.current().name]
    return "" if UNNAMED.fullmatch(name) else name


def without_scope(names: list[str]) -> list[str]:
    """Names without the scope that all names with scopes begin with, which is that of the model."""
    scoped = [name.split("/")[:-1] for name in names if "/" in name]
    if not scoped:
        return names
    shared = takewhile(lambda pair: pair[0] == pair[1], zip(min(scoped), max(scoped), strict=False))
    scope = "".join(f"{part}/" for part, _ in shared)
    return [name.removeprefix(scope) for name in names]
