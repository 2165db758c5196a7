/**
 * A TCP proxy that breaks networks: between the program and PostgreSQL, Redis or the gateway.
 *
 * | Mode | What the program sees |
 * |---|---|
 * | pass | nothing |
 * | cut | its connections are reset, new ones are refused |
 * | blackHole | connections stay open, not a byte arrives, either way |
 * | loseReplies | requests arrive and are obeyed, answers never come; the connection is reset afterwards |
 *
 * `latencyMs` delays every chunk each way. Its own address never changes; `aim` sends new connections elsewhere.
 */
import { connect, createServer, type Socket } from 'node:net';

export type ProxyMode = 'pass' | 'cut' | 'blackHole' | 'loseReplies';

export interface FaultProxy {
  readonly port: number;
  mode: ProxyMode;
  latencyMs: number;
  /** Sends new connections to another server, and resets those that are open. */
  aim(port: number): void;
  /** Resets every open connection. */
  reset(): void;
  stop(): Promise<void>;
}

interface Pair {
  client: Socket;
  server: Socket;
}

export async function startProxy(targetPort: number): Promise<FaultProxy> {
  const pairs = new Set<Pair>();
  const state = { mode: 'pass' as ProxyMode, latencyMs: 0, targetPort };

  const listener = createServer((client) => {
    if (state.mode === 'cut') {
      client.resetAndDestroy();
      return;
    }
    const server = connect({ host: '127.0.0.1', port: state.targetPort });
    const pair = { client, server };
    pairs.add(pair);
    join(pair, client, server, () => state.mode !== 'blackHole', state);
    join(pair, server, client, () => state.mode === 'pass', state);
  });

  function join(pair: Pair, from: Socket, to: Socket, isOpen: () => boolean, delays: { latencyMs: number }): void {
    from.setNoDelay(true);
    from.on('data', (chunk) => {
      if (!isOpen()) return;
      if (delays.latencyMs === 0) send(to, chunk);
      else setTimeout(() => send(to, chunk), delays.latencyMs);
    });
    from.on('error', () => {});
    from.on('close', () => {
      pairs.delete(pair);
      to.destroy();
    });
  }

  function reset(): void {
    for (const { client, server } of pairs) {
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
    pairs.clear();
  }

  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject);
    listener.listen(0, '127.0.0.1', resolve);
  });
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  return {
    port: address.port,
    get mode() {
      return state.mode;
    },
    /** Bytes were swallowed or connections must fall: whatever was open is reset when the mode ends or is `cut`. */
    set mode(mode: ProxyMode) {
      if (mode === 'cut' || state.mode !== 'pass') reset();
      state.mode = mode;
    },
    get latencyMs() {
      return state.latencyMs;
    },
    set latencyMs(ms: number) {
      state.latencyMs = ms;
    },
    aim(port) {
      state.targetPort = port;
      reset();
    },
    reset,
    stop: () =>
      new Promise((resolve) => {
        reset();
        listener.close(() => resolve());
      }),
  };
}

function send(to: Socket, chunk: Buffer): void {
  if (!to.destroyed) to.write(chunk);
}
