"""The memory of a network: `inference` has the tables, `records` the JSON."""
