"""Thousands of scenes under an FP model and a quantized folder, scored as papers do."""
