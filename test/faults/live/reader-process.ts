/**
 * A process of many cheap readers of live status: raw sockets for server-sent events, `ws` for graphql-ws.
 *
 * It does what its parent (readers.ts) says and remembers of each reader the first and the last seq, how many came and
 * what came out of turn. A latency is from the event's commit, as its `at` tells, to here: one machine, one clock.
 */
import { connect } from 'node:net';
import { WebSocket } from 'ws';
import { type Command, commandSchema, type Latency, type Opening, type ReaderReport, type Told } from './protocol.ts';

interface Reader {
  readonly report: ReaderReport;
  close(): void;
  pause(): void;
  resume(): void;
}

const readers = new Map<string, Reader>();
let latenciesMs: Latency[] = [];
const say = (told: Told): void => void process.send?.(told);

function note(report: ReaderReport, text: string): void {
  const seq = Number(/"seq":(\d+)/.exec(text)?.[1] ?? Number.NaN);
  const at = /"at":"([^"]+)"/.exec(text)?.[1];
  if (Number.isNaN(seq) || at === undefined) {
    report.fault ??= text.slice(0, 300);
    return;
  }
  if (report.count === 0) {
    report.first = seq;
  } else {
    if (seq !== report.last + 1) report.outOfTurn += 1;
    latenciesMs.push({ name: report.name, ms: Date.now() - Date.parse(at) });
  }
  report.last = seq;
  report.count += 1;
}

function readEvents(opening: Opening, report: ReaderReport, heard: () => void): Reader {
  const { host, hostname, port } = new URL(opening.url);
  const body = JSON.stringify({ query: opening.query, variables: { id: opening.id, after: opening.after } });
  const socket = connect({ host: hostname, port: Number(port) });
  socket.setEncoding('latin1');
  let text = '';
  socket.on('data', (chunk) => {
    text += String(chunk);
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const data = /^data: ?(.+)$/m.exec(text.slice(0, end))?.[1];
      text = text.slice(end + 2);
      if (data === undefined) continue;
      note(report, data);
      heard();
    }
  });
  const ended = () => {
    report.ended = true;
    heard();
  };
  socket.on('error', ended).on('close', ended);
  socket.write(
    `POST /graphql HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\naccept: text/event-stream\r\n` +
      `authorization: Bearer ${opening.token}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  return {
    report,
    close: () => socket.resetAndDestroy(),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
  };
}

function readSocket(opening: Opening, report: ReaderReport, heard: () => void): Reader {
  const socket = new WebSocket(`${opening.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', {
    perMessageDeflate: false,
  });
  const payload = { authorization: `Bearer ${opening.token}` };
  const { query, id, after } = opening;
  socket.on('open', () => socket.send(JSON.stringify({ type: 'connection_init', payload })));
  socket.on('message', (data) => {
    const text = Buffer.isBuffer(data) ? data.toString('latin1') : '';
    if (text.includes('"type":"connection_ack"')) {
      socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query, variables: { id, after } } }));
    } else if (!text.includes('"type":"complete"') && !text.includes('"type":"ping"')) {
      note(report, text);
      heard();
    }
  });
  const ended = () => {
    report.ended = true;
    heard();
  };
  socket.on('error', ended).on('close', ended);
  return {
    report,
    close: () => socket.terminate(),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
  };
}

/** Opens one; resolves with its first update, or its end. */
function openOne(opening: Opening): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const report: ReaderReport = {
    name: opening.name,
    first: 0,
    last: 0,
    count: 0,
    outOfTurn: 0,
    ended: false,
    fault: null,
  };
  readers.get(opening.name)?.close();
  const reader = (opening.protocol === 'SSE' ? readEvents : readSocket)(opening, report, resolve);
  readers.set(opening.name, reader);
  return promise;
}

async function openAll(openings: Opening[], atOnce: number): Promise<void> {
  const left = openings.values();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const opening of left) await openOne(opening);
    }),
  );
  say({ told: 'done' });
}

function obey(command: Command): void {
  const chosen = 'names' in command ? command.names.flatMap((name) => readers.get(name) ?? []) : [];
  switch (command.act) {
    case 'open':
      return void openAll(command.openings, command.atOnce);
    case 'pause':
      for (const reader of chosen) reader.pause();
      return say({ told: 'done' });
    case 'resume':
      for (const reader of chosen) reader.resume();
      return say({ told: 'done' });
    case 'report':
      say({ told: 'report', readers: [...readers.values()].map(({ report }) => report), latenciesMs });
      latenciesMs = [];
      return;
    case 'close':
      for (const reader of chosen) {
        reader.close();
        readers.delete(reader.report.name);
      }
      return say({ told: 'done' });
  }
}

process.on('message', (message) => obey(commandSchema.parse(message)));
process.on('disconnect', () => process.exit(0));
