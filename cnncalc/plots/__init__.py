"""Plots for papers, drawn by matplotlib (the extra `plot`), and charts for pages, which need no other package.

Every function takes plain numbers and names, and gives equal bytes for equal input.
"""

# The formats of plots for papers.
FORMATS = ("svg", "png", "pdf")
