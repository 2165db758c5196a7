/** The live figures of all stages: one subscription for the whole workbench. */
import { createContext, type ReactNode, useCallback, useContext, useMemo, useState } from 'react';
import type { StageFiguresSubscription } from './gql/graphql.ts';
import { useLive } from './hooks.ts';
import { stageFigures } from './operations.ts';

export type Figures = StageFiguresSubscription['stageFigures'][number];

interface Live {
  byStage: ReadonlyMap<string, Figures>;
  /** Grows with every change: lists that may have changed are asked for again. */
  tick: number;
}

const context = createContext<Live>({ byStage: new Map(), tick: 0 });

export function LiveFigures({ children }: { children: ReactNode }) {
  const [state, setState] = useState<{ figures: readonly Figures[]; tick: number }>({ figures: [], tick: 0 });
  const take = useCallback((data: StageFiguresSubscription) => {
    setState(({ tick }) => ({ figures: data.stageFigures, tick: tick + 1 }));
  }, []);
  useLive(stageFigures, {}, take);
  const live = useMemo(
    () => ({ byStage: new Map(state.figures.map((one) => [one.stage, one])), tick: state.tick }),
    [state],
  );
  return <context.Provider value={live}>{children}</context.Provider>;
}

export const useFigures = (): Live => useContext(context);
