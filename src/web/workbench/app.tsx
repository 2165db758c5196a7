/** Frame: sign-in, navigation, and the view that the address names. */
import { lazy, Suspense } from 'react';
import { LiveFigures, useFigures } from './figures.tsx';
import { useConnected } from '../shared/hooks.ts';
import { linkTo, useRoute } from './route.ts';
import { Loading } from '../shared/parts.tsx';
import { end, endCookie, type Session, useSession } from '../shared/session.ts';
import { SignInSteps } from '../shared/sign-in.tsx';
import { ClockView } from './views/clock.tsx';
import { DeadLettersView } from './views/dead-letters.tsx';
import { HealthView } from './views/health.tsx';
import { HistoryView } from './views/history.tsx';
import { RunView } from './views/run.tsx';
import { RunsView } from './views/runs.tsx';
import { StreamsView } from './views/streams.tsx';
import { TryView } from './views/try.tsx';

const FlowsView = lazy(() => import('./views/flows.tsx'));

const PLACES = [
  ['flows', 'Flows'],
  ['runs', 'Runs'],
  ['dead-letters', 'Dead letters'],
  ['streams', 'Streams'],
  ['clock', 'Clock'],
  ['health', 'Health'],
  ['try', 'Try it'],
] as const;

export function App() {
  const session = useSession();
  if (!session) return <Door />;
  return (
    <LiveFigures key={session.token ?? 'cookie'}>
      <Frame session={session} />
    </LiveFigures>
  );
}

function Frame({ session }: { session: Session }) {
  const [place = 'flows', ...rest] = useRoute();
  const isConnected = useConnected();
  const { byStage } = useFigures();
  const parked = [...byStage.values()].reduce((sum, one) => sum + one.parked, 0);
  return (
    <div className="frame">
      <a className="skip" href="#main">
        To the content
      </a>
      <nav aria-label="Workbench">
        <p className="brand">
          Booky Hub <span>Workbench</span>
        </p>
        <ul>
          {PLACES.map(([name, words]) => (
            <li key={name}>
              <a href={linkTo(name)} aria-current={place === name ? 'page' : undefined}>
                {words}
                {name === 'dead-letters' && parked > 0 && <span className="count">{parked}</span>}
              </a>
            </li>
          ))}
        </ul>
        <p className="who">
          <span>{session.name}</span>
          <button type="button" onClick={() => void endCookie().then(end)}>
            Sign out
          </button>
        </p>
      </nav>
      <main id="main" tabIndex={-1}>
        {!isConnected && (
          <p className="problem" role="status">
            The connection is lost; what you see may be old. Trying again …
          </p>
        )}
        {session.role === 'ADMIN' ? (
          <Suspense fallback={<Loading />}>
            <Place place={place} rest={rest} />
          </Suspense>
        ) : (
          <p className="problem">The workbench is for admins. Sign in as one.</p>
        )}
      </main>
    </div>
  );
}

function Place({ place, rest: [first] }: { place: string; rest: string[] }) {
  switch (place) {
    case 'runs':
      return first === undefined ? <RunsView /> : <RunView id={first} key={first} />;
    case 'dead-letters':
      return <DeadLettersView />;
    case 'streams':
      return <StreamsView />;
    case 'clock':
      return <ClockView />;
    case 'health':
      return <HealthView />;
    case 'history':
      return <HistoryView name={first ?? ''} key={first} />;
    case 'try':
      return <TryView orderId={first} />;
    default:
      return <FlowsView />;
  }
}

/** The session that was opened shows the rest. */
const Door = () => (
  <main className="door">
    <div>
      <h1>
        Booky Hub <span>Workbench</span>
      </h1>
      <SignInSteps done={() => {}} />
      <p className="hint">The first admin’s password was told once, when Booky Hub was first started.</p>
    </div>
  </main>
);
