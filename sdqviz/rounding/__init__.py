"""How a real-valued weight becomes codes. One file each."""
