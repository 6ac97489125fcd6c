"""The page of the plan, and what is known of each layer."""
