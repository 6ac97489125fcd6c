// What the page knows of the layers of a run: `layers_document` of `views`.

/**
 * `digits`: significant ones of a measured value, 0 for all; `table`: whether the table has it.
 * @typedef {{ key: string, title: string, help: string, digits: number, table: boolean }} Column
 */

/**
 * A layer: its figure in each column (null: none; "not finite" is text), and what else was kept of
 * it. `own` and `replay` have an error a timestep, null where it overflowed.
 * @typedef {{
 *   name: string, role: string, kind: string, why: string, parameters: number,
 *   weight_bits: number | null, own_error: number | string | null, has_histogram: boolean,
 *   stored: { codes: number[], multipliers: number[], scale: [number, number] } | null,
 *   own: (number | null)[] | null, replay: (number | null)[] | null, block: string | null,
 * }} Layer
 */

/** @typedef {string | number | null | undefined} Figure */

/**
 * A block's curves while training, [step, error].
 * @typedef {{
 *   loss: [number, number][], replay: [number, number][],
 *   frozen: { step: number, reason: string } | null,
 * }} BlockCurves
 */

/**
 * @typedef {{
 *   columns: Column[], colours: string[], layers: Layer[], timesteps: number[] | null,
 *   scene: string | null, blocks: Record<string, BlockCurves>,
 * }} LayersDocument
 */

/**
 * A layer's figure in a column.
 * @param {Layer} layer
 * @param {string} key
 * @returns {Figure}
 */
const figureOf = (layer, key) => /** @type {Record<string, any>} */ (layer)[key];
