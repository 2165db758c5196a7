/** A promise of the engine that a simulated world has seen broken. */
export class Violation extends Error {
  override readonly name = 'Violation';
}
