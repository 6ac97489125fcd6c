"""What is measured: one file per contender."""
