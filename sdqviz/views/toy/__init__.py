"""What the rounding toy rounds."""
