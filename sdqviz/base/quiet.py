"""Libraries that speak on standard error of what concerns no user of ours."""

import logging


def quiet_libraries() -> None:
    """bitsandbytes misses kernels for other uses than ours, also when diffusers imports it."""
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
