/** Streams: what Redis holds, who reads it and how far, and where the relay stands. */
import { useCallback, useState } from 'react';
import type { StreamsSubscription } from '../gql/graphql.ts';
import { useLive, useQuery } from '../../shared/hooks.ts';
import { relayList, streamFigures } from '../operations.ts';
import { Empty, Panel, Since } from '../parts.tsx';
import { Loading, Problem, Scroll } from '../../shared/parts.tsx';
import { durationWords, numberWords } from '../../shared/words.ts';

type Stream = StreamsSubscription['streams'][number];

export function StreamsView() {
  const [streams, setStreams] = useState<readonly Stream[] | null>(null);
  useLive(
    streamFigures,
    {},
    useCallback((data: StreamsSubscription) => setStreams(data.streams), []),
  );
  // The relay moves when its streams do.
  const { data, error } = useQuery(relayList, {}, streams);
  if (!data || !streams) return error === null ? <Loading /> : <Problem words={error} />;
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
      <Panel title="Streams" aside="what no stage reads is for live subscriptions">
        <Scroll label="Streams">
          <table>
            <thead>
              <tr>
                <th>Stream</th>
                <th className="number">Entries</th>
                <th className="number">Sent</th>
                <th className="number">Kept from</th>
                <th>Oldest</th>
                <th>Stage</th>
                <th className="number">Lag</th>
                <th className="number">Pending</th>
                <th>Consumers</th>
              </tr>
            </thead>
            {streams.map((stream) => (
              <StreamRows key={`${stream.name} ${stream.shard}`} stream={stream} />
            ))}
          </table>
        </Scroll>
      </Panel>
    </>
  );
}

function StreamRows({
  stream: { name, shard, length, lastSent, lastStamped, firstKept, oldestAt, groups },
}: {
  stream: Stream;
}) {
  const [first, ...others] = groups;
  const rows = Math.max(1, groups.length);
  return (
    <tbody>
      <tr>
        <th scope="rowgroup" rowSpan={rows}>
          {name}
          {shard > 0 && <span className="dim"> · part {shard}</span>}
        </th>
        <td className="number" rowSpan={rows}>
          {length === null ? 'Redis is away' : numberWords(length)}
        </td>
        <td className="number" rowSpan={rows}>
          {lastSent === null ? '–' : numberWords(lastSent)}
          {lastSent !== lastStamped && <span className="some"> of {numberWords(lastStamped)}</span>}
        </td>
        <td className="number" rowSpan={rows}>
          {firstKept === null ? '–' : numberWords(firstKept)}
        </td>
        <td rowSpan={rows}>{oldestAt ? <Since at={oldestAt} /> : '–'}</td>
        {first ? <GroupCells group={first} /> : <td colSpan={4} className="dim" />}
      </tr>
      {others.map((group) => (
        <tr key={group.stage}>
          <GroupCells group={group} />
        </tr>
      ))}
    </tbody>
  );
}

function GroupCells({ group: { stage, pending, lag, consumers } }: { group: Stream['groups'][number] }) {
  return (
    <>
      <td>{stage}</td>
      <td className={lag > 0 ? 'number some' : 'number'}>{numberWords(lag)}</td>
      <td className={pending > 0 ? 'number some' : 'number'}>{numberWords(pending)}</td>
      <td>
        {consumers.map((consumer) => (
          <div key={consumer.name}>
            {consumer.pending > 0 && `${numberWords(consumer.pending)} in hand, `}
            idle {durationWords(consumer.idleMs)} <code className="dim">{consumer.name}</code>
          </div>
        ))}
      </td>
    </>
  );
}
