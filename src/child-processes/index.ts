/**
 * Child processes: long work that must hold up nobody, in a process of its own. Pure: nothing of the rest of the project.
 */
export { type ChildOutcome, type ProgressEvent, runInChild } from './child-process.ts';
export { CALM_PATIENCE_MS, childPlaces, CHILDREN_AT_ONCE, Places, PlacesFullError } from './places.ts';
