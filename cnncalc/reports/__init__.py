"""Records of analyses -> tables and documents."""
