"""Methods: each a name, a config with presets, and a list of stages. One file each."""
