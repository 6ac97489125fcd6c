"""Store rows turned into figures, tables and text. No gradio, no torch."""
