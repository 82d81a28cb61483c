// How much memory blocks get, so that arrays do not begin alike.

/** Loads and stores whose addresses agree in the lowest 12 bits, or nearly, hinder each other. */
const echo = 4096,
  near = 512,
  apart = 1536;
/** Smaller blocks are read too quickly for it to matter. */
const least = 32768;

/**
 * Bytes for a block of `bytes` bytes. Blocks of a multiple of 4096 bytes would all begin alike, and copying one to the next takes a
 * quarter longer, adding two of them to a third one a third (Zen 4; Intel's manuals call it 4K aliasing). They get a little more: of
 * eight in a row each begins at another eighth.
 */
export const spread = (bytes: number): number =>
  bytes >= least && (bytes + near) % echo < 2 * near ? bytes + apart : bytes;
