"""Speed and memory against what a user would pick instead: one process per contender."""
