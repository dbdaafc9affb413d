"""Receptive fields: of all layers as a table, and of one layer as a worked report, with drawings and records."""
