"""Many runs for one table: arms of an ablation, models by recipes. What is there is reused."""
