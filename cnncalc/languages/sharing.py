"""What `cnncalc sharing` says."""

from __future__ import annotations

from cnncalc.languages import Sentence

SENTENCES = {
    # Headers, which are also the labels of the notes.
    "params": Sentence("as it is", "现有参数"),
    "unshared": Sentence("unshared", "不共享"),
    "fully_connected": Sentence("fully connected", "全连接"),
    "ungrouped": Sentence("ungrouped", "不分组"),
    "merged": Sentence("merged", "合并"),
    "untied": Sentence("untied", "不绑定"),
    "times": Sentence("times", "倍数"),
    "connectivity": Sentence("% connected", "连接 %"),
    "reads": Sentence("reads", "读取"),
    "input_line": Sentence("input {inputs}", "输入 {inputs}"),
    "training": Sentence("{type} (training)", "{type}（仅训练）"),
    "tied": Sentence("tied", "绑定"),
    "weights_from": Sentence("weights of", "权重来自"),
    "reads_of": Sentence("{reads} of {inputs}", "{reads} / {inputs}"),
    # What the columns mean.
    "means_unshared": Sentence(
        "every output position has weights and biases of its own (locally connected)",
        "每个输出位置都有自己的权重和偏置（局部连接）",
    ),
    "means_fully_connected": Sentence(
        "every output reads every input, between the same tensors", "在同样的输入与输出之间，每个输出都连接全部输入"
    ),
    "means_ungrouped": Sentence(
        "every filter reads all channels: no groups, no depthwise convolutions",
        "每个卷积核都读取全部通道：没有分组卷积，也没有深度卷积",
    ),
    "means_merged": Sentence(
        "as ungrouped, but a depthwise convolution and the 1x1 after it are one convolution, without the normalisation "
        "between",
        "同上，但深度卷积与其后的逐点卷积合并为一个普通卷积，其间的归一化也去掉",
    ),
    "means_untied": Sentence("layers that share their weights have their own", "彼此共用权重的层各用自己的权重"),
    # What comes of it, with the network's own numbers.
    "shared": Sentence(
        "Without parameter sharing there would be {unshared} parameters, {ratio} times as many; most is saved in "
        "{layer}, whose {own} parameters are {uses}.",
        "若没有参数共享，参数量将为 {unshared}，是现在的 {ratio} 倍；节省最多的是 {layer}，它的 {own} 个参数{uses}。",
    ),
    "used": Sentence("used {uses} times each", "每个使用 {uses} 次"),
    "used_on_average": Sentence("used {uses} times each on average", "平均每个使用 {uses} 次"),
    "not_shared": Sentence(
        "No parameter is shared over positions: each is used once.",
        "没有参数共享：每个参数只使用一次。",
    ),
    "sparse": Sentence(
        "Of the connections that fully connected layers would have, 1 in {ratio} is there: an output of {layer} reads "
        "{reads} of {inputs} inputs.",
        "与全连接相比，每 {ratio} 个连接只保留 1 个（稀疏连接）："
        "{layer} 的每个输出只读取 {inputs} 个输入中的 {reads} 个。",
    ),
    "partly_sparse": Sentence(
        "Of the connections that fully connected layers would have, {percent} % are there: an output of {layer} reads "
        "{reads} of {inputs} inputs.",
        "与全连接相比，只保留 {percent} % 的连接（稀疏连接）："
        "{layer} 的每个输出只读取 {inputs} 个输入中的 {reads} 个。",
    ),
    "not_sparse": Sentence("Every output reads every input already.", "每个输出本来就连接全部输入。"),
    "if_full": Sentence(
        "With full convolutions in place of grouped ones it would have {params} parameters, {ratio} times as many, and "
        "do {macs} MACs instead of {own}.",
        "若把分组卷积都换成普通卷积，参数量为 {params}，是现在的 {ratio} 倍，乘加次数由 {own} 变为 {macs}。",
    ),
    "if_merged": Sentence(
        "With a full convolution in place of each depthwise separable one it would have {params} parameters, {ratio} "
        "times as many, and do {macs} MACs instead of {own}.",
        "若把每个深度可分离卷积都换成一个普通卷积，参数量为 {params}，是现在的 {ratio} 倍，"
        "乘加次数由 {own} 变为 {macs}。",
    ),
    "if_untied": Sentence(
        "With weights of their own in the layers that share them it would have {params} parameters, {ratio} times as "
        "many.",
        "若共用权重的层各用自己的权重，参数量为 {params}，是现在的 {ratio} 倍。",
    ),
    "kept": Sentence(
        "Kept as they are, since they join no outputs to inputs or do not tell how: the parameters of {layers}.",
        "以下各层的参数不连接输入与输出（或未说明如何连接），按原样计入：{layers}。",
    ),
    "kept_layer": Sentence("{type} ({params})", "{type}（{params}）"),
    "and": Sentence(", ", "、"),
    "in_training": Sentence(
        "In training, with its auxiliary heads, it has {params} parameters; {unshared} unshared, {fully_connected} "
        "fully connected.",
        "训练时连同辅助分类器共有 {params} 个参数；不共享时为 {unshared} 个，全连接时为 {fully_connected} 个。",
    ),
    "nothing_learned": Sentence("{name} has no learned weights.", "{name} 没有可学习的权重。"),
    "folded": Sentence(
        "{layers} layers with weights in {rows} rows; --depth all shows every layer",
        "{layers} 个有权重的层折叠为 {rows} 行；用 --depth all 显示每一层",
    ),
}
