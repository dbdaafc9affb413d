"""简体中文：the sentences of the worked reports, by report and key."""

SENTENCES = {
    "common": {
        "input": "输入",
        "output": "输出",
        "layer": "层",
        "type": "类型",
        "parameters": "参数",
        "macs": "乘加次数",
        "flops": "浮点运算次数",
        "total": "合计",
        "ratio": "比值",
        "left_out": "此宽度下未显示的列：{columns}；可用 --columns 选择，或加宽终端",
        "comma": "、",
        "colon": "：",
        "and": "{first}与{second}",
        "and_names": "{first} 与 {second}",
        "row_cut": "{words}……（共 {count} 个）",
        "space": "",
        "semicolon": "；",
        "period": "。",
        "percent": "{number}%",
    },
    "explain": {
        # --- titles and labels --------------------------------------------------------------------
        "title": "{network} 的 {layer}",
        "what": "层类型：{type}（{described}）",
        "settings": "来源与设置",
        "sizes": "输出",
        "weights": "参数",
        "work": "单个样本的运算",
        "share": "占整个网络的比例",
        "sharing": "参数共享",
        "groups": "与普通卷积的比较",
        "separable": "深度可分离卷积",
        "stack": "小卷积核的堆叠",
        "im2col": "用矩阵乘法实现（im2col）",
        "convolution": "等价的卷积层",
        "fit": "卷积核无法覆盖的边缘",
        "fit_window": "池化窗口无法覆盖的边缘",
        "remarks": "该层的作用",
        "setting": "设置",
        "value": "值",
        "written": "写法",
        "default": "（默认）",
        "matrix": "矩阵",
        "size": "大小",
        "numbers": "元素个数",
        "memory": "占用（{dtype}）",
        "product": "乘积",
        "times": "{ratio} 倍",
        "as_it_is": "当前",
        "unshared": "局部连接（不共享）",
        "fully_connected": "全连接",
        "function": "f(x)",
        "piecewise": "{then}（若 {condition}），{otherwise}（否则）",
        "labeled": "{label}：{text}",
        "out_channels": "通道数",
        "out_features": "特征数",
        "out_elements": "元素个数",
        "height": "高度",
        "width": "宽度",
        "depth": "深度",
        "adds": "加法",
        "multiplies": "乘法",
        "divides": "除法",
        "compares": "比较",
        "exponentials": "指数类运算",
        "unclassified": "未分类运算",
        "shape_vector": "{size} 维向量",
        # --- symbols of formulas ------------------------------------------------------------------
        "symbol_in_size": "输入尺寸",
        "symbol_kernel": "卷积核",
        "symbol_window": "池化窗口",
        "symbol_stride": "步长",
        "symbol_padding": "填充",
        "symbol_before": "前侧填充",
        "symbol_after": "后侧填充",
        "symbol_others": "其余输入的尺寸之和",
        "symbol_dilation": "空洞率",
        "symbol_output_padding": "输出填充",
        "symbol_in_channels": "输入通道数",
        "symbol_in_features": "输入特征数",
        "symbol_in_positions": "输入位置数",
        "symbol_in_elements": "输入元素数",
        "symbol_out_positions": "输出位置数",
        "symbol_out_elements": "输出元素数",
        "symbol_all_in_channels": "各输入的通道数",
        "symbol_inputs": "输入个数",
        "symbol_kernel_positions": "卷积核面积",
        "symbol_window_positions": "池化窗口面积",
        "symbol_read_positions": "读取的位置数",
        "symbol_axis_size": "该轴大小",
        "symbol_together": "每组元素数",
        "symbol_reduced": "每组元素数",
        "symbol_indices": "查表次数",
        "symbol_all_in_elements": "各输入的元素数",
        "symbol_rows": "行数",
        "symbol_columns": "列数",
        "symbol_inner": "每行元素数",
        "symbol_places": "其余各轴位置数",
        "symbol_outputs": "输出尺寸",
        "symbol_filters": "卷积核数",
        "symbol_features": "特征数",
        "symbol_groups": "组数",
        "symbol_multiplier": "通道倍数",
        "symbol_pairs": "连接对数",
        "symbol_pieces": "分段数",
        "symbol_units": "单元数",
        "symbol_size": "大小",
        "symbol_factor": "倍数",
        "symbol_rank": "轴数",
        "symbol_start": "起点",
        "symbol_stop": "终点",
        "symbol_step": "间隔",
        "symbol_params": "声明的参数量",
        "symbol_buffers": "声明的缓冲区大小",
        "symbol_macs": "乘加次数",
        "symbol_output": "声明的输出",
        "symbol_adds": "加法",
        "symbol_multiplies": "乘法",
        "symbol_divides": "除法",
        "symbol_compares": "比较",
        "symbol_exponentials": "指数类运算",
        "symbol_unclassified": "未分类运算",
        "symbol_flops": "声明的浮点运算次数",
        "symbol_hidden": "隐藏单元数",
        "symbol_vocabulary": "词表大小",
        "symbol_samples": "采样点数",
        "symbol_masks": "掩码数",
        "symbol_reads": "每个输出读取的输入数",
        "symbol_biases": "偏置数",
        "symbol_layers": "层数",
        "symbol_taps": "采样点数",
        "symbol_connections": "连接数",
        "letters": "{letters}",
        "letters_of_notes": "{letters}（符号同 CS231n 讲义）",
        # --- where it comes from ------------------------------------------------------------------
        "place": "定义于 {file} 第 {line} 行",
        "place_of_node": "定义于 {file} 的节点 {node}",
        "block": "属于 {name}：块 {block}（{arguments}），用于第 {line} 行",
        "branch": "属于分支 {name}，第 {line} 行",
        "inside_training": "仅在训练时存在，不计入推理的合计。",
        "inside_frozen": "该层被冻结：训练时权重和统计量保持不变，计算方式与推理时相同。",
        "reads": "读取 {name}：{shape}",
        "gives": "输出 {shape}，由 {readers} 读取",
        "gives_out": "输出 {shape}，即网络的输出",
        "gives_nobody": "输出 {shape}，没有任何层读取",
        "same_size": "{axes}保持不变：{sizes}。",
        "tied": "使用 {owner} 的权重，参数计在 {owner}。",
        "frozen": "该层被冻结（frozen），全部 {buffers} 个数均属于缓冲区（buffer）。",
        "buffers": "其中 {buffers} 个不参与训练，属于缓冲区（buffer），不计入参数量。",
        # --- its share ----------------------------------------------------------------------------
        "share_params": "网络共 {whole} 个参数，该层有 {params} 个（{percent}%）",
        "share_macs": "网络共 {whole} 次乘加，该层有 {macs} 次（{percent}%）",
        "most": "，在各层中最多",
        "no_weights": "该层无权重。",
        "no_operations": "推理时不做任何运算。",
        "no_macs": "该层不产生乘加运算（网络共 {macs} 次）。",
        # --- sharing ------------------------------------------------------------------------------
        "sparse": "稀疏连接：每个输出只读取 {inputs} 个输入中的 {reads} 个（{percent}%）。",
        "sparse_average": "稀疏连接：每个输出平均读取 {inputs} 个输入中的 {reads} 个（{percent}%）。",
        "sparse_at_most": "稀疏连接：每个输出最多读取 {inputs} 个输入中的 {reads} 个（{percent}%），边缘处更少。",
        "reads_all_inputs": "卷积核足够大，一个输出可以读取全部 {inputs} 个输入。",
        "shared": "参数共享：同一通道的全部 {positions} 个输出位置使用同一组权重。",
        "shared_spread": "参数共享：全部 {positions} 个输入位置使用同一组权重。",
        "shared_bias": "参数共享：同一通道的 {positions} 个输出位置只共享偏置。",
        "already_unshared": "无参数共享：每个位置都有自己的权重。",
        "dense": "每个输出都通过各自的权重读取每个输入，共 {outputs} x {inputs} 个连接：没有参数共享，也不是稀疏连接。",
        # --- groups -------------------------------------------------------------------------------
        "grouped": (
            "若每个卷积核都读取全部 {channels} 个输入通道，参数量将为 {full_params}（现为 {params}），乘加次数将为 "
            "{full_macs}（现为 {macs}）：现有参数量是它的 {part}，乘加次数是它的 {macs_part}。"
        ),
        "separable_pair": (
            "{depthwise} 在每个通道内分别卷积，{pointwise} 混合各通道。一个同时完成两者的普通卷积需要 {full} 次乘加；这"
            "两层共需 {first} + {second} = {both} 次。"
        ),
        "separable_share": "计算量之比",
        "separable_less": "乘加次数减少为约 1/{times}，权重数为 {params}，而普通卷积为 {full_params}。",
        # --- stacks -------------------------------------------------------------------------------
        "stacked": "{layers} 连续堆叠，在第一层的输入上看到 {field} 的区域，与同样大小的单个卷积相同：",
        "stacked_weights": "{count} 个小卷积的权重数",
        "single_weights": "单个大卷积的权重数",
        "stacked_gain": "权重数只需单个大卷积的 {percent}%，而且各层之间还增加了非线性。",
        "symbol_channels": "通道数",
        # --- im2col -------------------------------------------------------------------------------
        "unrolled": "X_col 的每一列是卷积核在 {columns} 个位置之一读取的输入，W_row 的每一行是一个卷积核。",
        "in_groups": "这样的乘积共有 {products} 个，每组一个。",
        "unrolled_memory": "X_col 以 {dtype} 存储时占 {memory}，是输入的 {ratio} 倍：窗口重叠处的输入会重复存放。",
        "nothing_unrolled": "输入本身就是 X_col：无需展开，也不占额外内存。",
        "unrolled_less": "X_col 以 {dtype} 存储时占 {memory}，是输入的 {ratio} 倍。",
        "spread": (
            "Y_col 的每一列是 {columns} 个输入位置之一对输出的贡献，col2im 把各列累加到对应位置。Y_col 以 {dtype} 存储"
            "时占 {memory}。"
        ),
        # --- linear as convolution ----------------------------------------------------------------
        "equals_map": (
            "在 {source} 输出的 {map} 特征图上，它等价于 F = {kernel}、K = {filters} 的卷积：卷积核与特征图一样大，只有"
            "一个位置。"
        ),
        "equals_point": "把输入看作 1x1 的特征图，它等价于 F = 1、K = {filters} 的卷积。",
        "equals_vector": "在 {source} 之后，它等价于 {channels} 个通道上 K = {filters} 的 1x1 卷积。",
        "equals_settings": "在描述文件中写作：{settings}",
        "larger": (
            "把所有全连接层都这样改写后，更大的图像会得到一张特征图：{image} 得到 {gives}，相当于一次算完网络在相隔 "
            "{shift} 像素的 {places} 个位置上的结果。"
        ),
        "and_end": "{gives}，网络末端为 {end}",
        "larger_same": "更大的图像（例如 {image}）仍得到 {gives}：该层之前的池化把任何尺寸都变成同样大小。",
        # --- where the kernel does not fit ---------------------------------------------------------
        "along": "沿{axes}",
        "lost": "{size} 个像素中的最后 {lost} 个不被任何输出读取",
        "lost_one": "{size} 个像素中的最后一个不被任何输出读取",
        "unused": "末端的填充没有用到：实际填充为前侧 {before}、后侧 {after}",
        "between_one": "每 {stride} 个像素中有 1 个不被读取，因为步长大于窗口",
        "between": "每 {stride} 个像素中有 {between} 个不被读取，因为步长大于窗口",
        "beyond": "最后一个窗口超出末端 {beyond}，因为尺寸向上取整",
        "asymmetric": "两侧填充不相等：前侧 {before}，后侧 {after}",
        "remedy": "改为{remedies}即可对齐",
        "remedies": "以下任改一项即可：{remedies}",
        "remedy_even": "以下设置可使两侧相等且对齐：{remedies}",
        "or": "{first}、{second}",
        "or_value": "{first} 或 {second}",
        "with_padding": "填充 {value}",
        "with_sides": "前侧填充 {before}、后侧填充 {after}",
        "with_kernel": "卷积核 {value}",
        "with_window": "池化窗口 {value}",
        "with_stride": "步长 {value}",
        "with_size": "输入尺寸 {value}",
        # --- layer types --------------------------------------------------------------------------
        "type_identity": "恒等",
        "type_absolute": "绝对值",
        "type_threshold": "阈值单元",
        "type_sigmoid": "S 形激活函数",
        "type_tanh": "双曲正切激活函数",
        "type_relu": "修正线性激活函数",
        "type_relu6": "上限为 6 的 ReLU 激活函数",
        "type_leaky_relu": "带泄漏的 ReLU 激活函数",
        "type_prelu": "参数化 ReLU 激活函数",
        "type_elu": "指数线性激活函数",
        "type_selu": "缩放指数线性激活函数",
        "type_gelu": "高斯误差线性激活函数",
        "type_silu": "Swish 激活函数",
        "type_mish": "由 tanh 与 softplus 组成的激活函数",
        "type_hard_sigmoid": "分段线性的 sigmoid 激活函数",
        "type_hard_swish": "分段线性的 Swish 激活函数",
        "type_softplus": "平滑的 ReLU 激活函数",
        "type_softmax": "归一化指数函数",
        "type_log_softmax": "softmax 的对数",
        "type_dropout": "随机失活",
        "type_drop_path": "随机深度",
        "type_batch_norm": "批量归一化",
        "type_layer_norm": "层归一化",
        "type_group_norm": "组归一化",
        "type_instance_norm": "实例归一化",
        "type_lrn": "局部响应归一化",
        "type_rms_norm": "均方根归一化",
        "type_einsum": "爱因斯坦求和",
        "type_matmul": "矩阵乘法",
        "type_apply": "逐元素函数",
        "type_parameter": "可学习参数",
        "type_reduce": "沿轴归约",
        "type_scale": "逐通道缩放",
        "type_bias": "可学习的偏置",
        "type_flatten": "展平",
        "type_roll": "循环移位",
        "type_gather": "查表取值",
        "type_unfold": "窗口展开（im2col）",
        "type_fold": "窗口折叠（col2im）",
        "type_max_unpool": "最大反池化",
        "type_embedding": "嵌入层",
        "type_lstm": "长短期记忆网络",
        "type_gru": "门控循环单元",
        "type_roi_align": "感兴趣区域对齐",
        "type_deform_conv": "可变形卷积",
        "type_reshape": "变形",
        "type_permute": "轴的重排",
        "type_channel_shuffle": "通道混洗",
        "type_slice": "切片",
        "type_pad": "填充",
        "type_crop": "裁剪",
        "type_upsample": "上采样",
        "type_pixel_shuffle": "像素重排",
        "type_pixel_unshuffle": "像素反重排",
        "type_maxout": "取各分段的最大值",
        "type_conv": "卷积",
        "type_depthwise_conv": "深度卷积，即逐通道卷积",
        "type_conv_transpose": "转置卷积",
        "type_local_conv": "局部连接层",
        "type_linear": "全连接层",
        "type_rbf": "径向基函数",
        "type_max_pool": "最大池化",
        "type_avg_pool": "平均池化",
        "type_global_avg_pool": "全局平均池化",
        "type_global_max_pool": "全局最大池化",
        "type_adaptive_avg_pool": "自适应平均池化",
        "type_adaptive_max_pool": "自适应最大池化",
        "type_subsample": "下采样",
        "type_add": "相加",
        "type_subtract": "相减",
        "type_multiply": "相乘",
        "type_concat": "拼接",
        "type_opaque": "只声明数值的层",
        # --- remarks of layer types ---------------------------------------------------------------
        "remark_activation": "每个元素 x 变为 f(x)：",
        "remark_across_channels": "求和范围是同一位置的 {in_channels} 个通道。",
        "remark_prelu": "斜率可学习，全层共用一个。",
        "remark_prelu_per_channel": "斜率可学习，{in_channels} 个通道各有一个。",
        "remark_flatten": "{in_elements} 个元素不变，按通道顺序排成一行；不计算，也不复制。",
        "remark_reshape": "{in_elements} 个元素不变，只改变形状。",
        "remark_permute": "{in_elements} 个元素不变，只改变轴的顺序。",
        "remark_channel_shuffle": (
            "通道交换位置：{groups} 组中的每一组都含有原来 {sources} 组的通道，因此其后的分组卷积能读取 {sources} 组。"
        ),
        "remark_channels_stay": "只有一组，或每组只有一个通道时，通道位置不变。",
        "remark_slice": "{in_elements} 个元素中保留 {out_elements} 个。",
        "remark_pad": "在各轴两端填充：{in_elements} 个元素变为 {out_elements} 个。",
        "remark_pad_and_crop": "在各轴两端填充或裁剪：{in_elements} 个元素变为 {out_elements} 个。",
        "remark_crop": "在各轴两端裁剪：{in_elements} 个元素中保留 {out_elements} 个。",
        "remark_upsample": "位置数由 {in_positions} 变为 {out_positions}；没有可学习参数。",
        "remark_gather": (
            "{sizes} 个位置各按固定的索引（不参与训练）在该轴的 {axis_size} 个元素中查表取值；只复制，不计算。"
        ),
        "remark_roll": "元素不变，只沿各轴循环移位：从一端移出的元素由另一端移入。",
        "remark_unfold": (
            "每个窗口的 {kernel_positions} 个元素变为通道：{in_channels} x {kernel_positions} = {out_channels}"
            "（im2col）。"
        ),
        "remark_fold": (
            "每个位置的通道变为 {out_channels} 个通道中大小为 {kernel_positions} 的窗口，重叠处相加（col2im）。"
        ),
        "remark_max_unpool": (
            "每个元素放回最大池化时所在的位置，其余为 0：每个通道的 {in_positions} 个元素变为 {out_positions} 个。"
        ),
        "remark_embedding": "每个索引从 {vocabulary} 个可学习的 {features} 维向量中选出一个：只查表，不计算。",
        "remark_lstm": (
            "共 {in_positions} 步，每步由三个门更新 {hidden} 个记忆单元，每个门是输入与上一步状态的加权和；各步共用同"
            "一组权重。"
        ),
        "remark_gru": (
            "共 {in_positions} 步，每步由两个门更新 {hidden} 维状态，每个门是输入与上一步状态的加权和；各步共用同一组"
            "权重。"
        ),
        "remark_bidirectional": "另一个网络反向读取序列；两个方向的状态合为 {out_channels} 个输出通道。",
        "remark_roi_align": (
            "{rois} 个区域无论位置和大小，都采样为同样的尺寸；每个输出元素在每个轴上有 {samples} 个采样点。"
        ),
        "remark_deform_conv": (
            "网络计算的偏移量移动卷积核的每个采样点，{offset_groups:所有通道相同|# 组通道各不相同}；采样点不在整数位置"
            "时由四个元素插值。"
        ),
        "remark_deform_conv_mask": "网络计算的掩码给每个采样点加权。",
        "remark_pixel_shuffle": "{in_channels} 个通道变为 {out_channels} 个，每个轴上放大为 {factor} 倍。",
        "remark_pixel_unshuffle": "{in_channels} 个通道变为 {out_channels} 个，每个轴上缩小为 1/{factor}。",
        "remark_dropout": (
            "训练时：每个元素以概率 {rate} 置 0，其余的乘以 {factor} 以保持均值；每一步只训练网络的一个随机部分。"
        ),
        "remark_drop_path": "训练时以概率 {rate} 丢弃整条分支，各样本独立（随机深度）。",
        "remark_only_in_training": "推理时不起作用。",
        "remark_scale": "每个通道乘以一个可学习的系数：",
        "remark_scale_and_shift": "每个通道乘以一个可学习的系数，再加可学习的偏置：",
        "remark_scale_by_one": "所有元素乘以同一个可学习的系数：",
        "remark_scale_and_shift_by_one": "所有元素乘以同一个可学习的系数，再加同一个可学习的偏置：",
        "remark_bias_channels": "每个通道有一个可学习的偏置，加到所有位置上：",
        "remark_bias_positions": "每个位置有一个可学习的偏置，加到所有通道上：",
        "remark_bias_all": "每个元素有自己的可学习偏置（如位置编码）：",
        "remark_lrn": "每个元素除以相邻 {size} 个通道平方和的幂：",
        "remark_batch_norm_map": (
            "在批次和{axes}上求平均：{in_channels} 个通道各有自己的均值和方差，统计样本数为批大小 x {in_positions}（批"
            "大小为 32 时是 {batch_of_32}）。"
        ),
        "remark_batch_norm_vector": (
            "只在批次上求平均：{in_channels} 个特征各有自己的均值和方差，统计样本数等于批大小。"
        ),
        "remark_instance_norm_map": "对每个样本的每个通道分别求均值和方差，范围是 {in_positions} 个位置。",
        "remark_group_norm": "对 {groups} 组通道分别求均值和方差，每组是同一样本的 {together} 个元素。",
        "remark_layer_norm_all": "对同一样本的全部 {in_elements} 个元素求均值和方差。",
        "remark_layer_norm_channels": "对每个位置分别求均值和方差，范围是 {in_channels} 个通道。",
        "remark_norm_learned_channel": "可学习参数：{in_channels} 个通道各一个缩放系数（weight）和一个偏置（bias）。",
        "remark_norm_learned_number": "可学习参数：{in_elements} 个元素各一个缩放系数（weight）和一个偏置（bias）。",
        "remark_norm_learned_scale": "可学习参数：{in_channels} 个通道各一个缩放系数（weight），没有偏置。",
        "remark_norm_learned_center": "可学习参数：{in_channels} 个通道各一个偏置（bias），没有缩放系数。",
        "remark_norm_nothing_learned": "没有可学习参数。",
        "remark_statistics_tracked": "滑动统计量：{in_channels} 个通道各一个滑动均值和滑动方差，不参与训练。",
        "remark_batch_norm_in_training": (
            "训练时用当前批次的均值和方差，因此一个样本的输出与同批的其他样本有关；推理时用滑动统计量：每个元素只需一次"
            "乘法和一次加法，可以并入紧邻其前的卷积层或全连接层。"
        ),
        "remark_instance_norm_in_training": "训练时用当前样本的均值和方差，推理时用滑动统计量。",
        "remark_statistics_not_tracked": "不维护滑动统计量：训练和推理时都由输入计算均值和方差。",
        "remark_max_pool": "每个输出是本通道池化窗口（大小 {kernel_positions}）中的最大值；训练时梯度只传给该最大值。",
        "remark_avg_pool": "每个输出是本通道池化窗口（大小 {kernel_positions}）中各元素的平均值。",
        "remark_subsample": "每个输出是本通道 {kernel_positions} 个元素之和乘以可学习的系数，再加可学习的偏置。",
        "remark_windows_tile": "池化窗口相邻且互不重叠：每个通道的 {in_positions} 个元素变为 {out_positions} 个。",
        "remark_windows_overlap": "池化窗口互相重叠：每个通道的 {in_positions} 个元素变为 {out_positions} 个。",
        "remark_windows_apart": (
            "池化窗口之间有些元素不被读取：每个通道的 {in_positions} 个元素变为 {out_positions} 个。"
        ),
        "remark_one_window": "每个通道只有一个池化窗口：{in_positions} 个元素变为 1 个。",
        "remark_one_window_of_part": "每个通道只有一个池化窗口，读取 {in_positions} 个元素中的 {read} 个，变为 1 个。",
        "remark_parts_equal": "各池化窗口大小相等，互不重叠。",
        "remark_parts_overlap": "输入尺寸不能被输出尺寸整除，因此相邻的池化窗口共用一部分元素。",
        "remark_pointwise_groups": (
            "大小为 1 的卷积核只读取一个位置，而且只读取本组的通道：{groups} 组中的每一组把 "
            "{group_in:1 个通道变为|# 个通道混合成} {group_out} 个。"
        ),
        "remark_rounds_up": "输出尺寸向上取整（同 Caffe）：最后一个只能放下一部分的窗口也计入。",
        "remark_padding_in_the_mean": "平均值计入填充的零。",
        "remark_padding_not_in_the_mean": "平均值不计入填充。",
        "remark_global_avg_pool": (
            "{in_channels} 个通道各变为自己的平均值，{in_positions} 个元素变为 1 个（全局平均池化）：该层无权重，因此不"
            "会过拟合。"
        ),
        "remark_global_max_pool": (
            "{in_channels} 个通道各变为自己的最大值，{in_positions} 个元素变为 1 个（全局最大池化）。"
        ),
        "remark_adaptive_avg_pool": (
            "池化窗口按输出尺寸划分：每个通道的 {in_positions} 个元素得到 {out_positions} 个平均值。"
        ),
        "remark_adaptive_max_pool": (
            "池化窗口按输出尺寸划分：每个通道的 {in_positions} 个元素得到 {out_positions} 个最大值。"
        ),
        "remark_any_size": "输入尺寸无论多大，输出尺寸都一样。",
        "remark_maxout": "每 {pieces} 个通道只保留最大的一个，{in_channels} 个通道保留 {out_channels} 个：",
        "remark_maxout_price": (
            "代价：{source} 有 {source_params} 个参数、{source_macs} 次乘加，是每个单元只用一个线性函数时的 {pieces} 倍"
            "。"
        ),
        "remark_across_axis": "求和范围是第 {axis} 轴上的 {axis_size} 个元素。",
        "remark_apply": "各输入同一位置的元素 x、y 等变为 f：",
        "remark_flatten_axes": "第 {start} 至 {end} 轴按行合并为一轴：{sizes} = {size}；不计算，也不复制。",
        "remark_layer_norm_axes": "对其余各轴的每个位置分别求均值和方差，范围是 {together} 个元素（{sizes}）。",
        "remark_rms_norm_all": "对同一样本的全部 {in_elements} 个元素求均方根，不减去均值。",
        "remark_rms_norm_channels": "对每个位置分别求均方根，范围是 {in_channels} 个通道，不减去均值。",
        "remark_rms_norm_axes": "对其余各轴的每个位置分别求均方根，范围是 {together} 个元素（{sizes}），不减去均值。",
        "remark_norm_learned_axes": (
            "可学习参数：每组的 {together} 个元素各一个缩放系数（weight）和一个偏置（bias），各组共享。"
        ),
        "remark_factor_learned_channels": "可学习参数：{in_channels} 个通道各一个缩放系数（weight）。",
        "remark_factor_learned_all": "可学习参数：{in_elements} 个元素各一个缩放系数（weight）。",
        "remark_factor_learned_axes": "可学习参数：每组的 {together} 个元素各一个缩放系数（weight），各组共享。",
        "remark_parameter": "{out_elements} 个元素都是可学习参数：没有输入，对所有样本都相同。",
        "remark_reduce_mean": "共输出 {sets} 个元素，每个是 {reduced} 个元素（{sizes}）的均值。",
        "remark_reduce_sum": "共输出 {sets} 个元素，每个是 {reduced} 个元素（{sizes}）之和。",
        "remark_reduce_max": "共输出 {sets} 个元素，每个是 {reduced} 个元素（{sizes}）的最大值。",
        "remark_reduce_min": "共输出 {sets} 个元素，每个是 {reduced} 个元素（{sizes}）的最小值。",
        "remark_reduce_norm": "共输出 {sets} 个元素，每个是 {reduced} 个元素（{sizes}）平方和的平方根。",
        "remark_product_equation_sum": "输出{equation} = {factors} 沿 {over} 求和，其中 {sizes}。",
        "remark_product_equation": "输出{equation} = {factors}，其中 {sizes}。",
        "remark_product_matrices": (
            "对 {batch} 的 {batches} 种取值，各是一个 {height}x{depth} 矩阵与一个 {depth}x{breadth} 矩阵的乘积：每个输"
            "出元素是 {depth} 个乘积之和。"
        ),
        "remark_product_matrix": (
            "即一个 {height}x{depth} 矩阵与一个 {depth}x{breadth} 矩阵的乘积：每个输出元素是 {depth} 个乘积之和。"
        ),
        "remark_product_square": "{first} 和 {second} 都有 {size} 个取值：两者都加倍时，乘加次数变为 4 倍。",
        "remark_product_unweighted": "该层自身没有参数：两个因子都是输入，而全连接层用可学习的权重乘输入。",
        "remark_product_sums": (
            "每个输出元素是 {places} 个乘积之和，沿 {summed} 求和；没有参数。各因子都是输入，而全连接层用可学习的权重乘"
            "输入。"
        ),
        "remark_product_without_sum": "每个输出元素是一个乘积，不求和；没有参数。",
        "remark_opaque": "数值来自描述文件中的声明，内部计算未知。",
        "remark_rbf": "{units} 个单元各输出与输入的平方距离 sum (x - w)^2；中心由人工设定，不参与训练。",
        "remark_local_conv": "不共享参数的卷积（局部连接）：每个位置有自己的卷积核。",
        "remark_add": (
            "{inputs} 个输入逐元素相加，因此形状必须相同（或在某轴上为 1）；每个输出元素需 {steps} 次加法，没有参数。输"
            "出有 {out_channels} 个通道。"
        ),
        "remark_subtract": "各输入逐元素相减，因此形状必须相同（或在某轴上为 1）；没有参数。",
        "remark_multiply": "{inputs} 个输入逐元素相乘；没有参数。",
        "remark_repeated": "某轴上大小为 1 的输入会沿该轴重复，例如每个通道一个数的门控作用于整张特征图。",
        "remark_concat": (
            "各输入沿通道拼接，{sizes} = {joined}；其余尺寸必须相同。拼接不需要运算和参数，但读取它的卷积层或全连接层要"
            "为全部 {joined} 个通道付出代价。"
        ),
        "remark_concat_axis": "各输入沿第 {axis} 轴拼接：{sizes} = {joined}。",
        "remark_pointwise_conv": (
            "大小为 1 的卷积核（逐点卷积）只读取一个位置，把它的 {in_channels:1 个通道变为|# 个通道混合成} "
            "{out_channels} 个：相当于在每个位置上使用同一个全连接层。"
        ),
        "remark_standardized_plain": "使用前把每个卷积核的权重变为均值 0、方差 1（权重标准化）。",
        "remark_standardized_gain": (
            "使用前把每个卷积核的权重变为均值 0、方差 1，再乘以一个可学习的系数（带缩放的权重标准化）。"
        ),
        "remark_partly_connected": "连接表规定每个卷积核读取哪些输入通道：{all_pairs} 对可能的连接中使用 {pairs} 对。",
        "remark_depthwise": (
            "每个卷积核只读取一个通道（深度卷积），"
            "{in_channels:输入也只有这一个通道。|因此该层不混合 # 个通道；可由其后的逐点卷积混合。}"
        ),
        "remark_transposed": "每个输入位置把卷积核散布到输出上，重叠处相加（转置卷积）：即同样设置的卷积的梯度。",
        "remark_dilated": "空洞卷积：{kernel} 个采样点相隔 {dilation}，覆盖 {extent} 个位置，权重数仍为 {kernel}。",
        # --- the story ----------------------------------------------------------------------------
        "story_title": "{network}：从 {input} 到 {output}",
        "story_facts": "{params} 个参数，{macs} 次乘加，最长路径上有 {depth} 个卷积层和全连接层。",
        "story_stages": "逐阶段",
        "story_where": "参数和计算量的分布",
        "stage": "阶段",
        "leaves": "输出",
        "percent_params": "参数 %",
        "percent_macs": "乘加 %",
        "activations": "激活值",
        "stage_same": "{names}：保持输入的尺度，输出 {shape}",
        "stage_smaller": "{names}：{first} 把特征图变为 {sizes}，每个轴上是输入的 1/{scale}；输出 {shape}",
        "stage_larger": "{names}：{first} 把特征图放大到 {sizes}；输出 {shape}",
        "stage_vector": "{names}：不再有空间轴，输出 {shape}",
        "stage_has": "；有 {layers} 个卷积层和全连接层",
        "stage_one": "；有 1 个卷积层或全连接层",
        "shrink_grow": (
            "从 {first} 到 {last}，特征图由 {first_shape} 变为 {last_shape}：空间位置数减少为约 1/{times}，通道数增加到"
            " {more} 倍。卷积的参数量随输入、输出通道数之积增长，乘加次数还要再乘以位置数：因此参数集中在后面的层，计算"
            "量则分布得更均匀。"
        ),
        "most_params": "{layer} 的参数最多，{whole} 个中有 {params} 个（{percent}%）：{why}",
        "most_macs": "{layer} 的乘加次数最多，{whole} 次中有 {macs} 次（{percent}%）：{why}",
        "why_dense": "{inputs} 个输入与 {outputs} 个输出两两相连，没有参数共享。",
        "why_filters": "{outputs} 个卷积核，每个读取 {reads} 个数。",
        "why_other": "描述文件中如此声明。",
        "why_product": "{outputs} 个输出元素各是 {products} 个乘积之和。",
        "why_places": "{weights} 个权重各在 {times} 个位置上使用。",
        "why_once": "{weights} 个权重各使用一次。",
        "sliding_part": "{count} 个权重共享层占参数的 {params}%，占乘加次数的 {macs}%。",
        "sliding_part_one": "唯一的权重共享层占参数的 {params}%，占乘加次数的 {macs}%。",
        "dense_part": "{count} 个全连接层占参数的 {params}%，占乘加次数的 {macs}%。",
        "dense_part_one": "唯一的全连接层占参数的 {params}%，占乘加次数的 {macs}%。",
        "product_part": "{count} 个张量之间的乘积（如注意力）没有参数，占乘加次数的 {macs}%（{number} 次）。",
        "product_part_one": "唯一的张量乘积没有参数，占乘加次数的 {macs}%（{number} 次）。",
        "other_part": "其余可学习的参数（如归一化层的系数）占 {params}%。",
        "no_dense": "没有全连接层。",
        "story_memory": "训练时阶段 {stage} 占用内存最多：占所保存的 {whole} 个激活值的 {percent}%。",
        "story_training": "另有 {layers} 层仅在训练时存在，此处不计：{params} 个参数，{macs} 次乘加。",
        "story_next": "cnncalc explain {spec} LAYER 列出某一层的逐项计算",
    },
    "field": {
        "title": "{network}：感受野",
        "title_layer": "{network}：{layer} 的感受野",
        "input_line": "输入 {inputs}",
        # Headers.
        "of": "输入",
        "axis": "轴",
        "size": "大小",
        "stride": "步长",
        "start": "起点",
        "center": "中心",
        "sees": "占输入 %",
        "input_size": "输入尺寸",
        "window": "核/步长/填充",
        "adds": "增加",
        "width": "宽度",
        "height": "高度",
        "depth": "深度",
        "left_out": "此宽度下未显示的列：{columns}；可加宽终端",
        "training": "{type}（仅训练）",
        # What the columns mean.
        "means_size": "一个输出所依赖的输入范围，从第一个到最后一个位置，包括填充",
        "means_stride": "相邻两个输出的感受野在输入上相距多远（累积步长）",
        "means_start": "第一个输出的感受野的起点；输入从 0 开始，负数位于填充中",
        "means_center": "第一个输出的感受野的中心",
        "means_sees": "位于正中的输出的感受野（不计填充）占输入的比例",
        # Below the table.
        "whole_from": "从 {layer} 起，每个输出都能看到整个输入。",
        "no_rule_from": "{layer} 及依赖它的层没有统一的大小和步长：{reason}。给出层名可追踪它的某个输出。",
        "no_rule_PERIOD": "各缩放比互不相关，要经过数千个输出才重复一次",
        "no_rule_STRANDS": "各分支的步长超过 {strides} 种",
        "no_rule_NUMBERS": "位置超过 {number}",
        "no_rule_WORK": "计算需要超过 {work} 次操作（--limit work=N 可提高上限）",
        "no_rule_ORDER": "有一层重新排列了各位置，大小和步长无法描述这种顺序",
        "channels_apart": "在 {layer} 中，位置变成了通道：给出的感受野由所有通道合成，单个通道看到的可能更少。",
        "gates": (
            "未计入 {count} 个门控（一个数作用于多个位置，例如 {layer} 中的 {source}）；可用 --through-gates 计入。"
        ),
        "one_gate": "未计入 {layer} 中的门控 {source}（一个数作用于多个位置）；可用 --through-gates 计入。",
        "gates_counted": "已计入门控：从第一个门控（{layer}）起，输出依赖于门控读取的全部位置。",
        "folded": (
            "{layers} 层中有 {changing} 层改变感受野，这里折叠为 {rows} 行；--depth all 逐层列出，--all 列出所有层。"
        ),
        "left_out_layers": "未显示不改变感受野的层：{layers} 层中有 {rows} 层改变感受野；--all 列出所有层。",
        "nothing_changes": "没有层改变感受野：每个输出只看到输入的一个位置；--all 列出所有层。",
        "no_axes": "{input} 没有空间位置，只有特征：依赖它的层依赖其全部。",
        "the_input": "输入",
        "the_input_of": "输入 {input}",
        "of_several": "{layer}（以及另外 {count} 处）",
        "flaw_STRIDES": (
            "未对齐：在 {layer} 汇合的各分支步长不同（{axis}：{numbers}）。感受野是各分支的精确并集，但没有统一的步长。"
        ),
        "flaw_GAP": "未对齐：在 {layer} 汇合的各分支之间有 {numbers} 个位置不被读取（{axis}），大小包含这些位置。",
        "flaw_CENTERS": "未对齐：在 {layer} 汇合的各分支中心相距 {numbers}（{axis}），大小和中心取其并集。",
        "flaw_AXES": (
            "未对齐：在 {layer} 汇合的各分支交换过坐标轴（{axis}）。感受野是各分支的精确并集，但没有统一的步长。"
        ),
        "flaw_PARTS": (
            "{layer} 把各输入沿{axis}依次相接：每个输出只读取其中之一。此处按全部读取计算；--at 可精确追踪某个输出。"
        ),
        # A layer.
        "layer_line": "{type}，输出 {output}：在输入 {input} 上的感受野。",
        "block_line": "{block} 的最后一层是 {layer}。",
        "in_words": "一个输出依赖输入的 {size} 个位置；下一个输出的感受野向后移动 {stride}。",
        "in_words_on_average": "一个输出依赖输入的 {size} 个位置；下一个输出的感受野平均向后移动 {stride}。",
        "in_words_no_stride": "一个输出依赖输入的 {size} 个位置。",
        "at_most": "至多 {size}",
        "first_in_words": "第一个输出的感受野从 {first} 到 {last}，中心为 {center}。",
        "below_zero": "小于 0 的位置是填充。",
        "sees_whole": "每个输出都能看到整个输入。",
        "one_whole": "该输出能看到整个输入。",
        "together": "单个通道看到的可能更少。",
        "together_whole": "所有通道合起来能看到整个输入；单个通道看到的可能更少。",
        "uneven": "各输出的感受野不尽相同，每 {period} 个输出重复一次；大小取最大者。",
        "no_rule": "没有统一的大小和步长：{reason}。请用 --at 追踪某个输出。",
        "nothing": "该层不依赖输入 {input} 的任何位置。",
        # How it grows.
        "grows": "感受野如何增长",
        "grows_along": "沿{axis}方向如何增长",
        "symbols": (
            "r 为感受野大小，j 为累积步长，s 为起点，下标 0 表示该层输入的值；F、S、P 为该层的卷积核大小、步长和填充。"
            "最后一步 {layer}："
        ),
        "symbols_dilated": (
            "r 为感受野大小，j 为累积步长，s 为起点，下标 0 表示该层输入的值；F、S、P、D 为该层的卷积核大小、步长、填充"
            "和空洞率。最后一步 {layer}："
        ),
        "symbol_size": "大小 r",
        "symbol_stride": "步长 j",
        "symbol_start": "起点 s",
        "symbol_center": "中心",
        "one_path": "只有一条路径。",
        "widest": "{paths} 条路径中最宽的一条，列出使感受野变宽或改变步长的层：",
        "many_paths": "超过一百万",
        "union_wider": "所有路径合起来跨越 {size}，大于最宽的一条（{path}）：各路径未对齐。",
        "nothing_grows": "没有层使感受野变宽：一个输出只依赖一个位置。",
        "to": "{count} 层，{first} 至 {last}",
        "reads_whole": "全部",
        # One output.
        "output_at": "输出位置 ({position}) 对应的输入区域",
        "at_vector": "输出对应的输入区域",
        "reads_too_long": "追踪这个输出需要超过 {work} 次操作；用 --limit work=N 提高上限。",
        "reads_at_most": "至多读取这些位置；其中一部分未能精确追踪。",
        "reads": "{first} 至 {last}，{size} 个中的 {count} 个",
        "reads_one": "仅 {first}（共 {size} 个）",
        "reads_steps": "{first} 至 {last}，间隔 {step}，{size} 个中的 {count} 个",
        "reads_holes": "{first} 至 {last}，有间隔，{size} 个中的 {count} 个",
        "reads_all": "全部 {size} 个",
        "slice_whole": "{slices}：即全部",
        "in_padding": "；落在填充中：{parts}",
        "range": "{first} 至 {last}",
        "reads_nothing": "不读取 {input}，只读取填充。",
        "slice": "NumPy 写法",
        "slices": "{hwc}；通道在前时为 {chw}",
        "slice_hull": "{slices}；其间有间隔",
        "slice_boxes": "{slices}；其中并非全部被读取",
        "directly": "该层的直接输入 A（{source}）",
        # The plot.
        "plot_title": "在输入上的位置：",
        "plot_title_of": "在输入 {input} 上的位置：",
        "drawing_too_long": "未画出：需要超过 {work} 次操作；用 --limit work=N 提高上限。",
        "plot_depth": "深度 {depth} 处",
        "plot_read": "读取",
        "plot_partly": "部分读取",
        "plot_unread": "未读取",
        "plot_padding": "输入之外（填充）",
        "plot_cell": "每格为 {cell} 个位置",
    },
    "memory": {
        # Headers.
        "size": "该层输出",
        "aligned": "大小",
        "live": "占用",
        "live_share": "占峰值 %",
        "tensor": "张量",
        "offset": "偏移",
        "end": "结束",
        "first": "起始层",
        "last": "末层",
        # Cells and lines above the table.
        "in_place": "原地",
        "view": "视图",
        "scale": "输入 {inputs}，批大小 {batch}，{dtype}",
        # Labels of the notes, and their texts.
        "peak": "峰值",
        "alive": "此时占用内存的张量",
        "inputs": "输入",
        "outputs": "输出",
        "weights": "权重",
        "total": "峰值 + 权重",
        "arena": "内存池（arena）",
        "timeline": "时间线",
        "bytes": "{bytes} 字节",
        "amount": "{size}（{bytes} 字节）",
        "peak_at": "{peak}，出现在 {layer} 运行时",
        "named": "{name} {size}",
        "shared": "{first}..{last}",
        "weights_of": "{size}（{dtype}）：{params} 个参数，{buffers} 个缓冲区元素",
        "above_peak": "{size}，比峰值多 {percent}%：空隙与对齐占 {bytes} 字节",
        "planner": "按 TensorFlow Lite Micro 的方式放置张量：从大到小，每个放入第一个空隙，按 {alignment} 字节对齐。",
        "order_exact": "任何执行顺序的峰值都不会更小；按文件中的顺序，峰值为 {own}。",
        "order_same": "没有哪种执行顺序的峰值比文件中的顺序更小。",
        "order_found": "按文件中的顺序，峰值为 {own}。网络太大，无法精确搜索：可能存在峰值更小的顺序。",
        "order_none_found": "没有找到峰值比文件中的顺序更小的顺序。网络太大，无法精确搜索：这样的顺序可能存在。",
        "if_folded": "若把每个批量归一化并入前一层，峰值为 {size}。",
        "not_counted": "未计入层内部使用的内存，例如计算库的工作区。",
        "folded": "{layers} 层折叠为 {rows} 行；用 --depth all 显示每一层",
    },
    "sharing": {
        # Headers, which are also the labels of the notes.
        "params": "当前",
        "unshared": "不共享",
        "fully_connected": "全连接",
        "ungrouped": "不分组",
        "merged": "合并",
        "untied": "不绑定",
        "times": "倍数",
        "connectivity": "连接 %",
        "reads": "每个输出读取的输入数",
        "input_line": "输入 {inputs}",
        "training": "{type}（仅训练）",
        "tied": "绑定",
        "weights_from": "权重来自",
        "reads_of": "{reads} / {inputs}",
        # What the columns mean.
        "means_unshared": "每个输出位置都有自己的权重和偏置（局部连接）",
        "means_fully_connected": "输入与输出不变，每个输出都连接全部输入",
        "means_ungrouped": "每个卷积核都读取全部通道：没有分组卷积，也没有深度卷积",
        "means_merged": "同“不分组”，但深度卷积与其后的逐点卷积合并为一个普通卷积，其间的归一化也去掉",
        "means_untied": "共享权重的各层改用各自的权重",
        # Notes with the network's own numbers.
        "shared": (
            "若没有参数共享，参数量将为 {unshared}，是现在的 {ratio} 倍；节省最多的是 {layer}，它的 {own} 个参数{uses}"
            "。"
        ),
        "used": "每个使用 {uses} 次",
        "used_on_average": "平均每个使用 {uses} 次",
        "not_shared": "没有参数共享：每个参数只使用一次。",
        "sparse": (
            "与全连接相比，每 {ratio} 个连接只保留 1 个（稀疏连接）：{layer} 的每个输出只读取 {inputs} 个输入中的 "
            "{reads} 个。"
        ),
        "partly_sparse": (
            "与全连接相比，只保留 {percent}% 的连接（稀疏连接）：{layer} 的每个输出只读取 {inputs} 个输入中的 {reads} "
            "个。"
        ),
        "not_sparse": "每个输出本来就连接全部输入。",
        "if_full": (
            "若把分组卷积都换成普通卷积，参数量将为 {params}，是现在的 {ratio} 倍，乘加次数由 {own} 变为 {macs}。"
        ),
        "if_merged": (
            "若把每个深度可分离卷积都换成一个普通卷积，参数量将为 {params}，是现在的 {ratio} 倍，乘加次数由 {own} 变为 "
            "{macs}。"
        ),
        "if_untied": "若共享权重的各层改用各自的权重，参数量将为 {params}，是现在的 {ratio} 倍。",
        "kept": "以下各层的参数不连接输入与输出（或未声明如何连接），按原值计入：{layers}。",
        "kept_layer": "{type}（{params}）",
        "in_training": (
            "训练时连同辅助分类器共有 {params} 个参数；不共享时为 {unshared} 个，全连接时为 {fully_connected} 个。"
        ),
        "nothing_learned": "{name} 没有可学习的权重。",
        "folded": "{layers} 个有权重的层折叠为 {rows} 行；用 --depth all 显示每一层",
    },
}
