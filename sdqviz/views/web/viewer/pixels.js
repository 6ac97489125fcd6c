// Numbers out of two pictures' pixels: difference pictures, PSNR, where they differ.

/** @typedef {{ x: number, y: number, w: number, h: number }} Box in picture pixels */
/** @typedef {{ mse: number, most: number }} BoxError most: the largest difference, 0 to 255 */

const pixels = {
  /**
   * |a - b| x gain of each channel, as a picture; signed: b - a around middle grey.
   * @param {ImageData} a
   * @param {ImageData} b
   * @param {number} gain
   */
  difference(a, b, gain, signed = false) {
    const out = new ImageData(a.width, a.height);
    for (let i = 0; i < a.data.length; i += 4) {
      for (let c = i; c < i + 3; c++) {
        const d = (b.data[c] - a.data[c]) * gain;
        out.data[c] = signed ? 128 + d : Math.abs(d);
      }
      out.data[i + 3] = 255;
    }
    return out;
  },

  /**
   * Mean squared error and largest difference of a box, over its pixels' three channels.
   * @param {ImageData} a
   * @param {ImageData} b
   * @param {Box} box
   * @returns {BoxError}
   */
  boxError(a, b, box) {
    let sum = 0;
    let most = 0;
    for (let y = box.y; y < box.y + box.h; y++) {
      for (let x = box.x; x < box.x + box.w; x++) {
        const i = 4 * (y * a.width + x);
        for (let c = i; c < i + 3; c++) {
          const d = Math.abs(a.data[c] - b.data[c]);
          sum += d * d;
          if (d > most) most = d;
        }
      }
    }
    return { mse: sum / (3 * box.w * box.h), most };
  },

  /**
   * Peak signal-to-noise ratio in dB, data range 255.
   * @param {number} mse
   */
  psnr(mse) {
    return mse === 0 ? Infinity : 10 * Math.log10((255 * 255) / mse);
  },

  /**
   * The `count` squares with the largest mean squared error, apart from each other.
   * @param {ImageData} a
   * @param {ImageData} b
   * @returns {(Box & BoxError)[]}
   */
  worstBoxes(a, b, count = 3) {
    const side = Math.max(4, Math.round(Math.min(a.width, a.height) / 8));
    const stride = Math.max(1, side >> 2);
    const squares = [];
    for (let y = 0; y + side <= a.height; y += stride) {
      for (let x = 0; x + side <= a.width; x += stride) {
        const box = { x, y, w: side, h: side };
        squares.push({ ...box, ...pixels.boxError(a, b, box) });
      }
    }
    squares.sort((p, q) => q.mse - p.mse);
    /** @type {(p: Box, q: Box) => boolean} */
    const apart = (p, q) => Math.abs(p.x - q.x) >= side || Math.abs(p.y - q.y) >= side;
    /** @type {(Box & BoxError)[]} */
    const chosen = [];
    for (const box of squares) {
      if (chosen.length === count || box.mse === 0) break;
      if (chosen.every((other) => apart(box, other))) chosen.push(box);
    }
    return chosen;
  },
};

/**
 * A PSNR as text: decibels; infinite where nothing differs, NaN where nothing could be compared.
 * @param {number} psnr
 */
function psnrText(psnr) {
  if (Number.isNaN(psnr)) return "";
  return Number.isFinite(psnr) ? `${psnr.toFixed(1)} dB` : "identical";
}
