"""Networks side by side: as a table, over sizes of the input, stage by stage, and as a picture."""
