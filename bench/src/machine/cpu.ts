/**
 * Processor time of servers, from /proc: the process, its living children, and the children that it has waited for.
 *
 * Only Linux has /proc; elsewhere the answer is null, and the report says that it was not measured.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** Linux gives these times in ticks of a hundredth of a second on every platform that Node runs on. */
const TICK_MS = 10;

interface ProcessTimes {
  readonly pid: number;
  readonly parentPid: number;
  readonly ownTicks: number;
  readonly endedChildrenTicks: number;
}

/** Milliseconds of processor time that a process and its children have used so far; null where there is no /proc. */
export function cpuMsOf(pid: number): number | null {
  const processes = readProcesses();
  if (processes === null) return null;
  const self = processes.find((one) => one.pid === pid);
  if (!self) return null;
  const children = processes.filter((one) => one.parentPid === pid);
  const childrenTicks = children.reduce((sum, child) => sum + child.ownTicks + child.endedChildrenTicks, 0);
  return (self.ownTicks + self.endedChildrenTicks + childrenTicks) * TICK_MS;
}

function readProcesses(): ProcessTimes[] | null {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((name) => readTimes(name));
  } catch {
    return null;
  }
}

/** The program's name in the second field may hold spaces and brackets: the fields are counted after it. */
function readTimes(name: string): ProcessTimes[] {
  try {
    const text = readFileSync(`/proc/${name}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const [parentPid, user, system, childUser, childSystem] = [1, 11, 12, 13, 14].map((at) => Number(fields[at]));
    return [
      {
        pid: Number(name),
        parentPid: parentPid ?? 0,
        ownTicks: (user ?? 0) + (system ?? 0),
        endedChildrenTicks: (childUser ?? 0) + (childSystem ?? 0),
      },
    ];
  } catch {
    // It ended while we read.
    return [];
  }
}

/** Milliseconds that all cores of the machine have worked so far, for whomever; null where there is no /proc. */
export function machineBusyMs(): number | null {
  try {
    const fields = (readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '').trim().split(/\s+/).slice(1).map(Number);
    const [user, nice, system, , , irq, softIrq, steal] = fields;
    return [user, nice, system, irq, softIrq, steal].reduce<number>((sum, part) => sum + (part ?? 0), 0) * TICK_MS;
  } catch {
    return null;
  }
}
