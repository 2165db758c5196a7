/** Every section there is: a new one is a folder beside this file and a line here. */
import { live } from './live/section.ts';
import { purchases } from './purchases/section.ts';
import { requests } from './requests/section.ts';
import { scale } from './scale/section.ts';
import type { Section } from './section.ts';

export const sections: readonly Section[] = [purchases, scale, live, requests];
