"""What `cnncalc explain` says. Keys of remarks are those that layer types give."""

from __future__ import annotations

from cnncalc.languages import Sentence

SENTENCES = {
    # --- titles and labels ------------------------------------------------------------------------
    "title": Sentence("{layer} in {network}", "{network} 的 {layer}"),
    "what": Sentence("{type}: {described}", "层类型：{type}（{described}）"),
    "settings": Sentence("Where it comes from", "来源与设置"),
    "sizes": Sentence("Output", "输出"),
    "weights": Sentence("Parameters", "参数"),
    "work": Sentence("Operations for one sample", "每个样本的运算"),
    "share": Sentence("Its share of the network", "在整个网络中所占的比例"),
    "sharing": Sentence("Parameter sharing", "参数共享"),
    "groups": Sentence("Against the full convolution", "与普通卷积的比较"),
    "separable": Sentence("Depthwise separable convolution", "深度可分离卷积"),
    "stack": Sentence("Small filters one after another", "小卷积核的堆叠"),
    "im2col": Sentence("As a matrix product (im2col)", "用矩阵乘法实现（im2col）"),
    "convolution": Sentence("The convolution that it equals", "等价的卷积层"),
    "fit": Sentence("Where the kernel does not fit", "卷积核对不齐的地方"),
    "remarks": Sentence("What it does", "它做什么"),
    "setting": Sentence("setting", "设置"),
    "value": Sentence("value", "值"),
    "written": Sentence("as written", "原文"),
    "default": Sentence("(default)", "（默认）"),
    "matrix": Sentence("matrix", "矩阵"),
    "size": Sentence("size", "大小"),
    "numbers": Sentence("numbers", "元素个数"),
    "memory": Sentence("as {dtype}", "占用（{dtype}）"),
    "product": Sentence("product", "乘积"),
    "times": Sentence("{ratio} x", "{ratio} 倍"),
    "as_it_is": Sentence("as it is", "现有参数"),
    "unshared": Sentence("locally connected", "局部连接（不共享）"),
    "fully_connected": Sentence("fully connected", "全连接"),
    "function": Sentence("f(x)", "f(x)"),
    "labelled": Sentence("{label}: {text}", "{label}：{text}"),
    "comma": Sentence(", ", "、"),
    "space": Sentence(" ", ""),
    "and": Sentence("{first} and {second}", "{first}与{second}"),
    "out_channels": Sentence("channels", "通道数"),
    "out_features": Sentence("features", "特征数"),
    "out_elements": Sentence("numbers", "元素个数"),
    "height": Sentence("height", "高度"),
    "width": Sentence("width", "宽度"),
    "depth": Sentence("depth", "深度"),
    "adds": Sentence("adds", "加法"),
    "multiplies": Sentence("multiplies", "乘法"),
    "divides": Sentence("divides", "除法"),
    "compares": Sentence("compares", "比较"),
    "exponentials": Sentence("exponentials", "指数类运算"),
    "shape_vector": Sentence("a vector of {size}", "长度为 {size} 的向量"),
    # --- symbols of formulas ----------------------------------------------------------------------
    "symbol_in_size": Sentence("input size", "输入尺寸"),
    "symbol_kernel": Sentence("kernel", "卷积核"),
    "symbol_stride": Sentence("stride", "步长"),
    "symbol_padding": Sentence("padding", "填充"),
    "symbol_before": Sentence("padding before", "前侧填充"),
    "symbol_after": Sentence("padding after", "后侧填充"),
    "symbol_others": Sentence("sizes of the others", "其余输入的尺寸之和"),
    "symbol_dilation": Sentence("dilation", "空洞率"),
    "symbol_output_padding": Sentence("output padding", "输出填充"),
    "symbol_in_channels": Sentence("input channels", "输入通道"),
    "symbol_in_features": Sentence("inputs", "输入特征"),
    "symbol_in_positions": Sentence("input positions", "输入位置"),
    "symbol_in_elements": Sentence("inputs", "输入元素"),
    "symbol_out_positions": Sentence("output positions", "输出位置"),
    "symbol_out_elements": Sentence("outputs", "输出元素"),
    "symbol_all_in_channels": Sentence("channels of each", "各输入通道"),
    "symbol_inputs": Sentence("number of inputs", "输入个数"),
    "symbol_kernel_positions": Sentence("kernel positions", "卷积核位置"),
    "symbol_read_positions": Sentence("positions read", "读取位置"),
    "symbol_outputs": Sentence("output size", "输出尺寸"),
    "symbol_filters": Sentence("filters", "卷积核数"),
    "symbol_features": Sentence("features", "特征数"),
    "symbol_groups": Sentence("groups", "组数"),
    "symbol_multiplier": Sentence("multiplier", "通道倍数"),
    "symbol_pairs": Sentence("pairs", "连接对"),
    "symbol_pieces": Sentence("pieces", "分段数"),
    "symbol_units": Sentence("units", "单元数"),
    "symbol_size": Sentence("size", "大小"),
    "symbol_factor": Sentence("factor", "倍数"),
    "symbol_rank": Sentence("axes", "轴数"),
    "symbol_start": Sentence("start", "起点"),
    "symbol_stop": Sentence("stop", "终点"),
    "symbol_step": Sentence("step", "间隔"),
    "symbol_params": Sentence("declared parameters", "声明的参数"),
    "symbol_buffers": Sentence("declared buffers", "声明的缓冲"),
    "symbol_macs": Sentence("MACs", "乘加次数"),
    "symbol_output": Sentence("declared output", "声明的输出"),
    "symbol_adds": Sentence("adds", "加法"),
    "symbol_multiplies": Sentence("multiplies", "乘法"),
    "symbol_divides": Sentence("divides", "除法"),
    "symbol_compares": Sentence("compares", "比较"),
    "symbol_exponentials": Sentence("exponentials", "指数类运算"),
    "symbol_reads": Sentence("inputs each reads", "每个输出读取的输入数"),
    "symbol_biases": Sentence("biases", "偏置"),
    "symbol_layers": Sentence("layers", "层数"),
    "symbol_taps": Sentence("taps", "抽头"),
    "symbol_connections": Sentence("connections", "连接"),
    "letters": Sentence("{letters}", "{letters}"),
    "letters_of_notes": Sentence("{letters}, as in CS231n's notes", "{letters}（符号同 CS231n 讲义）"),
    # --- where it comes from ----------------------------------------------------------------------
    "place": Sentence("It stands in line {line} of {file}.", "它写在 {file} 的第 {line} 行。"),
    "block": Sentence(
        "within {name}: the block {block}({arguments}), used in line {line}",
        "位于 {name} 内：块 {block}（{arguments}），在第 {line} 行使用",
    ),
    "branch": Sentence("within the branch {name}, line {line}", "位于分支 {name} 内，第 {line} 行"),
    "inside_training": Sentence(
        "It is there in training only, and counts in no total of inference.", "它只在训练时存在，不计入推理的总数。"
    ),
    "reads": Sentence("reads {name}: {shape}", "读取 {name}：{shape}"),
    "gives": Sentence("gives {shape} to {readers}", "给出 {shape}，由 {readers} 读取"),
    "gives_out": Sentence("gives {shape}, which the network gives out", "给出 {shape}，即网络的输出"),
    "gives_nobody": Sentence("gives {shape}, which no layer reads", "给出 {shape}，没有别的层读取"),
    "same_size": Sentence(
        "Input and output have the same {axes}: {sizes}.",
        "{axes}保持不变：{sizes}。",
    ),
    "tied": Sentence(
        "It works with the weights of {owner}, where they are counted.", "它使用 {owner} 的权重，参数计在那里。"
    ),
    "buffers": Sentence(
        "Of these, {buffers} are kept but not learned: they are buffers, not parameters.",
        "其中 {buffers} 个只保存而不学习：它们是缓冲，不算参数。",
    ),
    # --- its share --------------------------------------------------------------------------------
    "share_params": Sentence(
        "{params} of the network's {whole:one parameter|# parameters} ({percent} %)",
        "占网络 {whole} 个参数中的 {params} 个（{percent} %）",
    ),
    "share_macs": Sentence(
        "{macs} of the network's {whole:one MAC|# MACs} ({percent} %)",
        "占网络 {whole} 次乘加中的 {macs} 次（{percent} %）",
    ),
    "most": Sentence("; no layer has more", "，没有别的层比它多"),
    "no_weights": Sentence("It has no weights.", "它没有权重。"),
    "no_operations": Sentence("It does no operations at inference.", "推理时它不做任何运算。"),
    "no_macs": Sentence("It does none of the network's {macs:one MAC|# MACs}.", "网络的 {macs} 次乘加都不在这里。"),
    # --- sharing ----------------------------------------------------------------------------------
    "sparse": Sentence(
        "Sparse connectivity: each output reads {reads} of the {inputs} inputs ({percent} %).",
        "稀疏连接：每个输出只读取 {inputs} 个输入中的 {reads} 个（{percent} %）。",
    ),
    "sparse_average": Sentence(
        "Sparse connectivity: an output reads {reads} of the {inputs} inputs on average ({percent} %).",
        "稀疏连接：每个输出平均读取 {inputs} 个输入中的 {reads} 个（{percent} %）。",
    ),
    "sparse_at_most": Sentence(
        "Sparse connectivity: an output reads at most {reads} of the {inputs} inputs ({percent} %), and fewer on the"
        " border.",
        "稀疏连接：每个输出最多读取 {inputs} 个输入中的 {reads} 个（{percent} %），边缘处更少。",
    ),
    "reads_all_inputs": Sentence(
        "The kernel is so large that an output can read {inputs:the one input|all # inputs}.",
        "卷积核足够大，一个输出可以读到全部 {inputs} 个输入。",
    ),
    "shared": Sentence(
        "Parameter sharing: all {positions} positions of a channel use the same weights.",
        "参数共享：同一通道的全部 {positions} 个位置使用同一组权重。",
    ),
    "shared_spread": Sentence(
        "Parameter sharing: all {positions} input positions spread the same weights.",
        "参数共享：全部 {positions} 个输入位置散开同一组权重。",
    ),
    "shared_bias": Sentence(
        "Parameter sharing: the {positions} output positions of a channel share its bias alone.",
        "参数共享：同一通道的 {positions} 个输出位置只共享偏置。",
    ),
    "already_unshared": Sentence(
        "Nothing is shared: every position has weights of its own.", "没有参数共享：每个位置都有自己的权重。"
    ),
    "dense": Sentence(
        "Every output reads every input through a weight of its own, {outputs} x {inputs} connections:"
        " nothing is shared and nothing is sparse.",
        "每个输出都通过自己的权重读取每个输入，共 {outputs} x {inputs} 个连接：既不共享，也不稀疏。",
    ),
    # --- groups -----------------------------------------------------------------------------------
    "grouped": Sentence(
        "If every filter read all {channels} input channels, it would have {full_params:one parameter|# parameters} in"
        " place of {params} and do {full_macs} MACs in place of {macs}: it has {part} of the parameters and does"
        " {macs_part} of the work.",
        "如果每个卷积核都读取全部 {channels} 个输入通道，参数将是 {full_params} 而不是 {params}，乘加将是 {full_macs}"
        " 而不是 {macs}：现在的参数是它的 {part}，计算量是它的 {macs_part}。",
    ),
    "separable_pair": Sentence(
        "{depthwise} looks around in each channel and {pointwise} mixes the channels. One full convolution that does"
        " both"
        " would cost {full} MACs; the two cost {first} + {second} = {both}.",
        "{depthwise} 在每个通道内看邻域，{pointwise} 混合各通道。一个同时完成两者的普通卷积需要 {full} 次乘加；"
        "这两层共需 {first} + {second} = {both} 次。",
    ),
    "separable_share": Sentence("share of the cost", "计算量之比"),
    "separable_less": Sentence(
        "That is {times} times fewer, and {params} weights in place of {full_params}.",
        "计算量减少到约 1/{times}，权重是 {params} 个而不是 {full_params} 个。",
    ),
    # --- stacks -----------------------------------------------------------------------------------
    "stacked": Sentence(
        "{layers} in a row see {field} of what comes into the first, as one convolution of that size would:",
        "{layers} 连续堆叠，能看到首层输入上 {field} 的区域，与同样大小的单个卷积一样：",
    ),
    "stacked_weights": Sentence("weights of the {count} small ones", "{count} 个小卷积的权重"),
    "single_weights": Sentence("weights of the one large", "单个大卷积的权重"),
    "stacked_gain": Sentence(
        "{percent} % of the weights, and what nonlinearities stand between them come on top.",
        "只需 {percent} % 的权重，而且其间还多了非线性。",
    ),
    "symbol_channels": Sentence("channels", "通道"),
    # --- im2col -----------------------------------------------------------------------------------
    "unrolled": Sentence(
        "Each column of X_col is what a filter reads at {columns:its one place|one of # places}, each row of W_row is"
        " a filter.",
        "X_col 的每一列是卷积核在 {columns} 个位置之一所读的内容，W_row 的每一行是一个卷积核。",
    ),
    "in_groups": Sentence(
        "There are {products} such products, one for each group.", "这样的乘积共有 {products} 个，每组一个。"
    ),
    "unrolled_memory": Sentence(
        "X_col takes {memory} as {dtype}, {ratio} times the input: where windows overlap, it repeats what they share.",
        "X_col 以 {dtype} 存储占 {memory}，是输入的 {ratio} 倍：窗口重叠处的内容会被重复存放。",
    ),
    "nothing_unrolled": Sentence(
        "The input is X_col as it stands: there is nothing to unroll, and nothing to store.",
        "输入本身就是 X_col：无需展开，也不占额外内存。",
    ),
    "unrolled_less": Sentence(
        "X_col takes {memory} as {dtype}, {ratio} times the input.",
        "X_col 以 {dtype} 存储占 {memory}，是输入的 {ratio} 倍。",
    ),
    "spread": Sentence(
        "A column of Y_col is what {columns:the one input position|one of # input positions} spreads over the"
        " output; col2im adds them up in"
        " their places. Y_col takes {memory} as {dtype}.",
        "Y_col 的每一列是 {columns} 个输入位置之一向输出散开的内容，col2im 把它们加到各自的位置上。Y_col 以 {dtype}"
        " 存储占 {memory}。",
    ),
    # --- linear as convolution --------------------------------------------------------------------
    "equals_map": Sentence(
        "On the {map} map of {source} it is a convolution with F = {kernel} and K = {filters}: a filter as large as the"
        " map, with one place to be.",
        "在 {source} 给出的 {map} 特征图上，它就是 F = {kernel}、K = {filters} 的卷积：卷积核与特征图一样大，"
        "只有一个位置可放。",
    ),
    "equals_point": Sentence(
        "On the 1x1 map that its input is, it is a convolution with F = 1 and K = {filters}.",
        "把输入看作 1x1 的特征图，它就是 F = 1、K = {filters} 的卷积。",
    ),
    "equals_vector": Sentence(
        "After {source} it is a 1x1 convolution of {channels} channels with K = {filters}.",
        "在 {source} 之后，它就是 {channels} 个通道上 K = {filters} 的 1x1 卷积。",
    ),
    "equals_settings": Sentence("as a spec writes it: {settings}", "写成设置：{settings}"),
    "larger": Sentence(
        "With every linear layer so, a larger image gives a map: {image} gives {gives}, the network at {places} places"
        " {shift} pixels apart in one pass.",
        "所有线性层都这样改写后，更大的图像会给出一张特征图：{image} 得到 {gives}，相当于把网络在相隔 {shift} 像素的"
        " {places}"
        " 个位置上一次算完。",
    ),
    "and_end": Sentence("{gives}, and {end} at the network's end", "{gives}，网络末端为 {end}"),
    "larger_same": Sentence(
        "A larger image, such as {image}, gives {gives} as before: the pooling above takes any size to one.",
        "更大的图像（例如 {image}）仍得到 {gives}：上面的池化把任何尺寸都变成同样大小。",
    ),
    # --- where the kernel does not fit -------------------------------------------------------------
    "along": Sentence("along the {axes}", "沿{axes}"),
    "lost": Sentence(
        "the last {lost} of the {size} pixels are read by no output", "{size} 个像素中最后 {lost} 个没有任何输出读取"
    ),
    "lost_one": Sentence(
        "the last of the {size} pixels is read by no output", "{size} 个像素中的最后一个没有任何输出读取"
    ),
    "unused": Sentence(
        "the end of the padding is not reached: in effect it is {before} before and {after} after",
        "末端的填充没有用到：实际是前侧 {before}、后侧 {after}",
    ),
    "between_one": Sentence(
        "1 of every {stride} pixels passes unread, for the stride is larger than the kernel",
        "每 {stride} 个像素中有一个没有被读取，因为步长大于卷积核",
    ),
    "between": Sentence(
        "{between} of every {stride} pixels pass unread, for the stride is larger than the kernel",
        "每 {stride} 个像素中有 {between} 个没有被读取，因为步长大于卷积核",
    ),
    "beyond": Sentence(
        "the last window juts out by {beyond}, for sizes are rounded up", "最后一个窗口超出 {beyond}，因为尺寸向上取整"
    ),
    "asymmetric": Sentence(
        "the padding is not the same on both sides: {before} before, {after} after",
        "两侧填充不相等：前侧 {before}，后侧 {after}",
    ),
    "remedy": Sentence("it would fit with {remedies}", "改为{remedies}即可对齐"),
    "remedy_even": Sentence("equal on both sides and exact with {remedies}", "改为{remedies}则两侧相等且对齐"),
    "or": Sentence("{first}, or {second}", "{first}，或{second}"),
    "or_value": Sentence("{first} or {second}", "{first} 或 {second}"),
    "with_padding": Sentence("padding {value}", "填充 {value}"),
    "with_sides": Sentence("padding {before} before and {after} after", "前侧填充 {before}、后侧填充 {after}"),
    "with_kernel": Sentence("kernel {value}", "卷积核 {value}"),
    "with_stride": Sentence("stride {value}", "步长 {value}"),
    "with_size": Sentence("an input of {value}", "输入尺寸 {value}"),
    # --- layer types ------------------------------------------------------------------------------
    "type_identity": Sentence("identity", "恒等"),
    "type_absolute": Sentence("absolute value", "绝对值"),
    "type_threshold": Sentence("threshold", "阈值单元"),
    "type_sigmoid": Sentence("sigmoid", "sigmoid 激活函数"),
    "type_tanh": Sentence("tanh", "tanh 激活函数"),
    "type_relu": Sentence("ReLU", "ReLU 激活函数"),
    "type_relu6": Sentence("ReLU6", "ReLU6 激活函数"),
    "type_leaky_relu": Sentence("leaky ReLU", "带泄漏的 ReLU"),
    "type_prelu": Sentence("PReLU", "参数化 ReLU"),
    "type_elu": Sentence("ELU", "ELU 激活函数"),
    "type_selu": Sentence("SELU", "SELU 激活函数"),
    "type_gelu": Sentence("GELU", "GELU 激活函数"),
    "type_silu": Sentence("SiLU", "SiLU（Swish）激活函数"),
    "type_mish": Sentence("Mish", "Mish 激活函数"),
    "type_hard_sigmoid": Sentence("hard sigmoid", "分段线性 sigmoid"),
    "type_hard_swish": Sentence("hard swish", "分段线性 Swish"),
    "type_softplus": Sentence("softplus", "softplus 激活函数"),
    "type_softmax": Sentence("softmax", "softmax"),
    "type_log_softmax": Sentence("log softmax", "对数 softmax"),
    "type_dropout": Sentence("dropout", "随机失活"),
    "type_drop_path": Sentence("stochastic depth", "随机深度"),
    "type_batch_norm": Sentence("batch normalisation", "批归一化"),
    "type_layer_norm": Sentence("layer normalisation", "层归一化"),
    "type_group_norm": Sentence("group normalisation", "组归一化"),
    "type_instance_norm": Sentence("instance normalisation", "实例归一化"),
    "type_lrn": Sentence("local response normalisation", "局部响应归一化"),
    "type_scale": Sentence("scale", "逐通道缩放"),
    "type_flatten": Sentence("flatten", "展平"),
    "type_reshape": Sentence("reshape", "变形"),
    "type_permute": Sentence("permutation of axes", "轴的重排"),
    "type_channel_shuffle": Sentence("channel shuffle", "通道混洗"),
    "type_slice": Sentence("slice", "切片"),
    "type_pad": Sentence("padding", "填充"),
    "type_crop": Sentence("crop", "裁剪"),
    "type_upsample": Sentence("upsampling", "上采样"),
    "type_pixel_shuffle": Sentence("pixel shuffle", "像素重排"),
    "type_pixel_unshuffle": Sentence("pixel unshuffle", "像素反重排"),
    "type_maxout": Sentence("maxout", "maxout"),
    "type_conv": Sentence("convolution", "卷积"),
    "type_depthwise_conv": Sentence("depthwise convolution", "逐深度卷积"),
    "type_conv_transpose": Sentence("transposed convolution", "转置卷积"),
    "type_local_conv": Sentence("locally connected layer", "局部连接"),
    "type_linear": Sentence("fully connected layer", "全连接"),
    "type_rbf": Sentence("radial basis functions", "径向基函数"),
    "type_max_pool": Sentence("max pooling", "最大池化"),
    "type_avg_pool": Sentence("average pooling", "平均池化"),
    "type_global_avg_pool": Sentence("global average pooling", "全局平均池化"),
    "type_global_max_pool": Sentence("global max pooling", "全局最大池化"),
    "type_adaptive_avg_pool": Sentence("adaptive average pooling", "自适应平均池化"),
    "type_adaptive_max_pool": Sentence("adaptive max pooling", "自适应最大池化"),
    "type_subsample": Sentence("subsampling", "下采样"),
    "type_add": Sentence("addition", "相加"),
    "type_subtract": Sentence("subtraction", "相减"),
    "type_multiply": Sentence("multiplication", "相乘"),
    "type_concat": Sentence("concatenation", "拼接"),
    "type_opaque": Sentence("opaque layer", "未知层"),
    # --- remarks of layer types -------------------------------------------------------------------
    "remark_activation": Sentence("Every number x becomes f(x):", "每个数 x 变成 f(x)："),
    "remark_across_channels": Sentence(
        "The sum is over the {in_channels:one channel|# channels} of a position.",
        "求和范围是同一位置的 {in_channels} 个通道。",
    ),
    "remark_prelu": Sentence("The slope is learned, one in all.", "斜率是学出来的，全层共用一个。"),
    "remark_prelu_per_channel": Sentence(
        "The slope is learned, one for {in_channels:the one channel|each of the # channels}.",
        "斜率是学出来的，{in_channels} 个通道各有一个。",
    ),
    "remark_flatten": Sentence(
        "The same {in_elements:number|# numbers in a row, channel after channel}; nothing is computed or copied.",
        "同样的 {in_elements} 个数按通道顺序排成一行；不计算，也不复制。",
    ),
    "remark_reshape": Sentence(
        "The same {in_elements:number|# numbers} in another shape.", "同样的 {in_elements} 个数换一种形状。"
    ),
    "remark_permute": Sentence(
        "The same {in_elements:number with its|# numbers with their} axes in another order.",
        "同样的 {in_elements} 个数，轴的顺序改变。",
    ),
    "remark_channel_shuffle": Sentence(
        "The channels change places: each of the {groups} groups now holds channels of {sources} former"
        " groups, so that a grouped convolution after it reads from as many.",
        "通道交换位置：{groups} 组中的每一组都含有原来 {sources} 组的通道，使其后的分组卷积能读到这么多组。",
    ),
    "remark_channels_stay": Sentence(
        "With one group, or one channel in each group, the channels stay where they are.",
        "只有一组，或每组只有一个通道时，通道位置不变。",
    ),
    "remark_slice": Sentence(
        "{out_elements} of {in_elements:1 number|# numbers} {out_elements:is|are} kept.",
        "{in_elements} 个数中保留 {out_elements} 个。",
    ),
    "remark_pad": Sentence(
        "Numbers are added at the ends of the axes: {in_elements:1 becomes|# become} {out_elements}.",
        "在各轴两端补数：{in_elements} 个数变成 {out_elements} 个。",
    ),
    "remark_crop": Sentence(
        "Numbers are cut off at the ends of the axes: {out_elements} of {in_elements} {out_elements:is|are} kept.",
        "在各轴两端裁剪：{in_elements} 个数中保留 {out_elements} 个。",
    ),
    "remark_upsample": Sentence(
        "The number of positions goes from {in_positions} to {out_positions}; nothing is learned.",
        "位置数由 {in_positions} 变为 {out_positions}；没有可学习参数。",
    ),
    "remark_pixel_shuffle": Sentence(
        "{in_channels:1 channel becomes|# channels become} {out_channels} of {factor:the same size|# times the size}"
        " along"
        " each axis.",
        "{in_channels} 个通道变成 {out_channels} 个，每个轴上放大 {factor} 倍。",
    ),
    "remark_pixel_unshuffle": Sentence(
        "{in_channels:1 channel becomes|# channels become} {out_channels} of {factor:the same size|1/# of the size}"
        " along"
        " each axis.",
        "{in_channels} 个通道变成 {out_channels} 个，每个轴上缩小到 1/{factor}。",
    ),
    "remark_dropout": Sentence(
        "Training: each number is set to 0 with probability {rate}, and those that are kept are multiplied by {factor}"
        " so that the mean stays; a random part of the network is trained at each step.",
        "训练时：每个数以概率 {rate} 置 0，保留下来的乘以 {factor} 以保持均值；每一步训练的是网络的一个随机部分。",
    ),
    "remark_drop_path": Sentence(
        "Training: the branch is left out for a part of {rate} of the samples (stochastic depth).",
        "训练时：以 {rate} 的比例对样本整支丢弃（随机深度）。",
    ),
    "remark_only_in_training": Sentence("Inference: it does nothing.", "推理时：什么也不做。"),
    "remark_scale": Sentence("Each channel is multiplied by a learned number:", "每个通道乘以一个学到的数："),
    "remark_scale_and_shift": Sentence(
        "Each channel is multiplied by a learned number, and another is added:",
        "每个通道乘以一个学到的数，再加上另一个：",
    ),
    "remark_lrn": Sentence(
        "Each number is divided by a power of {size:its own square|the squares around it, summed over # neighboring"
        " channels}:",
        "每个数除以相邻 {size} 个通道平方和的幂：",
    ),
    "remark_batch_norm_map": Sentence(
        "Averages run over the batch and over {axes}: {in_channels:the one channel|each of the # channels} has a"
        " mean and"
        " a variance of its own, taken over batch x {in_positions} numbers ({batch_of_32} for 32 samples).",
        "在批次以及{axes}上求平均：{in_channels} 个通道各有自己的均值和方差，由 批大小 x "
        "{in_positions} 个数求得（32 个样本时为 {batch_of_32} 个）。",
    ),
    "remark_batch_norm_vector": Sentence(
        "Averages run over the batch alone: {in_channels:the one feature|each of the # features} has a mean and a"
        " variance of its own, taken over as many numbers as there are samples.",
        "只在批次上求平均：{in_channels} 个特征各有自己的均值和方差，统计样本数等于批大小。",
    ),
    "remark_instance_norm_map": Sentence(
        "Mean and variance are taken over the {in_positions:one position|# positions} of each channel, of each"
        " sample apart.",
        "对每个样本的每个通道分别求均值和方差，范围是 {in_positions} 个位置。",
    ),
    "remark_group_norm": Sentence(
        "Mean and variance are taken over {groups:all channels together|each of # groups of channels},"
        " {together:1 number|# numbers} of one sample.",
        "对 {groups} 组通道分别求均值和方差，每组是同一样本的 {together} 个数。",
    ),
    "remark_layer_norm_all": Sentence(
        "Mean and variance are taken over {in_elements:the one number|all # numbers} of one sample.",
        "对同一样本的全部 {in_elements} 个数求均值和方差。",
    ),
    "remark_layer_norm_channels": Sentence(
        "Mean and variance are taken over the {in_channels:one channel|# channels} of each position apart.",
        "对每个位置分别求均值和方差，范围是 {in_channels} 个通道。",
    ),
    "remark_norm_learned_channel": Sentence(
        "Learned: a factor (weight) and an addend (bias) for {in_channels:the one channel|each of the # channels}.",
        "学习的：{in_channels} 个通道各一个缩放系数（weight）和一个平移量（bias）。",
    ),
    "remark_norm_learned_number": Sentence(
        "Learned: a factor (weight) and an addend (bias) for {in_elements:the one number|each of the # numbers}.",
        "学习的：{in_elements} 个数各一个缩放系数（weight）和一个平移量（bias）。",
    ),
    "remark_norm_nothing_learned": Sentence("Learned: nothing.", "学习的：没有。"),
    "remark_statistics_tracked": Sentence(
        "Tracked: a running mean and a running variance for {in_channels:the one channel|each of the # channels},"
        " kept but"
        " not learned.",
        "跟踪的：{in_channels} 个通道各一个滑动均值和滑动方差，只保存而不学习。",
    ),
    "remark_batch_norm_in_training": Sentence(
        "Training uses the mean and variance of the batch at hand, so a sample's output depends on the"
        " others. Inference uses the tracked ones: one multiply and one add a number, which can be folded"
        " into a convolution or linear layer just before it.",
        "训练时用当前批次的均值和方差，因此一个样本的输出与同批的其他样本有关；推理时用跟踪到的统计量：每个数只需"
        "一次乘法和一次加法，可以并入紧挨在前面的卷积层或全连接层。",
    ),
    "remark_instance_norm_in_training": Sentence(
        "Training uses the mean and variance of the sample at hand, inference the tracked ones.",
        "训练时用当前样本的均值和方差，推理时用跟踪到的统计量。",
    ),
    "remark_statistics_not_tracked": Sentence(
        "Tracked: nothing. Mean and variance are computed from what comes in, in training as at inference.",
        "跟踪的：没有。训练和推理时都由输入现算均值和方差。",
    ),
    "remark_max_pool": Sentence(
        "Each output is the largest number in a window of {kernel_positions}, in its own channel; in"
        " training the gradient goes to that one alone.",
        "每个输出是本通道池化窗口（大小 {kernel_positions}）中的最大值；训练时梯度只传给那一个。",
    ),
    "remark_avg_pool": Sentence(
        "Each output is the mean of the numbers in a window of {kernel_positions}, in its own channel.",
        "每个输出是本通道池化窗口（大小 {kernel_positions}）中各数的平均值。",
    ),
    "remark_subsample": Sentence(
        "Each output is the {kernel_positions:number at its place|sum of # numbers} of its own channel, times one"
        " learned"
        " number, plus another.",
        "每个输出是本通道 {kernel_positions} 个数之和乘以一个学到的数，再加上另一个。",
    ),
    "remark_windows_tile": Sentence(
        "The windows lie side by side: {in_positions:1 number of each channel becomes|# numbers of each channel become}"
        " {out_positions}.",
        "池化窗口紧挨着、互不重叠：每个通道的 {in_positions} 个数变成 {out_positions} 个。",
    ),
    "remark_windows_overlap": Sentence(
        "The windows overlap: {in_positions:1 number of each channel becomes|# numbers of each channel become}"
        " {out_positions}.",
        "池化窗口互相重叠：每个通道的 {in_positions} 个数变成 {out_positions} 个。",
    ),
    "remark_windows_apart": Sentence(
        "No window reads some of the numbers in between: {in_positions} numbers of each channel become"
        " {out_positions}.",
        "窗口之间有些数没有被读取：每个通道的 {in_positions} 个数变成 {out_positions} 个。",
    ),
    "remark_one_window": Sentence(
        "Each channel has one window: {in_positions:its one number|# numbers} {in_positions:is read alone|become 1}.",
        "每个通道只有一个池化窗口：{in_positions} 个数变成 1 个。",
    ),
    "remark_one_window_of_part": Sentence(
        "Each channel has one window, which reads {read} of its {in_positions} numbers: they become 1.",
        "每个通道只有一个池化窗口，读取其 {in_positions} 个数中的 {read} 个，变成 1 个。",
    ),
    "remark_parts_equal": Sentence(
        "They are equal in size and lie side by side.",
        "各窗口大小相等，互不重叠。",
    ),
    "remark_parts_overlap": Sentence(
        "The sizes do not divide, so neighboring windows share numbers.",
        "输入尺寸不能被输出尺寸整除，因此相邻窗口共用一部分数。",
    ),
    "remark_pointwise_groups": Sentence(
        "A filter of kernel 1 reads one position, and of it only the channels of its own group: each of the"
        " {groups} groups {group_in:turns its one channel|mixes its # channels} into {group_out}.",
        "核大小为 1 的卷积核只看一个位置，而且只读本组的通道：{groups} 组中的每一组把 "
        "{group_in:1 个通道变成|# 个通道混合成} {group_out} 个。",
    ),
    "remark_rounds_up": Sentence(
        "The output size is rounded up, as in Caffe: a last window that only partly fits counts.",
        "输出尺寸向上取整（同 Caffe）：最后一个只放得下一部分的窗口也算。",
    ),
    "remark_padding_in_the_mean": Sentence(
        "The zeros of the padding are counted in the mean.", "平均值把填充的零也算在内。"
    ),
    "remark_padding_not_in_the_mean": Sentence("The mean leaves the padding out.", "平均值不计填充。"),
    "remark_global_avg_pool": Sentence(
        "{in_channels:The one channel|Each of the # channels} becomes its mean, {in_positions} to 1: no weights, so"
        " nothing"
        " here can overfit.",
        "{in_channels} 个通道各变成自己的平均值，{in_positions} 个数变成 1 个（全"
        "局平均池化）：没有权重，因此这里不会过拟合。",
    ),
    "remark_global_max_pool": Sentence(
        "{in_channels:The one channel|Each of the # channels} becomes its largest number, {in_positions} to 1.",
        "{in_channels} 个通道各变成自己的最大值，{in_positions} 个数变成 1 个。",
    ),
    "remark_adaptive_avg_pool": Sentence(
        "The windows are made to give {out_positions:one mean|# means} of each channel's {in_positions:one number|#"
        " numbers}.",
        "池化窗口按输出划分：每个通道的 {in_positions} 个数得到 {out_positions} 个平均值。",
    ),
    "remark_adaptive_max_pool": Sentence(
        "The windows are made to give {out_positions:one maximum|# maxima} of each channel's"
        " {in_positions:one number|# numbers}.",
        "池化窗口按输出划分：每个通道的 {in_positions} 个数得到 {out_positions} 个最大值。",
    ),
    "remark_any_size": Sentence(
        "The output size is the same for an input of any size.",
        "输入尺寸无论多大，输出尺寸都一样。",
    ),
    "remark_maxout": Sentence(
        "{pieces:Every channel is kept|Of every # channels the largest is kept}, {out_channels} of {in_channels}:",
        "每 {pieces} 个通道只保留最大的一个，{in_channels} 个留下 {out_channels} 个：",
    ),
    "remark_maxout_price": Sentence(
        "The price: {source} has {source_params} parameters and does {source_macs} MACs, {pieces} times what one linear"
        " function a unit would take.",
        "代价：{source} 有 {source_params} 个参数、做 {source_macs} 次乘加，是每个单元只用一个线性函数时的 {pieces}"
        " 倍。",
    ),
    "remark_opaque": Sentence(
        "Its figures are those that the spec declares; what happens inside is not known here.",
        "它的数字是设置中声明的；内部做什么，这里并不知道。",
    ),
    "remark_rbf": Sentence(
        "{units:The one unit|Each of the # units} gives its squared distance from the input, sum (x - w)^2; its"
        " centre is drawn by"
        " hand,"
        " not learned.",
        "{units} 个单元各给出与输入的平方距离 sum (x - w)^2；中心是人工设定的，不学习。",
    ),
    "remark_local_conv": Sentence(
        "A convolution without parameter sharing: filters that differ from place to place.",
        "不共享参数的卷积（局部连接）：各位置的卷积核互不相同。",
    ),
    "remark_add": Sentence(
        "The {inputs} inputs are added number by number, so their shapes must be equal, or 1 along an axis;"
        " each output number costs {inputs} - 1 additions, and there are no parameters. The output has"
        " {out_channels:1 channel|# channels}.",
        "{inputs} 个输入逐元素相加，因此形状必须相同（或在某轴上为 1）；每个输出元素需 "
        "{inputs} - 1 次加法，没有参数。输出有 {out_channels} 个通道。",
    ),
    "remark_subtract": Sentence(
        "The inputs are subtracted number by number, so their shapes must be equal, or 1 along an axis; no parameters.",
        "各输入逐元素相减，因此形状必须相同（或在某轴上为 1）；没有参数。",
    ),
    "remark_multiply": Sentence(
        "The {inputs} inputs are multiplied number by number; no parameters.", "{inputs} 个输入逐元素相乘；没有参数。"
    ),
    "remark_repeated": Sentence(
        "An input of size 1 along an axis is repeated along it, as a gate of one number a channel is over its map.",
        "某轴上大小为 1 的输入会沿该轴重复，例如每个通道一个数的门控作用于整张特征图。",
    ),
    "remark_concat": Sentence(
        "The channels are stacked, {sizes} to {joined}; all other sizes must be equal. It costs no"
        " operations and no parameters, but a convolution or linear layer that reads it pays for all"
        " {joined} channels.",
        "各输入沿通道拼接，{sizes} 合为 {joined}；其余尺寸必须相同。拼接不需要运算和参数，但读取"
        "它的卷积层或全连接层要为全部 {joined} 个通道付出代价。",
    ),
    "remark_concat_axis": Sentence(
        "The inputs follow one another along axis {axis}, {sizes} to {joined}.",
        "各输入沿第 {axis} 轴相接，{sizes} 合为 {joined}。",
    ),
    "remark_pointwise_conv": Sentence(
        "A filter of kernel 1 reads one position and {in_channels:turns its one channel|mixes its # channels} into"
        " {out_channels}: a"
        " linear layer with the same weights wherever it is placed.",
        "核大小为 1 的卷积核（逐点卷积）只看一个位置，把它的 "
        "{in_channels:1 个通道变成|# 个通道混合成} {out_channels} 个：相当于在所到的每个位置上用同一个线性层。",
    ),
    "remark_partly_connected": Sentence(
        "A table says which input channels a filter reads: {pairs} pairs of the {all_pairs} there could be.",
        "连接表规定每个卷积核读取哪些输入通道：{all_pairs} 对可能的连接中用了 {pairs} 对。",
    ),
    "remark_depthwise": Sentence(
        "Each filter reads one channel alone{in_channels:, and there is no other.|, so nothing here mixes the #"
        " channels; a"
        " pointwise convolution after it can.}",
        "每个卷积核只读一个通道（深度卷积），{in_channels:输入也只有这一个通道。|因此 # 个通道在这里互不混合；可由其"
        "后的逐点卷积来混合。}",
    ),
    "remark_transposed": Sentence(
        "Each input position spreads a filter over the output, and what overlaps is added: the gradient of a"
        " convolution"
        " with the same settings.",
        "每个输入位置把卷积核散布到输出上，重叠处相加（转置卷积）：即同样设置的卷积的梯度。",
    ),
    "remark_dilated": Sentence(
        "Dilated: {kernel} taps that lie {dilation} apart reach over {extent} positions, with the weights of {kernel}.",
        "空洞卷积：{kernel} 个抽头相隔 {dilation}，覆盖 {extent} 个位置，权重仍只有 {kernel} 那么多。",
    ),
    # --- the story --------------------------------------------------------------------------------
    "story_title": Sentence("{network}, from {input} to {output}", "{network}：从 {input} 到 {output}"),
    "story_facts": Sentence(
        "{params:1 parameter|# parameters}, {macs:1 MAC|# MACs}, {depth} convolution {depth:or linear layer|and"
        " linear layers} on"
        " the longest path.",
        "{params} 个参数，{macs} 次乘加，最长路径上有 {depth} 个卷积层和全连接层。",
    ),
    "story_stages": Sentence("Stage by stage", "逐阶段"),
    "story_where": Sentence("Where the parameters and the work sit", "参数和计算量在哪里"),
    "stage": Sentence("stage", "阶段"),
    "leaves": Sentence("output", "输出"),
    "percent_params": Sentence("% params", "参数 %"),
    "percent_macs": Sentence("% MACs", "乘加 %"),
    "activations": Sentence("activations", "激活值"),
    "stage_same": Sentence(
        "{names}: at the input's own scale, {shape} leaves", "{names}：保持输入的尺度，输出 {shape}"
    ),
    "stage_smaller": Sentence(
        "{names}: {first} takes the map to {sizes}, 1/{scale} of the input along each axis; {shape} leaves",
        "{names}：{first} 把特征图变为 {sizes}，每个轴上是输入的 1/{scale}；输出 {shape}",
    ),
    "stage_larger": Sentence(
        "{names}: {first} takes the map up to {sizes}; {shape} leaves",
        "{names}：{first} 把特征图放大到 {sizes}；输出 {shape}",
    ),
    "stage_vector": Sentence("{names}: no map is left, {shape}", "{names}：不再有特征图，{shape}"),
    "stage_has": Sentence("; {layers} convolution and linear layers", "；有 {layers} 个卷积层和全连接层"),
    "stage_one": Sentence("; one convolution or linear layer", "；有一个卷积层或全连接层"),
    "shrink_grow": Sentence(
        "From {first} to {last} the map goes from {first_shape} to {last_shape}: {times} times fewer positions,"
        " {more} times"
        " the channels. A convolution's parameters grow with the product of its channels, its MACs with the positions"
        " as"
        " well: so parameters gather in the later layers, while the work is spread more evenly.",
        "从 {first} 到 {last}，特征图由 {first_shape} 变为 {last_shape}：位置减少到 1/{times}，通道增加到 {more} 倍。"
        "卷积的参数量"
        "随输入、输出通道数之积增长，乘加次数还要再乘以位置数：所以参数集中在后面的层，计算量分布得更均匀。",
    ),
    "most_params": Sentence(
        "{layer} has the most parameters, {params} of {whole} ({percent} %): {why}",
        "{layer} 的参数最多，{whole} 中的 {params}（{percent} %）：{why}",
    ),
    "most_macs": Sentence(
        "{layer} does the most work, {macs} of {whole} MACs ({percent} %): {why}",
        "{layer} 的计算量最大，{whole} 次乘加中的 {macs} 次（{percent} %）：{why}",
    ),
    "why_dense": Sentence(
        "it joins {inputs:its one input|every one of # inputs} to {outputs:its one output|every one of # outputs},"
        " and shares"
        " nothing.",
        "它把 {inputs} 个输入中的每一个与 {outputs} 个输出中的每一个相连，没有任何共享。",
    ),
    "why_filters": Sentence(
        "{outputs:one filter that reads|# filters that each read} {reads:one number|# numbers}.",
        "{outputs} 个卷积核，每个读取 {reads} 个数。",
    ),
    "why_other": Sentence("it is declared so.", "设置中如此声明。"),
    "why_places": Sentence(
        "its {weights:one weight is|# weights are each} used at {times:one place|# places}.",
        "它的 {weights} 个权重各在 {times} 个位置上使用。",
    ),
    "why_once": Sentence(
        "{weights:its one weight|each of its # weights} is used once.", "它的 {weights} 个权重各使用一次。"
    ),
    "sliding_part": Sentence(
        "The {count} layers that share weights over positions hold {params} % of the parameters and do {macs} % of"
        " the MACs.",
        "在各位置间共享权重的 {count} 层占参数的 {params} %，占乘加的 {macs} %。",
    ),
    "sliding_part_one": Sentence(
        "The one layer that shares weights over positions holds {params} % of the parameters and does {macs} % of the"
        " MACs.",
        "唯一在各位置间共享权重的层占参数的 {params} %，占乘加的 {macs} %。",
    ),
    "dense_part": Sentence(
        "The {count} fully connected layers hold {params} % of the parameters and do {macs} % of the MACs.",
        "{count} 个全连接层占参数的 {params} %，占乘加的 {macs} %。",
    ),
    "dense_part_one": Sentence(
        "The one fully connected layer holds {params} % of the parameters and does {macs} % of the MACs.",
        "唯一的全连接层占参数的 {params} %，占乘加的 {macs} %。",
    ),
    "other_part": Sentence(
        "What else is learned, such as the factors of normalisations, is {params} % of the parameters.",
        "其余学习的参数（如归一化的系数）占 {params} %。",
    ),
    "no_dense": Sentence("There is no fully connected layer.", "没有全连接层。"),
    "story_memory": Sentence(
        "Stage {stage} takes the most memory in training: {percent} % of the {whole} activations that are kept.",
        "训练时阶段 {stage} 占内存最多：占所保存的 {whole} 个激活值的 {percent} %。",
    ),
    "story_training": Sentence(
        "{layers:1 layer is|# layers are} there in training only and left out here: {params:1 parameter|# parameters},"
        " {macs:1 MAC|# MACs}.",
        "另有 {layers} 层只在训练时存在，这里不计：{params} 个参数，{macs} 次乘加。",
    ),
    "story_next": Sentence(
        "cnncalc explain {spec} LAYER works one layer out", "cnncalc explain {spec} LAYER 逐项计算某一层"
    ),
}
