"""Receptive fields: of all layers as a table, and of one layer as a report with formulas, drawings and records."""
