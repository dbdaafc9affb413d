"""What holds a network to budgets, assertions and design rules."""
