"""Folders that a Hugging Face Space is made of, ready for `hf upload`. One file a kind."""
