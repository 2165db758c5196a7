/**
 * Child processes: long work that must hold up nobody, in a process of its own.
 * Nothing of the business; build-programs.ts names the programs there are.
 */
export { type ChildOutcome, type ProgressEvent, runInChild } from './child-process.ts';
export {
  CALM_PATIENCE_MS,
  childPlaces,
  CHILDREN_AT_ONCE,
  describingPlaces,
  Places,
  PlacesFullError,
} from './places.ts';
