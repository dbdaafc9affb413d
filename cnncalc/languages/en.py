"""English: the sentences of the worked reports, by report and key.

Write ASCII only, because of `--ascii`. Descriptions of layer types come from their docstrings.
"""

SENTENCES = {
    "common": {
        "input": "input",
        "output": "output",
        "layer": "layer",
        "type": "type",
        "parameters": "parameters",
        "macs": "MACs",
        "flops": "FLOPs",
        "total": "total",
        "ratio": "ratio",
        "left_out": "hidden at this width: {columns}; choose with --columns, or widen the terminal",
        "comma": ", ",
        "colon": ": ",
        "and": "{first} and {second}",
        "and_names": "{first} and {second}",
        "row_cut": "{words}, ... ({count} in all)",
        "space": " ",
        "semicolon": "; ",
        "period": ".",
        "percent": "{number} %",
    },
    "draw": {
        "title": "Drawing of {network}",
        "description": "{boxes:1 box|# boxes} and {lines:1 line|# lines}; {totals}",
        "totals": "{params} parameters, {macs} MACs",
        "tensors": "{count} tensors",
        "frame": "{name}, a block {kind}",
        "line": "{source} to {target}, {shape}",
    },
    "explain": {
        # --- titles and labels --------------------------------------------------------------------
        "title": "{layer} in {network}",
        "what": "{type}: {described}",
        "settings": "Source and settings",
        "sizes": "Output",
        "weights": "Parameters",
        "work": "Operations for one sample",
        "rules": "As other tools count it",
        "share": "Share of the network",
        "sharing": "Parameter sharing",
        "groups": "Compared with a full convolution",
        "separable": "Depthwise separable convolution",
        "stack": "A stack of small filters",
        "im2col": "As a matrix product (im2col)",
        "convolution": "Equivalent convolution",
        "fit": "Where the kernel does not fit",
        "fit_window": "Where the kernel does not fit",
        "remarks": "What it does",
        "setting": "setting",
        "value": "value",
        "written": "as written",
        "default": "(default)",
        "matrix": "matrix",
        "size": "size",
        "numbers": "numbers",
        "memory": "as {dtype}",
        "product": "product",
        "times": "{ratio}x",
        "as_it_is": "current",
        "unshared": "locally connected",
        "fully_connected": "fully connected",
        "function": "f(x)",
        "piecewise": "{then} if {condition} else {otherwise}",
        "labeled": "{label}: {text}",
        "out_channels": "channels",
        "out_features": "features",
        "out_elements": "numbers",
        "height": "height",
        "width": "width",
        "depth": "depth",
        "adds": "adds",
        "multiplies": "multiplies",
        "divides": "divides",
        "compares": "compares",
        "exponentials": "exponentials",
        "unclassified": "unclassified",
        "shape_vector": "a vector of {size}",
        # --- symbols of formulas ------------------------------------------------------------------
        "symbol_in_size": "input size",
        "symbol_kernel": "kernel",
        "symbol_window": "kernel",
        "symbol_stride": "stride",
        "symbol_padding": "padding",
        "symbol_before": "padding before",
        "symbol_after": "padding after",
        "symbol_others": "sizes of the others",
        "symbol_dilation": "dilation",
        "symbol_output_padding": "output padding",
        "symbol_in_channels": "input channels",
        "symbol_in_features": "inputs",
        "symbol_in_positions": "input positions",
        "symbol_in_elements": "inputs",
        "symbol_out_positions": "output positions",
        "symbol_out_elements": "outputs",
        "symbol_all_in_channels": "channels of each",
        "symbol_inputs": "number of inputs",
        "symbol_kernel_positions": "kernel positions",
        "symbol_window_positions": "kernel positions",
        "symbol_read_positions": "positions read",
        "symbol_axis_size": "size of the axis",
        "symbol_together": "numbers in a set",
        "symbol_reduced": "numbers in a set",
        "symbol_indices": "numbers that are looked up",
        "symbol_all_in_elements": "numbers of each",
        "symbol_rows": "rows",
        "symbol_columns": "columns",
        "symbol_inner": "numbers of a row",
        "symbol_places": "indices of the other axes",
        "symbol_outputs": "output size",
        "symbol_filters": "filters",
        "symbol_features": "features",
        "symbol_groups": "groups",
        "symbol_multiplier": "multiplier",
        "symbol_pairs": "pairs",
        "symbol_pieces": "pieces",
        "symbol_units": "units",
        "symbol_size": "size",
        "symbol_factor": "factor",
        "symbol_rank": "axes",
        "symbol_start": "start",
        "symbol_stop": "stop",
        "symbol_step": "step",
        "symbol_params": "declared parameters",
        "symbol_buffers": "declared buffers",
        "symbol_macs": "MACs",
        "symbol_output": "declared output",
        "symbol_adds": "adds",
        "symbol_multiplies": "multiplies",
        "symbol_divides": "divides",
        "symbol_compares": "compares",
        "symbol_exponentials": "exponentials",
        "symbol_unclassified": "unclassified operations",
        "symbol_flops": "declared FLOPs",
        "symbol_hidden": "hidden",
        "symbol_vocabulary": "vocabulary",
        "symbol_samples": "samples",
        "symbol_masks": "masks",
        "symbol_reads": "inputs each reads",
        "symbol_biases": "biases",
        "symbol_layers": "layers",
        "symbol_taps": "taps",
        "symbol_connections": "connections",
        "letters": "{letters}",
        "letters_of_notes": "{letters}, as in CS231n's notes",
        # --- where it comes from ------------------------------------------------------------------
        "place": "Defined at {file}:{line}",
        "place_of_node": "Defined in {file}, node {node}",
        "block": "part of {name}: block {block}({arguments}), used in line {line}",
        "branch": "part of the branch {name}, line {line}",
        "inside_training": "Exists in training only; inference totals do not count it.",
        "inside_frozen": (
            "The spec freezes it: training does not change its weights and statistics, and computes with them as at "
            "inference."
        ),
        "reads": "reads {name}: {shape}",
        "gives": "outputs {shape} to {readers}",
        "gives_out": "outputs {shape}, an output of the network",
        "gives_nobody": "outputs {shape}, which no layer reads",
        "same_size": "Input and output have the same {axes}: {sizes}.",
        "tied": "Uses the weights of {owner}, where they are counted.",
        "frozen": "{buffers:The number is a buffer|All # are buffers}, because the layer is frozen.",
        "buffers": "{buffers} of these are buffers: stored but not learnable, and not counted as parameters.",
        # --- its share ----------------------------------------------------------------------------
        "share_params": "{params} of the network's {whole:one parameter|# parameters} ({percent} %)",
        "share_macs": "{macs} of the network's {whole:one MAC|# MACs} ({percent} %)",
        "most": "; no other layer has more",
        "no_weights": "It has no weights.",
        "no_operations": "It performs no operations at inference.",
        "no_macs": "It performs none of the network's {macs:one MAC|# MACs}.",
        # --- sharing ------------------------------------------------------------------------------
        "sparse": "Sparse connectivity: each output reads {reads} of the {inputs} inputs ({percent} %).",
        "sparse_average": (
            "Sparse connectivity: an output reads {reads} of the {inputs} inputs on average ({percent} %)."
        ),
        "sparse_at_most": (
            "Sparse connectivity: an output reads at most {reads} of the {inputs} inputs ({percent} %), and fewer at "
            "the borders."
        ),
        "reads_all_inputs": "The kernel is large enough for an output to read {inputs:the only input|all # inputs}.",
        "shared": "Parameter sharing: all {positions} positions of a channel use the same weights.",
        "shared_spread": "Parameter sharing: all {positions} input positions use the same weights.",
        "shared_bias": "Parameter sharing: the {positions} output positions of a channel share only its bias.",
        "already_unshared": "No parameter sharing: every position has its own weights.",
        "dense": (
            "Every output reads every input through its own weight, {outputs} x {inputs} connections: no sharing and "
            "no sparsity."
        ),
        # --- groups -------------------------------------------------------------------------------
        "grouped": (
            "If every filter read all {channels} input channels, the layer would have "
            "{full_params:one parameter|# parameters} instead of {params} and {full_macs} MACs instead of {macs}: it "
            "has {part} of the parameters and {macs_part} of the MACs."
        ),
        "separable_pair": (
            "{depthwise} filters each channel separately and {pointwise} mixes the channels. One full convolution that "
            "does both would cost {full} MACs; the two cost {first} + {second} = {both}."
        ),
        "separable_share": "share of the cost",
        "separable_less": "That is {times} times fewer MACs, with {params} weights instead of {full_params}.",
        # --- stacks -------------------------------------------------------------------------------
        "stacked": (
            "{layers} in a row see {field} positions of the first layer's input, like one convolution of that size:"
        ),
        "stacked_weights": "weights of the {count} small convolutions",
        "single_weights": "weights of one large convolution",
        "stacked_gain": "The stack needs {percent} % of the weights, and adds the nonlinearities between its layers.",
        "symbol_channels": "channels",
        # --- im2col -------------------------------------------------------------------------------
        "unrolled": (
            "Each column of X_col holds the inputs that a filter reads at "
            "{columns:its only position|one of its # positions}; each row of W_row is a filter."
        ),
        "in_groups": "There are {products} such products, one per group.",
        "unrolled_memory": (
            "X_col takes {memory} as {dtype}, {ratio} times the input, because it repeats the inputs that overlapping "
            "windows share."
        ),
        "nothing_unrolled": "The input already has the form of X_col: nothing is unrolled, and nothing more is stored.",
        "unrolled_less": "X_col takes {memory} as {dtype}, {ratio} times the input.",
        "spread": (
            "Each column of Y_col is what {columns:the only input position|one of # input positions} adds to the "
            "output; col2im adds the columns up in place. Y_col takes {memory} as {dtype}."
        ),
        # --- linear as convolution ----------------------------------------------------------------
        "equals_map": (
            "On the {map} map of {source}, it is a convolution with F = {kernel} and K = {filters}: the filter is as "
            "large as the map, so it has one position."
        ),
        "equals_point": "With its input as a 1x1 map, it is a convolution with F = 1 and K = {filters}.",
        "equals_vector": "After {source}, it is a 1x1 convolution of {channels} channels with K = {filters}.",
        "equals_settings": "in a spec: {settings}",
        "larger": (
            "With every linear layer converted this way, a larger image gives a map: {image} gives {gives}, which is "
            "the network applied at {places} positions {shift} pixels apart in one pass."
        ),
        "and_end": "{gives}, and {end} at the end of the network",
        "larger_same": (
            "A larger image, such as {image}, still gives {gives}: the pooling before this layer reduces any size to "
            "the same."
        ),
        # --- where the kernel does not fit ---------------------------------------------------------
        "along": "along the {axes}",
        "lost": "no output reads the last {lost} of the {size} pixels",
        "lost_one": "no output reads the last of the {size} pixels",
        "unused": "no output reads the end of the padding: the effective padding is {before} before and {after} after",
        "between_one": "1 of every {stride} pixels is not read, because the stride is larger than the kernel",
        "between": "{between} of every {stride} pixels are not read, because the stride is larger than the kernel",
        "beyond": "the last window extends beyond the end by {beyond}, because sizes are rounded up",
        "asymmetric": "the padding differs between the two sides: {before} before, {after} after",
        "remedy": "for an exact fit, use {remedies}",
        "remedies": "for an exact fit, use {remedies}",
        "remedy_even": "for equal sides and an exact fit, use {remedies}",
        "or": "{first}, or {second}",
        "or_value": "{first} or {second}",
        "with_padding": "padding {value}",
        "with_sides": "padding {before} before and {after} after",
        "with_kernel": "kernel {value}",
        "with_window": "kernel {value}",
        "with_stride": "stride {value}",
        "with_size": "an input of {value}",
        # --- layer types --------------------------------------------------------------------------
        # --- remarks of layer types ---------------------------------------------------------------
        "remark_activation": "Every number x becomes f(x):",
        "remark_across_channels": "The sum runs over the {in_channels:one channel|# channels} of a position.",
        "remark_across_axis": "The sum runs over the {axis_size:only number|# numbers} along axis {axis}.",
        "remark_apply": "The numbers x, y, ... at the same place of all inputs become f:",
        "remark_prelu": "The whole layer has one learnable slope.",
        "remark_prelu_per_channel": (
            "{in_channels:The only channel|Each of the # channels} has its own learnable slope."
        ),
        "remark_flatten": (
            "The same {in_elements:number|# numbers in a row, channel after channel}; nothing is computed or copied."
        ),
        "remark_flatten_axes": (
            "Axes {start} to {end} become one, row after row: {sizes} = {size}; nothing is computed or copied."
        ),
        "remark_reshape": "The same {in_elements:number|# numbers} in another shape.",
        "remark_permute": "The same {in_elements:number with its|# numbers with their} axes in another order.",
        "remark_channel_shuffle": (
            "The channels change places: each of the {groups} groups now holds channels of {sources} former groups, so "
            "that a grouped convolution after it reads from {sources} groups."
        ),
        "remark_channels_stay": "With one group, or one channel per group, the channels stay in place.",
        "remark_slice": "{out_elements} of {in_elements:1 number|# numbers} {out_elements:is|are} kept.",
        "remark_pad": "Numbers are added at the ends of the axes: {in_elements:1 becomes|# become} {out_elements}.",
        "remark_pad_and_crop": (
            "Numbers are added or cut off at the ends of the axes: {in_elements:1 becomes|# become} {out_elements}."
        ),
        "remark_crop": (
            "Numbers are cut off at the ends of the axes: {out_elements} of {in_elements} {out_elements:is|are} kept."
        ),
        "remark_upsample": "The number of positions goes from {in_positions} to {out_positions}; no parameters.",
        "remark_gather": (
            "Each of the {sizes} places looks its number up among {axis_size:the only one|# numbers} of the axis, by "
            "a fixed index that is not learnable; numbers are copied, not computed."
        ),
        "remark_roll": "The same numbers, shifted along the axes; numbers that leave at one end return at the other.",
        "remark_unfold": (
            "The {kernel_positions:one number|# numbers} of each window become channels: {in_channels} x "
            "{kernel_positions} = {out_channels} (im2col)."
        ),
        "remark_fold": (
            "The channels of each position become a window of {kernel_positions} positions in {out_channels} "
            "{out_channels:channel|channels}, and overlaps are added (col2im)."
        ),
        "remark_max_unpool": (
            "Each number returns to where max pooling found it, and all others are 0: "
            "{in_positions:1 number of each channel becomes|# numbers of each channel become} {out_positions}."
        ),
        "remark_embedding": (
            "Each index selects one of {vocabulary} learnable vectors of {features:one number|# numbers}: a lookup, "
            "without arithmetic."
        ),
        "remark_lstm": (
            "At each of {in_positions:one step|# steps}, three gates update {hidden} cells, each gate from a weighted "
            "sum of the input and of the previous state; all steps use the same weights."
        ),
        "remark_gru": (
            "At each of {in_positions:one step|# steps}, two gates update a state of {hidden}, each gate from a "
            "weighted sum of the input and of the previous state; all steps use the same weights."
        ),
        "remark_bidirectional": (
            "A second network reads the sequence backwards; the states of both are the {out_channels} output channels."
        ),
        "remark_roi_align": (
            "Each of {rois:1 region|# regions} is sampled to the same output size, with "
            "{samples:one point|# points} per output number along each axis."
        ),
        "remark_deform_conv": (
            "Computed offsets shift each tap of the filters, {offset_groups:equally for all channels|separately for # "
            "groups of channels}; each tap interpolates four numbers of its channel."
        ),
        "remark_deform_conv_mask": "A computed mask weights each tap.",
        "remark_pixel_shuffle": (
            "{in_channels:1 channel becomes|# channels become} {out_channels} of "
            "{factor:the same size|# times the size} along each axis."
        ),
        "remark_pixel_unshuffle": (
            "{in_channels:1 channel becomes|# channels become} {out_channels} of {factor:the same size|1/# of the size}"
            " along each axis."
        ),
        "remark_dropout": (
            "Training: each number is set to 0 with probability {rate}, and the others are multiplied by {factor} to "
            "keep the mean; each step trains a random part of the network."
        ),
        "remark_drop_path": (
            "Training: the whole branch is dropped with probability {rate} for each sample (stochastic depth)."
        ),
        "remark_only_in_training": "Inference: it does nothing.",
        "remark_scale": "Each channel is multiplied by a learnable factor:",
        "remark_scale_and_shift": "Each channel is multiplied by a learnable factor, and a learnable bias is added:",
        "remark_scale_by_one": "Every number is multiplied by one learnable factor:",
        "remark_scale_and_shift_by_one": (
            "Every number is multiplied by one learnable factor, and one learnable bias is added:"
        ),
        "remark_bias_channels": "Each channel has a learnable bias, which is added at all positions:",
        "remark_bias_positions": "Each position has a learnable bias, which is added to all channels:",
        "remark_bias_all": "Each number has its own learnable bias, as in a position embedding:",
        "remark_lrn": (
            "Each number is divided by a power of "
            "{size:its own square|the squares around it, summed over # neighboring channels}:"
        ),
        "remark_batch_norm_map": (
            "Averages run over the batch and over {axes}: {in_channels:the only channel|each of the # channels} has "
            "its own mean and variance, taken over batch x {in_positions} numbers ({batch_of_32} for 32 samples)."
        ),
        "remark_batch_norm_vector": (
            "Averages run over the batch only: {in_channels:the only feature|each of the # features} has its own mean "
            "and variance, taken over one number per sample."
        ),
        "remark_instance_norm_map": (
            "Mean and variance are taken over the {in_positions:one position|# positions} of each channel, separately "
            "for each sample."
        ),
        "remark_group_norm": (
            "Mean and variance are taken over {groups:all channels together|each of # groups of channels}, "
            "{together:1 number|# numbers} of one sample."
        ),
        "remark_layer_norm_all": (
            "Mean and variance are taken over {in_elements:the only number|all # numbers} of one sample."
        ),
        "remark_layer_norm_channels": (
            "Mean and variance are taken over the {in_channels:one channel|# channels} of each position separately."
        ),
        "remark_layer_norm_axes": (
            "Mean and variance are taken over {together:1 number|# numbers} ({sizes}), separately for each index of "
            "the other axes."
        ),
        "remark_rms_norm_all": (
            "The root mean square is taken over {in_elements:the only number|all # numbers} of one sample; no mean is "
            "subtracted."
        ),
        "remark_rms_norm_channels": (
            "The root mean square is taken over the {in_channels:one channel|# channels} of each position separately; "
            "no mean is subtracted."
        ),
        "remark_rms_norm_axes": (
            "The root mean square is taken over {together:1 number|# numbers} ({sizes}), separately for each index "
            "of the other axes; no mean is subtracted."
        ),
        "remark_norm_learned_axes": (
            "Learnable: a factor (weight) and a bias for {together:the only number|each of the # numbers} of a set, "
            "shared by all sets."
        ),
        "remark_factor_learned_channels": (
            "Learnable: a factor (weight) for {in_channels:the only channel|each of the # channels}."
        ),
        "remark_factor_learned_all": (
            "Learnable: a factor (weight) for {in_elements:the only number|each of the # numbers}."
        ),
        "remark_factor_learned_axes": (
            "Learnable: a factor (weight) for {together:the only number|each of the # numbers} of a set, shared by all "
            "sets."
        ),
        "remark_norm_learned_channel": (
            "Learnable: a factor (weight) and a bias for {in_channels:the only channel|each of the # channels}."
        ),
        "remark_norm_learned_number": (
            "Learnable: a factor (weight) and a bias for {in_elements:the only number|each of the # numbers}."
        ),
        "remark_norm_learned_scale": (
            "Learnable: a factor (weight) for {in_channels:the only channel|each of the # channels}, and no bias."
        ),
        "remark_norm_learned_center": (
            "Learnable: a bias for {in_channels:the only channel|each of the # channels}, and no factor."
        ),
        "remark_norm_nothing_learned": "It has no learnable parameters.",
        "remark_statistics_tracked": (
            "Tracked: a running mean and a running variance for {in_channels:the only channel|each of the # channels}, "
            "stored but not learnable."
        ),
        "remark_batch_norm_in_training": (
            "Training uses the mean and variance of the current batch, so a sample's output depends on the other "
            "samples. Inference uses the tracked ones: one multiply and one add per number, which can be folded into a "
            "convolution or linear layer directly before it."
        ),
        "remark_instance_norm_in_training": (
            "Training uses the mean and variance of the current sample, inference the tracked ones."
        ),
        "remark_statistics_not_tracked": (
            "It tracks no statistics: mean and variance are computed from the input, in training and at inference."
        ),
        "remark_max_pool": (
            "Each output is the largest number in a window of {kernel_positions}, in its own channel; in training, "
            "only that number receives the gradient."
        ),
        "remark_avg_pool": (
            "Each output is the mean of the numbers in a window of {kernel_positions}, in its own channel."
        ),
        "remark_subsample": (
            "Each output is the {kernel_positions:number at its position|sum of # numbers} of its own channel, times a "
            "learnable factor, plus a learnable bias."
        ),
        "remark_windows_tile": (
            "The windows lie side by side: "
            "{in_positions:1 number of each channel becomes|# numbers of each channel become} {out_positions}."
        ),
        "remark_windows_overlap": (
            "The windows overlap: {in_positions:1 number of each channel becomes|# numbers of each channel become} "
            "{out_positions}."
        ),
        "remark_windows_apart": (
            "The windows do not read some of the numbers between them: {in_positions} numbers of each channel become "
            "{out_positions}."
        ),
        "remark_one_window": (
            "Each channel has one window: {in_positions:its one number|# numbers} {in_positions:is read alone|become 1}"
            "."
        ),
        "remark_one_window_of_part": (
            "Each channel has one window, which reads {read} of its {in_positions} numbers: they become 1."
        ),
        "remark_parts_equal": "The windows are equal in size and lie side by side.",
        "remark_parts_overlap": (
            "The input size is not a multiple of the output size, so neighboring windows share numbers."
        ),
        "remark_pointwise_groups": (
            "A filter of kernel 1 reads one position, and only the channels of its own group: each of the {groups} "
            "groups {group_in:turns its only channel|mixes its # channels} into {group_out}."
        ),
        "remark_rounds_up": "The output size is rounded up, as in Caffe: a last window that fits only in part counts.",
        "remark_padding_in_the_mean": "The mean includes the zeros of the padding.",
        "remark_padding_not_in_the_mean": "The mean excludes the padding.",
        "remark_global_avg_pool": (
            "{in_channels:The only channel|Each of the # channels} becomes its mean, {in_positions} to 1: no weights, "
            "so nothing here can overfit."
        ),
        "remark_global_max_pool": (
            "{in_channels:The only channel|Each of the # channels} becomes its largest number, {in_positions} to 1."
        ),
        "remark_adaptive_avg_pool": (
            "The windows are sized to give {out_positions:one mean|# means} of each channel's "
            "{in_positions:one number|# numbers}."
        ),
        "remark_adaptive_max_pool": (
            "The windows are sized to give {out_positions:one maximum|# maxima} of each channel's "
            "{in_positions:one number|# numbers}."
        ),
        "remark_any_size": "The output size is the same for an input of any size.",
        "remark_maxout": (
            "{pieces:Every channel is kept|Of every # channels the largest is kept}, {out_channels} of {in_channels}:"
        ),
        "remark_maxout_price": (
            "The cost: {source} has {source_params} parameters and {source_macs} MACs, {pieces} times those of one "
            "linear function per unit."
        ),
        "remark_opaque": "The spec declares its figures; its computation is unknown.",
        "remark_parameter": (
            "The layer reads no input: its {out_elements:number is learnable and|# numbers are learnable and} the same "
            "for every sample."
        ),
        "remark_reduce_mean": "Each of {sets:the only number|the # numbers} is the mean of {reduced} ({sizes}).",
        "remark_reduce_sum": "Each of {sets:the only number|the # numbers} is the sum of {reduced} ({sizes}).",
        "remark_reduce_max": "Each of {sets:the only number|the # numbers} is the largest of {reduced} ({sizes}).",
        "remark_reduce_min": "Each of {sets:the only number|the # numbers} is the smallest of {reduced} ({sizes}).",
        "remark_reduce_norm": (
            "Each of {sets:the only number|the # numbers} is the root of the sum of squares of {reduced} ({sizes})."
        ),
        "remark_product_equation_sum": "output{equation} = the sum over {over} of {factors}, where {sizes}.",
        "remark_product_equation": "output{equation} = {factors}, where {sizes}.",
        "remark_product_matrices": (
            "For each of the {batches} choices of {batch}, this is the product of a {height}x{depth} matrix and a "
            "{depth}x{breadth} matrix: each output number is the sum of {depth:one product|# products}."
        ),
        "remark_product_matrix": (
            "This is the product of a {height}x{depth} matrix and a {depth}x{breadth} matrix: each output number is "
            "the sum of {depth:one product|# products}."
        ),
        "remark_product_square": (
            "{first} and {second} both have {size} places: if there are twice as many of both, the MACs are four times "
            "as many."
        ),
        "remark_product_unweighted": (
            "It has no parameters of its own: both factors come in, whereas a linear layer multiplies its input by "
            "learned weights."
        ),
        "remark_product_sums": (
            "Each output number is a sum of {places:one product|# products}, over {summed}; no parameters. All "
            "factors come in, whereas a linear layer multiplies its input by learned weights."
        ),
        "remark_product_without_sum": "Each output number is one product, without a sum; no parameters.",
        "remark_rbf": (
            "{units:The only unit|Each of the # units} gives its squared distance from the input, sum (x - w)^2; its "
            "center is set by hand and not learnable."
        ),
        "remark_local_conv": "A convolution without parameter sharing: each position has its own filters.",
        "remark_add": (
            "The {inputs} inputs are added number by number, so their shapes must be equal, or 1 along an axis; each "
            "output number costs {steps:1 addition|# additions}, and there are no parameters. The output has "
            "{out_channels:1 channel|# channels}."
        ),
        "remark_subtract": (
            "The inputs are subtracted number by number, so their shapes must be equal, or 1 along an axis; no "
            "parameters."
        ),
        "remark_multiply": "The {inputs} inputs are multiplied number by number; no parameters.",
        "remark_repeated": (
            "An input of size 1 along an axis is repeated along it, as when a gate of one number per channel scales a "
            "map."
        ),
        "remark_concat": (
            "The channels are stacked, {sizes} = {joined}; all other sizes must be equal. Concatenation costs no "
            "operations and no parameters, but a convolution or linear layer that reads it pays for all {joined} "
            "channels."
        ),
        "remark_concat_axis": "The inputs are joined along axis {axis}: {sizes} = {joined}.",
        "remark_pointwise_conv": (
            "A filter of kernel 1 reads one position and {in_channels:turns its only channel|mixes its # channels} "
            "into {out_channels}: a linear layer with the same weights at every position."
        ),
        "remark_standardized_plain": (
            "The weights of each filter are normalized to mean 0 and variance 1 before use (weight standardization)."
        ),
        "remark_standardized_gain": (
            "The weights of each filter are normalized to mean 0 and variance 1 before use, and multiplied by a "
            "learnable factor (scaled weight standardization)."
        ),
        "remark_partly_connected": (
            "A table lists the input channels of each filter: {pairs} of {all_pairs} possible pairs."
        ),
        "remark_depthwise": (
            "Each filter reads one channel only"
            "{in_channels:, the only one.|, so this layer does not mix the # channels; "
            "a pointwise convolution after it can.}"
        ),
        "remark_transposed": (
            "Each input position spreads a filter over the output, and overlaps are added: the gradient of a "
            "convolution with the same settings."
        ),
        "remark_dilated": "Dilated: {kernel} taps, {dilation} apart, cover {extent} positions with {kernel} weights.",
        # --- the story ----------------------------------------------------------------------------
        "story_title": "{network}, from {input} to {output}",
        "story_facts": (
            "{params:1 parameter|# parameters}, {macs:1 MAC|# MACs}, {depth} convolution "
            "{depth:or linear layer|and linear layers} on the longest path."
        ),
        "story_stages": "Stage by stage",
        "story_where": "Where the parameters and the MACs are",
        "stage": "stage",
        "leaves": "output",
        "percent_params": "% params",
        "percent_macs": "% MACs",
        "activations": "activations",
        "stage_same": "{names}: at the scale of the input; output {shape}",
        "stage_smaller": (
            "{names}: {first} reduces the map to {sizes}, 1/{scale} of the input along each axis; output {shape}"
        ),
        "stage_larger": "{names}: {first} enlarges the map to {sizes}; output {shape}",
        "stage_vector": "{names}: no spatial axes are left; output {shape}",
        "stage_has": "; {layers} convolution and linear layers",
        "stage_one": "; one convolution or linear layer",
        "shrink_grow": (
            "From {first} to {last} the map goes from {first_shape} to {last_shape}: {times} times fewer positions, "
            "{more} times the channels. The parameters of a convolution grow with the product of its input and output "
            "channels; its MACs also grow with its positions. So the later layers have most of the parameters, while "
            "the MACs are spread more evenly."
        ),
        "most_params": "{layer} has the most parameters, {params} of {whole} ({percent} %): {why}",
        "most_macs": "{layer} has the most MACs, {macs} of {whole} ({percent} %): {why}",
        "why_dense": (
            "it connects {inputs:its only input|each of # inputs} to {outputs:its only output|each of # outputs}, and "
            "shares nothing."
        ),
        "why_filters": "{outputs:one filter that reads|# filters that each read} {reads:one number|# numbers}.",
        "why_other": "the spec declares this number.",
        "why_product": "each of its {outputs:numbers|# numbers} is the sum of {products:one product|# products}.",
        "why_places": "its {weights:only weight is|# weights are each} used at {times:one position|# positions}.",
        "why_once": "{weights:its only weight|each of its # weights} is used once.",
        "sliding_part": (
            "The {count} layers that share weights over positions hold {params} % of the parameters and {macs} % of "
            "the MACs."
        ),
        "sliding_part_one": (
            "The only layer that shares weights over positions holds {params} % of the parameters and {macs} % of the "
            "MACs."
        ),
        "dense_part": "The {count} fully connected layers hold {params} % of the parameters and {macs} % of the MACs.",
        "dense_part_one": "The only fully connected layer holds {params} % of the parameters and {macs} % of the MACs.",
        "product_part": (
            "The {count} products of tensors with each other, as in attention, have no parameters and do {macs} % of "
            "the MACs ({number})."
        ),
        "product_part_one": (
            "The only product of tensors with each other has no parameters and does {macs} % of the MACs ({number})."
        ),
        "other_part": (
            "Other learnable parameters, such as the factors of normalization layers, account for {params} % of them."
        ),
        "no_dense": "The network has no fully connected layer.",
        "story_memory": (
            "Stage {stage} takes the most memory in training: {percent} % of the {whole} activations stored."
        ),
        "story_training": (
            "{layers:1 layer exists|# layers exist} in training only and {layers:is|are} not counted here: "
            "{params:1 parameter|# parameters}, {macs:1 MAC|# MACs}."
        ),
        "story_next": "cnncalc explain {spec} LAYER shows the arithmetic of one layer",
    },
    "field": {
        "title": "{network}: receptive fields",
        "title_layer": "{network}: the receptive field of {layer}",
        "input_line": "input {inputs}",
        # Headers.
        "of": "on input",
        "axis": "axis",
        "size": "size",
        "stride": "stride",
        "start": "start",
        "center": "center",
        "sees": "% of input",
        "input_size": "input size",
        "window": "k/s/p",
        "adds": "adds",
        "width": "width",
        "height": "height",
        "depth": "depth",
        "left_out": "hidden at this width: {columns}; widen the terminal to see them",
        "training": "{type} (training)",
        # What the columns mean.
        "means_size": "from the first to the last position of the input that an output depends on, padding included",
        "means_stride": "how far the field moves on the input from one output to the next",
        "means_start": "where the first output's field begins; the input begins at 0, and padding lies before it",
        "means_center": "the middle of the first output's field",
        "means_sees": "how much of the input, without padding, the field of the middle output covers",
        # Below the table.
        "whole_from": "From {layer} on, every output sees the whole input.",
        "no_rule_from": (
            "{layer} and the layers that depend on it have no size or stride: {reason}. Name a layer to follow one of "
            "its outputs."
        ),
        "no_rule_PERIOD": "resizing by unrelated factors repeats only after thousands of outputs",
        "no_rule_STRANDS": "branches have more than {strides} different strides",
        "no_rule_NUMBERS": "positions exceed {number}",
        "no_rule_WORK": "computing them takes more than {work} operations (raise the limit with --limit work=N)",
        "no_rule_ORDER": "a layer reorders positions in a way that no size or stride describes",
        "channels_apart": (
            "In {layer}, positions become channels: the field is that of all channels together, and a single channel "
            "may see less."
        ),
        "gates": (
            "{count} gates are ignored unless --through-gates is given; a gate applies one number to many positions, "
            "such as {source} in {layer}."
        ),
        "one_gate": (
            "The gate {source} in {layer} is ignored unless --through-gates is given; it applies one number to many "
            "positions."
        ),
        "gates_counted": (
            "Gates are counted: after the first of them, in {layer}, an output depends on everything that the gate "
            "reads."
        ),
        "folded": (
            "{changing} of {layers} layers change the field, folded into {rows} rows; --depth all shows each of them, "
            "--all every layer."
        ),
        "left_out_layers": (
            "Layers that do not change the field are hidden: {rows} of {layers} change it; --all shows every layer."
        ),
        "nothing_changes": (
            "No layer changes the field: every output sees one position of the input. --all shows every layer."
        ),
        "no_axes": "{input} has no positions, only features: layers that depend on it depend on all of it.",
        "the_input": "The input",
        "the_input_of": "The input {input}",
        "of_several": "{layer} (and {count:1 other join|# other joins})",
        "flaw_STRIDES": (
            "Not aligned: branches with strides {numbers} meet in {layer} ({axis}). The field is exactly their union, "
            "but it has no single stride."
        ),
        "flaw_GAP": (
            "Not aligned: branches that meet in {layer} leave {numbers} positions between them unread ({axis}). The "
            "size includes these."
        ),
        "flaw_CENTERS": (
            "Not aligned: branches that meet in {layer} have centers {numbers} apart ({axis}). Size and center are "
            "those of their union."
        ),
        "flaw_AXES": (
            "Not aligned: branches that meet in {layer} have exchanged axes ({axis}). The field is exactly their "
            "union, but it has no single stride."
        ),
        "flaw_PARTS": (
            "{layer} concatenates its inputs ({axis}), so an output reads only one of them. The field is computed "
            "as if it read all; --at follows one output exactly."
        ),
        # A layer.
        "layer_line": "{type}, output {output}: its field on the input {input}.",
        "block_line": "{block} ends with {layer}.",
        "in_words": (
            "An output depends on {size} positions of the input; the field of the next output lies {stride} further."
        ),
        "in_words_on_average": (
            "An output depends on {size} positions of the input; the field of the next output lies {stride} further on "
            "average."
        ),
        "in_words_no_stride": "An output depends on {size} positions of the input.",
        "at_most": "at most {size}",
        "first_in_words": "The first output's field runs from {first} to {last}, with its center at {center}.",
        "below_zero": "Positions before 0 are padding.",
        "sees_whole": "Every output sees the whole input.",
        "one_whole": "It sees the whole input.",
        "together": "A single channel may see less of it.",
        "together_whole": "All channels together see the whole input; a single channel may see less.",
        "uneven": (
            "Fields differ from one output to the next and repeat after {period}; the size is that of the largest."
        ),
        "no_rule": "It has no size or stride: {reason}. Follow one output with --at.",
        "nothing": "It depends on no position of the input {input}.",
        # How it grows.
        "grows": "How it grows",
        "grows_along": "How it grows along the {axis}",
        "symbols": (
            "r is the size, j the stride and s the start of the field; index 0 marks those of the layer's input. F, S "
            "and P are the layer's own kernel, stride and padding. The last step, {layer}:"
        ),
        "symbols_dilated": (
            "r is the size, j the stride and s the start of the field; index 0 marks those of the layer's input. F, S, "
            "P and D are the layer's own kernel, stride, padding and dilation. The last step, {layer}:"
        ),
        "symbol_size": "size r",
        "symbol_stride": "stride j",
        "symbol_start": "start s",
        "symbol_center": "center",
        "one_path": "There is a single path.",
        "widest": "The widest of {paths} paths, with the layers that widen it or change its stride:",
        "many_paths": "more than a million",
        "union_wider": "All paths together span {size}, more than the widest alone, {path}: they are not aligned.",
        "nothing_grows": "No layer widens it: an output depends on one position.",
        "to": "{count} layers, {first} to {last}",
        "reads_whole": "all of it",
        # One output.
        "output_at": "Input that the output at ({position}) reads",
        "at_vector": "Input that the output reads",
        "reads_too_long": (
            "Following this output takes more than {work} operations; raise the limit with --limit work=N."
        ),
        "reads_at_most": "The output reads at most these positions; not all of them were followed exactly.",
        "reads": "{first} to {last}, {count} of {size}",
        "reads_one": "only {first}, of {size}",
        "reads_steps": "{first} to {last} in steps of {step}, {count} of {size}",
        "reads_holes": "{first} to {last} with gaps, {count} of {size}",
        "reads_all": "all {size}",
        "slice_whole": "{slices}: all of it",
        "in_padding": "; in the padding: {parts}",
        "range": "{first} to {last}",
        "reads_nothing": "It reads nothing of {input}, only padding.",
        "slice": "in NumPy",
        "slices": "{hwc}, channels first {chw}",
        "slice_hull": "{slices}; it has gaps",
        "slice_boxes": "{slices}; not all of it is read",
        "directly": "of its direct input A, {source}",
        # The plot.
        "plot_title": "Drawn on the input:",
        "plot_title_of": "Drawn on the input {input}:",
        "drawing_too_long": "Not drawn: it takes more than {work} operations; raise the limit with --limit work=N.",
        "plot_depth": "at depth {depth}",
        "plot_read": "read",
        "plot_partly": "in part",
        "plot_unread": "not read",
        "plot_padding": "beyond the input, in the padding",
        "plot_cell": "a cell is {cell} positions",
    },
    "reconcile": {
        "title": "{name} as other tools count it",
        "input_line": "input {inputs}",
        "as_torchvision": "Tools are assumed to run the network as torchvision implements it.",
        "as_modules": (
            "Each layer is assumed to be the PyTorch module of its type, sums and products to be operators, and matrix "
            "products to call torch.matmul."
        ),
        # Headers.
        "convention": "convention",
        "version": "version",
        "operations_column": "operations",
        "unit": "called",
        "difference": "difference",
        "params_column": "params",
        "item": "item",
        "amount": "amount",
        "layers": "layers",
        "quantity": "quantity",
        "figure": "figure",
        "how": "how",
        # Sections.
        "operations": "Why the operations differ",
        "operations_meaning": "Each figure is {macs} MACs plus its items.",
        "params": "Why the parameters differ",
        "params_meaning": "Each figure is {params} learnable parameters plus its items.",
        "notes": "Notes",
        # Items.
        "item_same": "no difference",
        "item_doubled": "factor two: multiplies and adds counted separately",
        "item_biases": "additions of biases",
        "item_biases_of_norms": "biases that batch norms become when they are folded",
        "item_batch_norms": "batch norms",
        "item_norms": "other normalizations",
        "item_scaling": "learnable scales and shifts",
        "item_activations": "activations",
        "item_probabilities": "softmax",
        "item_pools": "pools",
        "item_sums": "elementwise sums",
        "item_products": "elementwise products",
        "item_resampling": "interpolation",
        "item_others": "other layers",
        "item_counted_twice": "modules counted twice (defect)",
        "item_added_modules": "a pool that torchvision has, without effect at this size",
        "item_no_convolutions": "convolutions not counted",
        "item_no_linear": "linear layers not counted",
        "item_no_matrix_products": "matrix products not counted",
        "item_no_others": "other layers not counted",
        "item_per_output_position": "transposed convolutions counted per output position (defect)",
        "item_positions_missed": "positions of linear layers not counted (defect)",
        "item_groups_twice": "groups of transposed convolutions, divided by twice (defect)",
        "item_same_padding_missed": "convolutions with padding='same' not counted (defect)",
        "item_training_layers": "layers that exist only in training",
        "item_standardized_weights": "weights standardized by a batch norm",
        "item_statistics": "running statistics counted as parameters",
        "item_params_missed": "parameters of modules unknown to the tool (defect)",
        # Notes.
        "left_out": "hidden at this width: {columns}; widen the terminal",
        "note_linear_positions_missed": (
            "A linear layer counts its weights once, at however many positions it is applied."
        ),
        "note_macs_named_flops": "One multiply-accumulate counts as one FLOP.",
        "note_other_operations_named_macs": "Operations other than multiply-accumulates are added to the MACs.",
        "note_functions_missed": "Functions, operators and subclasses of known modules are not counted.",
        "note_operators_missed": "Operators such as + and * are not counted.",
        "note_transposed_per_output": "A transposed convolution counts per output position instead of input position.",
        "note_modules_counted_twice": (
            "Activations and pools are counted by the module and again by the function that it calls."
        ),
        "note_norms_counted_once": "A normalization counts its parameters once, whatever the size of its input.",
        "note_linear_biases_missed": "Biases of linear layers are not counted, those of convolutions are.",
        "note_activations_missed": (
            "ReLU6, hard swish, hard sigmoid and sigmoid are not counted; other activations are."
        ),
        "note_upsampling_by_input": "Upsampling counts its input elements instead of its output elements.",
        "note_norms_by_cpu_price": "Operations are weighted by their CPU price: 31 for each element of a batch norm.",
        "note_statistics_are_params": "The moving mean and variance of a batch norm count as parameters.",
        "note_same_padding_missed": "Convolutions with padding='same' are not counted, those with a number are.",
        "note_images_only": "Adaptive pools and interpolations count for images only, not for signals and volumes.",
        "note_transposed_as_conv": (
            "A transposed convolution is divided by its groups twice, and has the biases of a convolution's output."
        ),
        "note_linear_missed": "Linear layers are not counted.",
        "note_local_convolutions_missed": "Convolutions without shared weights are not counted.",
        "note_products_are_sums": "Elementwise products are taken for sums, which it does not add to the MACs.",
        "note_matrix_products_missed": "Matrix products are not counted.",
        "note_norms_folded": (
            "A batch norm is folded into the convolution or linear layer before it; others count 2 per element."
        ),
        "unmodeled": "No figure: its rules for layers of type {types} are not modeled here.",
        # Claims.
        "claim": "What gives {claim}",
        "claim_found": "{claim} is:",
        "claim_not_found": "No convention gives {claim} for this network. The closest figures:",
        "claim_variant": "With --set {setting}, {claim} is:",
        "close_operations": "{figure} operations",
        "close_params": "{figure} parameters",
        "quantity_operations": "operations",
        "quantity_params": "parameters",
        "rounded": "{value}, rounded",
        "cut": "{value}, digits dropped",
        "rounded_binary": "{value} in powers of 1024, rounded",
    },
    "rules": {
        "own": "cnncalc counts the definition in its cheapest form ({module}). Other tools and papers count:",
        "sources": "The version and the source of each rule are in the output of --format json.",
        "counted": "{rule} = {operations}",
        "not_counted": "nothing",
        "unknown": "unknown, by a rule that is not modeled",
        "or_plain": "{term} ({plain} without learnable weights)",
        "added": "{term} of the {module} that torchvision runs after it",
        "because_counted_twice": "{term} again (defect)",
        "because_standardized_weights": "{term} (standardization)",
        "per_macs": "{times} per multiply-accumulate",
        "per_grouped_twice": "{times} per multiply-accumulate, divided by the groups once more (defect)",
        "per_biases_of_conv": "{times} per bias of a group and output position of a convolution instead (defect)",
        "per_weights_per_output": "{times} per weight and output position",
        "per_weights_once": "{times} per weight",
        "per_weights": "{times} per weight",
        "per_biases": "{times} per output element (bias)",
        "per_biases_once": "{times} per bias",
        "per_params": "{times} per weight and bias",
        "per_input": "{times} per input element",
        "per_output": "{times} per output element",
        "per_windows": "{times} per position of a window",
        "per_softmax": "{times} per exponential, divide and add",
        "per_further_inputs": "{times} per output element and further input",
        "per_roots": "{times} per root",
        "per_neighbors": "{times} per output element and neighbor",
    },
    "depth": {
        "title": "{network}: parameters, MACs, live memory and receptive field along depth",
        "params": "Parameters",
        "macs": "MACs",
        "live": "Live memory",
        "field": "Receptive field",
        "most": "{title}: up to {amount}, first in {layer}",
        "input": "input",
        "layer": "layer",
    },
    "memory": {
        # Headers.
        "size": "own output",
        "aligned": "size",
        "live": "live",
        "live_share": "% of peak",
        "tensor": "tensor",
        "offset": "offset",
        "end": "end",
        "first": "from",
        "last": "to",
        # Cells and lines above the table.
        "in_place": "in place",
        "view": "view",
        "scale": "input {inputs}, batch {batch}, {dtype}",
        # Labels of the notes, and their texts.
        "peak": "peak",
        "alive": "alive then",
        "inputs": "inputs",
        "outputs": "outputs",
        "weights": "weights",
        "total": "peak + weights",
        "arena": "arena",
        "timeline": "timeline",
        "axis": "live memory while each layer runs, from {first} to {last}; ^ {peak}",
        "bytes": "{bytes} bytes",
        "amount": "{size} ({bytes} bytes)",
        "peak_at": "{peak} while {layer} runs",
        "named": "{name} {size}",
        "shared": "{first}..{last}",
        "weights_of": "{size} as {dtype}: {params} parameters, {buffers} buffer elements",
        "above_peak": "{size}, {percent} % more than the peak: gaps and alignment take {bytes} bytes",
        "planner": (
            "Tensors are placed as by TensorFlow Lite Micro: the largest first, each into the first gap, at multiples "
            "of {alignment} bytes."
        ),
        "order_exact": "No order of the layers has a smaller peak; in the order of the file it is {own}.",
        "order_same": "No order of the layers has a smaller peak than that of the file.",
        "order_found": (
            "In the order of the file the peak is {own}. The network is too large for an exact search: an order with "
            "a smaller peak may exist."
        ),
        "order_none_found": (
            "No order with a smaller peak than that of the file was found. The network is too large for an exact "
            "search: one may exist."
        ),
        "if_folded": "With each batch norm folded into the layer before it, the peak is {size}.",
        "not_counted": "Memory inside a layer, such as workspaces of libraries, is not counted.",
        "folded": "{layers} layers are folded into {rows} rows; --depth all shows every layer",
    },
    "training": {
        "kept": "kept",
        "scale": "input {inputs}, batch {batch}, {dtype}, optimizer {optimizer}",
        "mixed": "mixed precision",
        "params": "parameters",
        "buffers": "buffers",
        "gradients": "gradients",
        "optimizer_state": "optimizer state",
        "saved": "kept tensors",
        "total": "training step",
        "recomputed": "recomputed",
        "saved_in_block": (
            "The rows sum to {size}, what is kept when the forward pass ends. "
            "The most is kept while {block} is recomputed."
        ),
        "recomputed_of": "{blocks} blocks, which save {size} and cost {macs} MACs a step",
        "recomputed_in_vain": "{blocks} blocks, which take {size} more and cost {macs} MACs a step: keep their tensors",
        "fit": "largest batch",
        "fits": "{batch} in {size}",
        "fits_none": "none: one sample needs more than {size}",
        "fits_any": "any: the memory does not depend on it",
        "bytes": "{bytes} bytes",
        "amount": "{size} ({bytes} bytes)",
        "not_counted": (
            "Kept tensors are those that PyTorch keeps for the backward pass. Its temporary tensors, workspaces of "
            "cuDNN and what the allocator reserves are not counted."
        ),
        "folded": "{layers} layers are folded into {rows} rows; --depth all shows every layer",
    },
    "sharing": {
        # Headers, which are also the labels of the notes.
        "params": "current",
        "unshared": "unshared",
        "fully_connected": "fully connected",
        "ungrouped": "ungrouped",
        "merged": "merged",
        "untied": "untied",
        "times": "times",
        "connectivity": "% connected",
        "reads": "reads",
        "input_line": "input {inputs}",
        "training": "{type} (training)",
        "tied": "tied",
        "weights_from": "weights of",
        "reads_of": "{reads} of {inputs}",
        # What the columns mean.
        "means_unshared": "every output position has its own weights and biases (locally connected)",
        "means_fully_connected": "every output reads every input, between the same tensors",
        "means_ungrouped": "every filter reads all channels: no groups, no depthwise convolutions",
        "means_merged": (
            "as ungrouped, but a depthwise convolution and the 1x1 after it are one convolution, without the "
            "normalization between them"
        ),
        "means_untied": "layers that share their weights each have their own",
        # Notes with the network's own numbers.
        "shared": (
            "Without parameter sharing there would be {unshared} parameters, {ratio} times as many; {layer} saves the "
            "most: its {own} parameters are {uses}."
        ),
        "used": "used {uses} times each",
        "used_on_average": "used {uses} times each on average",
        "not_shared": "No parameter is shared over positions: each is used once.",
        "sparse": (
            "Of the connections that fully connected layers would have, only 1 in {ratio} exists: an output of {layer} "
            "reads {reads} of {inputs} inputs."
        ),
        "partly_sparse": (
            "Of the connections that fully connected layers would have, {percent} % exist: an output of {layer} reads "
            "{reads} of {inputs} inputs."
        ),
        "not_sparse": "Every output reads every input already.",
        "if_full": (
            "With full convolutions instead of grouped ones, the network would have {params} parameters, {ratio} times "
            "as many, and {macs} MACs instead of {own}."
        ),
        "if_merged": (
            "With a full convolution instead of each depthwise separable one, the network would have {params} "
            "parameters, {ratio} times as many, and {macs} MACs instead of {own}."
        ),
        "if_untied": (
            "If layers that share weights each had their own, the network would have {params} parameters, {ratio} "
            "times as many."
        ),
        "kept": (
            "Counted unchanged, because they do not connect outputs to inputs or do not declare how: the parameters of "
            "{layers}."
        ),
        "kept_layer": "{type} ({params})",
        "in_training": (
            "In training, with its auxiliary heads, the network has {params} parameters; {unshared} unshared, "
            "{fully_connected} fully connected."
        ),
        "nothing_learned": "{name} has no learnable weights.",
        "folded": "{layers} layers with weights are folded into {rows} rows; --depth all shows every layer",
    },
    "page": {
        "comparison": "Comparison",
        "networks": "networks",
        "counted": "Input {inputs}, batch {batch}, {dtype}.",
        "explanation": "Explanation of a layer",
        "close": "close",
        # Totals.
        "params": "parameters",
        "buffers": "buffers",
        "macs": "MACs",
        "flops": "FLOPs",
        "peak_memory": "peak memory",
        "at_inference": "live tensors at inference",
        "kept": "kept for training",
        "for_backward": "tensors for the backward pass",
        "unknown": "unknown",
        "depth": "depth",
        "depth_note": "layers with weights on the longest path",
        "layers": "layers",
        "layers_title": "Layers",
        "field": "receptive field",
        "field_note": "of the last feature map",
        "drawing": "Drawing",
        "drawing_note": "Click a block to open it beside the drawing, and a layer to explain it.",
        "charts": "Along depth",
        # The table of layers.
        "search": "Search",
        "open_all": "open all blocks",
        "close_all": "close all blocks",
        "found_rows": "{shown} of {total} rows",
        "more_rows": "These are the first {shown} rows; `cnncalc summary --depth all` shows all.",
        "more_explanations": "The first {shown} layers are explained here; `cnncalc explain` explains the others.",
        # Checks.
        "checks": "Checks",
        "overrides": "cnncalc.yaml overrides values for the checks: {overrides}.",
        "quantity": "quantity",
        "value": "value",
        "limit": "limit",
        "used": "used",
        "result": "result",
        "no_findings": "No findings.",
        "more_findings": "These are the first {shown} of {total} findings; `cnncalc lint` shows all.",
        "error_finding": "error",
        "warning_finding": "warning",
        "note_finding": "note",
        "kept_check": "passed",
        "tolerated_check": "passed, within its tolerance",
        "broken_check": "failed",
        "unchecked_check": "no baseline",
    },
}
