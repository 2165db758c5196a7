/**
 * Serving: the child's side of child-process.ts. Takes one task from its parent, does it, sends the result, waits to be
 * killed.
 */
export interface ToParent {
  progress(step: string, doneCount: number, totalCount: number): Promise<void>;
  /** A result worth having even if the task does not reach its end. */
  part(value: unknown): Promise<void>;
}

/**
 * @param work gets the task as it was sent, and returns the result; what `ToParent` answers resolves when the words have
 * left: a thread that is blocked afterwards sends nothing
 */
export function serveTask(work: (task: unknown, parent: ToParent) => Promise<unknown>): void {
  process.once('message', (task) => {
    void work(task, { progress, part })
      .then((value) => send({ type: 'result', value }))
      .catch((error: unknown) =>
        send({ type: 'failed', message: error instanceof Error ? error.message : String(error) }),
      );
  });
  // A parent that is gone needs no result.
  process.once('disconnect', () => process.exit(0));
}

const progress: ToParent['progress'] = (step, doneCount, totalCount) =>
  send({ type: 'progress', step, doneCount, totalCount });

const part: ToParent['part'] = (value) => send({ type: 'part', value });

async function send(message: object): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  process.send?.(message, () => resolve());
  await promise;
}
