"""Comparisons of networks: as a table, over input sizes, stage by stage, and as a plot."""
