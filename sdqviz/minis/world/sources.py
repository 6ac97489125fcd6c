"""`python -m sdqviz.minis.world.sources --emoji FOLDER --panoramas FOLDER`

Makes `assets/sprites` and `assets/places` anew from two unpacked npm packages: the folder `assets`
of `@lobehub/fluent-emoji-3d` 1.1.0 (MIT) and the folder `hdri` of `@pmndrs/assets` 1.7.0 (CC0).
Needs the package OpenEXR; nothing else does.
"""

import argparse
import base64
import re
from pathlib import Path

import numpy as np
from PIL import Image

from sdqviz.minis.world.places import PANORAMA_PIXELS, place_file
from sdqviz.minis.world.sprites import SPRITE_PIXELS, sprite_file
from sdqviz.minis.world.vocabulary import NAMES, PLACES

# How bright each place is shown, on top of its own mean luminance.
EXPOSURES = {
    "forest": 0.85,
    "city": 0.8,
    "sky": 0.9,
    "studio": 0.25,
    "workshop": 0.85,
}
_PEAK = 2.0  # times the luminance that one pixel in a hundred exceeds


def make_sprite(name: str, folder: Path) -> Image.Image:
    """RGBA, trimmed to what is seen and centred on a clear square."""
    code = f"{ord(NAMES[name]):x}"
    file = next(
        path for path in (folder / f"{code}.webp", folder / f"{code}-fe0f.webp") if path.is_file()
    )
    with Image.open(file) as opened:
        picture = opened.convert("RGBA")
    opaque = np.asarray(picture.getchannel("A")) > 8
    trimmed = picture.crop(Image.fromarray(opaque).getbbox())
    side = max(trimmed.size)
    square = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    square.paste(trimmed, ((side - trimmed.width) // 2, (side - trimmed.height) // 2))
    reduced = square.convert("RGBa").resize((SPRITE_PIXELS,) * 2, Image.Resampling.LANCZOS)
    return reduced.convert("RGBA")


def read_panorama(file: Path) -> np.ndarray:
    """Linear light, float32 [256, 512, 3], from an EXR file packed in a script."""
    import OpenEXR  # pyright: ignore[reportMissingImports]

    packed = re.search(r"base64,([A-Za-z0-9+/=]+)", file.read_text(encoding="utf-8"))
    if packed is None:
        raise ValueError(f"{file} holds no picture; give the hdri folder of @pmndrs/assets 1.7.0")
    exr = file.with_suffix("")
    exr.write_bytes(base64.b64decode(packed[1]))
    with OpenEXR.File(str(exr)) as opened:
        return opened.channels()["RGB"].pixels.astype(np.float32)


def tone_map(light: np.ndarray, exposure: float) -> np.ndarray:
    """sRGB uint8: peaks clamped first, then the filmic curve of Narkowicz 2015."""
    light = np.clip(np.nan_to_num(light, nan=0.0, posinf=65504.0, neginf=0.0), 0.0, None)
    luminance = light @ np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)
    peak = _PEAK * float(np.percentile(luminance, 99.0))
    light = _without_rims(np.minimum(light, peak), peak)
    key = 0.22 / float(np.exp(np.log(luminance.clip(1e-3)).mean()))
    x = light * min(key, 5.0) * exposure
    mapped = np.clip(x * (2.51 * x + 0.03) / (x * (2.43 * x + 0.59) + 0.14), 0.0, 1.0)
    low = mapped <= 0.0031308
    encoded = np.where(low, 12.92 * mapped, 1.055 * mapped.clip(1e-6) ** (1 / 2.4) - 0.055)
    return (encoded * 255.0).round().astype(np.uint8)


def _without_rims(light: np.ndarray, peak: float) -> np.ndarray:
    """The files' compression rings around lamps and the sun, down to black: holes beside clamped
    pixels are filled by a closing.
    """
    reach = 5
    near = _extreme(light.max(axis=-1), reach, np.maximum) >= 0.9 * peak
    closed = np.stack(
        [_extreme(_extreme(light[..., c], reach, np.maximum), reach, np.minimum) for c in range(3)],
        axis=-1,
    )
    hole = near & (light.min(axis=-1) < 0.03 * peak) & (closed.min(axis=-1) > 0.15 * peak)
    return np.where(hole[..., None], closed, light)


def _extreme(values: np.ndarray, reach: int, best: np.ufunc) -> np.ndarray:
    """The largest or smallest of a square of 2 reach + 1 pixels around each."""
    padded = np.pad(values, ((reach, reach), (0, 0)), mode="edge")
    padded = np.pad(padded, ((0, 0), (reach, reach)), mode="wrap")
    height, width = values.shape
    columns = best.reduce([padded[:, i : i + width] for i in range(2 * reach + 1)])
    return best.reduce([columns[i : i + height] for i in range(2 * reach + 1)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--emoji", type=Path, required=True)
    parser.add_argument("--panoramas", type=Path, required=True)
    arguments = parser.parse_args()
    for name in NAMES:
        target = sprite_file(name, "shaded")
        target.parent.mkdir(parents=True, exist_ok=True)
        make_sprite(name, arguments.emoji).save(target, quality=88, alpha_quality=90, method=6)
    for place in PLACES:
        target = place_file(place)
        target.parent.mkdir(parents=True, exist_ok=True)
        light = read_panorama(arguments.panoramas / f"{place}.exr.js")
        picture = Image.fromarray(tone_map(light, EXPOSURES.get(place, 1.0)))
        if picture.size != PANORAMA_PIXELS:
            raise ValueError(f"{place} is {picture.size}, not {PANORAMA_PIXELS} pixels")
        picture.save(target, quality=88, method=6)


if __name__ == "__main__":
    main()
