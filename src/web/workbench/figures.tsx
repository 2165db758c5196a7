/** The live figures of all stages: one subscription for the whole workbench. */
import { createContext, type ReactNode, useCallback, useContext, useMemo, useState } from 'react';
import type { StageFiguresSubscription } from './gql/graphql.ts';
import { useLive } from '../shared/hooks.ts';
import { stageFigures } from './operations.ts';

export type Figures = StageFiguresSubscription['stageFigures'][number];

interface Live {
  byStage: ReadonlyMap<string, Figures>;
  /** When an event was seen to pass, in ms since 1970 on this machine; by `wayOf`. */
  passedAtMs: ReadonlyMap<string, number>;
  /** Grows with every change: lists that may have changed are asked for again. */
  tick: number;
}

/** An event on its way from the stage that returned it. */
export const wayOf = (stage: string, type: string): string => `${stage}→${type}`;

const context = createContext<Live>({ byStage: new Map(), passedAtMs: new Map(), tick: 0 });

export function LiveFigures({ children }: { children: ReactNode }) {
  const [state, setState] = useState<State>({ figures: [], passedAtMs: new Map(), tick: 0 });
  const take = useCallback((data: StageFiguresSubscription) => {
    setState(({ figures, passedAtMs, tick }) => ({
      figures: data.stageFigures,
      passedAtMs: new Map([...passedAtMs, ...passedSince(figures, data.stageFigures)]),
      tick: tick + 1,
    }));
  }, []);
  useLive(stageFigures, {}, take);
  const live = useMemo(
    () => ({
      byStage: new Map(state.figures.map((one) => [one.stage, one])),
      passedAtMs: state.passedAtMs,
      tick: state.tick,
    }),
    [state],
  );
  return <context.Provider value={live}>{children}</context.Provider>;
}

interface State {
  figures: readonly Figures[];
  passedAtMs: ReadonlyMap<string, number>;
  tick: number;
}

/** What has passed between two looks; the first look tells only what had passed before. */
function passedSince(before: readonly Figures[], now: readonly Figures[]): [way: string, atMs: number][] {
  if (before.length === 0) return [];
  const lastAt = new Map(
    before.flatMap(({ stage, events }) => events.map((one) => [wayOf(stage, one.type), one.lastAt])),
  );
  return now.flatMap(({ stage, events }) =>
    events
      .map((one) => ({ way: wayOf(stage, one.type), lastAt: one.lastAt }))
      .filter((one) => lastAt.get(one.way) !== one.lastAt)
      .map(({ way }): [string, number] => [way, Date.now()]),
  );
}

export const useFigures = (): Live => useContext(context);
