"""What several reports say."""

from __future__ import annotations

from cnncalc.languages import Sentence

SENTENCES = {
    "input": Sentence("input", "输入"),
    "output": Sentence("output", "输出"),
    "layer": Sentence("layer", "层"),
    "type": Sentence("type", "类型"),
    "parameters": Sentence("parameters", "参数"),
    "macs": Sentence("MACs", "乘加次数"),
    "flops": Sentence("FLOPs", "浮点运算次数"),
    "total": Sentence("total", "合计"),
    "ratio": Sentence("ratio", "比值"),
    "left_out": Sentence(
        "left out at this width: {columns}; --columns chooses, a wider terminal shows all",
        "此宽度下省略的列：{columns}；用 --columns 选择，或加宽终端",
    ),
}
