"""What `cnncalc field` says."""

from __future__ import annotations

from cnncalc.languages import Sentence

SENTENCES = {
    "title": Sentence("{network}: receptive fields", "{network}：感受野"),
    "title_layer": Sentence("{network}: the receptive field of {layer}", "{network}：{layer} 的感受野"),
    "input_line": Sentence("input {inputs}", "输入 {inputs}"),
    # Headers.
    "of": Sentence("on input", "输入"),
    "axis": Sentence("axis", "轴"),
    "size": Sentence("size", "大小"),
    "stride": Sentence("stride", "步长"),
    "start": Sentence("start", "起点"),
    "center": Sentence("centre", "中心"),
    "sees": Sentence("% of input", "占输入 %"),
    "input_size": Sentence("input size", "输入大小"),
    "window": Sentence("k/s/p", "核/步长/填充"),
    "adds": Sentence("adds", "增加"),
    "width": Sentence("width", "宽"),
    "height": Sentence("height", "高"),
    "depth": Sentence("depth", "深"),
    "and": Sentence(" and ", "和"),
    "comma": Sentence(", ", "、"),
    "left_out": Sentence(
        "left out at this width: {columns}; a wider terminal shows all", "此宽度下省略的列：{columns}；加宽终端即可看到"
    ),
    "training": Sentence("{type} (training)", "{type}（仅训练）"),
    # What the columns mean.
    "means_size": Sentence(
        "from the first to the last position of the input that an output depends on, padding included",
        "一个输出所依赖的输入位置，从第一个到最后一个，包括填充",
    ),
    "means_stride": Sentence(
        "how far that moves on the input from one output to the next",
        "相邻两个输出的感受野在输入上相距多远（累积步长）",
    ),
    "means_start": Sentence(
        "where the first output's field begins; the input begins at 0, and padding lies before it",
        "第一个输出的感受野从哪里开始；输入从 0 开始，负数落在填充中",
    ),
    "means_center": Sentence("the middle of the first output's field", "第一个输出的感受野的中心"),
    "means_sees": Sentence(
        "how much of the input, without padding, lies in the field of the output in the middle",
        "正中的输出的感受野（不计填充）占输入的比例",
    ),
    # Below the table.
    "whole_from": Sentence(
        "From {layer} on, every output sees the whole input.", "从 {layer} 起，每个输出都能看到整个输入。"
    ),
    "no_rule_from": Sentence(
        "{layer} and layers that depend on it have no size or stride: {reason}. Name a layer to follow one of its "
        "outputs.",
        "{layer} 及依赖它的层没有统一的大小和步长：{reason}。给出层名可追踪它的某个输出。",
    ),
    "no_rule_PERIOD": Sentence(
        "resizes by factors that have nothing in common repeat only after thousands of outputs",
        "缩放比互不相干，要几千个输出才重复一次",
    ),
    "no_rule_STRANDS": Sentence(
        "branches move at more than {strides} different strides", "各分支的步长超过 {strides} 种"
    ),
    "no_rule_NUMBERS": Sentence("positions lie beyond {number}", "位置超出 {number}"),
    "no_rule_WORK": Sentence(
        "working them out takes more than {work} operations (--limit work=N raises the limit)",
        "计算需要超过 {work} 次操作（--limit work=N 可提高上限）",
    ),
    "no_rule_ORDER": Sentence(
        "a layer puts positions in an order that no size or stride describes",
        "有一层重新排列了各位置，大小和步长无法描述这种顺序",
    ),
    "channels_apart": Sentence(
        "In {layer} positions have become channels: a field is that of all channels together, a single channel may see "
        "less.",
        "在 {layer} 中，位置变成了通道：给出的感受野是所有通道合起来的，单个通道看到的可能更少。",
    ),
    "gates": Sentence(
        "Left aside: {count} gates, which have one number for many positions, such as {source} in {layer}; "
        "--through-gates counts them.",
        "未计入 {count} 个门控（一个数用于许多位置，如 {layer} 中的 {source}）；用 --through-gates 计入。",
    ),
    "one_gate": Sentence(
        "Left aside: the gate {source} in {layer}, which has one number for many positions; --through-gates counts it.",
        "未计入 {layer} 中的门控 {source}（一个数用于许多位置）；用 --through-gates 计入。",
    ),
    "gates_counted": Sentence(
        "Gates are counted: behind the first of them, in {layer}, an output depends on all that the gate reads.",
        "已计入门控：从第一个门控（{layer}）起，输出依赖门控所读取的一切。",
    ),
    "folded": Sentence(
        "{changing} of {layers} layers change the field, here in {rows} rows; --depth all shows each of them, --all "
        "every layer.",
        "{layers} 层中有 {changing} 层改变感受野，这里折叠为 {rows} 行；--depth all 逐层列出，--all 列出所有层。",
    ),
    "left_out_layers": Sentence(
        "Layers that leave the field as it is are left out: {rows} of {layers} change it; --all shows every layer.",
        "不改变感受野的层已省略：{layers} 层中有 {rows} 层改变它；--all 列出所有层。",
    ),
    "nothing_changes": Sentence(
        "No layer changes the field: every output sees one position of the input. --all shows every layer.",
        "没有层改变感受野：每个输出只看到输入的一个位置；--all 列出所有层。",
    ),
    "no_axes": Sentence(
        "{input} has no positions, only features: what depends on it depends on all of it.",
        "{input} 没有空间位置，只有特征：依赖它的层都依赖它的全部。",
    ),
    "the_input": Sentence("The input", "输入"),
    "the_input_of": Sentence("The input {input}", "输入 {input}"),
    "of_several": Sentence("{layer} (and {count} other joins)", "{layer}（以及另外 {count} 处）"),
    "flaw_STRIDES": Sentence(
        "Not aligned: in {layer} branches meet that move at strides {numbers} ({axis}). The field is their union, "
        "exactly; no one stride is its own.",
        "未对齐：在 {layer} 汇合的分支步长不同（{axis}：{numbers}）。感受野是它们精确的并集，但没有统一的步长。",
    ),
    "flaw_GAP": Sentence(
        "Not aligned: in {layer} branches leave {numbers} positions between them that none reads ({axis}). The size "
        "counts them.",
        "未对齐：在 {layer} 汇合的分支之间有 {numbers} 个位置无人读取（{axis}），大小把它们也算在内。",
    ),
    "flaw_CENTERS": Sentence(
        "Not aligned: in {layer} the centres of the branches are {numbers} apart ({axis}). Size and centre are those "
        "of their union.",
        "未对齐：在 {layer} 汇合的分支中心相距 {numbers}（{axis}），大小和中心取它们的并集。",
    ),
    "flaw_AXES": Sentence(
        "Not aligned: in {layer} branches meet that have exchanged their axes ({axis}). The field is their union, "
        "exactly; no one stride is its own.",
        "未对齐：在 {layer} 汇合的分支交换过坐标轴（{axis}）。感受野是它们精确的并集，但没有统一的步长。",
    ),
    "flaw_PARTS": Sentence(
        "{layer} lays its inputs one behind the other ({axis}): an output reads one of them. The field is taken as if "
        "it read all; --at follows one output exactly.",
        "{layer} 把各输入沿{axis}首尾相接：每个输出只读其中之一。这里按全部读取给出；--at 精确追踪某个输出。",
    ),
    # A layer.
    "layer_line": Sentence(
        "{type}, output {output}: its field on the input {input}.",
        "{type}，输出 {output}：它在输入 {input} 上的感受野。",
    ),
    "block_line": Sentence("{block} ends with {layer}.", "{block} 的最后一层是 {layer}。"),
    "in_words": Sentence(
        "An output depends on {size} positions of the input; the next one's field lies {stride} further.",
        "一个输出依赖输入的 {size} 个位置；下一个输出的感受野向后移动 {stride}。",
    ),
    "in_words_on_average": Sentence(
        "An output depends on {size} positions of the input; the next one's field lies {stride} further on average.",
        "一个输出依赖输入的 {size} 个位置；下一个输出的感受野平均向后移动 {stride}。",
    ),
    "in_words_no_stride": Sentence(
        "An output depends on {size} positions of the input.", "一个输出依赖输入的 {size} 个位置。"
    ),
    "at_most": Sentence("at most {size}", "至多 {size}"),
    "first_in_words": Sentence(
        "The first output's field runs from {first} to {last}, its centre at {center}.",
        "第一个输出的感受野从 {first} 到 {last}，中心在 {center}。",
    ),
    "below_zero": Sentence("What lies before 0 is padding.", "0 之前是填充。"),
    "sees_whole": Sentence("Every output sees the whole input.", "每个输出都能看到整个输入。"),
    "one_whole": Sentence("It sees the whole input.", "它能看到整个输入。"),
    "together": Sentence("A single channel may see less of it.", "单个通道看到的可能更少。"),
    "together_whole": Sentence(
        "All channels together see the whole input; a single channel may see less.",
        "所有通道合起来能看到整个输入；单个通道看到的可能更少。",
    ),
    "uneven": Sentence(
        "Fields differ from one output to the next and repeat after {period}; the size is that of the largest.",
        "各输出的感受野不尽相同，每 {period} 个输出重复一次；大小取最大者。",
    ),
    "no_rule": Sentence(
        "It has no size or stride: {reason}. Follow one output with --at.",
        "没有统一的大小和步长：{reason}。请用 --at 追踪某个输出。",
    ),
    "nothing": Sentence("It depends on no position of the input {input}.", "它不依赖输入 {input} 的任何位置。"),
    # How it grows.
    "grows": Sentence("How it grows", "感受野如何增长"),
    "grows_along": Sentence("How it grows along the {axis}", "沿{axis}方向如何增长"),
    "symbols": Sentence(
        "r is the size, j the stride and s the start of the field, with 0 those of what comes in; F, S and P are the "
        "layer's own kernel, stride and padding. The last step, {layer}:",
        "r 为感受野大小，j 为累积步长，s 为起点，下标 0 表示该层的输入；F、S、P 为该层的卷积核大小、步长和填充。"
        "最后一步 {layer}：",
    ),
    "symbols_dilated": Sentence(
        "r is the size, j the stride and s the start of the field, with 0 those of what comes in; F, S, P and D are "
        "the layer's own kernel, stride, padding and dilation. The last step, {layer}:",
        "r 为感受野大小，j 为累积步长，s 为起点，下标 0 表示该层的输入；F、S、P、D 为该层的卷积核大小、步长、填充和"
        "空洞率。最后一步 {layer}：",
    ),
    "symbol_size": Sentence("size r", "大小 r"),
    "symbol_stride": Sentence("stride j", "步长 j"),
    "symbol_start": Sentence("start s", "起点 s"),
    "symbol_center": Sentence("centre", "中心"),
    "one_path": Sentence("A single path leads there.", "只有一条路径。"),
    "widest": Sentence(
        "The widest of {paths} paths, by the layers that widen it or change its stride:",
        "{paths} 条路径中最宽的一条，列出使它变宽或改变步长的层：",
    ),
    "many_paths": Sentence("more than a million", "超过一百万"),
    "union_wider": Sentence(
        "Together the paths span {size}, more than the widest alone, {path}: they are not aligned.",
        "所有路径合起来跨越 {size}，比最宽的一条（{path}）更宽：它们没有对齐。",
    ),
    "nothing_grows": Sentence(
        "No layer widens it: an output depends on one position.", "没有层使它变宽：一个输出只依赖一个位置。"
    ),
    "to": Sentence("{count} layers, {first} to {last}", "{count} 层，{first} 至 {last}"),
    "reads_whole": Sentence("all of it", "全部"),
    # One output.
    "output_at": Sentence("What the output at {position} reads", "位置 {position} 的输出读取什么"),
    "at_vector": Sentence("What the output reads", "输出读取什么"),
    "reads_too_long": Sentence(
        "Following this output takes more than {work} operations; --limit work=N raises the limit.",
        "追踪这个输出需要超过 {work} 次操作；用 --limit work=N 提高上限。",
    ),
    "reads_at_most": Sentence(
        "At most this is read; not all of it has been followed exactly.", "至多读取这些位置；其中一部分未能精确追踪。"
    ),
    "reads": Sentence("{first} to {last}, {count} of {size}", "{first} 至 {last}，{size} 个中的 {count} 个"),
    "reads_one": Sentence("{first} alone, of {size}", "仅 {first}（共 {size} 个）"),
    "reads_steps": Sentence(
        "{first} to {last} in steps of {step}, {count} of {size}",
        "{first} 至 {last}，间隔 {step}，{size} 个中的 {count} 个",
    ),
    "reads_holes": Sentence(
        "{first} to {last} with holes, {count} of {size}", "{first} 至 {last}，有空洞，{size} 个中的 {count} 个"
    ),
    "reads_all": Sentence("all {size}", "全部 {size} 个"),
    "slice_whole": Sentence("{slices}: all of it", "{slices}：即全部"),
    "in_padding": Sentence("; in the padding: {parts}", "；落在填充中：{parts}"),
    "range": Sentence("{first} to {last}", "{first} 至 {last}"),
    "reads_nothing": Sentence("It reads nothing of {input}, padding alone.", "它不读取 {input}，只读到填充。"),
    "slice": Sentence("in NumPy", "NumPy 写法"),
    "slices": Sentence("{hwc}, with the channels first {chw}", "{hwc}；通道在前时为 {chw}"),
    "slice_hull": Sentence("{slices}; between them are holes", "{slices}；其间有空洞"),
    "slice_boxes": Sentence("{slices}; not all within them is read", "{slices}；其中并非全部被读取"),
    "directly": Sentence("of its own input A, {source}", "它自己的输入 A（{source}）"),
    # The plot.
    "plot_title": Sentence("Drawn on the input:", "画在输入上："),
    "plot_title_of": Sentence("Drawn on the input {input}:", "画在输入 {input} 上："),
    "drawing_too_long": Sentence(
        "Not drawn: it takes more than {work} operations; --limit work=N raises the limit.",
        "未画出：需要超过 {work} 次操作；用 --limit work=N 提高上限。",
    ),
    "plot_depth": Sentence("at depth {depth}", "深度 {depth} 处"),
    "plot_read": Sentence("read", "读取"),
    "plot_partly": Sentence("in part", "部分读取"),
    "plot_unread": Sentence("not read", "未读取"),
    "plot_padding": Sentence("beyond the input, in the padding", "输入之外（填充）"),
    "plot_cell": Sentence("a cell is {cell} positions", "每格为 {cell} 个位置"),
}
