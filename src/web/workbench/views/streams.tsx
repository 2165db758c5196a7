/** Streams: what Redis holds, who reads it and how far, and where the relay stands. */
import { useFigures } from '../figures.tsx';
import { useNow, useQuery } from '../../shared/hooks.ts';
import { streamList } from '../operations.ts';
import { Empty, Panel, Since } from '../parts.tsx';
import { Loading, Problem, Scroll } from '../../shared/parts.tsx';
import { durationWords, numberWords } from '../../shared/words.ts';

const LOOK_EVERY_MS = 2_000;

export function StreamsView() {
  const { tick } = useFigures();
  const beat = Math.floor(useNow() / LOOK_EVERY_MS);
  const { data, error } = useQuery(streamList, {}, `${tick} ${beat}`);
  if (!data) return error === null ? <Loading /> : <Problem words={error} />;
  return (
    <>
      <h1>Streams</h1>
      <Problem words={error} />
      <Panel title="Relay">
        {data.relays.length === 0 ? (
          <Empty>No relay has led yet: is a worker running?</Empty>
        ) : (
          <Scroll label="Relays">
            <table>
              <thead>
                <tr>
                  <th>Shard</th>
                  <th>Leader</th>
                  <th className="number">Events not sent</th>
                  <th>Oldest of them</th>
                </tr>
              </thead>
              <tbody>
                {data.relays.map(({ shard, leader, unsent, oldestUnsentAt }) => (
                  <tr key={shard}>
                    <th scope="row">{shard}</th>
                    <td>{leader ?? <span className="error">none: events wait in PostgreSQL</span>}</td>
                    <td className="number">{numberWords(unsent)}</td>
                    <td>{oldestUnsentAt ? <Since at={oldestUnsentAt} /> : '–'}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </Scroll>
        )}
      </Panel>
      {data.streams.map((stream) => (
        <Panel
          key={`${stream.name} ${stream.shard}`}
          title={stream.name}
          aside={
            <>
              {stream.length === null ? 'Redis is away' : `${numberWords(stream.length)} entries`} · stamped{' '}
              {numberWords(stream.lastStamped)} · sent {stream.lastSent === null ? '–' : numberWords(stream.lastSent)} ·
              kept from {stream.firstKept === null ? '–' : numberWords(stream.firstKept)}
            </>
          }
        >
          {stream.groups.length === 0 ? (
            <Empty>No stage reads it; live subscriptions do.</Empty>
          ) : (
            <Scroll label={`Groups of ${stream.name}`}>
              <table>
                <thead>
                  <tr>
                    <th>Stage</th>
                    <th className="number">Pending</th>
                    <th className="number">Lag</th>
                    <th className="number">Delivered to</th>
                    <th>Consumers</th>
                  </tr>
                </thead>
                <tbody>
                  {stream.groups.map((group) => (
                    <tr key={group.stage}>
                      <th scope="row">{group.stage}</th>
                      <td className="number">{numberWords(group.pending)}</td>
                      <td className="number">{numberWords(group.lag)}</td>
                      <td className="number">{numberWords(group.lastDelivered)}</td>
                      <td>
                        {group.consumers.map((consumer) => (
                          <div key={consumer.name}>
                            <code>{consumer.name}</code>{' '}
                            <span className="dim">
                              {consumer.pending} in hand, idle {durationWords(consumer.idleMs)}
                            </span>
                          </div>
                        ))}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </Scroll>
          )}
        </Panel>
      ))}
    </>
  );
}
